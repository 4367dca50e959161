public import Logging
internal import Metrics
public import PluginCore
public import PluginELF
public import PluginLoader

/// Loads plugins into this process and keeps track of them.
///
///     let host = PluginHost()
///     let plugin = try await host.load("plugins/hash-embedder.so")
///     let vectors = try await plugin.embedder!.embed(EmbedRequest(["Hello"]))
///     await host.shutdown()
///
/// A failed load leaves the host as it was.
public final class PluginHost: Sendable {
    public struct Configuration: Sendable {
        /// Folders in which plugins are looked for by name, the first that has one wins.
        public var searchPaths: [String] = []
        /// How deep they are searched: 1 for a folder's own files, 2 for those of the folders in it as well.
        public var searchDepth = 2
        /// Where it is remembered what was found in them; nil: in memory only.
        public var cacheFolder: String?
        /// Where operators' decisions are kept, such as what is disabled; nil: there are none.
        public var stateFolder: String?
        /// Plugins that are turned off by name.
        public var filter = PluginFilter()
        /// Plugins' data folders lie below this one; nil: plugins keep nothing.
        public var dataFolder: String?
        public var logger = Logger(label: "keyway")
        /// The time, in seconds since 1970, by which quarantines end.
        public var clock: @Sendable () -> Int64 = QuarantineStore.systemTime
        /// The SDKs that this host serves.
        public var sdk = Verifier.builtInSDK
        public var policy = VerificationPolicy()
        /// By what plugins get what their manifests ask for.
        public var permissions = PermissionPolicy.unenforced
        /// The plugins that may be loaded, their versions and bytes; nil: any.
        public var lock: Lockfile?
        /// Where plugins are looked for by name that are in no search path, the first that has one wins.
        public var stores: [any PluginStore] = []
        /// Largest file that is loaded, in bytes.
        public var imageLimit: UInt64 = 256 << 20
        /// Whether every pointer of a reply is checked to be memory of the call, a lease or static. Costs some
        /// microseconds a call: for tests of plugins.
        public var checksReplies = false
        /// Interfaces that are not Keyway's own and that the program calls by adapters of its own: in process, and in workers.
        public var interfaces: [InterfaceDescription] = []
        /// Plugins that ``PluginHost/run(ready:)`` loads when it begins, besides those whose manifests say `eager`.
        public var preload: [String] = []
        /// Whether it loads everything in the search paths then, and what comes later.
        public var loadsEverything = false
        /// By names: which plugins are loaded first. Over what their manifests say; see ``PluginPriority``.
        public var priorities: [String: Int32] = [:]
        /// How files and configurations are watched while the host runs; nil: they are not.
        public var watch: WatchRules?
        /// Whether only manifests beside plugins' files are watched, and not those files: for whoever has builds in place
        /// before they are to be taken up, and then writes the manifest.
        public var watchesManifestsOnly = false
        /// Where a running host can be talked to.
        public var control = ControlPlace.none
        /// What the program does when something happens to a plugin.
        public var handlers = LifecycleHandlers()
        /// How plugins' lives are looked after.
        public var supervision = Supervision()
        /// By what plugins are configured besides what the program says: operators' files, an environment, variables.
        public var configurator = PluginConfigurator()
        /// Where the secrets are to which configurations refer.
        public var secrets: any SecretSource = SystemSecrets()
        /// Which plugins may run in this process; the others run in workers, or not at all. Every build of a plugin is judged.
        public var trust = TrustPolicy.development
        /// Where plugins run whose manifests do not ask for more: `worker` has all of them in processes of their own.
        public var isolation = IsolationTier.inProcess
        /// How plugins run in processes of their own.
        public var workers = WorkerSettings()
        /// Who is told of what plugins reach for.
        public var audit = AuditSettings()
        /// Tries plugins in another process before they are loaded into this one; nil: they are not tried.
        public var scanner: PluginScanner?
        /// What waiting is measured by.
        public var timer: any _Concurrency.Clock<Duration> = ContinuousClock()
        /// Receives the numbers that plugins report. By default they go to swift-metrics.
        public var metrics: @Sendable (PluginMetric) -> Void = PluginHost.record

        public init() {}
    }

    public let configuration: Configuration
    /// What is installed in the search paths.
    public let registry: Registry
    private let loader: PluginLoader
    let tiers: TierChooser
    let auditor: Auditor
    let fleet: Fleet

    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        let verifier = Verifier(hostSDK: configuration.sdk, policy: configuration.policy)
        var registry = Registry(
            searchPaths: configuration.searchPaths, depth: configuration.searchDepth,
            cacheFolder: configuration.cacheFolder, stateFolder: configuration.stateFolder,
            filter: configuration.filter,
            verifier: verifier)
        registry.now = configuration.clock
        self.registry = registry
        loader = PluginLoader(
            verifier: verifier,
            logger: configuration.logger, metrics: configuration.metrics, imageLimit: configuration.imageLimit,
            checksReplies: configuration.checksReplies, interfaces: configuration.interfaces)
        fleet = Fleet(loadsAtOnce: configuration.supervision.loadsAtOnce, configuration.handlers)
        let auditor = Self.auditor(of: fleet, configuration)
        self.auditor = auditor
        tiers = TierChooser(
            least: configuration.isolation, configuration.trust, configuration.workers, configuration.timer, auditor)
    }

    // MARK: - Loading

    /// Reads and judges a file, or the plugin of a name in the search paths. Runs none of it.
    /// - Throws: only if there is no such file, or it is no ELF file at all; see ``PreparedPlugin/verification``.
    public func prepare(_ fileOrName: String) throws(PluginError) -> PreparedPlugin {
        try Self.prepare(try locate(fileOrName), by: loader)
    }

    /// Reads and judges a file with the manifest beside it, if there is one.
    static func prepare(_ path: String, by loader: PluginLoader) throws(PluginError) -> PreparedPlugin {
        try loader.prepare(path) { digest throws(PluginError) in try SidecarManifest.beside(path, digest: digest) }
    }

    /// Loads a plugin, makes an instance and starts it. A name that is in no search path is looked for in the stores.
    /// - Parameter name: by which the host knows it; nil: its id, with a number if the host has one of the id already.
    /// - Throws: why the file was refused, or what failed.
    public func load(
        _ fileOrName: String, as name: String? = nil, configuration: JSON = .null, dataFolder: String? = nil,
        _ context: CallContext = CallContext()
    ) async throws(PluginError) -> NativePlugin {
        let prepared = try await prepareAnywhere(fileOrName, context)
        return try await start(prepared, as: name, configuration: configuration, dataFolder: dataFolder, context)
    }

    /// Loads a plugin that was prepared.
    /// - Throws: `disabled` if an operator or the filter turned it off, `dependency` if it is not what is locked,
    ///   `configuration` if the plugin that is to answer in its place cannot (``WorkerSettings/recovery``) or a folder of
    ///   ``Configuration/trust`` is not fit to be trusted, `permissionDenied` if it needs what is not granted, `conflict` if the
    ///   host has a plugin of the name; else as ``load(_:as:configuration:dataFolder:_:)``.
    public func start(
        _ prepared: PreparedPlugin, as name: String? = nil, configuration: JSON = .null, dataFolder: String? = nil,
        _ context: CallContext = CallContext()
    ) async throws(PluginError) -> NativePlugin {
        let id = prepared.manifest?.id ?? prepared.path
        let folder = dataFolder ?? self.configuration.dataFolder.map { "\($0)/\(Self.folderName(of: id))" }
        let resolved = try await resolve(configuration, for: prepared, context)
        let request = PluginSupervisor.Request(
            prepared: prepared, options: InstanceOptions(configuration: resolved.value, dataFolder: folder),
            explicit: configuration, redaction: resolved.redaction,
            priority: self.configuration.priorities[name ?? id] ?? prepared.manifest?.loading.priority
                ?? PluginPriority.normal.number)
        try await requireFallback(of: name ?? id, prepared, context)
        let supervisor = try fleet.add(id, as: name) { PluginSupervisor(name: $0, request, services) }
        do throws(PluginError) {
            return try await supervisor.load(context)
        } catch {
            // What never lived leaves no trace.
            await supervisor.stop(nil)
            fleet.remove(supervisor)
            throw error
        }
    }

    /// What came of an attempt to load.
    public struct LoadAttempt: Sendable {
        /// The file or name that was to be loaded.
        public let name: String
        /// The plugin, or nil.
        public let plugin: NativePlugin?
        /// What the file says it is; also after a failure, if it was readable.
        public let manifest: Manifest?
        /// Why there is no plugin, or nil.
        public let error: PluginError?
    }

    /// ``load(_:as:configuration:dataFolder:_:)`` without throwing.
    public func tryLoad(
        _ fileOrName: String, configuration: JSON = .null, dataFolder: String? = nil,
        _ context: CallContext = CallContext()
    ) async -> LoadAttempt {
        var manifest: Manifest?
        do throws(PluginError) {
            let prepared = try await prepareAnywhere(fileOrName, context)
            manifest = prepared.manifest
            let plugin = try await start(prepared, configuration: configuration, dataFolder: dataFolder, context)
            return LoadAttempt(name: fileOrName, plugin: plugin, manifest: manifest, error: nil)
        } catch {
            return LoadAttempt(name: fileOrName, plugin: nil, manifest: manifest, error: error)
        }
    }

    // MARK: - Life

    /// The plugins that were loaded and not shut down by this host, in the order in which they were loaded.
    public var plugins: [NativePlugin] { fleet.all.compactMap(\.adapters) }

    /// Shuts one of them down.
    public func shutdown(_ plugin: NativePlugin) async {
        guard let supervisor = fleet.all.first(where: { $0.adapters === plugin }) else { return }
        await supervisor.stop(nil)
        fleet.remove(supervisor)
    }

    /// Shuts every plugin down, the last loaded first.
    ///
    /// Loads and swaps that are under way are given up. Each plugin's calls have ``Supervision/drainTimeout`` to end.
    public func shutdown() async {
        while let supervisor = fleet.all.last {
            await supervisor.stop(nil)
            fleet.remove(supervisor)
        }
        tiers.stop()
    }

    /// An id as the name of one folder: slashes cannot stand in it, and it cannot be "." or "..".
    static func folderName(of id: String) -> String {
        let name = String(id.map { $0 == "/" ? "+" : $0 })
        return name.allSatisfy { $0 == "." } ? "_" + name : name
    }

    private static let record: @Sendable (PluginMetric) -> Void = { metric in
        let dimensions = [("plugin", metric.plugin)] + metric.labels.sorted { $0.key < $1.key }
        switch metric.kind {
        case .counter: FloatingPointCounter(label: metric.name, dimensions: dimensions).increment(by: metric.value)
        case .gauge: Gauge(label: metric.name, dimensions: dimensions).record(metric.value)
        case .duration: Metrics.Timer(label: metric.name, dimensions: dimensions).recordSeconds(metric.value)
        }
    }
}
