extension Manifest {
    /// The manifest in its canonical form: the canonical spelling of each member, amounts as numbers, and nothing of what
    /// is not said. Read again it is the same manifest.
    public var json: JSON {
        var members: [String: JSON] = ["id": .string(id), "name": .string(name), "version": .string("\(version)")]
        func add(_ key: String, _ text: String?) {
            if let text { members[key] = .string(text) }
        }
        func add<Element>(_ key: String, _ elements: [Element], _ json: (Element) -> JSON) {
            if !elements.isEmpty { members[key] = .array(elements.map(json)) }
        }
        func add(_ key: String, _ json: JSON) {
            if json != [:] { members[key] = json }
        }
        add("type", type)
        add("description", description)
        add("authors", authors, \.json)
        add("license", license)
        add("keywords", keywords, JSON.string)
        add("categories", categories, JSON.string)
        add("tags", tags, JSON.string)
        add("homepage", homepage)
        add("repository", repository)
        add("main", main)
        add("sha256", sha256)
        add("buildID", buildID)
        if let sdk {
            members["sdk"] = [
                "minVersion": .int(Int64(sdk.minimum)), "maxVersion": .optional(sdk.maximum) { .int(Int64($0)) },
            ]
        }
        add("engines", .object(Dictionary(uniqueKeysWithValues: engines.map { ($0.name, .string($0.range.text)) })))
        add("platforms", platforms, JSON.string)
        if !processorFeatures.isEmpty { members["requires"] = ["cpu": .array(processorFeatures.map(JSON.string))] }
        add("permissions", permissions, \.json)
        add("limits", limits.json)
        members.merge(relations.manifestMembers) { own, _ in own }
        add("interfaces", interfaces, JSON.string)
        add("hooks", hooks, \.manifestJSON)
        add("tools", tools, \.manifestJSON)
        add("operations", operations, \.manifestJSON)
        add("endpoints", endpoints, \.manifestJSON)
        add("configuration", configuration.json)
        if loading != ManifestLoading() { members["loading"] = loading.json }
        add("isolation", isolation?.rawValue)
        add("health", health.json)
        return .object(members)
    }
}

extension PluginRelations {
    /// The sections of a manifest that have members.
    fileprivate var manifestMembers: [String: JSON] {
        var members: [String: JSON] = [:]
        let scopes: [(PluginDependency.Scope, String)] = [
            (.runtime, "dependencies"), (.peer, "peerDependencies"), (.development, "devDependencies"),
        ]
        for (scope, section) in scopes {
            let entries = dependencies.filter { $0.scope == scope }
            guard !entries.isEmpty else { continue }
            members[section] = .array(
                entries.map { dependency in
                    var entry: [String: JSON] = [
                        "name": .string(dependency.name), "version": .string(dependency.range.text),
                    ]
                    if dependency.kind == .library { entry = ["name": .string(dependency.name), "kind": "library"] }
                    if dependency.isOptional { entry["optional"] = true }
                    return .object(entry)
                })
        }
        if !conflicts.isEmpty {
            members["conflicts"] = .array(
                conflicts.map { ["name": .string($0.name), "version": .string($0.range.text)] })
        }
        if !provides.isEmpty {
            members["provides"] = .array(
                provides.map { provision in
                    var entry: [String: JSON] = ["name": .string(provision.name)]
                    if let version = provision.version { entry["version"] = .string("\(version)") }
                    return .object(entry)
                })
        }
        return members
    }
}
