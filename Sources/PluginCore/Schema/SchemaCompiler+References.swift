/// Identifiers and references.
extension SchemaCompiler {
    /// Takes note of `$id` and of anchors.
    mutating func identify(_ site: inout Site, _ resolve: Resolver) throws(PluginError) {
        let isDraft7 = resources[site.resource].dialect.draft == .draft7
        if let id = try string(site, "$id") {
            var uri = SchemaURI(resources[site.resource].uri).resolving(id)
            let fragment = uri.fragment ?? ""
            uri.fragment = nil
            if id.hasPrefix("#") {
                guard isDraft7 else { throw wrong(site.place, "$id", "must not have a fragment; use $anchor") }
            } else {
                try enter(uri, &site, resolve)
            }
            if !fragment.isEmpty {
                guard isDraft7 else { throw wrong(site.place, "$id", "must not have a fragment; use $anchor") }
                resources[site.resource].anchors[fragment] = site.node
            }
        }
        if isDraft7 { return }
        for keyword in ["$anchor", "$dynamicAnchor"] {
            guard let anchor = try string(site, keyword), !Self.isAnchor(anchor) else { continue }
            throw wrong(
                site.place, keyword,
                "must begin with a letter or _ and go on with letters, digits and - . _, but is \(JSON.string(anchor).shortened)"
            )
        }
        if let anchor = try string(site, "$anchor") { try add(anchor, "$anchor", site) }
        if let anchor = try string(site, "$dynamicAnchor") {
            try add(anchor, "$dynamicAnchor", site)
            resources[site.resource].dynamicAnchors[anchor] = site.node
        }
    }

    private mutating func enter(_ uri: SchemaURI, _ site: inout Site, _ resolve: Resolver) throws(PluginError) {
        // The root of a document is one resource, at the place it was read from and at the URI it gives itself, which the
        // same document may have from another place.
        if site.place.pointer.isEmpty {
            resourcesByURI[uri.text] = resourcesByURI[uri.text] ?? site.resource
            resources[site.resource].uri = uri.text
            return
        }
        guard resourcesByURI[uri.text] == nil else {
            throw wrong(site.place, "$id", "must not be the URI \(uri.text), which another schema has")
        }
        let outer = resources[site.resource].dialect
        let dialect = try dialect(of: .object(site.members), or: outer, at: site.place, resolve)
        site.resource = resources.count
        resourcesByURI[uri.text] = site.resource
        resources.append(SchemaResource(uri: uri.text, root: site.node, dialect: dialect))
    }

    private static func isAnchor(_ text: String) -> Bool {
        guard let first = text.utf8.first, SchemaURI.isLetter(first) || first == UInt8(ascii: "_") else { return false }
        return text.utf8.allSatisfy { SchemaURI.isLetter($0) || (0x30...0x39).contains($0) || "-._".utf8.contains($0) }
    }

    private mutating func add(_ anchor: String, _ keyword: String, _ site: Site) throws(PluginError) {
        if let known = resources[site.resource].anchors[anchor], known != site.node {
            throw wrong(site.place, keyword, "must not be \"\(anchor)\", which another schema has")
        }
        resources[site.resource].anchors[anchor] = site.node
    }

    mutating func addReference(_ site: Site, _ keyword: String) throws(PluginError) {
        guard let text = try string(site, keyword) else { return }
        let target = SchemaURI(resources[site.resource].uri).resolving(text)
        let isDynamic = keyword == "$dynamicRef"
        references.append(
            Reference(node: site.node, rule: nodes[site.node].rules.count, place: site.place, target: target))
        add(site, keyword, isDynamic ? .dynamicReference(0, anchor: target.fragment ?? "") : .reference(0))
    }

    /// Finds the target of a reference, and reads its document if that is not known yet.
    mutating func link(_ reference: Reference, _ resolve: Resolver) throws(PluginError) {
        let target = try target(of: reference, resolve)
        let rule = nodes[reference.node].rules[reference.rule]
        nodes[reference.node].rules[reference.rule].check =
            switch rule.check {
            case .dynamicReference(_, let anchor)
            where resources[nodes[target].resource].dynamicAnchors[anchor] == target:
                .dynamicReference(target, anchor: anchor)
            default: .reference(target)
            }
    }

    private mutating func target(of reference: Reference, _ resolve: Resolver) throws(PluginError) -> Int {
        var uri = reference.target
        uri.fragment = nil
        let resource: Int
        if let known = resourcesByURI[exactly: uri.text] {
            resource = known
        } else {
            guard let schema = try Metaschemas.document(at: uri.text) ?? resolve(uri.text) else {
                throw missing(reference, "there is no schema at \(uri.text)")
            }
            resource = nodes[try load(schema, at: uri, name: uri.text, resolve)].resource
            // Its identifiers have to be known before one of them is looked up.
            try readAll(resolve)
        }
        guard let fragment = reference.target.decodedFragment else {
            throw missing(reference, "the escapes of its fragment are damaged")
        }
        if fragment.isEmpty { return resources[resource].root }
        if let tokens = SchemaPointer.tokens(fragment) { return try target(of: reference, tokens, in: resource) }
        guard let node = resources[resource].anchors[exactly: fragment] else {
            throw missing(reference, "the schema has no anchor \"\(fragment)\"")
        }
        return node
    }

    /// The target of a JSON pointer, which may be a place where no keyword of the dialect puts a schema.
    private mutating func target(
        of reference: Reference, _ tokens: [String], in resource: Int
    ) throws(PluginError) -> Int {
        var place = places[resources[resource].root]
        var schema = value(at: place)
        var resource = resource
        for token in tokens {
            guard let next = SchemaPointer.step(schema, token) else {
                throw missing(reference, "there is nothing at the pointer \(location(place, token))")
            }
            place.pointer = pointer(place, token)
            schema = next
            if let node = nodesByPlace[place] { resource = nodes[node].resource }
        }
        return try node(for: schema, at: place, in: resource)
    }

    private func value(at place: Place) -> JSON {
        (SchemaPointer.tokens(place.pointer) ?? []).reduce(documents[place.document].schema) { value, token in
            SchemaPointer.step(value, token) ?? .null
        }
    }

    private func missing(_ reference: Reference, _ reason: String) -> PluginError {
        let node = nodes[reference.node]
        let keyword = node.rules[reference.rule].keyword
        return PluginError(
            .notFound,
            "\(node.location)/\(keyword): the reference to \(reference.target.text) has no target: \(reason)",
            remedy: "Correct the reference, or make its target known",
            facts: .pointer(pointer(reference.place, keyword)))
    }

    // MARK: - Loops

    /// Refuses schemas that apply themselves to the same value again, which would never end. Where a dynamic reference
    /// leads is known only with a value, so a loop of those ends at the depth that an evaluation may have.
    func checkLoops() throws(PluginError) {
        enum Colour { case new, open, done }
        var colours = [Colour](repeating: .new, count: nodes.count)
        for start in nodes.indices where colours[start] == .new {
            var path = [(node: start, next: 0, targets: inPlaceTargets(start))]
            colours[start] = .open
            while let top = path.last {
                guard top.next < top.targets.count else {
                    colours[top.node] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let target = top.targets[top.next]
                switch colours[target] {
                case .done: break
                case .new:
                    colours[target] = .open
                    path.append((target, 0, inPlaceTargets(target)))
                case .open:
                    throw PluginError(
                        .invalidArgument,
                        "the schema is not valid: \(nodes[target].location) applies itself to the same value without end, by way of \(nodes[top.node].location)",
                        remedy: "Let the reference stand below properties or items",
                        facts: .pointer(places[target].pointer))
                }
            }
        }
    }

    /// The subschemas that a node applies to the very value it is applied to.
    private func inPlaceTargets(_ node: Int) -> [Int] {
        nodes[node].rules.flatMap { rule -> [Int] in
            switch rule.check {
            case .allOf(let nodes), .anyOf(let nodes), .oneOf(let nodes): nodes
            case .not(let node), .reference(let node): [node]
            case .conditional(let test, let then, let otherwise): [test] + [then, otherwise].compactMap(\.self)
            case .dependentSchemas(let nodes): nodes.values.sorted()
            default: []
            }
        }
    }
}
