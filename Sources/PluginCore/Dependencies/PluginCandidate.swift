/// A version of a plugin that is installed and could be loaded.
public struct PluginCandidate: Sendable, Hashable {
    public var id: String
    public var version: SemanticVersion
    public var relations: PluginRelations
    /// SDKs that the plugin works with.
    public var sdk: SDKRange
    /// The SDK whose headers it was compiled with.
    public var builtSDK: UInt32
    /// "sha256:" and 64 hexadecimal digits, of the plugin's file.
    public var digest: String
    /// Digests of the files beside it that belong to it, likewise: its private libraries, and the manifest beside it. By
    /// their names as seen from its folder.
    public var companions: [String: String] = [:]
    /// Where it is, for messages; nil if that is not known. Copies of one file in several places are one plugin.
    public var file: String?

    /// - Parameter builtSDK: the newest that `sdk` names, unless said otherwise.
    public init(
        id: String, version: SemanticVersion, relations: PluginRelations = PluginRelations(), sdk: SDKRange,
        builtSDK: UInt32? = nil, digest: String, file: String? = nil
    ) {
        self.id = id
        self.version = version
        self.relations = relations
        self.sdk = sdk
        self.builtSDK = builtSDK ?? sdk.maximum ?? sdk.minimum
        self.digest = digest
        self.file = file
    }

    /// "b 1.4.2".
    var title: String { "\(id) \(version)" }

    /// By id, the newest version first.
    static func comesBefore(_ left: Self, _ right: Self) -> Bool {
        if left.id != right.id { return left.id < right.id }
        if left.version < right.version || right.version < left.version { return right.version < left.version }
        if left.version.build != right.version.build {
            return right.version.build ?? "" < left.version.build ?? ""
        }
        return (left.digest, left.file ?? "") < (right.digest, right.file ?? "")
    }

    /// Is it the same plugin, wherever it is?
    func isCopy(of other: Self) -> Bool {
        var copy = self
        copy.file = other.file
        return copy == other
    }
}
