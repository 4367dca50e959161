extension JSONSchema {
    /// The value with the defaults of the schema for what is absent.
    ///
    /// A member that `properties` knows and the object does not have is added if its subschema, or one that this
    /// refers to, has a `default`; then the same happens inside of it. So it does in members and elements that are
    /// present. An object is never made up to hold defaults: give it the default `{}` for that. `$ref` and `allOf` are
    /// followed; alternatives are not, because which of them holds is known only with the value.
    /// - Throws: `resourceExhausted` if defaults contain each other without end, or would make a value that is nested
    ///   too deeply.
    public func defaults(for instance: JSON) throws(PluginError) -> JSON {
        guard instance.measure.depth <= JSON.maximumDepth else { throw SchemaDefaults.tooMuch }
        var filler = SchemaDefaults(graph)
        return try filler.fill(instance, graph.root, depth: 0)
    }
}

/// Fills in what is absent.
private struct SchemaDefaults {
    let graph: SchemaGraph
    private var steps = 1_000_000
    /// The subschemas whose default is being filled.
    private var open: Set<Int> = []

    static let tooMuch = PluginError(
        .resourceExhausted, "the defaults of the schema make a value that is too large or nested too deeply",
        remedy: "Remove the default of a subschema that contains itself")

    init(_ graph: SchemaGraph) { self.graph = graph }

    mutating func fill(_ value: JSON, _ node: Int, depth: Int) throws(PluginError) -> JSON {
        steps -= 1
        guard steps > 0, depth <= SchemaEvaluator.maximumDepth else { throw Self.tooMuch }
        var value = value
        for rule in graph.nodes[node].rules {
            switch (rule.check, value) {
            case (.members(let rules), .object(let members)):
                value = .object(try fill(members, rules, depth: depth))
            case (.items(let prefix, let rest), .array(var elements)):
                for index in elements.indices {
                    guard let item = index < prefix.count ? prefix[index] : rest else { break }
                    elements[index] = try fill(elements[index], item, depth: depth + 1)
                }
                value = .array(elements)
            case (.reference(let target), _): value = try fill(value, target, depth: depth + 1)
            case (.allOf(let nodes), _):
                for child in nodes { value = try fill(value, child, depth: depth + 1) }
            default: break
            }
        }
        return value
    }

    private mutating func fill(
        _ members: [String: JSON], _ rules: SchemaMembers, depth: Int
    ) throws(PluginError) -> [String: JSON] {
        var members = members
        for (name, node) in rules.properties {
            if let member = members[name] {
                // What has the name in another Unicode form is another member, and no object can have both.
                guard members[exactly: name] != nil else { continue }
                members[name] = try fill(member, node, depth: depth + 1)
            } else if let (source, value) = defaultValue(of: node) {
                guard open.insert(source).inserted else { throw Self.tooMuch }
                members[name] = try fill(value, node, depth: depth + 1)
                open.remove(source)
            }
        }
        return members
    }

    /// The default of a subschema, else of what it refers to; with the subschema it stands in.
    private func defaultValue(of node: Int) -> (Int, JSON)? {
        // References cannot go in a circle: that is refused when the schema is compiled.
        var node = node
        while true {
            if let value = graph.nodes[node].defaultValue { return (node, value) }
            let target = graph.nodes[node].rules.lazy.compactMap { rule -> Int? in
                if case .reference(let target) = rule.check { target } else { nil }
            }.first
            guard let target else { return nil }
            node = target
        }
    }
}
