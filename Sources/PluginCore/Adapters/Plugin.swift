/// What every living plugin has in common, whichever body it has: a vtable in this process, a worker's, an author's type
/// or a double.
public protocol Plugin: Sendable {
    var id: String { get }
    var version: SemanticVersion { get }

    /// The plugin's own opinion of its state. Cheap.
    func health(_ context: CallContext) async throws(PluginError) -> Health

    /// Ends its work and frees it; afterwards every call throws `disabled`. Calling it twice does nothing more.
    func shutdown() async
}

public struct Health: Sendable, Hashable {
    public var isHealthy: Bool
    public var message: String?
    public var details: JSON

    public init(isHealthy: Bool, message: String? = nil, details: JSON = .null) {
        self.isHealthy = isHealthy
        self.message = message
        self.details = details
    }
}
