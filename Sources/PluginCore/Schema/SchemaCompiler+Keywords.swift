/// Reading keywords, and saying what is wrong with them.
extension SchemaCompiler {
    /// A subschema while its keywords are read.
    struct Site {
        let node: Int
        let members: [String: JSON]
        let place: Place
        var resource: Int
    }

    mutating func add(_ site: Site, _ keyword: String, _ check: SchemaRule.Check) {
        nodes[site.node].rules.append(SchemaRule(keyword: keyword, check: check))
    }

    func string(_ site: Site, _ keyword: String) throws(PluginError) -> String? {
        guard let value = site.members[keyword] else { return nil }
        guard let text = value.stringValue else {
            throw wrong(site.place, keyword, "must be a string, but is \(value.shortened)")
        }
        return text
    }

    /// A number of things; what is beyond an integer is the largest one.
    func count(_ site: Site, _ keyword: String) throws(PluginError) -> Int? {
        guard let value = site.members[keyword] else { return nil }
        switch value {
        case .int(let number) where number >= 0: return Int(number)
        case .double(let number) where number >= 0 && number.rounded() == number: return Int(exactly: number) ?? .max
        default: throw wrong(site.place, keyword, "must be an integer of at least 0, but is \(value.shortened)")
        }
    }

    func number(_ site: Site, _ keyword: String) throws(PluginError) -> JSON? {
        guard let value = site.members[keyword] else { return nil }
        guard value.doubleValue?.isFinite == true else {
            throw wrong(site.place, keyword, "must be a number, but is \(value.shortened)")
        }
        return value
    }

    func names(_ site: Site, _ keyword: String, _ value: JSON) throws(PluginError) -> [String] {
        let names = value.arrayValue?.map(\.stringValue) ?? [nil]
        guard !names.contains(nil) else {
            throw wrong(site.place, keyword, "must be an array of strings, but is \(value.shortened)")
        }
        var seen: Set<SchemaValueKey> = []
        for name in names.compactMap({ $0.map(JSON.string) }) where !seen.insert(SchemaValueKey(name)).inserted {
            throw wrong(site.place, keyword, "must have each string once, but has \(name.shortened) twice")
        }
        return names.compactMap(\.self)
    }

    func flag(_ site: Site, _ keyword: String) throws(PluginError) -> Bool? {
        guard let value = site.members[keyword] else { return nil }
        guard let flag = value.boolValue else {
            throw wrong(site.place, keyword, "must be true or false, but is \(value.shortened)")
        }
        return flag
    }

    func object(_ site: Site, _ keyword: String) throws(PluginError) -> [(name: String, value: JSON)]? {
        guard let value = site.members[keyword] else { return nil }
        guard let members = value.objectValue else {
            throw wrong(site.place, keyword, "must be an object, but is \(value.shortened)")
        }
        return members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
    }

    // MARK: - Subschemas

    mutating func child(_ site: Site, _ tokens: [String], _ schema: JSON) throws(PluginError) -> Int {
        var place = site.place
        for token in tokens { place.pointer = pointer(place, token) }
        return try node(for: schema, at: place, in: site.resource)
    }

    mutating func schema(_ site: Site, _ keyword: String) throws(PluginError) -> Int? {
        guard let value = site.members[keyword] else { return nil }
        return try child(site, [keyword], value)
    }

    mutating func schemas(_ site: Site, _ keyword: String) throws(PluginError) -> [Int]? {
        guard let value = site.members[keyword] else { return nil }
        guard let elements = value.arrayValue, !elements.isEmpty else {
            throw wrong(site.place, keyword, "must be an array of at least one schema, but is \(value.shortened)")
        }
        var nodes: [Int] = []
        for (index, element) in elements.enumerated() { nodes.append(try child(site, [keyword, "\(index)"], element)) }
        return nodes
    }

    mutating func schemaMap(_ site: Site, _ keyword: String) throws(PluginError) -> [String: Int]? {
        guard let members = try object(site, keyword) else { return nil }
        var nodes: [String: Int] = [:]
        for (name, value) in members { nodes[name] = try child(site, [keyword, name], value) }
        return nodes
    }

    func pattern(_ place: Place, _ keyword: String?, _ text: String) throws(PluginError) -> SchemaPattern {
        do throws(SchemaPattern.Failure) {
            return try SchemaPattern(text)
        } catch {
            throw PluginError(
                .unsupported,
                "\(location(place, keyword)): the pattern \(JSON.string(text).shortened) is not understood: \(error.reason)",
                remedy: "Write the pattern as an ECMA-262 regular expression without lookbehind and back references",
                facts: .pointer(pointer(place, keyword)))
        }
    }
}
