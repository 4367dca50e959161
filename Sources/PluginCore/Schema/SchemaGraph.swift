/// A compiled schema: its subschemas as nodes that refer to each other by index.
struct SchemaGraph: Sendable {
    let nodes: [SchemaNode]
    let resources: [SchemaResource]
    let root: Int
}

/// One subschema.
struct SchemaNode: Sendable {
    /// Where it stands, as in ``SchemaViolation/rule``.
    let location: String
    /// The schema resource it belongs to.
    var resource: Int
    /// Set for the schemas `true` and `false`.
    var boolean: Bool?
    var rules: [SchemaRule] = []
    /// Do its rules ask what others have evaluated?
    var asksForUnevaluated = false
    /// The keyword `default`.
    var defaultValue: JSON?
}

/// A schema with a URI of its own: a document, or a part with an `$id`.
struct SchemaResource: Sendable {
    var uri: String
    let root: Int
    let dialect: SchemaDialect
    var anchors: [String: Int] = [:]
    var dynamicAnchors: [String: Int] = [:]
}

/// A keyword of a subschema, or several that mean something only together.
struct SchemaRule: Sendable {
    let keyword: String
    var check: Check

    enum Check: Sendable {
        // Any value.
        case type(SchemaTypes)
        case enumeration([JSON], Set<SchemaValueKey>)
        case constant(JSON, SchemaValueKey)

        // Numbers and strings.
        case multipleOf(JSON)
        case maximum(JSON, isExclusive: Bool)
        case minimum(JSON, isExclusive: Bool)
        case maxLength(Int)
        case minLength(Int)
        case pattern(SchemaPattern)
        case format(SchemaFormat)

        // Arrays.
        case maxItems(Int)
        case minItems(Int)
        case uniqueItems
        case items(prefix: [Int], rest: Int?)
        case contains(Int, minimum: Int, maximum: Int, isAnnotated: Bool)
        case unevaluatedItems(Int)

        // Objects.
        case maxProperties(Int)
        case minProperties(Int)
        case required([String])
        case dependentRequired([String: [String]])
        case members(SchemaMembers)
        case propertyNames(Int)
        case dependentSchemas([String: Int])
        case unevaluatedProperties(Int)

        // Combinations.
        case allOf([Int])
        case anyOf([Int])
        case oneOf([Int])
        case not(Int)
        case conditional(test: Int, then: Int?, otherwise: Int?)
        case reference(Int)
        /// The target if no schema on the way has a dynamic anchor of that name.
        case dynamicReference(Int, anchor: String)
    }
}

/// `properties`, `patternProperties` and `additionalProperties` of one subschema.
struct SchemaMembers: Sendable {
    struct Pattern: Sendable {
        let pattern: SchemaPattern
        let node: Int
    }

    var properties: [String: Int] = [:]
    var patterns: [Pattern] = []
    var additional: Int?
}

/// The alternatives of `type`.
struct SchemaTypes: OptionSet, Sendable {
    let rawValue: UInt8

    private static let names = ["null", "boolean", "integer", "number", "string", "array", "object"]

    static let null = SchemaTypes(rawValue: 1)
    static let boolean = SchemaTypes(rawValue: 2)
    static let integer = SchemaTypes(rawValue: 4)
    static let number = SchemaTypes(rawValue: 8)
    static let string = SchemaTypes(rawValue: 16)
    static let array = SchemaTypes(rawValue: 32)
    static let object = SchemaTypes(rawValue: 64)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init?(name: String) {
        guard let index = Self.names.firstIndex(of: name) else { return nil }
        rawValue = 1 << UInt8(index)
    }

    func accepts(_ value: JSON) -> Bool {
        switch value {
        case .null: contains(.null)
        case .bool: contains(.boolean)
        case .int: !isDisjoint(with: [.integer, .number])
        // 1.0 is an integer.
        case .double(let number): contains(.number) || contains(.integer) && number.rounded() == number
        case .string: contains(.string)
        case .array: contains(.array)
        case .object: contains(.object)
        }
    }

    /// "a string or an integer"
    var names: String {
        let names = Self.names.enumerated().filter { rawValue & 1 << UInt8($0.offset) != 0 }.map {
            Self.phrase($0.element)
        }
        guard let last = names.last, names.count > 1 else { return names.first ?? "nothing" }
        return "\(names.dropLast().joined(separator: ", ")) or \(last)"
    }

    /// "an array": the name of a type with its article.
    static func phrase(_ name: String) -> String {
        switch name {
        case "null": "null"
        case "integer", "array", "object": "an \(name)"
        default: "a \(name)"
        }
    }
}
