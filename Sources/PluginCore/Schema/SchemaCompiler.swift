/// Turns schemas into a ``SchemaGraph``.
///
/// Subschemas wait in a list instead of on the stack, so a deep schema cannot overflow it. References are looked up when
/// all that is known has been read, because a URI may be declared behind its use.
struct SchemaCompiler {
    typealias Resolver = (_ uri: String) -> JSON?

    /// Where a subschema stands: in which document, and its pointer there.
    struct Place: Hashable {
        var document: Int
        var pointer: String
    }

    struct Document {
        let schema: JSON
        /// Before the "#" of a location.
        let name: String
    }

    /// A subschema that has its node, but not yet its rules.
    struct Work {
        let node: Int
        let schema: JSON
        let place: Place
        var resource: Int
    }

    struct Reference {
        let node: Int
        let rule: Int
        let place: Place
        let target: SchemaURI
    }

    let defaultDialect: JSONSchema.Dialect
    let formats: JSONSchema.Formats

    var nodes: [SchemaNode] = []
    /// The place of each node.
    var places: [Place] = []
    var resources: [SchemaResource] = []
    var documents: [Document] = []
    var resourcesByURI: [String: Int] = [:]
    var nodesByPlace: [Place: Int] = [:]
    var work: [Work] = []
    var references: [Reference] = []
    private var pointerBytes = 0

    static let maximumNodes = 100_000
    /// Every subschema has its pointer, so one long name may be needed very often.
    static let maximumPointerBytes = 64 << 20
    static let maximumDocuments = 256

    init(dialect: JSONSchema.Dialect, formats: JSONSchema.Formats) {
        defaultDialect = dialect
        self.formats = formats
    }

    mutating func compile(_ schema: JSON, at uri: String, _ resolve: Resolver) throws(PluginError) -> SchemaGraph {
        let root = try load(schema, at: SchemaURI(uri), name: "", resolve)
        try readAll(resolve)
        while let reference = references.popLast() {
            try link(reference, resolve)
            try readAll(resolve)
        }
        try checkLoops()
        return SchemaGraph(nodes: nodes, resources: resources, root: root)
    }

    // MARK: - Documents

    /// Takes a document as a resource of its own; the node of its root.
    mutating func load(_ schema: JSON, at uri: SchemaURI, name: String, _ resolve: Resolver) throws(PluginError) -> Int
    {
        guard documents.count < Self.maximumDocuments else {
            throw PluginError(
                .resourceExhausted, "the schema refers to more than \(Self.maximumDocuments) documents",
                remedy: "Put the schemas into fewer documents")
        }
        let depth = schema.measure.depth
        guard depth <= JSON.maximumDepth else {
            throw PluginError(
                .resourceExhausted,
                "the schema \(name.isEmpty ? "" : "\(name) ")is nested \(depth) deep; \(JSON.maximumDepth) is the most",
                remedy: "Move parts of the schema to $defs, and refer to them")
        }
        var uri = uri
        uri.fragment = nil
        let place = Place(document: documents.count, pointer: "")
        documents.append(Document(schema: schema, name: name))
        // What a schema refers to is taken to be written like it.
        let inherited = SchemaDialect(resources.first?.dialect.draft ?? defaultDialect)
        let dialect = try dialect(of: schema, or: inherited, at: place, resolve)
        resourcesByURI[uri.text] = resources.count
        resources.append(SchemaResource(uri: uri.text, root: nodes.count, dialect: dialect))
        return try node(for: schema, at: place, in: resources.count - 1)
    }

    func dialect(
        of schema: JSON, or inherited: SchemaDialect, at place: Place, _ resolve: Resolver
    ) throws(PluginError) -> SchemaDialect {
        guard let name = schema["$schema"] else { return inherited }
        guard let name = name.stringValue else { throw wrong(place, "$schema", "must be a URI in a string") }
        if let draft = Self.draft(name) { return SchemaDialect(draft) }
        let uri = name.hasSuffix("#") ? String(name.dropLast()) : name
        guard let metaschema = resolve(uri), let base = metaschema["$schema"]?.stringValue,
            let draft = Self.draft(base)
        else {
            throw PluginError(
                .unsupported, "\(location(place, "$schema")): the dialect \(JSON.string(name).shortened) is not known",
                remedy: "Use \(JSONSchema.Dialect.draft2020.rawValue) or \(JSONSchema.Dialect.draft7.rawValue)#",
                facts: .pointer(pointer(place, "$schema")))
        }
        return try SchemaDialect(metaschema: metaschema, draft: draft, uri: uri)
    }

    private static func draft(_ uri: String) -> JSONSchema.Dialect? {
        JSONSchema.Dialect(rawValue: uri.hasSuffix("#") ? String(uri.dropLast()) : uri)
    }

    // MARK: - Nodes

    /// The node of the subschema at a place, which is read later if it is new.
    mutating func node(for schema: JSON, at place: Place, in resource: Int) throws(PluginError) -> Int {
        if let known = nodesByPlace[place] { return known }
        pointerBytes += place.pointer.utf8.count
        guard nodes.count < Self.maximumNodes, pointerBytes <= Self.maximumPointerBytes else {
            throw PluginError(
                .resourceExhausted,
                "the schema has more than \(Self.maximumNodes) subschemas, or very long names on the way to them",
                remedy: "Use a smaller schema")
        }
        let node = nodes.count
        nodesByPlace[place] = node
        places.append(place)
        nodes.append(SchemaNode(location: location(place, nil), resource: resource))
        work.append(Work(node: node, schema: schema, place: place, resource: resource))
        return node
    }

    mutating func readAll(_ resolve: Resolver) throws(PluginError) {
        while let next = work.popLast() { try read(next, resolve) }
    }

    private mutating func read(_ work: Work, _ resolve: Resolver) throws(PluginError) {
        let members: [String: JSON]
        switch work.schema {
        case .bool(let value):
            nodes[work.node].boolean = value
            return
        case .object(let value): members = value
        default:
            throw wrong(
                work.place, nil, "must be a schema, which is an object or a boolean, but is \(work.schema.shortened)")
        }
        var site = Site(node: work.node, members: members, place: work.place, resource: work.resource)
        // In draft 7 nothing counts beside $ref, not even $id.
        if resources[site.resource].dialect.draft == .draft7, members["$ref"] != nil {
            try addReference(site, "$ref")
            _ = try schemaMap(site, "definitions")
            return
        }
        try identify(&site, resolve)
        nodes[site.node].resource = site.resource
        try addRules(site)
    }

    // MARK: - Errors

    func pointer(_ place: Place, _ keyword: String?) -> String {
        keyword.map { "\(place.pointer)/\(JSON.escapedForPointer($0))" } ?? place.pointer
    }

    func location(_ place: Place, _ keyword: String?) -> String {
        "\(documents[place.document].name)#\(pointer(place, keyword))"
    }

    /// The error for a schema that breaks the rules of its dialect.
    func wrong(_ place: Place, _ keyword: String?, _ rule: String) -> PluginError {
        PluginError(
            .invalidArgument, "the schema is not valid: \(location(place, keyword)) \(rule)",
            remedy: "Correct the schema", facts: .pointer(pointer(place, keyword)))
    }
}
