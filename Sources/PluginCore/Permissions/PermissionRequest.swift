/// What a manifest asks for. The operator grants; until then it is a wish.
///
/// In a manifest a list of permissions, or an object of kinds with their resources. An element of the list is a
/// permission's text, or an object with `permission`, and with `resource`, `required` and `why` where they
/// differ from nothing, true and nothing.
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

    /// - Parameter pointer: where in its document it stands, for errors.
    /// - Throws: ``PluginError`` with code `validation` and the JSON pointer of what is wrong.
    init(_ json: JSON, at pointer: String) throws(PluginError) {
        if let text = json.stringValue {
            permission = try Self.permission(at: pointer) { () throws(PluginError) in try Permission(parsing: text) }
            (isRequired, justification) = (true, nil)
            return
        }
        guard let members = json.objectValue else {
            throw Manifest.invalid(pointer, "must be a permission or an object with one, but is \(json.typeName)")
        }
        let known: Set<String> = ["permission", "resource", "required", "why"]
        if let other = members.keys.filter({ !known.contains($0) }).min() {
            throw Manifest.invalid(
                "\(pointer)/\(other)", "is unknown; there are permission, resource, required and why")
        }
        guard let text = try Manifest.string(members, "permission", in: pointer) else {
            throw Manifest.invalid("\(pointer)/permission", "is missing")
        }
        let resource = try Manifest.string(members, "resource", in: pointer)
        permission = try Self.permission(at: "\(pointer)/permission") { () throws(PluginError) in
            let permission = try Permission(parsing: text)
            guard let resource else { return permission }
            guard permission.resource == nil else {
                throw PluginError(.validation, "has a resource in its text and another beside it")
            }
            return try Permission(permission.kind, resource)
        }
        if let required = members["required"] {
            guard let flag = required.boolValue else {
                throw Manifest.invalid("\(pointer)/required", "must be true or false, but is \(required.typeName)")
            }
            isRequired = flag
        } else {
            isRequired = true
        }
        justification = try Manifest.string(members, "why", in: pointer)
    }

    /// `"fs.read": ["data", "models"]`, one resource as text, or true for all of the kind; false asks for nothing.
    static func permissions(
        _ kind: String, _ resources: JSON
    ) throws(PluginError) -> [(permission: Permission, pointer: String)] {
        let pointer = "/permissions/\(kind)"
        func read(_ text: String, _ pointer: String) throws(PluginError) -> Permission {
            try permission(at: pointer) { () throws(PluginError) in try Permission(parsing: text) }
        }
        if let all = resources.boolValue { return all ? [(try read(kind, pointer), pointer)] : [] }
        if let one = resources.stringValue { return [(try read("\(kind):\(one)", pointer), pointer)] }
        guard let list = resources.arrayValue else {
            throw Manifest.invalid(pointer, "must be resources, or true, but is \(resources.typeName)")
        }
        var permissions: [(Permission, String)] = []
        for (index, element) in list.enumerated() {
            let place = "\(pointer)/\(index)"
            guard let text = element.stringValue else {
                throw Manifest.invalid(place, "must be a string, but is \(element.typeName)")
            }
            permissions.append((try read("\(kind):\(text)", place), place))
        }
        return permissions
    }

    /// Says where the permission stands that cannot be.
    private static func permission(
        at pointer: String, _ make: () throws(PluginError) -> Permission
    ) throws(PluginError) -> Permission {
        do throws(PluginError) {
            return try make()
        } catch {
            throw Manifest.invalid(pointer, "is wrong: \(error.what)")
        }
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
