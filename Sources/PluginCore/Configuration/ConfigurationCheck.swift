/// Holds a configuration against its schema and the rules of secrets.
struct ConfigurationCheck {
    private(set) var problems: [ConfigurationProblem] = []
    private let layers: ConfigurationLayers
    private let severity: ConfigurationProblem.Severity
    /// References stand there, sound or not.
    private let secrets: [String]

    init(
        layers: ConfigurationLayers, schema: ConfigurationSchema?, severity: ConfigurationProblem.Severity,
        allowsAdditionalProperties: Bool?
    ) {
        self.layers = layers
        self.severity = severity
        let places = SecretReference.places(in: layers.merged)
        secrets = places.map(\.path.pointer)
        for (path, value) in places { check(path, value) }
        guard let schema else { return }
        let confidential = schema.confidential(in: layers.merged)
        checkSchema(schema, allowsAdditionalProperties == true, confidential)
        if allowsAdditionalProperties != true {
            checkNames(schema, isForbidden: allowsAdditionalProperties == false)
        }
        for path in confidential ?? [] where layers.origin(of: path)?.kind.isOperators == true {
            add(.warning, path, #"is secret, and stands in the open: use {"$secret": "env:NAME"} or a file"#)
        }
        problems = Self.listed(problems)
    }

    /// In the order of the places, and not more than anybody reads. Errors are kept before warnings.
    private static func listed(_ problems: [ConfigurationProblem]) -> [ConfigurationProblem] {
        let limit = EffectiveConfiguration.maximumProblems
        let errors = problems.filter { $0.severity == .error }.prefix(limit)
        let warnings = problems.filter { $0.severity == .warning }.prefix(limit - errors.count)
        let sorted = (errors + warnings).sorted { ($0.pointer, $0.message) < ($1.pointer, $1.message) }
        guard sorted.count < problems.count else { return sorted }
        return sorted + [ConfigurationProblem(.warning, "", "has more problems than these \(limit)")]
    }

    private mutating func add(
        _ severity: ConfigurationProblem.Severity, _ path: ConfigurationPath, _ message: String, hasOrigin: Bool = true
    ) {
        let origin = hasOrigin ? layers.origin(of: path) : nil
        problems.append(
            ConfigurationProblem(severity, path.pointer, message, layer: origin?.kind, source: origin?.source))
    }

    // MARK: - Secrets

    private mutating func check(_ path: ConfigurationPath, _ value: JSON) {
        guard (try? SecretReference(value)) != nil else {
            add(.error, path, SecretReference.fault)
            return
        }
        // Otherwise a plugin could have any secret of the host by naming it.
        guard layers.origin(of: path)?.kind.isOperators == true else {
            add(.error, path, "names a secret of the host, which only an operator may do and not the plugin's manifest")
            return
        }
    }

    // MARK: - The schema

    private static let ofPresence: Set<String> = [
        "", "additionalItems", "additionalProperties", "items", "patternProperties", "prefixItems", "properties",
        "unevaluatedItems", "unevaluatedProperties",
    ]
    private static let ofValues: Set<String> = ["enum", "const", "anyOf", "oneOf", "not", "contains", "uniqueItems"]

    /// - Parameter confidential: what may not be shown; nil for all.
    private mutating func checkSchema(
        _ schema: ConfigurationSchema, _ allowsAdditionalProperties: Bool, _ confidential: [ConfigurationPath]?
    ) {
        let hidden = confidential?.map(\.pointer)
        // Any text will do: what depends on its letters is not looked at.
        let instance = (try? SecretReference.replaced(in: layers.merged) { _ in "" }) ?? layers.merged
        for violation in schema.violations(of: instance, allowsAdditionalProperties: allowsAdditionalProperties) {
            let keyword = violation.keyword
            let path = ConfigurationPath(
                keys: violation.instance.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
                    .map(JSON.unescapedFromPointer))
            var message = violation.message
            if secrets.contains(violation.instance), !Self.ofPresence.contains(keyword) {
                guard keyword == "type" else { continue }
                message = "is a secret, which is text, and no text may stand there"
            } else if Self.ofValues.contains(keyword),
                secrets.contains(where: { $0.hasPrefix(violation.instance + "/") })
            {
                continue
            } else if hidden?.contains(where: { ($0 + "/").hasPrefix(violation.instance + "/") }) ?? true {
                message = "does not conform to its schema (\(keyword)); its value is not shown"
            }
            add(severity, path, message, hasOrigin: keyword != "required" && keyword != "dependentRequired")
        }
    }

    /// Members that the schema does not name, where it lists names.
    private mutating func checkNames(_ schema: ConfigurationSchema, isForbidden: Bool) {
        let known = Set(problems.map(\.pointer))
        // Both the schema and the values may be of bad will.
        var steps = 200_000
        var open = [(layers.merged, [schema.document], ConfigurationPath(keys: []))]
        while let (value, subschemas, path) = open.popLast() {
            let place = schema.expanded(subschemas)
            let children = SecretReference.isReference(value) ? [] : value.children
            steps -= ConfigurationSchema.weight(of: place) * (children.count + 1)
            guard steps > 0 else {
                // Not to look would be to allow.
                if isForbidden {
                    add(severity, path, "has too many members to look for those that the schema does not name")
                }
                return
            }
            guard problems.count <= 2 * EffectiveConfiguration.maximumProblems else { return }
            let names = value.objectValue == nil ? [] : ConfigurationSchema.names(in: place)
            for (key, child) in children {
                let inner = path.appending(key)
                if value.objectValue != nil, !ConfigurationSchema.isKnown(key, in: place, heedsPermission: !isForbidden)
                {
                    guard !known.contains(inner.pointer) else { continue }
                    add(
                        isForbidden ? severity : .warning, inner,
                        "is not known to the plugin\(Suggestion.text(key, in: names))")
                } else {
                    open.append((child, ConfigurationSchema.children(key, of: place), inner))
                }
            }
        }
    }
}
