/// What a plugin says about itself, read from the manifest note of its file, or from a file beside it, before anything of
/// it runs. docs/manifest.md has every member in every spelling.
public struct Manifest: Sendable, Hashable {
    // MARK: Identity

    /// Identity: letters, digits and `_ - . / @`, at most 128 bytes.
    public var id: String
    /// Display name; the id unless said otherwise.
    public var name: String
    public var version: SemanticVersion
    /// provider, embedder, vector-backend, tool-executor, or a word of the plugin's own.
    public var type: String?

    // MARK: Description

    public var description: String?
    public var authors: [ManifestAuthor] = []
    public var license: String?
    public var keywords: [String] = []
    public var categories: [String] = []
    public var tags: [String] = []
    public var homepage: String?
    /// Address of the repository.
    public var repository: String?

    // MARK: The file

    /// The plugin's file, relative to the manifest's folder.
    public var main: String?
    /// Of the plugin's file: 64 hexadecimal digits in lower case.
    public var sha256: String?
    /// Of the plugin's file, as its GNU build id note has it: hexadecimal digits in lower case.
    public var buildID: String?

    // MARK: What it needs

    /// SDKs that the plugin says it works with; nil if it leaves that to the ABI note.
    public var sdk: SDKRange?
    /// Hosts that it is made for; those other than ``HostProduct/name`` have no effect here.
    public var engines: [EngineRequirement] = []
    /// Such as "linux-x86_64"; empty if it leaves that to the file.
    public var platforms: [String] = []
    /// Features of the processor, such as "avx2".
    public var processorFeatures: [String] = []
    /// What the plugin asks for, in the order of the document.
    public var permissions: [PermissionRequest] = []
    public var limits = ResourceLimits()
    /// Other plugins and libraries that it needs, may use, or cannot stand.
    public var relations = PluginRelations()

    // MARK: What it offers

    /// Interface ids, such as "keyway.embedder/1"; empty if the manifest leaves them to the notes.
    public var interfaces: [String] = []
    public var hooks: [Hook] = []
    public var tools: [ToolSpecification] = []
    public var operations: [OperationDescription] = []
    public var endpoints: [Endpoint] = []

    // MARK: How it is run

    public var configuration = ManifestConfiguration()
    public var loading = ManifestLoading()
    /// nil: as the host's policy has it.
    public var isolation: IsolationTier?
    public var health = ManifestHealth()

    // MARK: The document

    /// What its author should know. None of it is an error.
    public var warnings: [ManifestProblem] = []
    /// Members of the document that this version of the host does not read.
    public var unknownKeys: [String] = []
    /// The document as it stands in the note or the file.
    public var document: JSON

    /// JSON Schema of the configuration, if it stands in the manifest.
    public var configSchema: JSON? { configuration.schema?.inlineValue }

    /// - Throws: ``PluginError`` with code `validation` and the JSON pointer of the first member that is wrong.
    public init(_ document: JSON) throws(PluginError) {
        var reader = ManifestReader()
        guard let manifest = Self.read(document, &reader) else {
            let first = reader.problems.first { $0.severity == .error }
            throw (first ?? ManifestProblem(.error, "", "cannot be read")).failure
        }
        self = manifest
    }

    /// Reads a document to its end, whatever is wrong with it.
    public static func read(_ document: JSON) -> ManifestReading {
        var reader = ManifestReader()
        let manifest = read(document, &reader)
        return ManifestReading(manifest: manifest, problems: reader.problems)
    }

    private static func read(_ document: JSON, _ reader: inout ManifestReader) -> Manifest? {
        guard let fields = ManifestFields(document, &reader) else { return nil }
        var manifest = Manifest(identity: fields, document, &reader)
        manifest.readDescription(fields, &reader)
        manifest.readNeeds(fields, &reader)
        manifest.readOffers(fields, &reader)
        guard !reader.hasErrors else { return nil }
        manifest.warnings = reader.problems
        manifest.unknownKeys = fields.unknown
        return manifest
    }

    /// What stands in for an identity that is wrong, until the rest has been read.
    private static let placeholder = SemanticVersion(0, 0, 0)

    private init(identity fields: ManifestFields, _ document: JSON, _ reader: inout ManifestReader) {
        let givenName = reader.string(fields[.name])
        let place = fields[.id] ?? fields[.name]
        let id = reader.string(fields[.id]) ?? givenName
        if let id, let place, !PluginIdentifier.isReadable(id) {
            reader.error(
                place.pointer,
                "\(JSON.string(id).brief) has other characters than letters, digits and _ - . / @, or more than 128")
        } else if place == nil {
            reader.error("/id", "is missing")
        }
        self.id = id ?? ""
        name = givenName ?? self.id
        var version: SemanticVersion?
        if let text = reader.string(fields[.version]), let place = fields[.version] {
            version = SemanticVersion(text)
            if version == nil {
                reader.error(place.pointer, "\(place.json.brief) is not a semantic version such as 1.2.3")
            }
        } else if fields[.version] == nil {
            reader.error("/version", "is missing")
        }
        self.version = version ?? Self.placeholder
        self.document = document
    }
}
