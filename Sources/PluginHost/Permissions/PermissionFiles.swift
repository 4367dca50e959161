public import PluginCore

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
        try StateFile(own, limit: Int(OperatorFile.sizeLimit)).update { document throws(PluginError) in
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
        guard let document = try OperatorFile(path: path, what: "the policy of permissions").read() else { return nil }
        return try GrantPolicy(document, source: path)
    }
}
