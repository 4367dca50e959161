internal import Glibc
internal import PluginCore

/// Files that are written beside the place they are for, and then renamed: whoever looks there finds all or nothing.
enum TemporaryFile {
    /// A name that no other process and no other thread takes.
    static func name(for path: String) -> String {
        "\(path).\(getpid()).\(String(UInt64.random(in: 0 ... .max), radix: 16)).new"
    }

    /// - Parameters:
    ///   - mode: of the file, less what the umask takes.
    ///   - isDurable: whether it has to be on the disk before it gets its name. What shows its own damage need not be.
    static func write(
        _ bytes: [UInt8], to path: String, mode: mode_t, isDurable: Bool = true
    ) throws(PluginError) {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure(path, "open", errno) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "write", errno) }
            rest = rest.dropFirst(count)
        }
        guard !isDurable || fsync(file) == 0 else { throw failure(path, "fsync", errno) }
    }

    /// The file has to be in the folder of the new path.
    static func rename(_ temporary: String, to path: String) throws(PluginError) {
        guard unsafe Glibc.rename(temporary, path) == 0 else { throw failure(path, "rename", errno) }
    }

    static func failure(_ path: String, _ call: String, _ number: Int32) -> PluginError {
        let (code, remedy): (PluginError.Code, String) =
            switch number {
            case ENOSPC, EDQUOT, EFBIG: (.resourceExhausted, "Free some space; what was there is kept")
            case EACCES, EPERM, EROFS: (.permissionDenied, "Check who may write to its folder")
            case ENOENT, ENOTDIR: (.notFound, "Check that its folder exists")
            default: (.unavailable, "Check the file system that it is on")
            }
        return PluginError(
            code, "\(path) cannot be written (\(call): error \(number))", remedy: remedy,
            facts: .errno(number, call: call))
    }
}
