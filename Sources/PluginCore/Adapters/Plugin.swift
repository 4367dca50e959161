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
    public enum State: String, Sendable, CaseIterable {
        case healthy
        /// Works, but somebody should look.
        case warning
        /// Does not work.
        case critical
    }

    public var state: State
    public var message: String?
    public var details: JSON

    /// Can be called.
    public var isHealthy: Bool { state != .critical }

    public init(_ state: State, message: String? = nil, details: JSON = .null) {
        self.state = state
        self.message = message
        self.details = details
    }
}

/// Why a plugin does not take a configuration.
public struct ConfigurationIssue: Sendable, Hashable {
    /// Of the offending value (RFC 6901).
    public var pointer: String
    public var message: String

    public init(pointer: String, message: String) {
        self.pointer = pointer
        self.message = message
    }
}
