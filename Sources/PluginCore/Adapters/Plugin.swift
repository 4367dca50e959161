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

/// What a plugin has to say against a configuration. One that is an error keeps all of it from being taken.
public struct ConfigurationIssue: Sendable, Hashable {
    public enum Severity: String, Sendable, CaseIterable { case error, warning }

    /// Of the offending value (RFC 6901); empty = the whole document.
    public var pointer: String
    public var message: String
    /// The plugin's own word for programs, such as "too-large".
    public var code: String?
    public var severity: Severity

    public init(pointer: String, message: String, code: String? = nil, severity: Severity = .error) {
        self.pointer = pointer
        self.message = message
        self.code = code
        self.severity = severity
    }
}
