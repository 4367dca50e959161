public import PluginABI
internal import PluginBridge
public import PluginCore

/// One call of an operation, as the operation sees it: who calls, how long it may take, whether it is still wanted. Also
/// what host services are asked on behalf of (``HostContext``).
///
/// Lives as long as the operation and cannot be kept; it costs nothing to hand on. For one thread at a time, except
/// ``isCancelled``, ``cancelDescriptor()`` and ``log(_:_:component:fields:)``.
@safe
public struct PluginCall: ~Copyable {
    @usableFromInline let pointer: UnsafeMutablePointer<kw_call>

    @inlinable
    init(_ pointer: UnsafeMutablePointer<kw_call>) { unsafe self.pointer = pointer }

    // MARK: Cancellation

    /// Has the caller lost interest? One load; ask it in long computations.
    @inlinable
    public var isCancelled: Bool { unsafe kw_cancelled(pointer) != 0 }

    /// Throws `cancelled` if ``isCancelled``.
    @inlinable
    public func checkCancellation() throws(PluginError) {
        if isCancelled { throw Self.cancelled() }
    }

    @usableFromInline
    static func cancelled() -> PluginError { PluginError(.cancelled, "the caller cancelled the call") }

    /// An eventfd that becomes readable once the call is cancelled, for `poll` and the like; nil: the host is out of
    /// descriptors, ask ``isCancelled`` instead. The host's: neither read nor close it. Made on the first request, so that
    /// calls that do not ask do not pay for it.
    public func cancelDescriptor() -> Int32? {
        guard let make = unsafe pointer.pointee.api.pointee.cancel_fd else { return nil }
        let descriptor = unsafe make(pointer)
        return descriptor < 0 ? nil : descriptor
    }

    // MARK: What the caller said

    /// Correlates log lines and traces.
    public var id: UInt64 { unsafe pointer.pointee.id }

    public var deadlines: CallDeadlines {
        func moment(_ nanoseconds: Int64) -> MonotonicTime? {
            nanoseconds == 0 ? nil : MonotonicTime(nanoseconds: nanoseconds)
        }
        let call = unsafe known
        let pause = unsafe call.between_chunks_ns
        return unsafe CallDeadlines(
            total: moment(call.deadline_ns), connect: moment(call.connect_deadline_ns),
            headers: moment(call.headers_deadline_ns), firstContent: moment(call.first_content_deadline_ns),
            betweenChunks: pause == 0 ? nil : .nanoseconds(pause))
    }

    /// The caller's run, for logs; nil if none.
    public var runID: String? { unsafe Self.text(known.run_id) }

    /// W3C trace context, or nil.
    public var traceparent: String? { unsafe Self.text(known.traceparent) }

    /// Id of the plugin on whose behalf the host calls; nil: its own.
    public var caller: String? { unsafe Self.text(known.caller) }

    /// What else the caller said; of names that repeat, the last.
    /// - Throws: `invalidArgument` if they are not what the ABI says.
    public func attributes() throws(PluginError) -> [String: String] {
        try unsafe ABIReader(plugin: "", operation: "call", side: .input).pairs(known.attributes, "attributes")
    }

    // MARK: What can be said in between

    /// Says that something is not done as asked.
    public func warning(_ feature: String, _ message: String) throws(PluginError) {
        try emit(UInt32(KW_EVENT_WARNING), text: message, name: feature)
    }

    /// Says how far the work is.
    /// - Parameter fraction: 0 to 1; nil if nobody can know.
    public func progress(_ fraction: Double?, _ what: String = "") throws(PluginError) {
        guard let fraction else { return try emit(UInt32(KW_EVENT_PROGRESS), text: what) }
        var number = fraction
        try unsafe withUnsafeBytes(of: &number) { bytes throws(PluginError) in
            try unsafe emit(
                UInt32(KW_EVENT_PROGRESS), text: what, data: kw_bytes(ptr: bytes.baseAddress, len: UInt64(bytes.count)))
        }
    }

    /// Says that the plugin is still at work and has nothing to say; keeps a limit on silence from ending the call.
    public func heartbeat() throws(PluginError) { try emit(UInt32(KW_EVENT_HEARTBEAT)) }

    /// Writes a line to the host's log, to which the host adds what it knows of this call. No secrets.
    /// - Parameters:
    ///   - component: the part of the plugin that speaks; empty = the plugin.
    ///   - fields: an object, or null.
    public func log(
        _ level: HostContext.LogLevel, _ message: String, component: String = "", fields: JSON = .null
    ) {
        guard let log = unsafe pointer.pointee.api.field(\.log, as: Optional<Log>.self) ?? nil else { return }
        var writer = ABIWriter()
        unsafe log(pointer, level.rawValue, writer.string(component), writer.string(message), writer.json(fields))
        _ = consume writer
    }

    private typealias Log = @convention(c) (UnsafeMutablePointer<kw_call>?, UInt32, kw_str, kw_str, kw_str) -> Void

    /// What this side knows of the call, whatever the host's header was.
    private var known: kw_call {
        let size = unsafe Int(pointer.pointee.h.size)
        if unsafe size >= MemoryLayout<kw_call>.size { return unsafe pointer.pointee }
        var copy = unsafe zeroed(kw_call.self)
        unsafe withUnsafeMutableBytes(of: &copy) {
            unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: size))
        }
        return unsafe copy
    }

    /// Text of the host for logs and traces: repaired rather than refused.
    private static func text(_ text: kw_str) -> String? { unsafe text.len == 0 ? nil : ABIReader.repaired(text) }
}
