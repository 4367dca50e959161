internal import Glibc
public import PluginCore
internal import PluginELF

/// The files in which operators keep a ``GrantPolicy``: one of their own, and below it one for the whole system.
///
/// What is granted in either is granted. Commands change the own one only. Safe from any thread and many processes: a
/// change waits for others and is written whole (``StateFile``).
public struct PermissionFiles: Sendable, Hashable {
    /// The file that is changed.
    public var own: String
    /// A file that is only read; nil for none.
    public var system: String?
    /// Whether ``own`` has to exist. If not, and there is no file at all, there is no policy.
    public var isRequired: Bool

    private static let sizeLimit: UInt64 = 16 << 20

    public init(own: String, system: String? = nil, isRequired: Bool = false) {
        self.own = own
        self.system = system
        self.isRequired = isRequired
    }

    /// What both grant; nil if there is neither.
    /// - Throws: ``PluginError`` with code `dataLoss` if one is damaged, `permissionDenied` if it may not be read or other
    ///   users can write it, `notFound` if a required one is missing. Nothing is granted then.
    public func read() throws(PluginError) -> GrantPolicy? {
        let policies = [try Self.read(own), try system.flatMap { path throws(PluginError) in try Self.read(path) }]
        guard !isRequired || policies[0] != nil else {
            throw PluginError(
                .notFound, "there is no policy of permissions \(own)", remedy: "Check the spelling of the path",
                facts: .file(path: own))
        }
        let found = policies.compactMap(\.self)
        return found.dropFirst().reduce(found.first) { $0?.merged(with: $1) }
    }

    /// Changes the own policy, and makes its file if there is none.
    /// - Parameter body: gets the own policy without that of the system. If it throws, nothing changes.
    /// - Returns: what the body returns.
    public func update<Value>(
        _ body: (inout GrantPolicy) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        var value: Value?
        try StateFile(own, limit: Int(Self.sizeLimit)).update { document throws(PluginError) in
            var policy =
                try document.map { document throws(PluginError) in
                    try GrantPolicy(document, source: own)
                } ?? GrantPolicy()
            value = try body(&policy)
            return policy.json
        }
        return value!
    }

    private static func read(_ path: String) throws(PluginError) -> GrantPolicy? {
        guard let bytes = try bytes(of: path) else { return nil }
        let document: JSON
        do throws(PluginError) {
            document = try JSON(parsing: bytes, what: path)
        } catch {
            throw PluginError(
                .dataLoss, error.what,
                remedy: "Correct it, or put back a copy. No plugin is loaded by a policy that cannot be read",
                facts: .file(path: path))
        }
        return try GrantPolicy(document, source: path)
    }

    /// nil if there is no such file. Unlike a ``StateFile`` it may be root's, and a link.
    private static func bytes(of path: String) throws(PluginError) -> [UInt8]? {
        // Whoever can write the folder can take the file away, or put another in its place.
        try requireTrustedFolder(of: path, path)
        if let target = Folders.realPath(path), target != path { try requireTrustedFolder(of: target, path) }
        let file: FileImage
        do throws(PluginError) {
            file = try FileImage(opening: path)
        } catch {
            // A link that leads nowhere says that there should be a policy.
            if error.code == .notFound, unsafe faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0 { return nil }
            throw refusal(error.code == .validation ? .conflict : error.code, path, error.what, error.remedy)
        }
        try requireTrusted(file.withDescriptor { FileStamp(of: $0) }, path, path)
        guard file.size <= sizeLimit else {
            throw refusal(.resourceExhausted, path, "has more than \(sizeLimit) bytes", "Remove what is not needed")
        }
        guard let bytes = file.bytes(at: 0, count: Int(file.size)) else {
            throw refusal(.unavailable, path, "changes while it is read", "Try again")
        }
        return bytes
    }

    private static func requireTrustedFolder(of file: String, _ policy: String) throws(PluginError) {
        let folder = file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
        let stamp = FileStamp(at: folder)
        if stamp != .absent { try requireTrusted(stamp, folder, policy) }
    }

    /// - Parameter place: what the stamp is of.
    private static func requireTrusted(
        _ stamp: FileStamp, _ place: String, _ policy: String
    ) throws(PluginError) {
        let subject = place == policy ? "" : "is in \(place), which "
        guard stamp.owner == geteuid() || stamp.owner == 0 else {
            throw refusal(
                .permissionDenied, policy,
                "\(subject)belongs to user \(stamp.owner), who would decide what plugins may do",
                "Make it root's or your own")
        }
        guard stamp.mode & 0o022 == 0 else {
            throw refusal(
                .permissionDenied, policy, "\(subject)can be written by other users",
                "See that it holds what it should, then run `\(ShellWord.command(["chmod", "go-w", place]))`")
        }
    }

    private static func refusal(
        _ code: PluginError.Code, _ path: String, _ problem: String, _ remedy: String?
    ) -> PluginError {
        PluginError(
            code, "the policy of permissions \(path) \(problem)", remedy: remedy, facts: .file(path: path))
    }
}
