/// The keywords of the vocabularies.
extension SchemaCompiler {
    mutating func addRules(_ site: Site) throws(PluginError) {
        let dialect = resources[site.resource].dialect
        nodes[site.node].defaultValue = site.members["default"]
        _ = try schemaMap(site, "definitions")
        if dialect.draft == .draft2020 { _ = try schemaMap(site, "$defs") }
        // The type comes first, because the rest is not looked at if it is wrong.
        if dialect.has(.validation) {
            try addValueRules(site)
            try addNumberRules(site)
            try addTextRules(site)
            try addCountRules(site, dialect)
        }
        try addReference(site, "$ref")
        if dialect.draft == .draft2020 { try addReference(site, "$dynamicRef") }
        if dialect.has(.applicator) {
            try addArrayRules(site, dialect)
            try addObjectRules(site, dialect)
            try addCombinations(site)
        }
        if formats == .assertions || dialect.has(.formatAssertion),
            let name = try string(site, "format"), let format = SchemaFormat(rawValue: name)
        {
            add(site, "format", .format(format))
        }
        try checkRemarks(site, dialect)
        // Last, because they ask what the others have evaluated.
        if dialect.draft == .draft2020, dialect.has(.unevaluated) {
            if let node = try schema(site, "unevaluatedItems") {
                add(site, "unevaluatedItems", .unevaluatedItems(node))
                nodes[site.node].asksForUnevaluated = true
            }
            if let node = try schema(site, "unevaluatedProperties") {
                add(site, "unevaluatedProperties", .unevaluatedProperties(node))
                nodes[site.node].asksForUnevaluated = true
            }
        }
    }

    private mutating func addValueRules(_ site: Site) throws(PluginError) {
        if let value = site.members["type"] {
            let names = if let name = value.stringValue { [name] } else { try names(site, "type", value) }
            guard !names.isEmpty else {
                throw wrong(site.place, "type", "must be the name of a type, or an array of at least one")
            }
            var types: SchemaTypes = []
            for name in names {
                guard let type = SchemaTypes(name: name) else {
                    throw wrong(site.place, "type", "must be the name of a type, but is \(JSON.string(name).shortened)")
                }
                types.insert(type)
            }
            add(site, "type", .type(types))
        }
        if let value = site.members["enum"] {
            guard let values = value.arrayValue else {
                throw wrong(site.place, "enum", "must be an array, but is \(value.shortened)")
            }
            add(site, "enum", .enumeration(values, Set(values.map(SchemaValueKey.init))))
        }
        if let value = site.members["const"] { add(site, "const", .constant(value, SchemaValueKey(value))) }
    }

    private mutating func addNumberRules(_ site: Site) throws(PluginError) {
        if let number = try number(site, "multipleOf") {
            guard SchemaNumber.isLess(0, number) else {
                throw wrong(site.place, "multipleOf", "must be greater than 0, but is \(number.shortened)")
            }
            add(site, "multipleOf", .multipleOf(number))
        }
        for (keyword, isExclusive) in [("maximum", false), ("exclusiveMaximum", true)] {
            if let number = try number(site, keyword) { add(site, keyword, .maximum(number, isExclusive: isExclusive)) }
        }
        for (keyword, isExclusive) in [("minimum", false), ("exclusiveMinimum", true)] {
            if let number = try number(site, keyword) { add(site, keyword, .minimum(number, isExclusive: isExclusive)) }
        }
    }

    private mutating func addTextRules(_ site: Site) throws(PluginError) {
        if let count = try count(site, "maxLength") { add(site, "maxLength", .maxLength(count)) }
        if let count = try count(site, "minLength") { add(site, "minLength", .minLength(count)) }
        if let text = try string(site, "pattern") {
            add(site, "pattern", .pattern(try pattern(site.place, "pattern", text)))
        }
    }

    private mutating func addCountRules(_ site: Site, _ dialect: SchemaDialect) throws(PluginError) {
        if let count = try count(site, "maxItems") { add(site, "maxItems", .maxItems(count)) }
        if let count = try count(site, "minItems") { add(site, "minItems", .minItems(count)) }
        if try flag(site, "uniqueItems") == true { add(site, "uniqueItems", .uniqueItems) }
        if let count = try count(site, "maxProperties") { add(site, "maxProperties", .maxProperties(count)) }
        if let count = try count(site, "minProperties") { add(site, "minProperties", .minProperties(count)) }
        if let value = site.members["required"] {
            add(site, "required", .required(try names(site, "required", value)))
        }
        if dialect.draft == .draft2020, let members = try object(site, "dependentRequired") {
            var required: [String: [String]] = [:]
            for (name, value) in members { required[name] = try names(site, "dependentRequired", value) }
            add(site, "dependentRequired", .dependentRequired(required))
        }
    }

    private mutating func addArrayRules(_ site: Site, _ dialect: SchemaDialect) throws(PluginError) {
        var prefix: [Int] = []
        var rest: Int?
        var keyword = "items"
        if dialect.draft == .draft2020 {
            prefix = try schemas(site, "prefixItems") ?? []
            rest = try schema(site, "items")
        } else if case .array? = site.members["items"] {
            prefix = try schemas(site, "items") ?? []
            rest = try schema(site, "additionalItems")
            keyword = "additionalItems"
        } else {
            rest = try schema(site, "items")
            // It means nothing here, but has to be a schema.
            _ = try schema(site, "additionalItems")
        }
        if !prefix.isEmpty || rest != nil { add(site, keyword, .items(prefix: prefix, rest: rest)) }

        let isCounted = dialect.draft == .draft2020 && dialect.has(.validation)
        let minimum = isCounted ? try count(site, "minContains") : nil
        let maximum = isCounted ? try count(site, "maxContains") : nil
        guard let node = try schema(site, "contains") else { return }
        add(
            site, "contains",
            .contains(node, minimum: minimum ?? 1, maximum: maximum ?? .max, isAnnotated: dialect.draft == .draft2020))
    }

    private mutating func addObjectRules(_ site: Site, _ dialect: SchemaDialect) throws(PluginError) {
        var rules = SchemaMembers()
        rules.properties = try schemaMap(site, "properties") ?? [:]
        for (text, node) in try schemaMap(site, "patternProperties")?.sorted(by: { $0.key < $1.key }) ?? [] {
            let place = Place(document: site.place.document, pointer: pointer(site.place, "patternProperties"))
            rules.patterns.append(SchemaMembers.Pattern(pattern: try pattern(place, text, text), node: node))
        }
        rules.additional = try schema(site, "additionalProperties")
        if !rules.properties.isEmpty || !rules.patterns.isEmpty || rules.additional != nil {
            add(site, "properties", .members(rules))
        }
        if let node = try schema(site, "propertyNames") { add(site, "propertyNames", .propertyNames(node)) }
        if dialect.draft == .draft2020, let nodes = try schemaMap(site, "dependentSchemas") {
            add(site, "dependentSchemas", .dependentSchemas(nodes))
        }
        // Of draft 7; later drafts allow it still.
        var schemas: [String: Int] = [:]
        var required: [String: [String]] = [:]
        for (name, value) in try object(site, "dependencies") ?? [] {
            if case .array = value {
                required[name] = try names(site, "dependencies", value)
            } else {
                schemas[name] = try child(site, ["dependencies", name], value)
            }
        }
        if !required.isEmpty { add(site, "dependencies", .dependentRequired(required)) }
        if !schemas.isEmpty { add(site, "dependencies", .dependentSchemas(schemas)) }
    }

    /// Keywords that check nothing, but have a form.
    private mutating func checkRemarks(_ site: Site, _ dialect: SchemaDialect) throws(PluginError) {
        let isDraft2020 = dialect.draft == .draft2020
        _ = try string(site, "$comment")
        if dialect.has(.formatAnnotation) || dialect.has(.formatAssertion) { _ = try string(site, "format") }
        if dialect.has(.content) {
            for keyword in ["contentEncoding", "contentMediaType"] { _ = try string(site, keyword) }
            if isDraft2020 { _ = try schema(site, "contentSchema") }
        }
        if dialect.has(.metaData) {
            for keyword in ["title", "description"] { _ = try string(site, keyword) }
            for keyword in ["readOnly", "writeOnly"] + (isDraft2020 ? ["deprecated"] : []) {
                _ = try flag(site, keyword)
            }
            if let value = site.members["examples"], value.arrayValue == nil {
                throw wrong(site.place, "examples", "must be an array, but is \(value.shortened)")
            }
        }
        guard isDraft2020 else { return }
        for (name, value) in try object(site, "$vocabulary") ?? [] where value.boolValue == nil {
            throw wrong(
                site.place, "$vocabulary",
                "must say true or false of \(JSON.string(name).shortened), but says \(value.shortened)")
        }
    }

    private mutating func addCombinations(_ site: Site) throws(PluginError) {
        if let nodes = try schemas(site, "allOf") { add(site, "allOf", .allOf(nodes)) }
        if let nodes = try schemas(site, "anyOf") { add(site, "anyOf", .anyOf(nodes)) }
        if let nodes = try schemas(site, "oneOf") { add(site, "oneOf", .oneOf(nodes)) }
        if let node = try schema(site, "not") { add(site, "not", .not(node)) }
        let test = try schema(site, "if")
        let then = try schema(site, "then")
        let otherwise = try schema(site, "else")
        if let test { add(site, "if", .conditional(test: test, then: then, otherwise: otherwise)) }
    }
}
