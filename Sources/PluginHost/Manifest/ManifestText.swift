internal import Glibc
internal import PluginCore

/// The bytes of a manifest's file.
enum ManifestText {
    /// As large as a manifest note may be.
    static let maximumSize = 1 << 20

    /// Reads a regular file; symbolic links are followed. Never blocks, and never holds more than the limit.
    /// - Throws: ``PluginError``, each cause with a message and a remedy of its own.
    static func read(_ path: String) throws(PluginError) -> [UInt8] {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw PluginError(
                .invalidArgument, "\"\(path)\" is no path of a manifest", remedy: "Name a .json or .toml file")
        }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw failure(path, errno, "open") }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, errno, "fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PluginError(
                .validation, "the manifest \(path) is not a regular file", remedy: "Put a .json or .toml file there",
                facts: .file(path: path), plugin: path, stage: .open)
        }
        guard status.st_size <= maximumSize else { throw tooLarge(path) }
        // One byte more than there should be shows a file that grows.
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
        var filled = 0
        while filled < bytes.count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(path, errno, "read") }
            if got == 0 { break }
            filled += got
        }
        guard filled == Int(status.st_size) else {
            throw PluginError(
                .unavailable, "the manifest \(path) changed while it was read", remedy: "Try again when it is written",
                facts: .file(path: path), plugin: path, stage: .open, retryable: true)
        }
        bytes.removeLast()
        return bytes
    }

    private static func tooLarge(_ path: String) -> PluginError {
        PluginError(
            .resourceExhausted, "the manifest \(path) has more than \(maximumSize >> 20) MiB",
            remedy: "Move schemas and defaults into files beside it",
            facts: .limit(name: "manifest", value: Int64(maximumSize), unit: "bytes", source: "host"), plugin: path,
            stage: .open)
    }

    private static func failure(_ path: String, _ number: Int32, _ call: String) -> PluginError {
        let (code, what, remedy): (PluginError.Code, String, String) =
            switch number {
            case ENOENT, ENOTDIR: (.notFound, "there is no manifest \(path)", "Check the spelling of the path")
            case EACCES, EPERM:
                (.permissionDenied, "the manifest \(path) may not be read", "Change its permissions")
            case ELOOP: (.validation, "the links of the manifest \(path) lead in a circle", "Correct the links")
            default: (.unavailable, "the manifest \(path) cannot be read (error \(number))", "Check the file")
            }
        return PluginError(code, what, remedy: remedy, facts: .errno(number, call: call), plugin: path, stage: .open)
    }
}
