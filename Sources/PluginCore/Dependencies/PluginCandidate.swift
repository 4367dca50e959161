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

    /// - Parameter builtSDK: the newest that `sdk` names, unless said otherwise.
    public init(
        id: String, version: SemanticVersion, relations: PluginRelations = PluginRelations(), sdk: SDKRange,
        builtSDK: UInt32? = nil, digest: String
    ) {
        self.id = id
        self.version = version
        self.relations = relations
        self.sdk = sdk
        self.builtSDK = builtSDK ?? sdk.maximum ?? sdk.minimum
        self.digest = digest
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
        return left.digest < right.digest
    }
}
