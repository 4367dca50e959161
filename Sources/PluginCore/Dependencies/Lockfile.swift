/// The exact plugins that were chosen and the bytes they had: the file `keyway.lock`.
///
/// Its text is JSON, sorted and on lines, so that equal locks are equal files and changes can be reviewed.
public struct Lockfile: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        public var id: String
        public var version: SemanticVersion
        /// "sha256:" and 64 lowercase hexadecimal digits, of the plugin's file.
        public var digest: String
        /// Those of the files beside it that belong to it, by their names as seen from its folder.
        public var companions: [String: String]
        public var sdk: SDKRange
        /// The plugins that meet its dependencies: ids and their versions in this lock.
        public var dependencies: [String: SemanticVersion]

        public init(
            id: String, version: SemanticVersion, digest: String, companions: [String: String] = [:], sdk: SDKRange,
            dependencies: [String: SemanticVersion] = [:]
        ) {
            self.id = id
            self.version = version
            self.digest = digest
            self.companions = companions
            self.sdk = sdk
            self.dependencies = dependencies
        }
    }

    /// The form that this version of Keyway writes and reads.
    public static let formatVersion: Int64 = 1

    /// By id, each once.
    public let entries: [Entry]

    /// Locks what was chosen.
    public init(_ resolution: Resolution) {
        let versions = Dictionary(uniqueKeysWithValues: resolution.plugins.map { ($0.id, $0.version) })
        let links = Dictionary(grouping: resolution.links, by: \.dependent)
        entries = resolution.plugins.map { plugin in
            let targets = (links[plugin.id] ?? []).map { ($0.target, versions[$0.target]!) }
            return Entry(
                id: plugin.id, version: plugin.version, digest: plugin.digest, companions: plugin.companions,
                sdk: plugin.sdk,
                dependencies: Dictionary(targets) { first, _ in first })
        }
        .sorted { $0.id < $1.id }
    }

    public subscript(id: String) -> Entry? { entries.first { $0.id == id } }

    /// The locked versions, to be taken by a ``Resolver`` whatever newer ones are installed.
    public var pins: [String: SemanticVersion] {
        Dictionary(uniqueKeysWithValues: entries.map { ($0.id, $0.version) })
    }

    public var json: JSON {
        let plugins = entries.map { entry -> JSON in
            var members: [String: JSON] = [
                "id": .string(entry.id), "version": .string(entry.version.description),
                "digest": .string(entry.digest),
                "sdk": [
                    "minVersion": .int(Int64(entry.sdk.minimum)),
                    "maxVersion": .optional(entry.sdk.maximum) { .int(Int64($0)) },
                ],
                "dependencies": .object(entry.dependencies.mapValues { .string($0.description) }),
            ]
            if !entry.companions.isEmpty { members["files"] = .object(entry.companions.mapValues(JSON.string)) }
            return .object(members)
        }
        return ["version": .int(Self.formatVersion), "plugins": .array(plugins)]
    }

    /// What the file holds.
    public var text: String { json.prettyText + "\n" }
}

// MARK: - Reading

extension Lockfile {
    /// - Throws: ``PluginError`` with code `invalidArgument` if it is not JSON, else with code `validation` and the JSON
    ///   pointer of what is wrong.
    public init(parsing text: String) throws(PluginError) {
        try self.init(JSON(parsing: text, what: "the lock file"))
    }

    /// - Throws: ``PluginError`` with code `validation` and the JSON pointer of what is wrong.
    public init(_ document: JSON) throws(PluginError) {
        let members = try Self.members(document, "", ["version", "plugins"])
        guard let version = members["version"]?.intValue else {
            throw Self.invalid("/version", "must be a whole number")
        }
        guard version == Self.formatVersion else {
            throw Self.invalid(
                "/version", "is \(version), and this Keyway reads \(Self.formatVersion)",
                remedy: version > Self.formatVersion
                    ? "Update Keyway, or write the lock file again" : "Write the lock file again")
        }
        guard let plugins = members["plugins"]?.arrayValue else { throw Self.invalid("/plugins", "must be an array") }
        var entries: [String: Entry] = [:]
        for (index, plugin) in plugins.enumerated() {
            let entry = try Self.entry(plugin, "/plugins/\(index)")
            guard entries.updateValue(entry, forKey: entry.id) == nil else {
                throw Self.invalid("/plugins/\(index)/id", "locks \(entry.id) a second time")
            }
        }
        for (index, plugin) in plugins.enumerated() {
            guard let entry = plugin["id"]?.stringValue.flatMap({ entries[$0] }) else { continue }
            for (id, version) in entry.dependencies.sorted(by: { $0.key < $1.key })
            where entries[id]?.version != version {
                throw Self.invalid(
                    "/plugins/\(index)/dependencies/\(JSON.escapedForPointer(id))",
                    "is \(version), but \(entries[id].map { "the lock has \($0.version)" } ?? "is not locked")")
            }
        }
        self.entries = entries.values.sorted { $0.id < $1.id }
    }

    private static func entry(_ json: JSON, _ pointer: String) throws(PluginError) -> Entry {
        let members = try members(json, pointer, ["id", "version", "digest", "files", "sdk", "dependencies"])
        guard let id = members["id"]?.stringValue, !id.isEmpty else {
            throw invalid("\(pointer)/id", "must be a plugin's id")
        }
        guard let digest = members["digest"]?.stringValue, isDigest(digest) else {
            throw invalid("\(pointer)/digest", "must be sha256: and 64 lowercase hexadecimal digits")
        }
        var dependencies: [String: SemanticVersion] = [:]
        guard let stated = members["dependencies"]?.objectValue else {
            throw invalid("\(pointer)/dependencies", "must be an object of ids and versions")
        }
        for (id, value) in stated.sorted(by: { $0.key < $1.key }) {
            dependencies[id] = try version(value, "\(pointer)/dependencies/\(JSON.escapedForPointer(id))")
        }
        return Entry(
            id: id, version: try version(members["version"], "\(pointer)/version"), digest: digest,
            companions: try companions(members["files"] ?? [:], "\(pointer)/files"),
            sdk: try sdk(members["sdk"], "\(pointer)/sdk"), dependencies: dependencies)
    }

    private static func companions(_ json: JSON, _ pointer: String) throws(PluginError) -> [String: String] {
        guard let members = json.objectValue else { throw invalid(pointer, "must be an object of names and digests") }
        var companions: [String: String] = [:]
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let digest = value.stringValue, isDigest(digest) else {
                throw invalid(
                    "\(pointer)/\(JSON.escapedForPointer(name))", "must be sha256: and 64 lowercase hexadecimal digits")
            }
            companions[name] = digest
        }
        return companions
    }

    private static func sdk(_ json: JSON?, _ pointer: String) throws(PluginError) -> SDKRange {
        let members = try members(json ?? .null, pointer, ["minVersion", "maxVersion"])
        guard let minimum = members["minVersion"]?.intValue.flatMap(UInt32.init(exactly:)), minimum > 0 else {
            throw invalid("\(pointer)/minVersion", "must be a whole number from 1 on")
        }
        if members["maxVersion"] == .null { return SDKRange(minimum: minimum, maximum: nil) }
        guard let maximum = members["maxVersion"]?.intValue.flatMap(UInt32.init(exactly:)), maximum >= minimum else {
            throw invalid("\(pointer)/maxVersion", "must be null or a whole number from \(minimum) on")
        }
        return SDKRange(minimum: minimum, maximum: maximum)
    }

    private static func version(_ json: JSON?, _ pointer: String) throws(PluginError) -> SemanticVersion {
        guard let version = json?.stringValue.flatMap({ SemanticVersion($0) }) else {
            throw invalid(pointer, "must be a semantic version such as \"1.2.3\"")
        }
        return version
    }

    private static func members(
        _ json: JSON, _ pointer: String, _ known: Set<String>
    ) throws(PluginError) -> [String: JSON] {
        guard let members = json.objectValue else {
            throw invalid(pointer, "must be an object, but is \(json.typeName)")
        }
        if let other = members.keys.filter({ !known.contains($0) }).min() {
            throw invalid("\(pointer)/\(JSON.escapedForPointer(other))", "is unknown")
        }
        return members
    }

    private static func isDigest(_ text: String) -> Bool {
        text.hasPrefix("sha256:") && text.utf8.count == 71
            && text.utf8.dropFirst(7).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func invalid(_ pointer: String, _ problem: String, remedy: String? = nil) -> PluginError {
        PluginError(
            .validation, "lock file: \(pointer.isEmpty ? "the document" : pointer) \(problem)",
            remedy: remedy ?? "Restore the lock file from where it is kept, or write it again",
            facts: .pointer(pointer))
    }
}
