public import PluginABI
public import PluginCore

/// The facts of a plugin's table. The notes in the file say the same, or the host refuses the plugin.
public struct PluginDescription: Sendable {
    public let id: String
    /// SemVer 2.0.0.
    public let version: String
    /// Oldest and newest SDK that the plugin works with; a newest of nil is open.
    public let sdk: SDKRange
    /// Operations of one instance may run at the same time. `KW_CAP_CONCURRENT` in the ABI note.
    public let isConcurrent: Bool
    /// Calls at a time that are of use; nil = any, or one if the plugin is not concurrent.
    public let maximumConcurrency: Int?

    public init(
        id: String, version: String, sdk: SDKRange = SDKRange(minimum: KW_SDK, maximum: KW_SDK),
        isConcurrent: Bool = true, maximumConcurrency: Int? = nil
    ) {
        self.id = id
        self.version = version
        self.sdk = sdk
        self.isConcurrent = isConcurrent
        self.maximumConcurrency = maximumConcurrency
    }
}
