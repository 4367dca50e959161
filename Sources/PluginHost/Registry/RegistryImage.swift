internal import Glibc
internal import PluginCore

/// Everything that a scan found, in the bytes in which the cache keeps it: fixed records, sorted indices and a pool of
/// texts, so that a look-up reads what it needs and nothing is parsed first.
///
/// The bytes are read into memory of our own, not mapped: checking them touches every page anyway, and a mapping of a
/// file that somebody cuts short would end the process.
struct RegistryImage: Sendable {
    let store: ByteStore
    /// Were texts left out, because there are too many? Then it is no image to keep.
    let isPartial: Bool

    static let magic = Array("KWREG\0\r\n".utf8)
    /// Goes up with every change of the layout below.
    static let format: UInt32 = 1

    enum Layout {
        static let header = 112
        static let folder = 76
        static let file = 204
        static let dependency = 56
        static let reference = 4
        static let key = 12
    }

    /// A table of records: where it begins and how many there are.
    struct Table {
        let offset: Int
        let count: Int

        /// As many as the image has room for; a damaged count must not make anybody count to four billion.
        fileprivate init(_ store: ByteStore, at place: Int, width: Int) {
            offset = store.u32(place)
            count = min(store.u32(place + 4), max(store.count - offset, 0) / width)
        }
    }

    let folders: Table
    let files: Table
    let dependencies: Table
    private let references: Table
    private let keys: Table
    private let pool: Int

    /// - Returns: nil if it is not an undamaged image of this format.
    init?(_ bytes: [UInt8]) {
        let store = ByteStore(bytes: bytes)
        guard bytes.count > Layout.header, Array(bytes.prefix(8)) == Self.magic,
            store.number(at: 8, as: UInt32.self) == Self.format,
            store.number(at: 16, as: UInt64.self) == UInt64(bytes.count), bytes.last == 0,
            store.number(at: 12, as: UInt32.self) == store.checksum(from: 16)
        else { return nil }
        self.init(store, isPartial: false)
    }

    private init(_ store: ByteStore, isPartial: Bool) {
        self.store = store
        self.isPartial = isPartial
        folders = Table(store, at: 64, width: Layout.folder)
        files = Table(store, at: 72, width: Layout.file)
        dependencies = Table(store, at: 80, width: Layout.dependency)
        references = Table(store, at: 88, width: Layout.reference)
        keys = Table(store, at: 96, width: Layout.key)
        pool = store.u32(104)
    }

    // MARK: - Header

    /// When its scan began, in nanoseconds since 1970.
    var written: Int64 { store.number(at: 24) }

    /// Digest of what all verdicts depended on.
    var environment: [UInt8] { Array(store.slice(32, 32)) }

    // MARK: - Records

    func folder(_ index: Int) -> PluginFolder {
        let place = folders.offset + index * Layout.folder
        var folder = PluginFolder(
            path: text(place), stamp: store.stamp(place + 8), isNested: store.u32(place + 64) & 1 != 0)
        let problem = text(place + 68)
        folder.problem = problem.isEmpty ? nil : problem
        return folder
    }

    /// The files of a folder.
    func range(ofFolder index: Int) -> Range<Int> {
        let place = folders.offset + index * Layout.folder
        let first = min(store.u32(place + 56), files.count)
        return first..<min(first + store.u32(place + 60), files.count)
    }

    func stamp(ofFile index: Int) -> FileStamp { store.stamp(files.offset + index * Layout.file + 16) }

    func isSettled(_ index: Int) -> Bool { store.u32(files.offset + index * Layout.file + 12) & 0x100 != 0 }

    func verdict(ofFile index: Int) -> RegistryRecord.Verdict {
        RegistryRecord.Verdict(rawValue: UInt8(truncatingIfNeeded: store.u32(files.offset + index * Layout.file + 12)))
            ?? .refused
    }

    /// - Parameter folder: the file's folder, open.
    func currentStamp(ofFile index: Int, in folder: Int32) -> FileStamp {
        store.currentStamp(ofNameAt: pool + store.u32(files.offset + index * Layout.file + 4), in: folder)
    }

    func record(_ index: Int) -> RegistryRecord {
        let place = files.offset + index * Layout.file
        let flags = store.u32(place + 12)
        var record = RegistryRecord(folder: store.u32(place), name: text(place + 4))
        record.stamp = store.stamp(place + 16)
        record.verdict = verdict(ofFile: index)
        record.isSettled = flags & 0x100 != 0
        record.isProbed = flags & 0x200 != 0
        record.isShadowed = flags & 0x400 != 0
        record.digest = flags & 0x800 != 0 ? Hexadecimal.text(store.slice(place + 64, 32)) : ""
        record.id = text(place + 96)
        record.version = text(place + 104)
        record.displayName = text(place + 112)
        record.type = text(place + 120)
        record.language = text(place + 128)
        record.sdkBuilt = store.number(at: place + 136)
        record.sdkMinimum = store.number(at: place + 140)
        record.sdkMaximum = store.number(at: place + 144)
        record.interfaces = list(place + 148)
        record.provides = list(place + 156)
        record.manifest = text(place + 164)
        record.refusal = text(place + 172)
        record.manifestFiles = list(place + 180)
        record.inspectNanoseconds = store.number(at: place + 196)
        let first = store.u32(place + 188)
        let count = min(store.u32(place + 192), max(references.count - first, 0))
        record.dependencies = (0..<count).map { store.u32(references.offset + (first + $0) * Layout.reference) }
            .filter { $0 < dependencies.count }
        return record
    }

    func dependency(_ index: Int) -> RegistryDependency {
        let place = dependencies.offset + index * Layout.dependency
        return RegistryDependency(path: text(place), stamp: store.stamp(place + 8))
    }

    /// Is what lies at the path of a dependency still what it was?
    func isUnchanged(dependency index: Int) -> Bool {
        let place = dependencies.offset + index * Layout.dependency
        return store.currentStamp(ofNameAt: pool + store.u32(place), in: nil) == store.stamp(place + 8)
    }

    // MARK: - Look-up

    /// What a file can be found by.
    enum Key: Character, CaseIterable {
        /// The file's name without its ending.
        case file = "f"
        case id = "i"
        case interface = "n"
        case provided = "p"
        case type = "t"
    }

    /// Indices of the files that have a key, in search order, by bisection.
    func files(with key: Key, _ name: String) -> [Int] {
        let wanted = [key.byte] + name.utf8
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if self.key(middle).lexicographicallyPrecedes(wanted) { low = middle + 1 } else { high = middle }
        }
        var found: [Int] = []
        while low < keys.count, self.key(low).elementsEqual(wanted) {
            let file = store.u32(keys.offset + low * Layout.key + 8)
            if file < files.count { found.append(file) }
            low += 1
        }
        return found
    }

    private func key(_ index: Int) -> ArraySlice<UInt8> {
        let place = keys.offset + index * Layout.key
        return store.slice(pool + store.u32(place), store.u32(place + 4))
    }

    private func text(_ place: Int) -> String {
        String(decoding: store.slice(pool + store.u32(place), store.u32(place + 4)), as: UTF8.self)
    }

    private func list(_ place: Int) -> [String] { text(place).split(separator: "\n").map(String.init) }

    // MARK: - Making

    /// The same image, with files marked as tried.
    /// - Parameter digests: of the bytes that were tried, by the files' paths. Files of other bytes are not marked.
    func probed(_ digests: [String: String]) -> RegistryImage {
        let folders = (0..<self.folders.count).map { index in
            var folder = self.folder(index)
            folder.files = []
            return folder
        }
        let records = (0..<files.count).map { index in
            var record = self.record(index)
            guard folders.indices.contains(record.folder) else { return record }
            let path = "\(folders[record.folder].path)/\(record.name)"
            if let digest = digests[path], digest == record.digest { record.isProbed = true }
            return record
        }
        return RegistryImage(
            folders: folders, records: records, dependencies: (0..<dependencies.count).map(dependency),
            environment: environment, written: written)
    }

    /// - Parameters:
    ///   - records: in the order of the folders, each folder's together.
    ///   - environment: 32 bytes.
    init(
        folders: [PluginFolder], records: [RegistryRecord], dependencies: [RegistryDependency], environment: [UInt8],
        written: Int64
    ) {
        var body = ByteWriter()
        var places: [Int] = []
        func begin() { places.append(Layout.header + body.bytes.count) }
        begin()
        var first = 0
        for (index, folder) in folders.enumerated() {
            let count = records[first...].prefix { $0.folder == index }.count
            body.add(folder.path)
            body.add(folder.stamp)
            body.add(UInt32(first))
            body.add(UInt32(count))
            body.add(UInt32(folder.isNested ? 1 : 0))
            body.add(folder.problem ?? "")
            first += count
        }
        begin()
        var reference: UInt32 = 0
        for record in records {
            Self.add(record, firstReference: reference, to: &body)
            reference += UInt32(record.dependencies.count)
        }
        begin()
        for dependency in dependencies {
            body.add(dependency.path)
            body.add(dependency.stamp)
        }
        begin()
        for record in records { for index in record.dependencies { body.add(UInt32(index)) } }
        begin()
        let keys = Self.keys(of: records)
        for (key, file) in keys {
            body.add(own: key)
            body.add(UInt32(file))
        }
        begin()
        let counts = [folders.count, records.count, dependencies.count, Int(reference), keys.count, body.pool.count]
        var rest = ByteWriter()
        rest.add(UInt64(Layout.header + body.bytes.count + body.pool.count))
        rest.add(written)
        rest.add(raw: environment)
        for (place, count) in zip(places, counts) {
            rest.add(UInt32(clamping: place))
            rest.add(UInt32(clamping: count))
        }
        rest.add(raw: body.bytes)
        rest.add(raw: body.pool)
        var whole = ByteWriter()
        whole.add(raw: Self.magic)
        whole.add(Self.format)
        whole.add(ByteStore(bytes: rest.bytes).checksum(from: 0))
        whole.add(raw: rest.bytes)
        self.init(ByteStore(bytes: whole.bytes), isPartial: body.isFull)
    }

    private static func add(_ record: RegistryRecord, firstReference: UInt32, to body: inout ByteWriter) {
        let digest = Hexadecimal.bytes(record.digest)
        body.add(UInt32(record.folder))
        body.add(own: record.name)
        body.add(
            UInt32(record.verdict.rawValue) | (record.isSettled ? 0x100 : 0) | (record.isProbed ? 0x200 : 0)
                | (record.isShadowed ? 0x400 : 0) | (digest.count == 32 ? 0x800 : 0))
        body.add(record.stamp)
        body.add(raw: digest.count == 32 ? digest : [UInt8](repeating: 0, count: 32))
        body.add(own: record.id)
        body.add(record.version)
        body.add(own: record.displayName)
        body.add(record.type)
        body.add(record.language)
        for number in [record.sdkBuilt, record.sdkMinimum, record.sdkMaximum] { body.add(number) }
        body.add(record.interfaces.joined(separator: "\n"))
        body.add(record.provides.joined(separator: "\n"))
        body.add(own: record.manifest)
        body.add(record.refusal)
        body.add(record.manifestFiles.joined(separator: "\n"))
        body.add(firstReference)
        body.add(UInt32(record.dependencies.count))
        body.add(record.inspectNanoseconds)
    }

    /// Sorted by their bytes, then in search order.
    private static func keys(of records: [RegistryRecord]) -> [(bytes: [UInt8], file: Int)] {
        var keys: [(bytes: [UInt8], file: Int)] = []
        keys.reserveCapacity(records.count * Key.allCases.count)
        // One kind after the other, and files come by name: what is nearly sorted is soon sorted.
        for key in Key.allCases {
            let first = key.byte
            for index in records.indices where records[index].verdict != .library {
                for name in key.names(of: records[index]) { keys.append(([first] + name.utf8, index)) }
            }
        }
        keys.sort { left, right in
            if left.bytes == right.bytes { return left.file < right.file }
            return left.bytes.lexicographicallyPrecedes(right.bytes)
        }
        return keys
    }
}

extension RegistryImage.Key {
    fileprivate var byte: UInt8 { rawValue.asciiValue ?? 0 }

    /// Refused plugins are found by their id and their file alone.
    fileprivate func names(of record: RegistryRecord) -> [String] {
        switch self {
        case .file: [String(record.name.dropLast(3))]
        case .id: record.id.isEmpty ? [] : [record.id]
        case .interface: record.verdict == .sound ? record.interfaces : []
        case .provided: record.verdict == .sound ? record.provides : []
        case .type: record.verdict != .sound || record.type.isEmpty ? [] : [record.type]
        }
    }
}
