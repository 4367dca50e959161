/// A plugin that is installed and takes no part in a resolution, such as one that an operator disabled.
public struct LeftOutPlugin: Sendable, Hashable {
    public var id: String
    /// nil if it is not known.
    public var version: SemanticVersion?
    /// Names that it would answer to besides its id.
    public var provides: [PluginRelations.Provision]
    /// Why, as a sentence without a capital and a final full stop: "it is disabled".
    public var reason: String
    /// What to do about it, as a sentence without a final full stop.
    public var remedy: String?

    public init(
        id: String, version: SemanticVersion?, provides: [PluginRelations.Provision] = [], reason: String,
        remedy: String?
    ) {
        self.id = id
        self.version = version
        self.provides = provides
        self.reason = reason
        self.remedy = remedy
    }

    /// "b 1.4.2".
    var title: String { version.map { "\(id) \($0)" } ?? id }

    /// Would it meet a demand? So too if its version is not known.
    func fits(_ name: String, _ range: VersionRange?) -> Bool {
        let isVersionRight = { (version: SemanticVersion?) in
            guard let range, let version else { return true }
            return range.contains(version)
        }
        return id == name && isVersionRight(version)
            || provides.contains { $0.name == name && isVersionRight($0.version) }
    }
}
