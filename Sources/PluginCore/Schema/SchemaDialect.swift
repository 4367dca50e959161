/// The keywords that mean something in a schema resource.
struct SchemaDialect: Sendable {
    enum Vocabulary: String, Sendable, CaseIterable {
        case core
        case applicator
        case unevaluated
        case validation
        case metaData = "meta-data"
        case formatAnnotation = "format-annotation"
        case formatAssertion = "format-assertion"
        case content
    }

    let draft: JSONSchema.Dialect
    var vocabularies: Set<Vocabulary>

    /// A draft as its authors define it.
    init(_ draft: JSONSchema.Dialect) {
        self.draft = draft
        vocabularies = Set(Vocabulary.allCases).subtracting([.formatAssertion])
    }

    /// What a meta-schema of somebody's own says with `$vocabulary`. Without it, or for draft 7, the draft's own.
    ///
    /// - Throws: `unsupported` for a vocabulary that is required and not known to us.
    init(metaschema: JSON, draft: JSONSchema.Dialect, uri: String) throws(PluginError) {
        self.init(draft)
        guard draft == .draft2020, let members = metaschema["$vocabulary"]?.objectValue else { return }
        let prefix = "https://json-schema.org/draft/2020-12/vocab/"
        vocabularies = [.core]
        for (name, isRequired) in members.sorted(by: { $0.key < $1.key }) {
            if name.hasPrefix(prefix), let known = Vocabulary(rawValue: String(name.dropFirst(prefix.count))) {
                vocabularies.insert(known)
            } else if isRequired == true {
                throw PluginError(
                    .unsupported, "the meta-schema \(uri) requires the vocabulary \(name), which is not known",
                    remedy: "Use a meta-schema of JSON Schema 2020-12 or draft 7, or set the vocabulary to false",
                    facts: .names([name]))
            }
        }
    }

    func has(_ vocabulary: Vocabulary) -> Bool { vocabularies.contains(vocabulary) }
}
