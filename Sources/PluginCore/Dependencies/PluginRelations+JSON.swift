extension PluginRelations {
    /// The members `dependencies`, `optionalDependencies`, `peerDependencies`, `devDependencies`, `conflicts` and
    /// `provides` of a manifest.
    ///
    /// Each is an object of names, `{"b": "^1.2", "c": {"version": "^1", "optional": true}}`, or a list,
    /// `[{"name": "b", "version": "^1.2", "optional": true, "kind": "plugin"}, "c"]`. As with npm, an optional dependency
    /// replaces the required one of its name.
    ///
    /// - Throws: ``PluginError`` with code `validation` and the JSON pointer of the first thing that is wrong.
    public init(manifest document: JSON) throws(PluginError) {
        var reader = ManifestReader()
        self.init(&reader) { field in document[field.canonical].map { ManifestValue($0, "/\(field.canonical)") } }
        if let problem = reader.problems.first { throw problem.failure }
    }

    /// Reads all of it, whatever is wrong; what is wrong is left out.
    /// - Parameter section: a member of the manifest, if there is one.
    init(_ reader: inout ManifestReader, _ section: (ManifestField) -> ManifestValue?) {
        var runtime = Self.dependencies(section(.dependencies), .runtime, &reader)
        let optional = Self.dependencies(section(.optionalDependencies), .runtime, isOptional: true, &reader)
        let replaced = Set(optional.map(\.name))
        runtime.removeAll { replaced.contains($0.name) }
        let all =
            runtime + optional + Self.dependencies(section(.peerDependencies), .peer, &reader)
            + Self.dependencies(section(.devDependencies), .development, &reader)
        dependencies = all.sorted { ($0.name, $0.scope.rawValue) < ($1.name, $1.scope.rawValue) }
        conflicts = RelationEntry.list(section(.conflicts), ["name", "version"], &reader).compactMap { entry in
            entry.range(&reader).map { Exclusion(entry.name, $0) }
        }
        provides = RelationEntry.list(section(.provides), ["name", "version"], &reader).map { entry in
            Provision(entry.name, entry.version(&reader))
        }
    }

    private static func dependencies(
        _ section: ManifestValue?, _ scope: PluginDependency.Scope, isOptional: Bool = false,
        _ reader: inout ManifestReader
    ) -> [PluginDependency] {
        RelationEntry.list(section, ["name", "version", "optional", "kind"], &reader).compactMap { entry in
            let kind = entry.kind(&reader)
            let range = entry.range(&reader)
            let isOptional = entry.isOptional(&reader) || isOptional
            guard let kind, let range else { return nil }
            guard kind == .plugin || range.isAny else {
                reader.error(
                    entry.versionPlace, "is \"\(range)\", but a library has its version in its name: leave it out")
                return nil
            }
            return PluginDependency(entry.name, range, kind: kind, scope: scope, isOptional: isOptional)
        }
    }
}

/// One name of a section, in either form.
private struct RelationEntry {
    let name: String
    let pointer: String
    /// Without the name, where the name is a key.
    let members: [String: JSON]
    /// Where the version stands: a member, or the entry itself where that is the version's text.
    let versionPlace: String

    /// The entries that have a name of their own.
    static func list(_ section: ManifestValue?, _ known: Set<String>, _ reader: inout ManifestReader) -> [Self] {
        guard let section else { return [] }
        var entries: [RelationEntry] = []
        if let elements = section.json.arrayValue {
            for (index, element) in elements.enumerated() {
                if let entry = Self(element, at: "\(section.pointer)/\(index)", &reader) { entries.append(entry) }
            }
        } else if let members = section.json.objectValue {
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                let pointer = "\(section.pointer)/\(JSON.escapedForPointer(name))"
                if let entry = Self(name, member, at: pointer, &reader) { entries.append(entry) }
            }
        } else {
            reader.error(section.pointer, "must be an object or an array, but is \(section.json.typeName)")
        }
        var seen: Set<String> = []
        return entries.filter { entry in
            guard isName(entry.name) else {
                reader.error(
                    entry.pointer, "has the name \"\(entry.name)\", which is not 1 to 128 visible ASCII characters")
                return false
            }
            guard seen.insert(entry.name).inserted else {
                reader.error(entry.pointer, "names \(entry.name) a second time")
                return false
            }
            for other in entry.members.keys.filter({ !known.contains($0) }).sorted() {
                reader.error(
                    "\(entry.pointer)/\(JSON.escapedForPointer(other))",
                    "is unknown; there are \(known.sorted().joined(separator: ", "))")
            }
            return true
        }
    }

    private static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// An element of a list.
    private init?(_ element: JSON, at pointer: String, _ reader: inout ManifestReader) {
        self.pointer = pointer
        versionPlace = "\(pointer)/version"
        if let name = element.stringValue {
            (self.name, members) = (name, [:])
            return
        }
        guard let members = element.objectValue else {
            reader.error(pointer, "must be a name or an object with one, but is \(element.typeName)")
            return nil
        }
        guard let name = members["name"] else {
            reader.error("\(pointer)/name", "is missing")
            return nil
        }
        guard let name = reader.string(ManifestValue(name, "\(pointer)/name")) else { return nil }
        (self.name, self.members) = (name, members)
    }

    /// A member of an object.
    private init?(_ name: String, _ value: JSON, at pointer: String, _ reader: inout ManifestReader) {
        (self.name, self.pointer) = (name, pointer)
        if value.stringValue != nil {
            (members, versionPlace) = (["version": value], pointer)
        } else if let members = value.objectValue, members["name"] == nil {
            (self.members, versionPlace) = (members, "\(pointer)/version")
        } else {
            reader.error(pointer, "must be a version range, or an object with version, optional and kind")
            return nil
        }
    }

    private func member(_ key: String) -> ManifestValue? {
        members[key].map { ManifestValue($0, "\(pointer)/\(key)") }
    }

    private var versionValue: ManifestValue? { members["version"].map { ManifestValue($0, versionPlace) } }

    /// Every version if none is said; nil if it is wrong.
    func range(_ reader: inout ManifestReader) -> VersionRange? {
        guard let value = versionValue else { return .any }
        return reader.parsed(value) { text throws(PluginError) in try VersionRange(text) }
    }

    func version(_ reader: inout ManifestReader) -> SemanticVersion? {
        guard let text = reader.string(versionValue) else { return nil }
        guard let version = SemanticVersion(text) else {
            reader.error(versionPlace, "\"\(text)\" is not a semantic version such as 1.2.3")
            return nil
        }
        return version
    }

    /// nil if it is wrong.
    func kind(_ reader: inout ManifestReader) -> PluginDependency.Kind? {
        guard let value = member("kind") else { return .plugin }
        return reader.word(value, as: PluginDependency.Kind.self)
    }

    func isOptional(_ reader: inout ManifestReader) -> Bool { reader.flag(member("optional")) ?? false }
}
