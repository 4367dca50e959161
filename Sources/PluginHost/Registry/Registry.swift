internal import Crypto
public import PluginCore
public import PluginELF
internal import PluginLoader

/// Finds the plugins of some folders and says of each whether it may be loaded. Runs no code of theirs.
///
///     let registry = Registry(searchPaths: ["/usr/lib/keyway/plugins"], cacheFolder: cacheFolder)
///     let scan = try registry.scan()
///     for entry in scan.entries { print(entry.name, entry.state) }
///
/// With a cache folder a second scan compares what is there with what was there and judges only what is new. What
/// counts is the file (device, inode, size, both times, rights), its bytes, the libraries it would be linked with and
/// the places where one was looked for in vain, the host program, and its policy. A value; safe from any thread; many
/// processes may use one cache.
public struct Registry: Sendable {
    /// Folders in the order in which they are searched.
    public var searchPaths: [String]
    /// How deep plugins are looked for: 1 for a folder's own files, 2 for those of the folders in it as well.
    public var depth = 2
    /// Where the cache lies; nil for none.
    public var cacheFolder: String?
    /// Where operators' decisions are kept; nil for none.
    public var stateFolder: String?
    public var filter = PluginFilter()
    /// Seconds since 1970, for what is put aside until a time.
    public var now = QuarantineStore.systemTime
    public var verifier: Verifier
    private let memory = RegistryMemory()

    public init(
        searchPaths: [String], depth: Int = 2, cacheFolder: String? = nil, stateFolder: String? = nil,
        filter: PluginFilter = PluginFilter(), verifier: Verifier = Verifier()
    ) {
        self.stateFolder = stateFolder
        self.filter = filter
        self.searchPaths = searchPaths
        self.depth = depth
        self.cacheFolder = cacheFolder
        self.verifier = verifier
    }

    /// How a scan treats what it knows.
    public enum Trust: Sendable, Hashable {
        /// A file whose stamp is the same has the same bytes.
        case stamps
        /// Every file is hashed again.
        case digests
        /// Every file is judged again; for finding faults of the cache.
        case nothing
    }

    /// Looks at every plugin of the search paths. Blocks: tens of microseconds for each file that is new.
    ///
    /// - Parameter progress: how many files are done, of how many; from several threads. Not called if the cache
    ///   answers for all.
    /// - Throws: only if the decisions of operators cannot be read, because what they turned off must stay off.
    public func scan(
        trusting trust: Trust = .stamps, progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil
    ) throws(PluginError) -> RegistryScan {
        files(trusting: trust, under: try restrictions(), progress: progress)
    }

    /// - Throws: `disabled` or `quarantined` if a plugin is not to be loaded.
    func requireEnabled(_ prepared: PreparedPlugin) throws(PluginError) {
        let names = [prepared.manifest?.id ?? prepared.path, FileName.stem(prepared.path), prepared.manifest?.name]
            .compactMap(\.self)
        let restrictions = try restrictions()
        if let obstacle = restrictions.obstacle(for: names) {
            throw PluginError(
                .disabled, obstacle.reason, remedy: obstacle.remedy, plugin: names[0], stage: .load)
        }
        if let record = restrictions.record(against: names, digest: { prepared.digest }) { throw record.error }
    }

    private func restrictions() throws(PluginError) -> Restrictions {
        var restrictions = Restrictions(filter: filter, sdk: verifier.hostSDK, now: now())
        if let stateFolder {
            restrictions.disabled = try DisabledPlugins(stateFolder: stateFolder).list()
            restrictions.quarantine = try QuarantineStore(stateFolder: stateFolder, clock: now).read()
        }
        return restrictions
    }

    private func files(
        trusting trust: Trust, under restrictions: Restrictions, progress: (@Sendable (Int, Int) -> Void)?
    ) -> RegistryScan {
        let (began, start) = (Clock.monotonic(), Clock.realtime())
        var timings = RegistryScan.Timings()
        let key = cacheKey
        let cache = cacheFolder.map { RegistryCache(folder: $0, key: key) }
        let reading = memory.image(of: key).map { .image($0) } ?? cache?.read() ?? .none
        let judge = RegistryVerifier(verifier: verifier)
        let environment = judge.environment
        var known: KnownImage?
        if case .image(let image) = reading {
            known = KnownImage(image, isSameEnvironment: image.environment == environment)
        }
        timings.read = .nanoseconds(Clock.monotonic() - began)
        if trust == .stamps, let known, known.isCurrent {
            memory.keep(known.image, of: key)
            timings.total = .nanoseconds(Clock.monotonic() - began)
            return RegistryScan(
                image: known.image, reasons: [:], hits: known.image.files.count, timings: timings, cache: cache?.path,
                cacheProblem: nil, restrictions: restrictions)
        }
        let listing = Clock.monotonic()
        let folders = PluginFolder.list(searchPaths, depth: depth)
        timings.list = .nanoseconds(Clock.monotonic() - listing)
        let judging = Clock.monotonic()
        let work = RegistryWork(
            folders: folders, known: trust == .nothing ? nil : known, judge: judge, trust: trust,
            began: start)
        let found = work.run(progress: progress)
        timings.judge = .nanoseconds(Clock.monotonic() - judging)
        let writing = Clock.monotonic()
        let image = found.image(folders: folders, environment: environment, began: start)
        var problem: String?
        if case .unusable(let reason) = reading { problem = "the old one was not used: \(reason)" }
        if let failure = cache?.write(image) { problem = failure }
        memory.keep(image, of: key)
        timings.write = .nanoseconds(Clock.monotonic() - writing)
        timings.total = .nanoseconds(Clock.monotonic() - began)
        return RegistryScan(
            image: image, reasons: found.reasons, hits: found.hits, timings: timings, cache: cache?.path,
            cacheProblem: problem, restrictions: restrictions)
    }

    /// Keeps which files have been tried.
    /// - Parameter digests: of the bytes that were tried, by the files' paths.
    func remember(_ digests: [String: String], in scan: RegistryScan) {
        guard !digests.isEmpty else { return }
        let image = scan.image.probed(digests)
        let key = cacheKey
        memory.keep(image, of: key)
        if let cacheFolder { _ = RegistryCache(folder: cacheFolder, key: key).write(image) }
    }

    /// Which folders a cache is about.
    private var cacheKey: String {
        var parts = searchPaths + ["\(depth)"]
        // Relative ones mean other folders elsewhere.
        if searchPaths.contains(where: { !$0.hasPrefix("/") }) { parts.append(Folders.current) }
        let text = parts.joined(separator: "\0")
        return String(Hexadecimal.text(SHA256.hash(data: Array(text.utf8))).prefix(16))
    }
}

extension Registry {
    /// Where the cache of these folders lies; nil without a cache folder.
    public var cacheFile: String? { cacheFolder.map { RegistryCache(folder: $0, key: cacheKey).path } }

    /// Removes every registry cache of a folder.
    /// - Returns: the files that are gone.
    /// - Throws: `permissionDenied` if one cannot be removed.
    public static func clearCache(_ folder: String) throws(PluginError) -> [String] {
        try RegistryCache.clear(folder)
    }
}
