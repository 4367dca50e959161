/// A configuration to begin with, made of a schema's defaults, examples and types.
public struct ConfigurationSample: Sendable {
    /// A member of an object.
    struct Entry {
        let path: ConfigurationPath
        let subschemas: [JSON]
        let isRequired: Bool
        /// What stands in the sample, and is left out of JSON if it is made up only to show the form.
        let value: JSON
        let isMadeUp: Bool
        /// Of an object with members of its own.
        let members: [Entry]

        var isObject: Bool { !members.isEmpty }

        /// What is in the sample; nil if it is left out.
        var json: JSON? {
            // By statements: between "?" and ":" nil is null.
            guard isObject else {
                if isMadeUp, !isRequired { return nil }
                return value
            }
            var whole = others
            for member in members { member.json.map { whole[member.path.keys.last!] = $0 } }
            if whole.isEmpty, !isRequired { return nil }
            return .object(whole)
        }

        /// What an object is said to have beside the members that are known.
        var others: [String: JSON] {
            let known = Set(members.map { $0.path.keys.last! })
            return (value.objectValue ?? [:]).filter { !known.contains($0.key) }
        }
    }

    let entries: [Entry]
    /// Deeper than that a schema can only be one that contains itself.
    private static let maximumDepth = 8
    private static let maximumEntries = 1000

    /// - Parameter defaults: what the manifest says, over the defaults of the schema.
    public init(_ schema: ConfigurationSchema, defaults: JSON = [:]) {
        var count = 0
        entries = Self.entries(
            schema.expanded([schema.document]), ConfigurationPath(keys: []), schema, defaults.objectValue ?? [:], &count
        )
    }

    /// - Parameter said: members that the object is said to have.
    private static func entries(
        _ place: [JSON], _ path: ConfigurationPath, _ schema: ConfigurationSchema, _ said: [String: JSON],
        _ count: inout Int
    ) -> [Entry] {
        guard path.keys.count < maximumDepth else { return [] }
        let required = Set(place.flatMap { $0["required"]?.arrayValue ?? [] }.compactMap(\.stringValue))
        var entries: [Entry] = []
        for name in ConfigurationSchema.names(in: place) where count < maximumEntries {
            count += 1
            let path = path.appending(name)
            let inner = schema.expanded(ConfigurationSchema.children(name, of: place))
            let value = said[name] ?? self.said(in: inner)
            var members: [Entry] = []
            if let object = value == nil ? [:] : value?.objectValue {
                members = Self.entries(inner, path, schema, object, &count)
            }
            entries.append(
                Entry(
                    path: path, subschemas: inner, isRequired: required.contains(name),
                    value: value ?? madeUp(inner, path), isMadeUp: value == nil, members: members))
        }
        return entries
    }

    /// What the schema gives as a value.
    private static func said(in place: [JSON]) -> JSON? {
        if ConfigurationSchema.isConfidential(place) { return nil }
        for keyword in ["default", "const"] {
            if let value = place.lazy.compactMap({ $0[keyword] }).first { return value }
        }
        for keyword in ["examples", "enum"] {
            if let value = place.lazy.compactMap({ $0[keyword]?.arrayValue?.first }).first { return value }
        }
        return nil
    }

    /// A value of the right form.
    private static func madeUp(_ place: [JSON], _ path: ConfigurationPath) -> JSON {
        let types = ConfigurationSchema.types(in: place)
        func number(_ keyword: String) -> JSON? {
            place.lazy.compactMap { $0[keyword] }.first { $0.doubleValue != nil }
        }
        if ConfigurationSchema.isConfidential(place) {
            let name = ConfigurationVariables.spelled(path.keys.last ?? "SECRET")
            return SecretReference(.environment(name)).json
        }
        if types.contains("string") || types.isEmpty {
            let count = max(0, min(number("minLength")?.intValue ?? 0, 64))
            return .string(String(repeating: "x", count: Int(count)))
        }
        if types.contains("integer") || types.contains("number") {
            if let minimum = number("minimum") ?? number("maximum") { return minimum }
            guard let bound = number("exclusiveMinimum")?.intValue, bound < .max else { return 0 }
            return .int(bound + 1)
        }
        if types.contains("boolean") { return false }
        if types.contains("array") { return [] }
        return types.contains("object") ? [:] : .null
    }

    // MARK: - JSON

    /// What is required, and everything that the schema or the manifest gives a value for.
    public var json: JSON {
        var members: [String: JSON] = [:]
        for entry in entries { entry.json.map { members[entry.path.keys.last!] = $0 } }
        return .object(members)
    }
}
