/// What a manifest asks for. The operator grants; until then it is a wish.
///
/// In a manifest a list of permissions, or an object of kinds with their resources. An element of the list is a
/// permission's text, or an object with `permission`, and with `resource`, `required` and `why` where they
/// differ from nothing, true and nothing. ``PermissionReader`` reads the spellings of other hosts, too.
public struct PermissionRequest: Sendable, Hashable {
    public var permission: Permission
    /// Without it the plugin cannot work: it is not loaded if this is not granted.
    public var isRequired: Bool
    /// Why the plugin wants it, for the operator who decides.
    public var justification: String?

    public init(_ permission: Permission, isRequired: Bool = true, justification: String? = nil) {
        self.permission = permission
        self.isRequired = isRequired
        self.justification = justification
    }

    /// The one form in which requests are shown and compared.
    public var json: JSON {
        var members: [String: JSON] = ["permission": .string(permission.kind.rawValue)]
        if let resource = permission.resource { members["resource"] = .string(resource) }
        members["required"] = .bool(isRequired)
        if let justification { members["why"] = .string(justification) }
        return .object(members)
    }
}
