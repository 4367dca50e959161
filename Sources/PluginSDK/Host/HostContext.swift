internal import PluginABI
internal import PluginBridge
public import PluginCore

/// The host, as a plugin sees it: its log and metrics, and its services. Valid as long as the instance, from any thread.
///
/// A service is asked on behalf of a call, whose deadline and cancellation it obeys:
///
///     let store = try host.keyValues()
///     let seen = try store.get("seen", for: call)
///
/// A plugin's own threads have no call; they open one with ``withCall(deadline:_:)``.
@safe
public struct HostContext: @unchecked Sendable {  // the host's functions may be called from any thread
    public enum LogLevel: UInt32, Sendable { case trace, debug, info, warning, error }
    public enum MetricKind: UInt32, Sendable {
        case counter = 1
        case gauge
        /// In seconds.
        case duration
    }

    let host: UnsafePointer<kw_host>
    /// A folder of the instance's own that outlives versions; nil: keep nothing.
    public let dataFolder: String?
    /// The folder of the plugin's package, to be read only; nil: the plugin came as a file.
    public let packageFolder: String?
    public let instanceName: String
    /// What ``PluginImplementation/handOver(_:)`` of an earlier generation returned; empty = nothing.
    public let state: [UInt8]

    init(
        _ host: UnsafePointer<kw_host>, dataFolder: String?, packageFolder: String?, instanceName: String,
        state: [UInt8]
    ) {
        unsafe self.host = host
        self.dataFolder = dataFolder
        self.packageFolder = packageFolder
        self.instanceName = instanceName
        self.state = state
    }

    /// Name of the host product.
    public var name: String { unsafe ABIReader.repaired(host.pointee.name) }
    public var version: String { unsafe ABIReader.repaired(host.pointee.version) }

    /// The SDK that host and plugin agreed on.
    public var sdk: UInt32 { unsafe host.pointee.sdk }

    /// Writes a line to the host's log. No secrets.
    /// - Parameters:
    ///   - component: the part of the plugin that speaks; empty = the plugin.
    ///   - fields: an object, or null.
    public func log(_ level: LogLevel, _ message: String, component: String = "", fields: JSON = .null) {
        var writer = ABIWriter()
        unsafe host.pointee.log(
            host, level.rawValue, writer.string(component), writer.string(message), writer.json(fields))
        _ = consume writer
    }

    public func metric(_ name: String, _ kind: MetricKind, _ value: Double, labels: [String: String] = [:]) {
        var writer = ABIWriter()
        let labels = unsafe labels.isEmpty ? kw_str() : writer.json(.object(labels.mapValues(JSON.string)))
        unsafe host.pointee.metric(host, writer.string(name), kind.rawValue, value, labels)
        _ = consume writer
    }

    /// The host's clock, which is that of all deadlines.
    public var now: MonotonicTime { unsafe MonotonicTime(nanoseconds: host.pointee.now_ns(host)) }

    // MARK: Calls of the plugin's own

    /// Opens a call, so that a thread of the plugin's own can use host services. It ends with its owner, and has to before
    /// the instance is destroyed.
    /// - Throws: `unavailable` if the host is out of memory; `unsupported` if the host is too old.
    public func openCall(deadline: MonotonicTime? = nil) throws(PluginError) -> OwnCall {
        let (open, close) = unsafe (
            host.field(\.open_call, as: Optional<kw_host_open>.self) ?? nil,
            host.field(\.close_call, as: Optional<kw_host_close>.self) ?? nil
        )
        guard let open = unsafe open, let close = unsafe close else {
            throw PluginError(
                .unsupported, "this host opens no calls for plugins", remedy: "Use services within operations")
        }
        guard let call = unsafe open(host, deadline?.nanoseconds ?? 0) else {
            throw PluginError(.unavailable, "the host opened no call: it is out of memory")
        }
        return unsafe OwnCall(call, host: host, close: close)
    }

    /// Opens a call for the time that `body` takes.
    public func withCall<Result>(
        deadline: MonotonicTime? = nil, _ body: (borrowing PluginCall) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        let own = try openCall(deadline: deadline)
        return try body(own.call)
    }
}

typealias kw_host_open = @convention(c) (UnsafePointer<kw_host>?, Int64) -> UnsafeMutablePointer<kw_call>?
typealias kw_host_close = @convention(c) (UnsafePointer<kw_host>?, UnsafeMutablePointer<kw_call>?) -> Void

/// A call of the plugin's own, ended by its owner's end. For one thread at a time.
@safe
public struct OwnCall: ~Copyable {
    /// What services are asked on behalf of. Takes neither events nor a reply.
    public let call: PluginCall
    private let host: UnsafePointer<kw_host>
    private let close: kw_host_close

    init(_ call: UnsafeMutablePointer<kw_call>, host: UnsafePointer<kw_host>, close: kw_host_close) {
        unsafe self.call = PluginCall(call)
        unsafe self.host = host
        unsafe self.close = close
    }

    deinit { unsafe close(host, call.pointer) }
}

extension UnsafePointer {
    /// A field of a growable struct, or nil if the writer's header did not have it.
    func field<Field>(_ path: KeyPath<Pointee, Field>, as type: Field.Type) -> Field? {
        guard let offset = MemoryLayout<Pointee>.offset(of: path) else { return nil }
        let raw = unsafe UnsafeRawPointer(self)
        guard unsafe Int(raw.load(as: kw_hdr.self).size) >= offset + MemoryLayout<Field>.size else { return nil }
        return unsafe raw.load(fromByteOffset: offset, as: type)
    }
}
