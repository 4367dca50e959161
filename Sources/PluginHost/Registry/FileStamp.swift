internal import Glibc
internal import PluginELF

/// What tells whether a file is still the one that was looked at: equal stamps, same bytes and same rights.
///
/// The time of the last change of the inode is part of it. Nobody can set that one, so that a swap with the old size
/// and the old time of modification shows.
struct FileStamp: Sendable, Hashable {
    var device: UInt64 = 0
    var inode: UInt64 = 0
    /// Bytes.
    var size: UInt64 = 0
    /// Last change of the contents, in nanoseconds since 1970.
    var modified: Int64 = 0
    /// Last change of contents, name, owner or rights, likewise.
    var changed: Int64 = 0
    var mode: UInt32 = 0
    var owner: UInt32 = 0

    /// The stamp of what is not there.
    static let absent = FileStamp()

    init() {}

    /// The file at a path, links followed; ``absent`` if it is not there or cannot be looked at.
    init(at path: String) { self = unsafe Self.look { status in unsafe stat(path, status) } }

    /// A file of an open folder, or of a path, links followed.
    @unsafe
    init(ofName name: UnsafePointer<CChar>, in folder: Int32?) {
        self = unsafe Self.look { status in unsafe fstatat(folder ?? AT_FDCWD, name, status, 0) }
    }

    /// A file of an open folder, links followed.
    init(of name: String, in folder: Int32) {
        self = unsafe Self.look { status in unsafe fstatat(folder, name, status, 0) }
    }

    init(of descriptor: Int32) { self = unsafe Self.look { status in unsafe fstat(descriptor, status) } }

    init(_ status: FileStatus) {
        (device, inode, size) = (status.device, status.inode, status.size)
        (modified, changed) = (status.modified, status.changed)
        (mode, owner) = (status.mode, status.owner)
    }

    var isRegular: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }
    var isFolder: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }

    /// Could the file have changed again since the time, without a later stamp? Clocks of file systems tick every few
    /// milliseconds.
    func isFresher(than time: Int64) -> Bool { changed >= time - 20_000_000 }

    @unsafe
    private static func look(_ call: (UnsafeMutablePointer<stat>) -> Int32) -> FileStamp {
        var status = stat()
        guard unsafe call(&status) == 0 else { return .absent }
        var stamp = FileStamp()
        stamp.device = UInt64(status.st_dev)
        stamp.inode = UInt64(status.st_ino)
        stamp.size = UInt64(clamping: status.st_size)
        stamp.modified = nanoseconds(status.st_mtim)
        stamp.changed = nanoseconds(status.st_ctim)
        stamp.mode = UInt32(status.st_mode)
        stamp.owner = UInt32(status.st_uid)
        return stamp
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ Int64(time.tv_nsec)
    }
}
