/// What a plugin says about itself, read from the manifest note of its file before anything of it runs.
public struct Manifest: Sendable, Hashable {
    /// Identity: letters, digits and `_ - . / @`, at most 128 bytes.
    public var id: String
    /// Display name; the id unless said otherwise.
    public var name: String
    public var version: SemanticVersion
    /// provider, embedder, vector-backend, tool-executor, or a kind of the plugin's own.
    public var type: String?
    public var description: String?
    public var license: String?
    /// SDKs that the plugin says it works with; nil if it leaves that to the ABI note.
    public var sdk: SDKRange?
    /// Interface ids, such as "keyway.embedder/1"; empty if the manifest leaves them to the notes.
    public var interfaces: [String]
    /// What the plugin asks for, in the order of the document.
    public var permissions: [PermissionRequest]
    /// Other plugins and libraries that it needs, may use, or cannot stand.
    public var relations: PluginRelations
    /// JSON Schema of the configuration, or nil.
    public var configSchema: JSON?
    /// Members that this version of the host does not read.
    public var unknownKeys: [String]
    /// The document as it stands in the note.
    public var document: JSON

    private static let knownKeys: Set<String> = [
        "id", "name", "version", "type", "description", "license", "sdk", "interfaces", "configSchema", "permissions",
        "author", "authors", "homepage", "repository", "requires", "tags", "dependencies", "optionalDependencies",
        "peerDependencies", "devDependencies", "conflicts", "provides",
    ]

    /// - Throws: ``PluginError`` with code `validation` and the JSON pointer of the member that is wrong.
    public init(_ document: JSON) throws(PluginError) {
        guard let members = document.objectValue else {
            throw Self.invalid("", "must be an object, but is \(document.typeName)")
        }
        let givenName = try Self.string(members, "name")
        guard let id = try Self.string(members, "id") ?? givenName else { throw Self.invalid("/id", "is missing") }
        guard Self.isIdentifier(id) else {
            throw Self.invalid(
                "/id", "\"\(id)\" has other characters than letters, digits and _ - . / @, or more than 128")
        }
        guard let versionText = try Self.string(members, "version") else {
            throw Self.invalid("/version", "is missing")
        }
        guard let version = SemanticVersion(versionText) else {
            throw Self.invalid("/version", "\"\(versionText)\" is not a semantic version such as 1.2.3")
        }
        self.id = id
        self.version = version
        name = givenName ?? id
        type = try Self.string(members, "type")
        description = try Self.string(members, "description")
        license = try Self.string(members, "license")
        sdk = try Self.sdkRange(members["sdk"])
        var interfaces: [String] = []
        if let list = members["interfaces"] {
            guard let elements = list.arrayValue else { throw Self.invalid("/interfaces", "must be an array") }
            for (index, element) in elements.enumerated() {
                guard let text = element.stringValue else {
                    throw Self.invalid("/interfaces/\(index)", "must be a string, but is \(element.typeName)")
                }
                interfaces.append(text)
            }
        }
        self.interfaces = interfaces
        permissions = try Self.permissions(members["permissions"])
        relations = try PluginRelations(manifest: document)
        if let schema = members["configSchema"] {
            guard schema.objectValue != nil || schema.boolValue != nil else {
                throw Self.invalid("/configSchema", "must be a JSON Schema, but is \(schema.typeName)")
            }
            configSchema = schema
        }
        unknownKeys = members.keys.filter { !Self.knownKeys.contains($0) }.sorted()
        self.document = document
    }

    private static func permissions(_ value: JSON?) throws(PluginError) -> [PermissionRequest] {
        guard let value else { return [] }
        var requests: [PermissionRequest] = []
        var seen: Set<Permission> = []
        func add(_ request: PermissionRequest, _ pointer: String) throws(PluginError) {
            guard seen.insert(request.permission).inserted else {
                throw invalid(pointer, "asks for \(request.permission) a second time")
            }
            requests.append(request)
        }
        if let elements = value.arrayValue {
            for (index, element) in elements.enumerated() {
                let pointer = "/permissions/\(index)"
                try add(PermissionRequest(element, at: pointer), pointer)
            }
        } else if let kinds = value.objectValue {
            for (kind, resources) in kinds.sorted(by: { $0.key < $1.key }) {
                for (permission, pointer) in try PermissionRequest.permissions(kind, resources) {
                    try add(PermissionRequest(permission), pointer)
                }
            }
        } else {
            throw invalid("/permissions", "must be an array or an object, but is \(value.typeName)")
        }
        return requests
    }

    private static func isIdentifier(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "_-./@".utf8.contains(byte)
                }
            }
    }

    static func string(
        _ members: [String: JSON], _ key: String, in pointer: String = ""
    ) throws(PluginError) -> String? {
        guard let value = members[key] else { return nil }
        guard let text = value.stringValue else {
            throw invalid("\(pointer)/\(key)", "must be a string, but is \(value.typeName)")
        }
        return text
    }

    static func invalid(_ pointer: String, _ problem: String) -> PluginError {
        PluginError(
            .validation, "manifest: \(pointer.isEmpty ? "the document" : pointer) \(problem)",
            remedy: "Correct the manifest note in the plugin's source and rebuild it", facts: .pointer(pointer),
            stage: .inspect)
    }
}
