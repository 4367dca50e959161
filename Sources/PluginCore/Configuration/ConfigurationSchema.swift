/// The JSON Schema of a plugin's configuration, and what it says of single places: their names, types and remarks.
///
/// Whether a configuration conforms is the compiled schema's matter. What is said of a place is gathered from the text of
/// the schema: `properties` and the like, in `allOf`, in alternatives, and behind references within the document. It is for
/// people, and for text that has to become a value; where the schema does more than that, less is known.
public struct ConfigurationSchema: Sendable {
    public let document: JSON
    /// Where it stands, for messages.
    public let source: String
    let compiled: JSONSchema
    /// Is anything in it confidential? Mostly not, and then nobody has to look.
    private let hasConfidential: Bool

    /// - Throws: ``PluginError`` with code `configuration` if it is no schema that can be used.
    public init(_ document: JSON, source: String) throws(PluginError) {
        do throws(PluginError) {
            compiled = try JSONSchema(compiling: document)
        } catch {
            throw PluginError(
                .configuration, "the schema of the configuration (\(source)) cannot be used: \(error.what)",
                remedy: error.remedy, facts: error.facts)
        }
        self.document = document
        self.source = source
        hasConfidential = Self.hasConfidential(document)
    }

    /// What in a value does not conform.
    /// - Parameter allowsAdditionalProperties: passes over members that are not allowed.
    func violations(of value: JSON, allowsAdditionalProperties: Bool) -> [SchemaViolation] {
        compiled.validate(value).filter { violation in
            !allowsAdditionalProperties
                || violation.keyword != "additionalProperties" && violation.keyword != "unevaluatedProperties"
        }
    }

    // MARK: - Places

    /// The names of the types that a place may have, as JSON Schema has them; empty if any.
    public func types(at path: ConfigurationPath) -> Set<String> { Self.types(in: subschemas(at: path)) }

    /// May a place have this member, as far as its name goes?
    ///
    /// What is neither named nor matched by a pattern is unknown if the schema lists names there.
    /// - Parameter heedsPermission: whether it is known after all if the schema says that there may be others.
    static func isKnown(_ name: String, in place: [JSON], heedsPermission: Bool) -> Bool {
        guard place.contains(where: { $0["properties"]?.objectValue != nil }) else { return true }
        if heedsPermission, place.contains(where: isOpen) { return true }
        return !children(name, of: place).isEmpty
    }

    private static func isOpen(_ subschema: JSON) -> Bool {
        subschema["additionalProperties"] == true || subschema["unevaluatedProperties"] == true
    }

    /// The first member on the way to a place that the schema does not know, with the names that it knows there.
    public func unknown(on path: ConfigurationPath) -> (path: ConfigurationPath, known: [String])? {
        var place = expanded([document])
        for (index, key) in path.keys.enumerated() {
            guard Self.isKnown(key, in: place, heedsPermission: true) else {
                return (ConfigurationPath(keys: Array(path.keys[...index])), Self.names(in: place))
            }
            place = expanded(Self.children(key, of: place))
        }
        return nil
    }

    /// What the schema says of a place.
    func subschemas(at path: ConfigurationPath) -> [JSON] {
        var place = expanded([document])
        for key in path.keys { place = expanded(Self.children(key, of: place)) }
        return place
    }

    /// Subschemas with those that apply to the same value: behind references, in combinations and conditions.
    func expanded(_ subschemas: [JSON]) -> [JSON] {
        var (open, found) = (subschemas, [JSON]())
        var references: Set<String> = []
        while let subschema = open.popLast() {
            guard case .object(let members) = subschema else { continue }
            found.append(subschema)
            if let reference = members["$ref"]?.stringValue, references.insert(reference).inserted,
                let target = target(reference)
            {
                open.append(target)
            }
            for keyword in ["allOf", "anyOf", "oneOf"] { open += members[keyword]?.arrayValue ?? [] }
            for keyword in ["then", "else"] { members[keyword].map { open.append($0) } }
        }
        return found
    }

    /// What a reference within the document leads to.
    private func target(_ reference: String) -> JSON? {
        guard reference.hasPrefix("#"), reference.count == 1 || reference.hasPrefix("#/") else { return nil }
        let keys = reference.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return ConfigurationPath(keys: keys.map(JSON.unescapedFromPointer)).value(in: document)
    }

    /// What is said of a member, or an element, in subschemas that are expanded.
    static func children(_ key: String, of place: [JSON]) -> [JSON] {
        place.flatMap { subschema -> [JSON] in
            var found: [JSON] = []
            if let property = subschema["properties"]?[key] { found.append(property) }
            for (pattern, child) in subschema["patternProperties"]?.objectValue ?? [:] {
                var steps = 10_000
                if (try? SchemaPattern(pattern))?.matches(key, steps: &steps) == true { found.append(child) }
            }
            if let index = Int(key), let item = element(index, subschema) { found.append(item) }
            if found.isEmpty {
                let others = ["additionalProperties", "unevaluatedProperties"].compactMap { subschema[$0] }
                found += others.filter { $0.objectValue != nil }
            }
            return found
        }
    }

    private static func element(_ index: Int, _ subschema: JSON) -> JSON? {
        // Draft 7 has the list in `items`, and the rest in `additionalItems`.
        let list = subschema["prefixItems"]?.arrayValue ?? subschema["items"]?.arrayValue ?? []
        if list.indices.contains(index) { return list[index] }
        return subschema["items"]?.arrayValue == nil ? subschema["items"] : subschema["additionalItems"]
    }

    // MARK: - Remarks

    static func names(in place: [JSON]) -> [String] {
        Set(place.flatMap { ($0["properties"]?.objectValue ?? [:]).keys }).sorted()
    }

    static func types(in place: [JSON]) -> Set<String> {
        let said = place.flatMap { subschema -> [String] in
            switch subschema["type"] {
            case .string(let name): [name]
            case .array(let names): names.compactMap(\.stringValue)
            default: []
            }
        }
        guard said.isEmpty else { return Set(said) }
        let values = place.flatMap { ($0["enum"]?.arrayValue ?? []) + ($0["const"].map { [$0] } ?? []) }
        return Set(values.map(\.typeName))
    }

    /// Places of text that the schema says is secret, by `"writeOnly": true` or `"format": "password"`, and that no reference
    /// stands for; nil if that takes too long to find out.
    func confidential(in value: JSON) -> [ConfigurationPath]? {
        guard hasConfidential else { return [] }
        var (found, steps) = ([ConfigurationPath](), 200_000)
        var open = [(value, [document], ConfigurationPath(keys: []))]
        while let (value, subschemas, path) = open.popLast() {
            let place = expanded(subschemas)
            guard value != .null, !SecretReference.isReference(value) else { continue }
            if Self.isConfidential(place) {
                found.append(path)
                continue
            }
            let children = value.children
            steps -= Self.weight(of: place) * (children.count + 1)
            guard steps > 0 else { return nil }
            for (key, child) in children {
                open.append((child, Self.children(key, of: place), path.appending(key)))
            }
        }
        return found
    }

    static func isConfidential(_ place: [JSON]) -> Bool {
        place.contains { $0["writeOnly"] == true || $0["format"] == "password" }
    }

    private static func hasConfidential(_ document: JSON) -> Bool {
        isConfidential([document]) || document.children.contains { hasConfidential($0.value) }
    }

    /// What it costs to look for one member in subschemas: more with patterns.
    static func weight(of place: [JSON]) -> Int {
        place.reduce(1) { $0 + 1 + 20 * ($1["patternProperties"]?.objectValue?.count ?? 0) }
    }

    // MARK: - Text

    /// What text stands for at a place: where text is wanted it is itself, and elsewhere it is JSON. A ``SecretReference``
    /// in JSON is one everywhere.
    /// - Throws: `configuration` if neither text nor this JSON can stand there.
    public func value(of text: String, at path: ConfigurationPath) throws(PluginError) -> JSON {
        let types = types(at: path)
        let json = try? JSON(parsing: text, what: "the value")
        if let json, SecretReference.isReference(json) { return json }
        if types == ["string"] { return .string(text) }
        if let json, json.stringValue == nil || !types.contains("string") {
            let isWanted = types.contains(json.typeName) || types.contains("number") && json.doubleValue != nil
            // What is of a wrong type the schema refuses, with better words.
            if isWanted || !types.contains("string") { return json }
        }
        if types.isEmpty || types.contains("string") { return .string(text) }
        let wanted = types.sorted().map(SchemaTypes.phrase).joined(separator: " or ")
        throw PluginError(
            .configuration, "\(path.pointer) must be \(wanted), but the text given for it is no JSON",
            remedy: "Write the value as JSON", facts: .pointer(path.pointer))
    }
}

extension JSON {
    /// Members or elements, with keys as in a JSON pointer.
    var children: [(key: String, value: JSON)] {
        switch self {
        case .object(let members): members.map { ($0.key, $0.value) }
        case .array(let elements): elements.enumerated().map { ("\($0.offset)", $0.element) }
        default: []
        }
    }
}

/// What somebody may have meant, as a part of a message.
package enum Suggestion {
    /// " (is "port" meant?)" or nothing.
    package static func text(_ name: String, in names: some Sequence<String>) -> String {
        SimilarName.find(name, in: names).map { " (is \"\($0)\" meant?)" } ?? ""
    }
}
