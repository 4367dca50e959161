public import PluginCore

/// What an instance of a plugin is made with.
public struct InstanceOptions: Sendable {
    /// nil: the plugin's id.
    public var name: String?
    /// An object, or null for none.
    public var configuration: JSON
    /// A folder of the instance's own, or nil: it keeps nothing.
    public var dataFolder: String?
    /// The folder of the plugin's package, which it only reads, or nil.
    public var packageFolder: String?
    /// What an earlier generation handed over, or empty.
    public var state: [UInt8]
    /// Is told when the instance is made and about to be started, on the thread that does it.
    package var willStart: @Sendable () -> Void = {}

    public init(
        name: String? = nil, configuration: JSON = .null, dataFolder: String? = nil, packageFolder: String? = nil,
        state: [UInt8] = []
    ) {
        self.name = name
        self.configuration = configuration
        self.dataFolder = dataFolder
        self.packageFolder = packageFolder
        self.state = state
    }
}
