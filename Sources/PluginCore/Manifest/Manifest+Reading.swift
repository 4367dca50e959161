extension Manifest {
    /// Words that say what a plugin is for.
    private static let typesOfPlugins: Set<String> = [
        "provider", "embedder", "vector-backend", "tool-executor", "hooks", "tools", "functions", "operations",
        "messages", "endpoints",
    ]

    mutating func readDescription(_ fields: ManifestFields, _ reader: inout ManifestReader) {
        type = reader.string(fields[.type])
        if let type, let place = fields[.type], type != "native", !Self.typesOfPlugins.contains(type) {
            if ["wasm", "javascript", "js", "node", "python"].contains(type) {
                reader.warn(place.pointer, "is \(place.json.brief), but this host runs native code only")
            } else {
                let hint = SimilarName.find(type, in: Self.typesOfPlugins).map { "; is \"\($0)\" meant?" } ?? ""
                reader.warn(place.pointer, "is \(place.json.brief), which this host does not know\(hint)")
            }
        }
        description = reader.string(fields[.description])
        authors = reader.authors(fields[.authors])
        license = reader.string(fields[.license])
        keywords = reader.strings(fields[.keywords])
        categories = reader.strings(fields[.categories])
        tags = reader.tags(fields[.tags])
        homepage = reader.string(fields[.homepage])
        repository = reader.repository(fields[.repository])
        main = reader.path(fields[.main])
        if let main, let place = fields[.main], !main.hasSuffix(".so") {
            reader.warn(place.pointer, "is \(place.json.brief), but a plugin is a shared object (.so)")
        }
        sha256 = reader.digest(fields[.sha256], prefix: "sha256:", digits: 64...64)
        buildID = reader.digest(fields[.buildID], digits: 2...128)
    }

    mutating func readNeeds(_ fields: ManifestFields, _ reader: inout ManifestReader) {
        sdk = reader.sdkRange(fields[.sdk])
        engines = reader.engines(fields[.engines])
        platforms = reader.platforms(fields[.platforms])
        if let requires = fields[.requires] {
            processorFeatures = reader.strings(reader.object(requires, .requires)?["cpu"])
        }
        limits = reader.limits(fields[.limits])
        if let value = fields[.permissions] {
            var permissions = PermissionReader(reader, limits)
            permissions.read(value)
            (reader, limits, self.permissions) = (permissions.reader, permissions.limits, permissions.requests)
        }
        readRelations(fields, &reader)
        configuration = reader.configuration(fields[.configuration], fields[.configSchema])
        loading = reader.loading(fields[.loading])
        isolation = reader.isolation(fields[.isolation])
        health = reader.health(fields[.health])
    }

    private mutating func readRelations(_ fields: ManifestFields, _ reader: inout ManifestReader) {
        let sections: [ManifestField] = [
            .dependencies, .optionalDependencies, .peerDependencies, .devDependencies, .conflicts, .provides,
        ]
        var members: [String: JSON] = [:]
        for section in sections {
            if let value = fields[section] { members[section.canonical] = value.json }
        }
        guard !members.isEmpty else { return }
        let document = JSON.object(members)
        guard let relations = reader.attempt({ () throws(PluginError) in try PluginRelations(manifest: document) })
        else { return }
        self.relations = relations
        for dependency in relations.dependencies where dependency.kind == .plugin {
            guard let hint = ForeignPackage.hint(for: dependency.name) else { continue }
            reader.warn(Self.place(of: dependency, fields), "cannot be had: \(hint)")
        }
    }

    /// Where a dependency stands.
    private static func place(of dependency: PluginDependency, _ fields: ManifestFields) -> String {
        let sections: [ManifestField] =
            switch dependency.scope {
            case .runtime: dependency.isOptional ? [.optionalDependencies, .dependencies] : [.dependencies]
            case .peer: [.peerDependencies]
            case .development: [.devDependencies]
            }
        let name = JSON.string(dependency.name)
        for section in sections.compactMap({ fields[$0] }) {
            if section.json[dependency.name] != nil {
                return "\(section.pointer)/\(JSON.escapedForPointer(dependency.name))"
            }
            if let index = section.json.arrayValue?.firstIndex(where: { $0 == name || $0["name"] == name }) {
                return "\(section.pointer)/\(index)"
            }
        }
        return "/dependencies"
    }

    mutating func readOffers(_ fields: ManifestFields, _ reader: inout ManifestReader) {
        if fields[.interfaces] != nil {
            interfaces = reader.elements(fields[.interfaces]).compactMap { reader.string($0) }
        }
        hooks = reader.hooks(fields[.hooks])
        tools = reader.tools(fields[.tools])
        operations = reader.operations(fields[.operations])
        endpoints = reader.endpoints(fields[.endpoints], fields[.api], of: id)
    }
}
