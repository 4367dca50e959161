internal import CPluginCall
internal import CPluginLinux
internal import CPluginWorker
internal import Logging
internal import PluginABI
internal import PluginBridge
internal import PluginCore
internal import Synchronization

/// A living instance of a plugin in this process, and the one way into it: every operation goes through
/// ``invoke(_:_:_:reply:context:cancellation:sink:isCounted:read:)``, by a caller that has entered ``counter``; see
/// ``InstanceSlot``.
///
/// Sendable although it holds pointers: the tables are copies that nobody writes after `init`, the instance is the plugin's
/// and its contract says how many threads may be in it at once, which `gate` enforces.
@safe
final class PluginInstance: @unchecked Sendable {
    let id: String
    let version: SemanticVersion
    let table: kw_plugin
    let tables: InterfaceTables
    /// Calls that run now, and those that ran.
    let counter = CallCounter()
    /// The range of the plugin's own code.
    let code: kwl_image
    private let handle: OpaquePointer
    /// The processes that it lives in; nil: it lives in this one.
    let pool: WorkerPool?
    let host: HostTable
    /// Learns whether this instance leaves anything behind.
    let unloading: Unloading
    /// The instance's own, which no other instance has used or will use.
    private let hostPointer: UnsafeMutablePointer<kw_host>?
    private let allowsPending: UInt32
    /// Every pointer of a reply is checked to be alive.
    private let checksReplies: Bool
    /// nil: any number of operations at once.
    private let gate: Gate?
    /// How far the end has come. Each of its steps happens once, however many ask for it.
    let end = Mutex(EndStage.living)

    enum EndStage { case living, quiesced, destroyed }

    init(
        id: String, version: SemanticVersion, table: kw_plugin, tables: InterfaceTables, code: kwl_image,
        handle: OpaquePointer, host: HostTable, hostPointer: UnsafeMutablePointer<kw_host>, unloading: Unloading,
        checksReplies: Bool
    ) {
        self.unloading = unloading
        unloading.noteInstance()
        self.checksReplies = checksReplies
        self.id = id
        self.version = version
        unsafe self.table = table
        self.tables = tables
        self.code = code
        unsafe self.handle = handle
        pool = nil
        self.host = host
        unsafe self.hostPointer = hostPointer
        let capabilities = unsafe table.caps
        allowsPending = capabilities & UInt32(KW_CAP_ASYNC) != 0 ? 1 : 0
        let stated = unsafe table.max_concurrency
        let limit = capabilities & UInt32(KW_CAP_CONCURRENT) == 0 ? 1 : stated
        gate = limit == 0 ? nil : Gate(limit: limit)
    }

    /// One that lives in workers: they see to it how many calls each has.
    init(
        id: String, version: SemanticVersion, table: kw_plugin, tables: InterfaceTables, pool: WorkerPool,
        host: HostTable, checksReplies: Bool
    ) {
        unloading = Unloading()
        self.checksReplies = checksReplies
        self.id = id
        self.version = version
        unsafe self.table = table
        self.tables = tables
        code = kwl_image()
        unsafe handle = pool.remote.handle
        self.pool = pool
        self.host = host
        unsafe hostPointer = nil
        allowsPending = 0
        gate = nil
    }

    /// Whoever lets go of an instance without shutting it down, as a load does whose caller has gone, must not leave its
    /// threads behind. No call runs now: each holds the instance.
    deinit {
        shutdown()
        unsafe hostPointer?.deallocate()
        pool?.end()
    }

    /// Is this address code of the plugin's own file?
    func isCode(_ address: UInt) -> Bool {
        var code = code
        return unsafe kwl_is_code(&code, UnsafeRawPointer(bitPattern: address)) == 1
    }

    // MARK: - Calls

    /// Where the events of a call go; the context outlives the call.
    @unsafe
    struct Sink {
        let function: kwc_sink
        let context: UnsafeMutableRawPointer
    }

    /// Runs one operation on this thread and reads its reply while the call's memory lives.
    ///
    /// Allocates nothing unless the context has something to say.
    /// - Parameters:
    ///   - operation: for errors, such as "embedder.embed".
    ///   - isCounted: whether it takes one of the places that `max_concurrency` gives.
    ///   - read: turns the reply into values; pointers in it die when it returns.
    @inline(__always)
    func invoke<Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ operation: StaticString, _ function: kw_any_op, _ input: inout Input, reply: Output.Type,
        context: CallContext, cancellation: Cancellation? = nil, sink: Sink? = nil, isCounted: Bool = true,
        read: (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        if isCounted { gate?.enter() }
        defer { if isCounted { gate?.leave() } }
        var output = zeroed(Output.self)
        return unsafe try call(operation, function, &input, &output, context, cancellation, sink, read)
    }

    /// The same for an operation that the ABI calls [life]. It takes its place in the instance first: an instance that is
    /// busy for long keeps no other of the plugin from being made or destroyed.
    func invokeExclusively<Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ operation: StaticString, _ function: kw_any_op, _ input: inout Input, reply: Output.Type,
        context: CallContext, cancellation: Cancellation? = nil,
        read: (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        var output = zeroed(Output.self)
        return try unsafe invokeExclusively(operation, function, &input, &output, context, cancellation, read)
    }

    /// The same with the reply in the caller's memory, where it also stands if the operation failed after it.
    func invokeExclusively<Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ operation: StaticString, _ function: kw_any_op, _ input: inout Input, _ output: inout Output,
        _ context: CallContext, _ cancellation: Cancellation?,
        _ read: (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        gate?.enter()
        defer { gate?.leave() }
        return try host.exclusively { () throws(PluginError) in
            unsafe try call(operation, function, &input, &output, context, cancellation, nil, read)
        }
    }

    @inline(__always)
    private func call<Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ operation: StaticString, _ function: kw_any_op, _ input: inout Input, _ output: inout Output,
        _ context: CallContext, _ cancellation: Cancellation?, _ sink: Sink?,
        _ read: (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        // The reply is written through this pointer between kwc_begin and kwc_end, all within this function.
        let failure: PluginError
        switch unsafe withUnsafeMutablePointer(
            to: &output,
            { output in
                unsafe perform(operation, function, &input, output, context, cancellation, sink, read)
            })
        {
        case .success(let value): return value
        case .failure(let error): failure = error
        }
        guard let pool, failure.code == .unavailable else { throw failure }
        return unsafe try callAsTrial(
            pool, after: failure, operation, function, &input, &output, context, cancellation, sink, read)
    }

    /// Makes a call that was refused once more if it is to be the one by which a circuit that is half open is tried.
    @inline(never)
    private func callAsTrial<Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ pool: WorkerPool, after refusal: PluginError, _ operation: StaticString, _ function: kw_any_op,
        _ input: inout Input, _ output: inout Output, _ context: CallContext, _ cancellation: Cancellation?,
        _ sink: Sink?, _ read: (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        // How a plugin is that is only asked says nothing of how it serves.
        guard !refusal.isOfPlugin, !"\(operation)".hasPrefix("plugin."), let trial = pool.beginTrial() else {
            throw refusal
        }
        let result = try pool.remote.preferring(trial.process) { () throws(PluginError) in
            unsafe withUnsafeMutablePointer(to: &output) { output in
                unsafe perform(operation, function, &input, output, context, cancellation, sink, read)
            }
        }
        switch result {
        case .success(let value):
            pool.end(trial, isAnswered: true)
            return value
        case .failure(let error):
            // One that its caller gave up says nothing.
            pool.end(trial, isAnswered: error.isOfPlugin && error.code != .cancelled)
            throw error
        }
    }

    @inline(__always)
    private func perform<Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ operation: StaticString, _ function: kw_any_op, _ input: inout Input,
        _ output: UnsafeMutablePointer<Output>, _ context: CallContext, _ cancellation: Cancellation?, _ sink: Sink?,
        _ read: (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) -> Result<Value, PluginError> {
        // It may have waited long for its turn: nobody wants the result any more.
        if let cancellation, cancellation.isCancelled { return .failure(.cancelled(operation, id)) }
        guard let frame = unsafe kwc_begin(output, UInt32(MemoryLayout<Output>.size)) else {
            return .failure(
                PluginError(.resourceExhausted, "no memory is left for a call", plugin: id, operation: "\(operation)"))
        }
        defer { unsafe kwc_end(frame) }
        unsafe frame.pointee.allows_pending = allowsPending
        unsafe host.receiveLog(of: frame)
        if let sink = unsafe sink {
            unsafe frame.pointee.sink = sink.function
            unsafe frame.pointee.sink_context = sink.context
        }
        var inputs = ABIWriter()
        if !context.isPlain { unsafe describe(context, in: frame, &inputs) }
        if let cancellation { unsafe cancellation.attach(frame) }
        defer { cancellation?.detach() }
        if pool != nil { kww_set_rank(context.priority.rank) }
        let status = unsafe withUnsafePointer(to: &input) { input in
            unsafe kwc_invoke(frame, function, handle, input)
        }
        _ = consume inputs
        guard status == KW_OK else {
            return .failure(unsafe Self.error(operation, of: id, status, frame, pool))
        }
        do throws(PluginError) {
            return .success(try read(unsafe output.pointee, unsafe reader(operation, frame)))
        } catch {
            return .failure(error)
        }
    }

    /// For the reply of a call whose frame lives.
    @inline(__always)
    private func reader(_ operation: StaticString, _ frame: UnsafeMutablePointer<kwc_frame>) -> ABIReader {
        guard checksReplies else { return ABIReader(plugin: id, operation: operation) }
        nonisolated(unsafe) let frame = unsafe frame  // read by this thread only, before kwc_end
        return ABIReader(plugin: id, operation: operation) { pointer, count in
            unsafe kwc_holds(frame, pointer, UInt64(count)) == 1 || kwl_is_static(pointer, UInt64(count)) == 1
        }
    }

    private func describe(
        _ context: CallContext, in frame: UnsafeMutablePointer<kwc_frame>, _ inputs: inout ABIWriter
    ) {
        unsafe frame.pointee.call.run_id = inputs.string(context.runID)
        unsafe frame.pointee.call.traceparent = inputs.string(context.traceparent)
        unsafe frame.pointee.call.attributes = inputs.pairs(context.attributes)
        unsafe frame.pointee.call.caller = inputs.string(context.caller)
        let now = kwl_monotonic_ns()
        func deadline(_ duration: Duration?) -> Int64 { duration.map { now.saturatingAdd($0.nanoseconds) } ?? 0 }
        let deadlines = context.deadlines
        unsafe frame.pointee.call.deadline_ns = deadline(deadlines.total)
        unsafe frame.pointee.call.connect_deadline_ns = deadline(deadlines.connect)
        unsafe frame.pointee.call.headers_deadline_ns = deadline(deadlines.headers)
        unsafe frame.pointee.call.first_content_deadline_ns = deadline(deadlines.firstContent)
        unsafe frame.pointee.call.between_chunks_ns = deadlines.betweenChunks?.nanoseconds ?? 0
    }

    // MARK: - Errors

    /// What a failed call left in its frame.
    static func error(
        _ operation: StaticString, of id: String, _ status: kw_status, _ frame: UnsafeMutablePointer<kwc_frame>,
        _ pool: WorkerPool? = nil
    ) -> PluginError {
        if status == KWW_FAULT {
            return WorkerFault.error(
                operation, of: id, pool?.factory.options.limits ?? EffectiveLimits(), refusal: pool?.refusal)
        }
        let misuse = unsafe frame.pointee.misuse
        if misuse != 0 {
            return PluginError(
                .protocolViolation, "\(operation) of \(id) \(Misuse.sentence(misuse))",
                remedy: "Report this to the plugin's author", plugin: id, stage: .call, operation: "\(operation)")
        }
        let code = PluginError.Code(status: status) ?? .internal
        guard unsafe frame.pointee.failed != 0, unsafe frame.pointee.error.status == status else {
            let what = code == .unsupported ? "\(id) does not implement \(operation)" : "\(operation) of \(id) failed"
            return PluginError(
                code, what, facts: .plugin(.init(status: status)), plugin: id, stage: .call, operation: "\(operation)")
        }
        let said = unsafe frame.pointee.error
        let text = unsafe ABIReader.repaired(said.message)
        let retry = unsafe said.retry
        let retryAfter = unsafe said.retry_after_ns
        return PluginError(
            code, text.isEmpty ? "\(operation) of \(id) failed" : text.hasSuffix(".") ? String(text.dropLast()) : text,
            facts: .plugin(unsafe PluginError.Facts.Reported(said)), plugin: id, stage: .call,
            operation: "\(operation)",
            retryable: retry == UInt32(KW_RETRY_YES) ? true : retry == UInt32(KW_RETRY_NO) ? false : nil,
            retryAfter: retryAfter > 0 ? .nanoseconds(retryAfter) : nil)
    }
}

/// What a plugin did against the contract of a call.
enum Misuse {
    private static let sentences: [(UInt32, String)] = [
        (UInt32(KWC_DOUBLE_REPLY), "replied twice"),
        (UInt32(KWC_MISSING_REPLY), "returned success without a reply"),
        (UInt32(KWC_BAD_REPLY), "replied a struct that is no struct of its type"),
        (UInt32(KWC_EMIT_AFTER_REPLY), "emitted an event after its reply"),
        (UInt32(KWC_BAD_EVENT), "emitted an event that is no event"),
        (UInt32(KWC_PENDING_NOT_ALLOWED), "returned PENDING without declaring the ASYNC capability"),
        (UInt32(KWC_DOUBLE_COMPLETE), "completed twice"),
        (UInt32(KWC_BAD_ERROR), "reported an error that is no error struct"),
    ]

    static func sentence(_ bits: UInt32) -> String {
        sentences.filter { bits & $0.0 != 0 }.map(\.1).joined(separator: " and ")
    }
}

extension CallContext {
    /// Nothing that a plugin would have to be told.
    var isPlain: Bool {
        runID.isEmpty && traceparent == nil && attributes.isEmpty && caller == nil && deadlines == Deadlines()
    }
}

extension PluginPriority {
    /// As the queue for workers counts: 0 comes first.
    fileprivate var rank: UInt32 {
        switch self {
        case .critical: 0
        case .high: 1
        case .normal: UInt32(KWW_USUAL_RANK)
        case .low: 3
        case .cleanup: 4
        }
    }
}
