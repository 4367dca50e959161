internal import CPluginLinux
internal import Glibc
internal import PluginCore

/// Where a host's control socket is: a Unix socket (unix(7)) in the file system.
package enum ControlSocket {
    /// `$XDG_RUNTIME_DIR/keyway/host.sock`, or `/tmp/keyway-UID/host.sock` where that is not set.
    package static var standardPath: String {
        standardPath(runtimeFolder: unsafe kwl_secure_getenv("XDG_RUNTIME_DIR").map { unsafe String(cString: $0) })
    }

    package static func standardPath(runtimeFolder: String?) -> String {
        if let runtimeFolder, runtimeFolder.hasPrefix("/") { return "\(runtimeFolder)/keyway/host.sock" }
        return "/tmp/keyway-\(geteuid())/host.sock"
    }

    /// Bytes of a path that fit into an address: `sun_path` without its end.
    static let pathLimit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    private static func address(_ path: String) throws(PluginError) -> sockaddr_un {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0), bytes.count <= pathLimit else {
            throw PluginError(
                .invalidArgument,
                "\(path) cannot name a socket: it has \(bytes.count) bytes, and 1 to \(pathLimit) fit",
                remedy: "Name a shorter path with --socket",
                facts: .limit(name: "socketPath", value: Int64(pathLimit), unit: "bytes", source: "system"))
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return address
    }

    @unsafe
    private static func with(
        _ address: sockaddr_un, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func makeSocket(isBlocking: Bool) throws(PluginError) -> Int32 {
        let flags = SOCK_CLOEXEC.rawValue | (isBlocking ? 0 : SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | flags), 0)
        guard descriptor >= 0 else {
            throw PluginError(
                .resourceExhausted, "a socket cannot be made (error \(errno))",
                remedy: "Raise the limit on open files (ulimit -n)", facts: .errno(errno, call: "socket"))
        }
        return descriptor
    }

    // MARK: - Connecting

    /// A blocking connection to a host of this user. Blocks while the host's queue of connections is full.
    /// - Throws: ``PluginError`` with code `notFound` if no host runs, `permissionDenied` if the socket is not for this user,
    ///   or not this user's.
    static func connect(to path: String) throws(PluginError) -> Int32 {
        let address = try address(path)
        let descriptor = try makeSocket(isBlocking: true)
        do throws(PluginError) {
            while unsafe with(address, { unsafe Glibc.connect(descriptor, $0, $1) }) != 0 {
                switch errno {
                case EINTR: continue
                case ENOENT, ENOTDIR: throw noHost("there is no socket \(path)", path)
                case ECONNREFUSED: throw noHost("nobody listens at \(path)", path)
                case EACCES, EPERM: throw refused("\(path) is not for this user", path)
                default:
                    throw PluginError(
                        .unavailable, "\(path) cannot be connected to (error \(errno))",
                        remedy: "Check that it is the socket of a host", facts: .errno(errno, call: "connect"))
                }
            }
            // Who may put a socket there could stand in for the host. Root may look at everybody's.
            let peer = peer(of: descriptor)
            guard let peer, peer.user == 0 || peer.user == geteuid() || geteuid() == 0 else {
                throw refused("\(path) is served by another user", path)
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Who is at the other end.
    static func peer(of descriptor: Int32) -> (user: UInt32, process: Int32)? {
        var (user, process) = (UInt32(0), Int32(0))
        guard unsafe kwl_peer(descriptor, &user, &process) == 0 else { return nil }
        return (user, process)
    }

    private static func noHost(_ why: String, _ path: String) -> PluginError {
        PluginError(
            .notFound, "no host runs: \(why)", remedy: "Start one with `keyway run-host --path DIR`",
            facts: .file(path: path))
    }

    private static func refused(_ what: String, _ path: String) -> PluginError {
        PluginError(
            .permissionDenied, what, remedy: "Run as the user that runs the host", facts: .file(path: path))
    }

    // MARK: - Listening

    /// A socket that listens, and what tells its file from another of that name.
    struct Listener {
        let descriptor: Int32
        let stamp: FileStamp
    }

    /// Makes the socket and listens. Blocks while another host starts at the same path; leaves `PATH.lock`, on which hosts
    /// that start wait for each other (flock(2)).
    ///
    /// - Throws: ``PluginError`` with code `conflict` if a host runs already or something else has the name,
    ///   `permissionDenied` if the place belongs to others, `invalidArgument` if the path is too long.
    static func listen(at path: String, makesFolder: Bool) throws(PluginError) -> Listener {
        let address = try address(path)
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        if makesFolder { try makeOwn(folder) }
        let lock = try takeLock(path)
        // Closing it gives it up.
        defer { close(lock) }
        try removeStale(path)
        let descriptor = try makeSocket(isBlocking: false)
        // Linux takes the socket's own mode for the file (unix_bind), so that it is never open to others. umask(2) would be
        // for all threads.
        guard fchmod(descriptor, 0o600) == 0, unsafe with(address, { unsafe bind(descriptor, $0, $1) }) == 0,
            unsafe chmod(path, 0o600) == 0, Glibc.listen(descriptor, 1024) == 0
        else {
            let number = errno
            close(descriptor)
            throw PluginError(
                number == EACCES || number == EROFS ? .permissionDenied : .unavailable,
                "the control socket \(path) cannot be made (error \(number))",
                remedy: "Check that its folder is there and may be written, or name another path with --socket",
                facts: .errno(number, call: "bind"))
        }
        return Listener(descriptor: descriptor, stamp: FileStamp(at: path))
    }

    /// Removes the socket's file, if it is still the one.
    static func remove(_ path: String, _ stamp: FileStamp) {
        let now = FileStamp(at: path)
        if now != .absent, now.device == stamp.device, now.inode == stamp.inode { unsafe unlink(path) }
    }

    /// A folder for this user alone.
    private static func makeOwn(_ folder: String) throws(PluginError) {
        _ = unsafe mkdir(folder, 0o700)
        var status = stat()
        guard unsafe lstat(folder, &status) == 0 else {
            throw PluginError(
                .unavailable, "the folder \(folder) for the control socket cannot be made (error \(errno))",
                remedy: "Make it, or name another path with --socket", facts: .errno(errno, call: "mkdir"))
        }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw PluginError(
                .permissionDenied,
                "\(folder), which is to hold the control socket, is not a folder for this user alone",
                remedy: "Move it away, run chmod 700 on it, or name another path with --socket",
                facts: .file(path: folder))
        }
    }

    private static func takeLock(_ path: String) throws(PluginError) -> Int32 {
        let lock = unsafe open("\(path).lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw PluginError(
                errno == EACCES || errno == EROFS ? .permissionDenied : .unavailable,
                "the control socket \(path) cannot be made: \(path).lock cannot be opened (error \(errno))",
                remedy: "Check that its folder is there and may be written, or name another path with --socket",
                facts: .errno(errno, call: "open"))
        }
        while flock(lock, LOCK_EX) != 0, errno == EINTR {}
        return lock
    }

    /// Makes room for a new socket where a host has ended without removing its own.
    private static func removeStale(_ path: String) throws(PluginError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
            throw PluginError(
                .conflict, "\(path), which is to be the control socket, is something else, or another user's",
                remedy: "Move it away, or name another path with --socket", facts: .file(path: path))
        }
        let descriptor = try makeSocket(isBlocking: false)
        defer { close(descriptor) }
        let address = try address(path)
        // EAGAIN: somebody listens and has many to serve.
        if unsafe with(address, { unsafe Glibc.connect(descriptor, $0, $1) }) == 0 || errno == EAGAIN {
            let process = peer(of: descriptor).map { "pid \($0.process)" } ?? "its queue is full"
            throw PluginError(
                .conflict, "a host runs already (\(process)) at \(path)",
                remedy: "Use it, end it with `keyway shutdown`, or name another path with --socket",
                facts: .file(path: path))
        }
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw PluginError(
                .permissionDenied,
                "the control socket \(path) of a host that has ended cannot be removed (error \(errno))",
                remedy: "Remove it", facts: .errno(errno, call: "unlink"))
        }
    }
}
