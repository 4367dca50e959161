internal import PluginCore

/// What a scan found. Entries are read from its image as they are asked for, so that one of thousands costs nothing of
/// the others.
public struct RegistryScan: Sendable {
    /// Where the time went.
    public struct Timings: Sendable, Hashable {
        /// Reading the cache and comparing it with the files.
        public internal(set) var read = Duration.zero
        public internal(set) var list = Duration.zero
        /// Hashing, reading and judging files.
        public internal(set) var judge = Duration.zero
        public internal(set) var write = Duration.zero
        /// Trying plugins in processes of their own.
        public internal(set) var probe = Duration.zero
        public internal(set) var total = Duration.zero

        /// All but the total.
        mutating func add(_ other: Timings) {
            read += other.read
            list += other.list
            judge += other.judge
            write += other.write
            probe += other.probe
        }
    }

    let image: RegistryImage
    private let reasons: [Int: String]
    /// Applied to every entry that is read.
    var restrictions: Restrictions
    /// Files for which the cache answered.
    public let hits: Int
    public internal(set) var timings: Timings
    /// The cache's file, or nil without one.
    public let cacheFile: String?
    /// Why the cache was not used or not written, or nil.
    public let cacheProblem: String?

    init(
        image: RegistryImage, reasons: [Int: String], hits: Int, timings: Timings, cache: String?,
        cacheProblem: String?, restrictions: Restrictions
    ) {
        self.restrictions = restrictions
        self.image = image
        self.reasons = reasons
        self.hits = hits
        self.timings = timings
        cacheFile = cache
        self.cacheProblem = cacheProblem
    }

    /// Files that were judged anew.
    public var misses: Int { reasons.count }

    /// Every plugin, in search order: by folder, then by the file's name.
    public var entries: [RegistryEntry] { listed.map(entry) }

    /// Why a file was judged anew, by its path.
    public var missReasons: [String: String] {
        Dictionary(uniqueKeysWithValues: reasons.map { (path(of: $0.key), $0.value) })
    }

    /// The folders that were searched and cannot be, with the reason.
    public var folderProblems: [(path: String, problem: String)] {
        (0..<image.folders.count).map(image.folder).compactMap { folder in
            folder.problem.map { (folder.path, $0) }
        }
    }

    /// Every file that answers to a name, the best first: by the id of its manifest or the name of its file.
    public func entries(named name: String) -> [RegistryEntry] {
        entries(at: image.files(with: .file, name) + image.files(with: .id, name))
    }

    /// Plugins that offer an interface, such as "keyway.embedder/1", the best first. Refused ones are not among them.
    public func entries(offering interface: String) -> [RegistryEntry] {
        entries(at: image.files(with: .interface, interface))
    }

    /// Plugins whose manifest has a type, such as "embedder". Refused ones are not among them.
    public func entries(ofType type: String) -> [RegistryEntry] { entries(at: image.files(with: .type, type)) }

    /// Plugins that stand for a name beside their own. Refused ones are not among them.
    public func entries(providing name: String) -> [RegistryEntry] {
        entries(at: image.files(with: .provided, name))
    }

    private var listed: [Int] { (0..<image.files.count).filter { image.verdict(ofFile: $0) != .library } }

    /// Those that can be loaded first; then earlier folders, files by name, and of one plugin in a folder newer versions.
    /// Versions of different plugins say nothing about each other.
    private func entries(at indices: [Int]) -> [RegistryEntry] {
        /// A plugin in a folder: its versions stand together, where its first file is.
        struct Place: Hashable {
            let isUsable: Bool
            let folder: Int
            let id: String
        }
        let found = Set(indices).map { index in
            let entry = entry(index)
            let place = Place(
                isUsable: entry.state == .available, folder: image.record(index).folder, id: entry.id ?? entry.file)
            return (entry: entry, place: place, index: index)
        }
        let firsts = Dictionary(found.map { ($0.place, $0.index) }, uniquingKeysWith: min)
        let ranked = found.map {
            (entry: $0.entry, place: $0.place, first: firsts[$0.place] ?? $0.index, index: $0.index)
        }
        return ranked.sorted { left, right in
            if left.place.isUsable != right.place.isUsable { return left.place.isUsable }
            if left.place.folder != right.place.folder { return left.place.folder < right.place.folder }
            if left.first != right.first { return left.first < right.first }
            if let one = left.entry.version, let other = right.entry.version, one != other { return other < one }
            return left.index < right.index
        }.map(\.entry)
    }

    private func entry(_ index: Int) -> RegistryEntry {
        let record = image.record(index)
        return restrictions.applied(to: RegistryEntry(record, folder: image.folder(record.folder).path))
    }

    private func path(of index: Int) -> String {
        let record = image.record(index)
        return "\(image.folder(record.folder).path)/\(record.name)"
    }
}
