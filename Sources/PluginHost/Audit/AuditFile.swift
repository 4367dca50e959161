internal import Glibc
public import PluginCore
internal import Synchronization

/// Writes what plugins reach for into a file, one JSON object a line: `{"time","plugin","action","resource","allowed",
/// "reason"}`. The file is its owner's alone (0600), and only ever grows, up to a size; lines of several hosts do not mix.
public final class AuditFile: Sendable {
    /// Bytes that a file holds at most unless somebody says otherwise: a plugin that is refused for ever fills no disk.
    public static let usualSize: Int64 = 256 << 20

    public let path: String
    private let largest: Int64
    private let descriptor: Int32
    /// What could not be written is not lost in silence: the next line says how many.
    private let lost = Mutex<UInt64>(0)

    /// Opens the file, or makes it.
    /// - Parameter largest: bytes that it may hold; what comes then is counted, and told when there is room again.
    /// - Throws: ``PluginError`` with code `permissionDenied` if it is a link, or others own it or may read or write it, `unavailable` if it cannot
    ///   be opened.
    public init(_ path: String, largest: Int64 = usualSize) throws(PluginError) {
        self.path = path
        self.largest = largest
        descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path, errno) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw PluginError(
                .permissionDenied, "\(path) is no file", remedy: "Name a file, which is made if it is not there",
                facts: .file(path: path))
        }
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0, status.st_nlink == 1 else {
            throw PluginError(
                .permissionDenied, "\(path) is no file that only this user can read and write",
                remedy: "Name another file, or run `chmod 600` on it",
                facts: .file(path: path))
        }
    }

    deinit { close(descriptor) }

    private static func failure(_ path: String, _ number: Int32) -> PluginError {
        PluginError(
            number == ELOOP || number == EACCES ? .permissionDenied : .unavailable,
            "the audit log \(path) cannot be opened (error \(number))",
            remedy: "Name a file, and no link, in a folder that this user can write",
            facts: .errno(number, call: "open"))
    }

    private func hasRoom(_ count: Int) -> Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && Int64(status.st_size) + Int64(count) <= largest
    }

    /// Any thread.
    public func write(_ record: AccessRecord) {
        lost.withLock { lost in
            var json = record.json.objectValue ?? [:]
            if lost > 0 { json["lost"] = .int(Int64(clamping: lost)) }
            // One write a line: O_APPEND keeps lines of others apart.
            let line = Array(JSON.object(json).text.utf8) + [UInt8(ascii: "\n")]
            // On a full disk a part of a line may be there.
            let bytes = lost > 0 ? [UInt8(ascii: "\n")] + line : line
            let written = hasRoom(bytes.count) ? unsafe Glibc.write(descriptor, bytes, bytes.count) : 0
            lost = written == bytes.count ? 0 : lost + 1
        }
    }
}

extension AccessRecord {
    public var json: JSON {
        [
            "time": .string(HostEvent.text(of: time)), "plugin": .string(plugin), "action": .string(action.rawValue),
            "resource": .string(resource), "allowed": .bool(isAllowed),
            "reason": .optional(reason) { .string($0) },
        ]
    }

    /// A line of an audit log; nil if it is none. Its time is not read back.
    init?(_ json: JSON) {
        guard let plugin = json["plugin"]?.stringValue, let resource = json["resource"]?.stringValue,
            let action = json["action"]?.stringValue.flatMap(Action.init), case .bool(let isAllowed) = json["allowed"]
        else { return nil }
        self.init(
            time: 0, plugin: plugin, action: action, resource: resource, isAllowed: isAllowed,
            reason: json["reason"]?.stringValue)
    }
}
