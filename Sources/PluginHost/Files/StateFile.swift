internal import Glibc
public import PluginCore

/// A small JSON document that the host keeps between runs, such as what it has put into quarantine.
///
/// The document is replaced whole: whoever reads it finds the old one or the new one, also after a power failure or on a
/// full disk. Processes and threads that change it wait for each other (flock(2) on a file beside it), so that no change is
/// lost. Readers never wait.
///
/// File and folder belong to this user alone (modes 0600 and 0700). What others own or can write, the folder as well as the
/// file, is refused, read or written: it decides what the host loads. The folders above are not looked at.
public struct StateFile: Sendable, Hashable {
    public let path: String
    /// Largest document in bytes, read or written.
    public var limit: Int

    /// - Parameter path: with a slash, in a folder that is made when the document is first written.
    public init(_ path: String, limit: Int = 16 << 20) {
        self.path = path
        self.limit = limit
    }

    // MARK: - Reading

    /// The document; nil if there is none.
    /// - Throws: ``PluginError`` with code `permissionDenied` if others could have written it, `dataLoss` if it is no JSON,
    ///   `resourceExhausted` if it is longer than ``limit``, `unavailable` if the file cannot be read.
    public func read() throws(PluginError) -> JSON? {
        guard let folder = try openFolder() else { return nil }
        defer { close(folder) }
        return try read(in: folder)
    }

    private func read(in folder: Int32) throws(PluginError) -> JSON? {
        let descriptor = unsafe openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw failure("open", errno) }
        defer { close(descriptor) }
        try requireOwn(descriptor, path, isFolder: false)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", errno) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
            try requireRoom(for: bytes.count)
        }
        do throws(PluginError) {
            return try JSON(parsing: bytes, what: path)
        } catch {
            throw PluginError(
                .dataLoss, error.what, remedy: "Put back a copy of it, or remove it and lose what it held",
                facts: .file(path: path))
        }
    }

    // MARK: - Writing

    /// Reads the document, has the body change it and writes the result, while nobody else changes it. A result that is
    /// equal to what was read is not written.
    ///
    /// Waits for others that change the same document, so the body must be short, and must not change it by another way.
    /// - Parameter body: gets the document, or nil if there is none. If it throws, nothing changes.
    /// - Throws: what ``read()`` and the body throw, and `resourceExhausted` if the disk is full: the old document stays.
    public func update(_ body: (JSON?) throws(PluginError) -> JSON) throws(PluginError) {
        try makeFolder()
        guard let folder = try openFolder() else { throw failure("open", ENOENT) }
        defer { close(folder) }
        let lock = try takeLock(folder)
        // Closing the descriptor gives up the lock.
        defer { close(lock) }
        let old = try read(in: folder)
        let new = try body(old)
        if let old, old == new { return }
        let bytes = Array(new.prettyText.utf8) + [UInt8(ascii: "\n")]
        try requireRoom(for: bytes.count)
        try replace(in: folder, bytes)
    }

    private func replace(in folder: Int32, _ bytes: [UInt8]) throws(PluginError) {
        // One name is enough under the lock; what a killed process left of it goes.
        let temporary = "\(name).new"
        unsafe unlinkat(folder, temporary, 0)
        let file = unsafe openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("open", errno) }
        defer { close(file) }
        do throws(PluginError) {
            try write(bytes, to: file)
            // The umask may have taken bits away; and only what is on the disk may take the old document's place.
            guard fchmod(file, 0o600) == 0 else { throw failure("fchmod", errno) }
            guard fsync(file) == 0 else { throw failure("fsync", errno) }
            guard unsafe renameat(folder, temporary, folder, name) == 0 else { throw failure("rename", errno) }
        } catch {
            unsafe unlinkat(folder, temporary, 0)
            throw error
        }
        guard fsync(folder) == 0 else { throw failure("fsync", errno) }
    }

    private func write(_ bytes: [UInt8], to file: Int32) throws(PluginError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("write", errno) }
            rest = rest.dropFirst(count)
        }
    }

    private func takeLock(_ folder: Int32) throws(PluginError) -> Int32 {
        let lock = unsafe openat(folder, "\(name).lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw failure("open", errno) }
        do throws(PluginError) {
            try requireOwn(lock, "\(path).lock", isFolder: false)
            while flock(lock, LOCK_EX) != 0 {
                guard errno == EINTR else { throw failure("flock", errno) }
            }
        } catch {
            close(lock)
            throw error
        }
        return lock
    }

    // MARK: - The folder

    private var name: String { path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path }

    private var folderPath: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func makeFolder() throws(PluginError) {
        var made = folderPath.hasPrefix("/") ? "" : "."
        for part in folderPath.split(separator: "/") {
            made += "/\(part)"
            guard unsafe mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EISDIR else {
                throw failure("mkdir", errno)
            }
        }
    }

    /// nil if there is none.
    private func openFolder() throws(PluginError) -> Int32? {
        let folder = unsafe open(folderPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder < 0, errno == ENOENT || errno == ENOTDIR { return nil }
        guard folder >= 0 else { throw failure("open", errno) }
        do throws(PluginError) {
            try requireOwn(folder, folderPath, isFolder: true)
        } catch {
            close(folder)
            throw error
        }
        return folder
    }

    // MARK: - Errors

    private func requireOwn(_ descriptor: Int32, _ path: String, isFolder: Bool) throws(PluginError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure("fstat", errno) }
        guard status.st_mode & S_IFMT == (isFolder ? S_IFDIR : S_IFREG) else {
            throw PluginError(
                .conflict, "\(path) is no regular file", remedy: "Move it away", facts: .file(path: path))
        }
        guard status.st_uid == geteuid() else {
            throw PluginError(
                .permissionDenied, "\(path) belongs to user \(status.st_uid), and this is user \(geteuid())",
                remedy: "Run as its owner, name another folder, or move it away", facts: .file(path: path))
        }
        guard status.st_mode & 0o022 == 0 else {
            throw PluginError(
                .permissionDenied, "\(path) can be written by other users",
                remedy: "See that it holds what it should, then run `\(ShellWord.command(["chmod", "go-w", path]))`",
                facts: .file(path: path))
        }
    }

    private func requireRoom(for count: Int) throws(PluginError) {
        guard count > limit else { return }
        throw PluginError(
            .resourceExhausted, "\(path) has, or would have, more than \(limit) bytes",
            remedy: "Remove entries that are no longer needed",
            facts: .limit(name: "stateFile", value: Int64(limit), unit: "bytes", source: "host"))
    }

    private func failure(_ call: String, _ number: Int32) -> PluginError {
        let (code, what, remedy): (PluginError.Code, String, String) =
            switch number {
            case ENOSPC, EDQUOT, EFBIG:
                (.resourceExhausted, "there is no room to write \(path); what it held is kept", "Free some space")
            case EACCES, EPERM, EROFS:
                (.permissionDenied, "\(path) may not be used by this user", "Check the permissions of its folder")
            case ELOOP: (.conflict, "\(path) is a symbolic link", "Put the file itself there")
            case ENOTDIR, EISDIR, ENXIO: (.conflict, "\(path) is no regular file in a folder", "Move it away")
            default: (.unavailable, "\(path) cannot be used", "Check the file system it is on")
            }
        return PluginError(
            code, "\(what) (\(call): error \(number))", remedy: remedy, facts: .errno(number, call: call))
    }
}
