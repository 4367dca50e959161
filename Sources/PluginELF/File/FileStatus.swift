internal import Glibc

/// What the file system says about a file, taken from its open descriptor.
public struct FileStatus: Sendable, Hashable {
    /// Name that the file was opened by; it stands in messages.
    public var path: String
    public var device: UInt64
    public var inode: UInt64
    /// Bytes.
    public var size: UInt64
    /// Type and permission bits as `stat` gives them.
    public var mode: UInt32
    /// User id of the owner.
    public var owner: UInt32
    /// Time of the last change of the contents, in nanoseconds since 1970.
    public var modified: Int64
    /// Time of the last change of contents, name, owner or permissions, likewise. Nobody can set it.
    public var changed: Int64

    /// May any user of the machine replace the contents?
    public var isWorldWritable: Bool { mode & 0o002 != 0 }

    /// The same file, unless it was removed and its number given to another.
    func isSameFile(_ other: FileStatus) -> Bool { device == other.device && inode == other.inode }

    var isFolder: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }
    var isRegular: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }

    /// "a directory", "a named pipe", ...
    var kind: String {
        switch mode & UInt32(S_IFMT) {
        case UInt32(S_IFDIR): "a directory"
        case UInt32(S_IFIFO): "a named pipe"
        case UInt32(S_IFCHR): "a character device"
        case UInt32(S_IFBLK): "a block device"
        case UInt32(S_IFSOCK): "a socket"
        case UInt32(S_IFREG): "a regular file"
        default: "not a regular file"
        }
    }

    init(path: String, _ status: stat) {
        self.path = path
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = UInt64(clamping: status.st_size)
        mode = UInt32(status.st_mode)
        owner = UInt32(status.st_uid)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ Int64(time.tv_nsec)
    }

    /// The status of the file at a path, links followed; nil if there is none or it cannot be looked at.
    init?(lookingAt path: String) {
        var status = stat()
        guard !path.utf8.contains(0), unsafe stat(path, &status) == 0 else { return nil }
        self.init(path: path, status)
    }
}
