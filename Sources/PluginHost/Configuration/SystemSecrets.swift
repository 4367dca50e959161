internal import CPluginLinux
internal import Glibc
public import PluginCore

/// The secrets of this machine: variables of this process's environment, and files that only its user can read.
///
/// A privileged process has no variables (secure_getenv(3)), because its caller chose them. A file is a regular one, links
/// followed; it is this user's or root's, and has no rights for group and others. Its text is the secret, without one line end
/// at the end.
public struct SystemSecrets: SecretSource {
    /// Largest secret in bytes.
    public static let sizeLimit = 64 << 10

    public init() {}

    /// - Throws: `notFound` if there is none, or an empty one; `permissionDenied` if the file cannot be read by this user, or can
    ///   be by others; `invalidArgument` if it is no text; `resourceExhausted` if it is too long.
    public func secret(_ reference: SecretReference) throws(PluginError) -> String {
        switch reference.place {
        case .environment(let name): try variable(name, reference)
        case .file(let path): try text(of: path, reference)
        }
    }

    private func variable(_ name: String, _ reference: SecretReference) throws(PluginError) -> String {
        guard let text = unsafe kwl_secure_getenv(name), unsafe text.pointee != 0 else {
            throw failure(.notFound, reference, "is not set", "Set the variable \(name) for the host's process")
        }
        guard let secret = unsafe String(validatingCString: text) else {
            throw failure(.invalidArgument, reference, "is not UTF-8", "Set it to text")
        }
        return secret
    }

    private func text(of path: String, _ reference: SecretReference) throws(PluginError) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: throw failure(.notFound, reference, "is not there", "Put the secret into that file")
            case EACCES, EPERM:
                throw failure(.permissionDenied, reference, "may not be read", "Make it this user's, with mode 0400")
            default: throw failure(.unavailable, reference, "cannot be read (error \(errno))", "Check the file")
            }
        }
        defer { close(descriptor) }
        let stamp = FileStamp(of: descriptor)
        guard stamp.isRegular else { throw failure(.conflict, reference, "is no regular file", "Put a file there") }
        guard stamp.owner == geteuid() || stamp.owner == 0, stamp.mode & 0o077 == 0 else {
            throw failure(
                .permissionDenied, reference,
                "is not for this user alone: user \(stamp.owner), mode 0\(String(stamp.mode & 0o777, radix: 8))",
                "Make it this user's, and run chmod 0400 on it")
        }
        // One byte more than there may be shows a file that is too long, also one that grows.
        var bytes = [UInt8](repeating: 0, count: Self.sizeLimit + 1)
        var filled = 0
        while filled < bytes.count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else {
                throw failure(.unavailable, reference, "cannot be read (error \(errno))", "Check the file")
            }
            if got == 0 { break }
            filled += got
        }
        guard filled <= Self.sizeLimit else {
            throw failure(
                .resourceExhausted, reference, "has more than \(Self.sizeLimit >> 10) KiB", "Name a smaller file")
        }
        var rest = bytes[..<filled]
        if rest.last == UInt8(ascii: "\n") { rest.removeLast() }
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        guard !rest.isEmpty else { throw failure(.notFound, reference, "is empty", "Put the secret into that file") }
        guard let secret = String(validating: rest, as: UTF8.self) else {
            throw failure(.invalidArgument, reference, "is not UTF-8", "Put text into that file")
        }
        return secret
    }

    private func failure(
        _ code: PluginError.Code, _ reference: SecretReference, _ problem: String, _ remedy: String
    ) -> PluginError {
        PluginError(
            code, "the secret \(reference.name) \(problem)", remedy: remedy, facts: .names([reference.name]))
    }
}
