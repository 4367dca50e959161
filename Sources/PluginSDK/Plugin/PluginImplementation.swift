public import PluginCore

/// A plugin written in Swift: a type whose values are the plugin's instances. What it offers it says by conforming to
/// further protocols, one or several: ``ProviderPlugin``, ``EmbedderPlugin``, ``VectorBackendPlugin``,
/// ``ToolExecutorPlugin``, ``ToolPlugin``, ``OperationPlugin``, ``HookPlugin``, ``MessagePlugin``, ``EndpointPlugin``,
/// ``FunctionPlugin``. ``PluginEntry`` finds them all.
///
///     struct Shout: ToolPlugin {
///         static let description = PluginDescription(id: "shout", version: "1.0.0")
///         init(configuration: JSON, host: HostContext) throws(PluginError) {}
///         func tools(_ call: borrowing PluginCall) throws(PluginError) -> [ToolSpecification] {
///             [ToolSpecification(name: "shout", description: "Repeats a text in capitals")]
///         }
///         func invoke(_ tool: ToolCall, _ call: borrowing PluginCall) throws(PluginError) -> ToolOutput {
///             ToolOutput([.text(tool.arguments.uppercased())])
///         }
///     }
///
///     @c(kw_plugin_entry_1)
///     public func entry(
///         host: UnsafePointer<kw_host>?, sdk: UInt32, table: UnsafeMutablePointer<UnsafePointer<kw_plugin>?>?
///     ) -> kw_status {
///         unsafe PluginEntry.export(Shout.self, host, sdk, table)
///     }
///
/// Operations run on host threads, several at once if ``PluginDescription/isConcurrent``; they may block. A Swift trap
/// (an index out of range, a failed precondition) cannot be caught: in process it ends the host.
public protocol PluginImplementation: Sendable {
    /// What the ABI note and the manifest note of the file say, too.
    static var description: PluginDescription { get }

    /// Makes an instance. Several may live at once.
    /// - Parameter configuration: an object.
    /// - Throws: best `configuration`, with the JSON pointer of what is wrong.
    init(configuration: JSON, host: HostContext) throws(PluginError)

    /// Begins work; may follow ``stop(_:)``, then it resumes.
    func start(_ call: borrowing PluginCall) throws(PluginError)

    /// The instance's own opinion of its state. Cheap; must not block for more than a second.
    func health(_ call: borrowing PluginCall) throws(PluginError) -> Health

    /// Ends work: no thread or task of the instance runs when this returns. No operation runs meanwhile. Keeps what
    /// ``start(_:)`` needs to begin again.
    func stop(_ call: borrowing PluginCall) throws(PluginError)

    /// The same, for who wants to know why. Without it ``stop(_:)`` is called.
    func stop(_ reason: QuiesceReason, _ call: borrowing PluginCall) throws(PluginError)

    /// After ``stop(_:)``, if the host wants it: what the next generation of this plugin finds in ``HostContext/state``;
    /// empty = nothing.
    func handOver(_ call: borrowing PluginCall) throws(PluginError) -> [UInt8]
}

extension PluginImplementation {
    public func start(_ call: borrowing PluginCall) throws(PluginError) {}
    public func health(_ call: borrowing PluginCall) throws(PluginError) -> Health { Health(.healthy) }
    public func stop(_ call: borrowing PluginCall) throws(PluginError) {}
    public func stop(_ reason: QuiesceReason, _ call: borrowing PluginCall) throws(PluginError) { try stop(call) }
    public func handOver(_ call: borrowing PluginCall) throws(PluginError) -> [UInt8] { [] }
}

/// A plugin whose living instances take a new configuration; for others the host makes new instances.
public protocol ConfigurablePlugin: PluginImplementation {
    /// Judges a configuration and, unless it is a dry run or has an issue that is an error, applies it whole.
    /// - Returns: what is wrong with it; without an error it was accepted.
    func configure(
        _ configuration: JSON, isDryRun: Bool, _ call: borrowing PluginCall
    ) throws(PluginError) -> [ConfigurationIssue]
}

extension ConfigurationIssue {
    /// - Parameters:
    ///   - pointer: JSON pointer (RFC 6901) of the offending value; empty = the whole document.
    ///   - code: the plugin's own word for programs.
    public init(at pointer: String, _ message: String, code: String? = nil, severity: Severity = .error) {
        self.init(pointer: pointer, message: message, code: code, severity: severity)
    }
}

/// Why an instance has to stop.
public enum QuiesceReason: UInt32, Sendable, CaseIterable {
    /// For good.
    case stop = 1
    /// It may be started again.
    case suspend
    /// Another generation takes over; if that fails, it is started again.
    case swap

    /// A reason that this SDK does not know is like the first.
    init(number: UInt32) { self = Self(rawValue: number) ?? .stop }
}

/// A plugin that schedules work with ``HostSchedule``.
public protocol ScheduledPlugin: PluginImplementation {
    /// A task is due. Runs like an operation, on a host thread.
    func run(_ task: ScheduledTask, _ call: borrowing PluginCall) throws(PluginError)
}

public struct ScheduledTask: Sendable, Hashable {
    /// As ``HostSchedule/add(_:payload:after:every:for:)`` returned it.
    public var id: UInt64
    public var name: String
    public var payload: [UInt8]

    public init(id: UInt64, name: String, payload: [UInt8]) {
        self.id = id
        self.name = name
        self.payload = payload
    }
}

/// A plugin that wants to know which of its calls failed, those included whose failure it did not see, such as a passed
/// deadline.
public protocol FailureObservingPlugin: PluginImplementation {
    /// Never called from within another operation. A message without a code that Keyway knows is `internal`.
    func observe(_ failure: CallFailure, _ call: borrowing PluginCall) throws(PluginError)
}

public struct CallFailure: Sendable, Hashable {
    public var code: PluginError.Code
    /// Such as "embedder.embed".
    public var operation: String
    public var message: String
    /// All that is known of the error, or nil.
    public var reported: PluginError.Facts.Reported?
    /// ``PluginCall/id`` of the call; 0 = there was none.
    public var callID: UInt64
    /// The execution that it belonged to.
    public var executionID: String?
    /// When, on the Unix clock; 0 = not said.
    public var atUnixNanoseconds: Int64
    /// What the host advises.
    public var recovery: String?

    public init(
        code: PluginError.Code, operation: String, message: String, reported: PluginError.Facts.Reported? = nil,
        callID: UInt64 = 0, executionID: String? = nil, atUnixNanoseconds: Int64 = 0, recovery: String? = nil
    ) {
        self.code = code
        self.operation = operation
        self.message = message
        self.reported = reported
        self.callID = callID
        self.executionID = executionID
        self.atUnixNanoseconds = atUnixNanoseconds
        self.recovery = recovery
    }
}
