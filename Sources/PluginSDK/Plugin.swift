public import PluginABI
internal import PluginBridge
public import PluginCore

/// A plugin written in Swift: a type whose values are the plugin's instances.
///
///     struct Echo: ProviderPlugin {
///         static let description = PluginDescription(id: "echo", version: "1.0.0")
///         init(configuration: JSON, host: HostContext) throws(PluginError) {}
///         func models() throws(PluginError) -> [Model] { [Model(id: "echo")] }
///         func stream(_ request: ModelRequest, to output: borrowing ModelOutput) throws(PluginError) -> ModelResponse {
///             try output.text(request.lastUserText)
///             return ModelResponse(choices: [.init(parts: [], stop: StopReason(.stop))])
///         }
///     }
///
///     @c(kw_plugin_entry_1)
///     public func entry(
///         host: UnsafePointer<kw_host>?, sdk: UInt32, table: UnsafeMutablePointer<UnsafePointer<kw_plugin>?>?
///     ) -> kw_status {
///         PluginEntry.export(Echo.self, host, sdk, table)
///     }
///
/// Operations run on host threads, several at once if ``PluginDescription/isConcurrent``; they may block. A Swift trap
/// (an index out of range, a failed precondition) cannot be caught: in process it ends the host.
public protocol PluginImplementation: Sendable {
    /// What the ABI note and the manifest note of the file say, too.
    static var description: PluginDescription { get }

    /// Makes an instance.
    /// - Parameter configuration: an object.
    init(configuration: JSON, host: HostContext) throws(PluginError)

    /// Begins work.
    func start() throws(PluginError)

    /// Cheap; under a second.
    func health() throws(PluginError) -> Health

    /// Ends work: no thread or task of the instance runs when this returns.
    func stop() throws(PluginError)
}

extension PluginImplementation {
    public func start() throws(PluginError) {}
    public func health() throws(PluginError) -> Health { Health(isHealthy: true) }
    public func stop() throws(PluginError) {}
}

/// The facts of a plugin's table.
public struct PluginDescription: Sendable {
    public let id: String
    public let version: String
    /// Oldest and newest SDK that the plugin works with; a newest of nil is open.
    public let sdk: SDKRange
    /// Operations of one instance may run at the same time.
    public let isConcurrent: Bool

    public init(
        id: String, version: String, sdk: SDKRange = SDKRange(minimum: KW_SDK, maximum: KW_SDK),
        isConcurrent: Bool = true
    ) {
        self.id = id
        self.version = version
        self.sdk = sdk
        self.isConcurrent = isConcurrent
    }
}

/// The host, as a plugin sees it. Valid as long as the instance.
@safe
public struct HostContext: @unchecked Sendable {  // the host's functions may be called from any thread
    public enum LogLevel: UInt32, Sendable { case trace, debug, info, warning, error }
    public enum MetricKind: UInt32, Sendable {
        case counter = 1
        case gauge, duration
    }

    private let host: UnsafePointer<kw_host>
    /// A folder of the instance's own that outlives versions; nil: keep nothing.
    public let dataFolder: String?
    public let instanceName: String

    init(_ host: UnsafePointer<kw_host>, dataFolder: String?, instanceName: String) {
        unsafe self.host = host
        self.dataFolder = dataFolder
        self.instanceName = instanceName
    }

    /// The SDK that host and plugin agreed on.
    public var sdk: UInt32 { unsafe host.pointee.sdk }

    /// Writes a line to the host's log. No secrets.
    public func log(_ level: LogLevel, _ message: String, fields: JSON = .null) {
        var writer = ABIWriter()
        let fields = unsafe fields == .null ? kw_str() : writer.string(fields.text)
        unsafe host.pointee.log(host, level.rawValue, kw_str(), writer.string(message), fields)
        _ = consume writer
    }

    public func metric(_ name: String, _ kind: MetricKind, _ value: Double, labels: [String: String] = [:]) {
        var writer = ABIWriter()
        let labels =
            unsafe labels.isEmpty
            ? kw_str() : writer.string(JSON.object(labels.mapValues(JSON.string)).text)
        unsafe host.pointee.metric(host, writer.string(name), kind.rawValue, value, labels)
        _ = consume writer
    }
}
