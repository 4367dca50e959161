internal import Glibc
internal import PluginCore
internal import PluginELF

/// A document by which an operator decides about plugins. What others own or can write is refused, file or folder.
struct OperatorFile {
    let path: String
    /// "the policy of permissions", for messages.
    let what: String

    /// What to do about a document that is damaged.
    static let remedy = "Correct it, or put back a copy. No plugin is loaded by a policy that cannot be read"
    static let sizeLimit: UInt64 = 16 << 20

    /// nil if there is none. Unlike a ``StateFile`` it may be root's, and a link.
    /// - Throws: ``PluginError`` with code `dataLoss` if it is no JSON, `permissionDenied` if it may not be read or other users
    ///   can write it.
    func read() throws(PluginError) -> JSON? {
        guard let bytes = try bytes() else { return nil }
        do throws(PluginError) {
            return try JSON(parsing: bytes, what: path)
        } catch {
            throw PluginError(.dataLoss, error.what, remedy: Self.remedy, facts: .file(path: path))
        }
    }

    private func bytes() throws(PluginError) -> [UInt8]? {
        // Whoever can write the folder can take the file away, or put another in its place.
        try requireTrustedFolder(of: path)
        if let target = Folders.realPath(path), target != path { try requireTrustedFolder(of: target) }
        let file: FileImage
        do throws(PluginError) {
            file = try FileImage(opening: path)
        } catch {
            // A link that leads nowhere says that there should be a policy.
            if error.code == .notFound, unsafe faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0 { return nil }
            throw refusal(error.code == .validation ? .conflict : error.code, error.what, error.remedy)
        }
        try requireTrusted(file.withDescriptor { FileStamp(of: $0) }, path)
        guard file.size <= Self.sizeLimit else {
            throw refusal(.resourceExhausted, "has more than \(Self.sizeLimit) bytes", "Remove what is not needed")
        }
        guard let bytes = file.bytes(at: 0, count: Int(file.size)) else {
            throw refusal(.unavailable, "changes while it is read", "Try again")
        }
        return bytes
    }

    private func requireTrustedFolder(of file: String) throws(PluginError) {
        let folder = Folders.parent(of: file)
        let stamp = FileStamp(at: folder)
        if stamp != .absent { try requireTrusted(stamp, folder) }
    }

    /// - Parameter place: what the stamp is of.
    private func requireTrusted(_ stamp: FileStamp, _ place: String) throws(PluginError) {
        let subject = place == path ? "" : "is in \(place), which "
        guard stamp.owner == geteuid() || stamp.owner == 0 else {
            throw refusal(
                .permissionDenied,
                "\(subject)belongs to user \(stamp.owner), who would decide what plugins may do",
                "Make it root's or your own")
        }
        guard stamp.mode & 0o022 == 0 else {
            throw refusal(
                .permissionDenied, "\(subject)can be written by other users",
                "See that it holds what it should, then run `\(ShellWord.command(["chmod", "go-w", place]))`")
        }
    }

    private func refusal(_ code: PluginError.Code, _ problem: String, _ remedy: String?) -> PluginError {
        PluginError(code, "\(what) \(path) \(problem)", remedy: remedy, facts: .file(path: path))
    }
}
