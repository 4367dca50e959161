/// The configuration of a plugin as it would take effect, with everything that is wrong with it. Secrets are references.
public struct EffectiveConfiguration: Sendable {
    /// The plugin's id.
    public let plugin: String
    public let layers: ConfigurationLayers
    public let schema: ConfigurationSchema?
    /// In the order of the places; at most ``maximumProblems``, of which a further one then says so.
    public var problems: [ConfigurationProblem]
    private let isStrict: Bool
    private let allowsAdditionalProperties: Bool

    /// What holds.
    public var value: JSON { layers.merged }
    /// May the plugin get it?
    public var isAcceptable: Bool { !problems.contains { $0.severity == .error } }

    public static let maximumProblems = 100

    /// Checks a configuration.
    ///
    /// A secret conforms where text does; whether the secret itself does is seen when it is put in.
    /// - Parameters:
    ///   - isStrict: whether what does not conform to the schema is an error, or else a warning.
    ///   - allowsAdditionalProperties: whether there may be members that the schema does not name, where it lists names; nil
    ///     leaves it to the schema, and has a warning for those of which it says nothing.
    ///   - problems: found before.
    public init(
        plugin: String, layers: ConfigurationLayers, schema: ConfigurationSchema?, isStrict: Bool = true,
        allowsAdditionalProperties: Bool? = nil, problems: [ConfigurationProblem] = []
    ) {
        self.plugin = plugin
        self.layers = layers
        self.schema = schema
        self.isStrict = isStrict
        self.allowsAdditionalProperties = allowsAdditionalProperties == true
        let check = ConfigurationCheck(
            layers: layers, schema: schema, severity: isStrict ? .error : .warning,
            allowsAdditionalProperties: allowsAdditionalProperties)
        self.problems = problems + check.problems
    }

    /// - Parameter layer: only errors of its values count; nil for all.
    /// - Throws: `configuration` with the first errors in words, and the pointer of the first.
    public func requireAcceptable(in layer: ConfigurationLayer.Kind? = nil) throws(PluginError) {
        let errors = problems.filter { $0.severity == .error && (layer == nil || $0.layer == layer) }
        guard let first = errors.first else { return }
        throw Self.refusal(plugin, errors.map(\.description), first.pointer)
    }

    private static func refusal(_ plugin: String, _ sentences: [String], _ pointer: String) -> PluginError {
        let more = sentences.count > 3 ? "; and \(sentences.count - 3) more" : ""
        return PluginError(
            .configuration, "the configuration is refused: \(sentences.prefix(3).joined(separator: "; "))\(more)",
            remedy: "Correct it; `keyway config validate \(plugin)` lists everything that is wrong",
            facts: .pointer(pointer), plugin: plugin)
    }

    /// What a plugin has against its configuration, with the source of the value, and without secrets.
    public func problem(_ issue: ConfigurationIssue, _ redaction: Redaction) -> ConfigurationProblem {
        let path = try? ConfigurationPath(parsing: issue.pointer)
        let origin = path.flatMap { layers.origin(of: $0) }
        return ConfigurationProblem(
            issue.severity == .error ? .error : .warning, redaction.text(issue.pointer),
            "is refused by the plugin: \(redaction.text(issue.message))", layer: origin?.kind, source: origin?.source)
    }

    // MARK: - Showing

    /// What holds, with "(hidden)" for what the schema says is secret (`"writeOnly": true` or `"format": "password"`) and that
    /// stands in the open.
    public var shown: JSON {
        guard let schema else { return value }
        guard let places = schema.confidential(in: value) else {
            return ["(hidden)": "it takes too long to look for secrets"]
        }
        return Self.hiding(Set(places.map(\.keys)), in: value, [])
    }

    /// Where an operator has written out what the schema says is secret; nil if that takes too long to find out.
    public var secretsInTheOpen: [ConfigurationPath]? {
        guard let schema else { return [] }
        return schema.confidential(in: value)?.filter { layers.origin(of: $0)?.kind.isOperators == true }
    }

    private static func hiding(_ places: Set<[String]>, in value: JSON, _ keys: [String]) -> JSON {
        if places.isEmpty { return value }
        if places.contains(keys) { return "(hidden)" }
        switch value {
        case .object(var members):
            for (key, member) in members { members[key] = hiding(places, in: member, keys + [key]) }
            return .object(members)
        case .array(let elements):
            return .array(elements.enumerated().map { hiding(places, in: $0.element, keys + ["\($0.offset)"]) })
        default: return value
        }
    }

    // MARK: - Secrets

    /// The references in it, in the order of their places.
    public var secrets: [(path: ConfigurationPath, reference: SecretReference)] {
        SecretReference.places(in: value).compactMap { path, value in
            (try? SecretReference(value)).map { (path, $0) }
        }
    }

    /// Puts the secrets in; immediately before the plugin gets the configuration.
    ///
    /// - Throws: what ``requireAcceptable()`` throws; `configuration` with the name of a reference whose secret cannot be had,
    ///   or for secrets that the schema does not accept. Never with a secret in it.
    public func resolved(by source: any SecretSource) throws(PluginError) -> ResolvedConfiguration {
        try requireAcceptable()
        var known: [SecretReference: String] = [:]
        let resolved = try SecretReference.replaced(in: value) { json throws(PluginError) in
            let reference = try SecretReference(json)
            if let secret = known[reference] { return .string(secret) }
            do throws(PluginError) {
                let secret = try source.secret(reference)
                known[reference] = secret
                return .string(secret)
            } catch {
                throw PluginError(
                    .configuration, error.what, remedy: error.remedy, facts: .names([reference.name]), plugin: plugin)
            }
        }
        let redaction = Redaction(known.map { ($0.key.name, $0.value) })
        if isStrict, let schema, !known.isEmpty {
            let places = secrets.map(\.path.pointer)
            let violations = schema.violations(
                of: resolved, allowsAdditionalProperties: allowsAdditionalProperties)
            if let first = violations.first {
                let sentences = violations.map { violation in
                    // Of a place that a secret is at, or in, the violation may tell it.
                    let isNear = places.contains { ($0 + "/").hasPrefix(violation.instance + "/") }
                    return isNear
                        ? "\(violation.instance.isEmpty ? "the configuration" : violation.instance) does not conform to its"
                            + " schema (\(violation.keyword)) when its secrets are put in"
                        : redaction.text(violation.description)
                }
                throw Self.refusal(plugin, sentences, first.instance)
            }
        }
        return ResolvedConfiguration(value: resolved, redaction: redaction)
    }
}

/// A configuration with its secrets, for the plugin and nobody else.
public struct ResolvedConfiguration: Sendable {
    /// With secrets: do not print, keep or compare it.
    public let value: JSON
    /// Takes the secrets out of what the plugin says.
    public let redaction: Redaction

    package init(value: JSON, redaction: Redaction) { (self.value, self.redaction) = (value, redaction) }
}

extension ResolvedConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says nothing of the values.
    public var description: String { "a configuration with its secrets" }
    public var debugDescription: String { description }
    /// Without children, so that `dump` shows none either.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
