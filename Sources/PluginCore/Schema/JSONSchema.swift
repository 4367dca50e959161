/// A compiled JSON Schema of draft 7 or 2020-12: compiled once, then used for any number of values from any thread.
///
/// Schemas and values may come from anywhere. The work on both is bounded: what is nested too deeply, refers to itself
/// without end or needs too many steps is an error that says so, never a crash or an endless loop.
///
/// Sources: JSON Schema 2020-12 and draft 7, Core and Validation; the official test suite is part of our tests.
public struct JSONSchema: Sendable {
    let graph: SchemaGraph

    /// The version of JSON Schema that a schema is written in.
    public enum Dialect: String, Sendable, CaseIterable {
        case draft7 = "http://json-schema.org/draft-07/schema"
        case draft2020 = "https://json-schema.org/draft/2020-12/schema"
    }

    /// What the keyword `format` means.
    public enum Formats: Sendable {
        /// A remark for readers, as in the standard; nothing is checked.
        case annotations
        /// The formats of ``JSONSchema/checkedFormats`` are checked, others are remarks.
        case assertions
    }

    /// Compiles a schema, with everything it refers to.
    ///
    /// - Parameters:
    ///   - schema: an object or a boolean.
    ///   - uri: where the schema comes from; relative references start there. Its own `$id` goes before.
    ///   - dialect: that of schemas without `$schema`.
    ///   - formats: what `format` means, unless the schema's own vocabulary says that it is checked.
    ///   - resolve: the schema at an absolute URI without fragment, or nil. It is called while this call lasts,
    ///     for what the schema does not contain itself; the meta-schemas of both dialects are known. What cannot stand in
    ///     a URI is escaped in it.
    /// - Throws: `invalidArgument` with the pointer of the keyword that is wrong, `unsupported` for a dialect, a
    ///   vocabulary or a pattern that we do not know, `notFound` for a reference without target, `resourceExhausted`
    ///   if the schema is too large or too deep.
    public init(
        compiling schema: JSON, at uri: String = "", dialect: Dialect = .draft2020, formats: Formats = .annotations,
        resolving resolve: (_ uri: String) -> JSON? = { _ in nil }
    ) throws(PluginError) {
        var compiler = SchemaCompiler(dialect: dialect, formats: formats)
        graph = try compiler.compile(schema, at: uri, resolve)
    }

    /// What in the value does not conform to the schema; empty if it conforms. In the order of the values' pointers.
    ///
    /// A value that cannot be judged, because it is nested too deeply or needs too many steps, has one violation that
    /// says so. At most ``maximumViolations`` are listed.
    public func validate(_ instance: JSON) -> [SchemaViolation] {
        var evaluator = SchemaEvaluator(graph, isCollecting: true)
        return evaluator.violations(of: instance)
    }

    /// Does the value conform? Cheaper than ``validate(_:)``, because it stops at the first violation.
    public func isValid(_ instance: JSON) -> Bool {
        var evaluator = SchemaEvaluator(graph, isCollecting: false)
        return evaluator.accepts(instance)
    }

    /// Refuses a value that does not conform.
    ///
    /// - Parameter what: names the value: "the configuration".
    /// - Throws: `invalidArgument` with the first violations in words, and the pointer of the first.
    public func check(_ instance: JSON, what: String) throws(PluginError) {
        let violations = validate(instance)
        guard let first = violations.first else { return }
        let shown = violations.prefix(3).map { $0.instance.isEmpty ? "it \($0.message)" : $0.description }
        let more = violations.count > shown.count ? "; and \(violations.count - shown.count) more" : ""
        throw PluginError(
            .invalidArgument, "\(what) does not conform to its schema: \(shown.joined(separator: "; "))\(more)",
            remedy: "Correct \(what)", facts: .pointer(first.instance))
    }

    public static let maximumViolations = 100
}
