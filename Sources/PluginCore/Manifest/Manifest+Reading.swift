extension Manifest {
    /// What a plugin must offer to be of a type.
    package static let interfacesOfTypes = [
        "provider": "keyway.provider/1", "embedder": "keyway.embedder/1",
        "vector-backend": "keyway.vector-backend/1", "tool-executor": "keyway.tool-executor/1",
    ]

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
        guard sections.contains(where: { fields[$0] != nil }) else { return }
        relations = PluginRelations(&reader) { fields[$0] }
        for dependency in relations.dependencies where dependency.kind == .plugin {
            guard let hint = ForeignPackage.hint(for: dependency.name) else { continue }
            let found = Self.sections(of: dependency).lazy.compactMap { fields[$0]?.place(ofEntry: dependency.name) }
            reader.warn(found.first ?? "/dependencies", "cannot be had: \(hint)")
        }
    }

    /// Where a dependency may stand.
    package static func sections(of dependency: PluginDependency) -> [ManifestField] {
        switch dependency.scope {
        case .runtime: dependency.isOptional ? [.optionalDependencies, .dependencies] : [.dependencies]
        case .peer: [.peerDependencies]
        case .development: [.devDependencies]
        }
    }

    /// Where a name stands in the first of some sections that has it.
    package func place(ofRelation name: String, in sections: [ManifestField]) -> String {
        let tables = [("", document), ("/plugin", document["plugin"] ?? .null)]
        for section in sections.map(\.canonical) {
            for (pointer, table) in tables {
                let value = table[section].map { ManifestValue($0, "\(pointer)/\(section)") }
                if let place = value?.place(ofEntry: name) { return place }
            }
        }
        return ""
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
