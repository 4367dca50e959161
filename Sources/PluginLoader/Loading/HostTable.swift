internal import CPluginCall
internal import CPluginLinux
internal import Glibc
internal import Logging
internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// The host's side of the ABI as one plugin sees it: a `kw_host` for the entry, and one for each instance.
///
/// Lives for ever, and so does the entry's table: code of a plugin may use it from a thread that nobody can see, also after
/// a refused load.
@safe
final class HostTable: @unchecked Sendable {  // the table is written once, in init, before anybody sees it
    private let table: UnsafeMutablePointer<kw_host>
    private let logger: Logger
    private let metrics: @Sendable (PluginMetric) -> Void
    let plugin: String
    let services: HostServices
    /// One lifecycle operation of the plugin at a time, whichever of its instances it is for: the ABI's [life].
    private let lifecycle = Gate(limit: 1)
    private static let name: StaticString = "keyway"
    private static let version: StaticString = "0.1.0"

    init(
        plugin: String, sdk: UInt32, window: SDKRange, services: HostServices, logger: Logger,
        metrics: @escaping @Sendable (PluginMetric) -> Void
    ) {
        self.plugin = plugin
        self.services = services
        self.logger = logger
        self.metrics = metrics
        unsafe table = .allocate(capacity: 1)
        unsafe table.initialize(to: zeroed(kw_host.self))
        unsafe table.pointee.h = .of(kw_host.self)
        unsafe table.pointee.sdk = sdk
        unsafe table.pointee.sdk_min = window.minimum
        unsafe table.pointee.sdk_max = window.maximum ?? 0
        unsafe table.pointee.name = Self.text(Self.name)
        unsafe table.pointee.version = Self.text(Self.version)
        unsafe table.pointee.host_private = Unmanaged.passRetained(self).toOpaque()
        unsafe table.pointee.get = { host, id in
            let id = unsafe ABIReader.repaired(id)
            return unsafe HostTable.of(host)?.services.table(of: id)
        }
        unsafe table.pointee.now_ns = { _ in kwl_monotonic_ns() }
        unsafe table.pointee.open_call = { host, deadline in
            guard let frame = unsafe kwc_open() else { return nil }
            unsafe HostTable.of(host)?.receiveLog(of: frame)
            unsafe frame.pointee.call.deadline_ns = deadline
            return unsafe withUnsafeMutablePointer(to: &frame.pointee.call) { call in unsafe call }
        }
        unsafe table.pointee.close_call = { _, call in
            guard let frame = unsafe call?.pointee.host_private else { return }
            unsafe kwc_end(frame.assumingMemoryBound(to: kwc_frame.self))
        }
        unsafe table.pointee.log = { host, level, component, message, fields in
            guard let table = unsafe HostTable.of(host) else { return }
            unsafe table.log(level, component, message, fields)
        }
        unsafe table.pointee.metric = { host, name, kind, value, labels in
            guard let table = unsafe HostTable.of(host) else { return }
            unsafe table.metric(name, kind, value, labels)
        }
    }

    /// The entry's table. Valid for ever.
    @unsafe
    var pointer: UnsafePointer<kw_host> { unsafe UnsafePointer(table) }

    /// A table for one instance, which the caller frees when the instance is no more.
    @unsafe
    func makeInstanceTable() -> UnsafeMutablePointer<kw_host> {
        let copy = UnsafeMutablePointer<kw_host>.allocate(capacity: 1)
        unsafe copy.initialize(to: table.pointee)
        return unsafe copy
    }

    /// Runs a lifecycle operation when no other of this plugin runs.
    func exclusively<Value>(_ body: () throws(PluginError) -> Value) throws(PluginError) -> Value {
        lifecycle.enter()
        defer { lifecycle.leave() }
        return try body()
    }

    /// Has what the plugin logs on behalf of a call written with the call's number and run.
    @inline(__always)
    func receiveLog(of frame: UnsafeMutablePointer<kwc_frame>) {
        unsafe frame.pointee.log_context = Unmanaged.passUnretained(self).toOpaque()
        unsafe frame.pointee.log = { context, call, level, component, message, fields in
            guard let context = unsafe context else { return }
            let table = unsafe Unmanaged<HostTable>.fromOpaque(context).takeUnretainedValue()
            guard let call = unsafe call else { return }
            unsafe table.log(
                level, component, message, fields, number: call.pointee.id, run: call.pointee.run_id)
        }
    }

    func log(_ level: Logger.Level, _ component: String, _ message: String) {
        logger.log(
            level: level, "\(message)", metadata: ["plugin": .string(plugin), "component": .string(component)])
    }

    static func of(_ host: UnsafePointer<kw_host>?) -> HostTable? {
        guard let opaque = unsafe host?.pointee.host_private else { return nil }
        return unsafe Unmanaged<HostTable>.fromOpaque(opaque).takeUnretainedValue()
    }

    private static func text(_ text: StaticString) -> kw_str {
        unsafe kw_str(
            ptr: UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self),
            len: UInt64(text.utf8CodeUnitCount))
    }

    /// - Parameter number: of the call on whose behalf the plugin logs, 0 = none.
    func log(
        _ level: UInt32, _ component: kw_str, _ message: kw_str, _ fields: kw_str, number: UInt64 = 0,
        run: kw_str = unsafe kw_str()
    ) {
        let level: Logger.Level =
            switch level {
            case UInt32(KW_LOG_TRACE): .trace
            case UInt32(KW_LOG_DEBUG): .debug
            case UInt32(KW_LOG_INFO): .info
            case UInt32(KW_LOG_WARNING): .warning
            default: .error
            }
        guard level >= logger.logLevel else { return }
        var metadata: Logger.Metadata = ["plugin": .string(plugin)]
        if number != 0 {
            metadata["call"] = .stringConvertible(number)
            let run = unsafe ABIReader.repaired(run)
            if !run.isEmpty { metadata["run"] = .string(run) }
        }
        let component = unsafe ABIReader.repaired(component)
        if !component.isEmpty { metadata["component"] = .string(component) }
        let fields = unsafe ABIReader.repaired(fields)
        if !fields.isEmpty {
            // What is not an object is kept as it came: a log line is never lost for its form.
            if let members = (try? JSON(parsing: fields, what: "log fields"))?.objectValue {
                for (key, value) in members { metadata[key] = .string(value.stringValue ?? value.text) }
            } else {
                metadata["fields"] = .string(fields)
            }
        }
        let text = unsafe ABIReader.repaired(message)
        logger.log(level: level, "\(text)", metadata: metadata)
    }

    func metric(_ name: kw_str, _ kind: UInt32, _ value: Double, _ labels: kw_str) {
        let metricKind: PluginMetric.Kind
        switch kind {
        case UInt32(KW_INSTRUMENT_COUNTER): metricKind = .counter
        case UInt32(KW_INSTRUMENT_GAUGE): metricKind = .gauge
        case UInt32(KW_INSTRUMENT_DURATION): metricKind = .duration
        default: return
        }
        // Metrics systems trap on what is no measurement: not a number, a counter that falls, negative time.
        guard value.isFinite, metricKind == .gauge || value >= 0 else {
            let text = unsafe ABIReader.repaired(name)
            return log(.warning, "metrics", "the value \(value) of \(text) was dropped: it is no \(metricKind)")
        }
        var pairs: [String: String] = [:]
        let labels = unsafe ABIReader.repaired(labels)
        if !labels.isEmpty, let members = (try? JSON(parsing: labels, what: "metric labels"))?.objectValue {
            for (key, value) in members { pairs[key] = value.stringValue ?? value.text }
        }
        metrics(
            PluginMetric(
                plugin: plugin, name: unsafe ABIReader.repaired(name), kind: metricKind, value: value, labels: pairs))
    }
}

/// A number that a plugin reported about itself.
public struct PluginMetric: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case counter, gauge
        /// Seconds.
        case duration
    }

    public let plugin: String
    public let name: String
    public let kind: Kind
    public let value: Double
    public let labels: [String: String]

    public init(plugin: String, name: String, kind: Kind, value: Double, labels: [String: String] = [:]) {
        self.plugin = plugin
        self.name = name
        self.kind = kind
        self.value = value
        self.labels = labels
    }
}
