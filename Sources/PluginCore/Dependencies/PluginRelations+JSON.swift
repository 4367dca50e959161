extension PluginRelations {
    /// The members `dependencies`, `optionalDependencies`, `peerDependencies`, `devDependencies`, `conflicts` and
    /// `provides` of a manifest.
    ///
    /// Each is an object of names, `{"b": "^1.2", "c": {"version": "^1", "optional": true}}`, or a list,
    /// `[{"name": "b", "version": "^1.2", "optional": true, "kind": "plugin"}, "c"]`. As with npm, an optional dependency
    /// replaces the required one of its name.
    ///
    /// - Throws: ``PluginError`` with code `validation` and the JSON pointer of what is wrong.
    public init(manifest document: JSON) throws(PluginError) {
        var runtime = try Self.dependencies(document, "dependencies", .runtime)
        let optional = try Self.dependencies(document, "optionalDependencies", .runtime, isOptional: true)
        let replaced = Set(optional.map(\.name))
        runtime.removeAll { replaced.contains($0.name) }
        let all =
            runtime + optional + (try Self.dependencies(document, "peerDependencies", .peer))
            + (try Self.dependencies(document, "devDependencies", .development))
        dependencies = all.sorted { ($0.name, $0.scope.rawValue) < ($1.name, $1.scope.rawValue) }
        conflicts = []
        for entry in try Entry.list(document, "conflicts") {
            try entry.allow(["name", "version"])
            conflicts.append(Exclusion(entry.name, try entry.range()))
        }
        provides = []
        for entry in try Entry.list(document, "provides") {
            try entry.allow(["name", "version"])
            provides.append(Provision(entry.name, try entry.version()))
        }
    }

    private static func dependencies(
        _ document: JSON, _ section: String, _ scope: PluginDependency.Scope, isOptional: Bool = false
    ) throws(PluginError) -> [PluginDependency] {
        var dependencies: [PluginDependency] = []
        for entry in try Entry.list(document, section) {
            try entry.allow(["name", "version", "optional", "kind"])
            let kind = try entry.kind()
            let range = try entry.range()
            guard kind == .plugin || range.isAny else {
                throw Manifest.invalid(
                    entry.pointer + entry.versionMember,
                    "is \"\(range)\", but a library has its version in its name: leave it out")
            }
            dependencies.append(
                PluginDependency(
                    entry.name, range, kind: kind, scope: scope, isOptional: try entry.isOptional() || isOptional))
        }
        return dependencies
    }
}

/// One name of a section, in either form.
private struct Entry {
    let name: String
    let pointer: String
    /// Without the name, where the name is a key.
    let members: [String: JSON]
    /// "/version", or nothing where the entry is the version's text itself.
    let versionMember: String

    static func list(_ document: JSON, _ section: String) throws(PluginError) -> [Entry] {
        guard let value = document[section] else { return [] }
        var entries: [Entry] = []
        if let elements = value.arrayValue {
            for (index, element) in elements.enumerated() {
                entries.append(try Entry(element, at: "/\(section)/\(index)"))
            }
        } else if let members = value.objectValue {
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                entries.append(try Entry(name, member, at: "/\(section)/\(JSON.escapedForPointer(name))"))
            }
        } else {
            throw Manifest.invalid("/\(section)", "must be an object or an array, but is \(value.typeName)")
        }
        var seen: Set<String> = []
        for entry in entries {
            guard isName(entry.name) else {
                throw Manifest.invalid(
                    entry.pointer, "has the name \"\(entry.name)\", which is not 1 to 128 visible ASCII characters")
            }
            guard seen.insert(entry.name).inserted else {
                throw Manifest.invalid(entry.pointer, "names \(entry.name) a second time")
            }
        }
        return entries
    }

    private static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// An element of a list.
    private init(_ element: JSON, at pointer: String) throws(PluginError) {
        self.pointer = pointer
        versionMember = "/version"
        if let name = element.stringValue {
            (self.name, members) = (name, [:])
            return
        }
        guard let members = element.objectValue else {
            throw Manifest.invalid(pointer, "must be a name or an object with one, but is \(element.typeName)")
        }
        guard let name = try Manifest.string(members, "name", in: pointer) else {
            throw Manifest.invalid("\(pointer)/name", "is missing")
        }
        (self.name, self.members) = (name, members)
    }

    /// A member of an object.
    private init(_ name: String, _ value: JSON, at pointer: String) throws(PluginError) {
        (self.name, self.pointer) = (name, pointer)
        if value.stringValue != nil {
            (members, versionMember) = (["version": value], "")
        } else if let members = value.objectValue, members["name"] == nil {
            (self.members, versionMember) = (members, "/version")
        } else {
            throw Manifest.invalid(
                pointer, "must be a version range, or an object with version, optional and kind")
        }
    }

    func allow(_ known: Set<String>) throws(PluginError) {
        if let other = members.keys.filter({ !known.contains($0) }).min() {
            throw Manifest.invalid(
                "\(pointer)/\(JSON.escapedForPointer(other))",
                "is unknown; there are \(known.sorted().joined(separator: ", "))")
        }
    }

    private func versionText() throws(PluginError) -> String? {
        guard let value = members["version"] else { return nil }
        guard let text = value.stringValue else {
            throw Manifest.invalid(pointer + versionMember, "must be a string, but is \(value.typeName)")
        }
        return text
    }

    func range() throws(PluginError) -> VersionRange {
        guard let text = try versionText() else { return .any }
        do throws(PluginError) {
            return try VersionRange(text)
        } catch {
            throw Manifest.invalid(pointer + versionMember, "is wrong: \(error.what)")
        }
    }

    func version() throws(PluginError) -> SemanticVersion? {
        guard let text = try versionText() else { return nil }
        guard let version = SemanticVersion(text) else {
            throw Manifest.invalid(
                pointer + versionMember, "\"\(text)\" is not a semantic version such as 1.2.3")
        }
        return version
    }

    func kind() throws(PluginError) -> PluginDependency.Kind {
        guard let text = try Manifest.string(members, "kind", in: pointer) else { return .plugin }
        guard let kind = PluginDependency.Kind(rawValue: text) else {
            throw Manifest.invalid("\(pointer)/kind", "is \"\(text)\"; there are plugin and library")
        }
        return kind
    }

    func isOptional() throws(PluginError) -> Bool {
        guard let value = members["optional"] else { return false }
        guard let flag = value.boolValue else {
            throw Manifest.invalid("\(pointer)/optional", "must be true or false, but is \(value.typeName)")
        }
        return flag
    }
}
