internal import CPluginCall
internal import CPluginLinux
internal import CPluginWorker
internal import Glibc
internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// A set of workers that stands for an instance: what operations' stubs are called with.
@safe
final class RemoteInstance: @unchecked Sendable {  // the pointer is written in init only; what it points to locks
    private let remote: OpaquePointer
    private let watch: WorkerWatch?
    private let interfaces: DescribedInterfaces

    /// - Parameter isForLife: whether it is for the plugin's own life only: then nothing is made once more, and what a
    ///   call may put out does not hold.
    init(
        _ options: WorkerOptions, watch: WorkerWatch? = nil, host: HostTable, interfaces: DescribedInterfaces,
        isForLife: Bool = false
    ) throws(PluginError) {
        var limits = Self.limits(options)
        if isForLife { (limits.retry, limits.output_bytes, limits.events) = (KWW_RETRY_NONE, 0, 0) }
        var table = unsafe watch?.table ?? kww_watch()
        unsafe table.host = host.pointer
        unsafe table.interfaces = interfaces.tables.map { unsafe UnsafePointer($0) }
        guard let remote = unsafe kww_remote_make(&limits, &table) else {
            throw PluginError(.resourceExhausted, "no memory is left for an instance", stage: .create)
        }
        unsafe self.remote = remote
        self.watch = watch
        self.interfaces = interfaces
    }

    deinit { unsafe kww_remote_free(remote) }

    /// Nanoseconds that do not overflow: thirty years are for ever.
    private static func limits(_ options: WorkerOptions) -> kww_limits {
        let limits = options.limits
        func nanoseconds(_ kind: LimitKind) -> Int64 {
            limits[kind]?.duration.map { min($0, .seconds(1_000_000_000)).nanoseconds } ?? 0
        }
        func count(_ kind: LimitKind) -> UInt64 { limits[kind].map { UInt64($0.value) } ?? 0 }
        return kww_limits(
            wall_ns: nanoseconds(.wall), cpu_ns: nanoseconds(.cpu), grace_ns: options.grace.nanoseconds,
            output_bytes: count(.output), events: count(.events),
            queue: limits[.queue].map { UInt32(clamping: $0.value) } ?? .max, retry: options.recovery.repeats,
            ageing_ns: min(options.ageing, .seconds(1_000_000_000)).nanoseconds)
    }

    /// Has the limits hold for calls that begin from now on.
    func adopt(_ options: WorkerOptions) {
        var limits = Self.limits(options)
        unsafe kww_remote_set_limits(remote, &limits)
    }

    @unsafe
    var handle: OpaquePointer { unsafe kww_remote_instance(remote) }

    /// Whether the watch is asked about every call.
    func setJudging(_ isJudging: Bool) { unsafe kww_remote_set_judged(remote, isJudging ? 1 : 0) }

    /// Calls that wait for a worker.
    var waiting: Int { Int(unsafe kww_remote_waiting(remote)) }

    // MARK: - Workers

    func attach(_ worker: WorkerProcess) -> Bool { unsafe kww_remote_attach(remote, worker.pointer) == 0 }

    func detach(_ worker: WorkerProcess) { unsafe kww_remote_detach(remote, worker.pointer) }

    /// Waits until its calls have left.
    func remove(_ worker: WorkerProcess) { unsafe kww_remote_remove(remote, worker.pointer) }

    /// Has calls that find no worker fail; nil: wait again.
    func refuse(_ error: PluginError?) {
        guard let error else { return unsafe kww_remote_refuse(remote, nil, 0) }
        unsafe kww_remote_refuse(remote, error.what, error.retryAfter?.nanoseconds ?? 0)
    }

    /// Runs the body with the calls of this thread going to one worker alone, if it has time.
    func preferring<Value>(
        _ worker: WorkerProcess, _ body: () throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        unsafe kww_set_preferred(worker.pointer)
        defer { kww_set_preferred(nil) }
        return try body()
    }

    /// Serves what a worker's plugin asks for outside of calls. Waits for the service.
    func serve(_ worker: WorkerProcess, lane: UInt32) {
        // What no honest worker asks for.
        if unsafe kww_serve(remote, worker.pointer, lane) != 0 { worker.kill(KWW_KILL_PROTOCOL) }
    }

    // MARK: - Operations of the plugin's own table

    /// Runs one on this thread. Pointers in the reply are not to be followed.
    @discardableResult
    func run<Input: BitwiseCopyable, Output: BitwiseCopyable>(
        _ operation: StaticString, _ function: kw_any_op, _ input: inout Input, reply: Output.Type, of id: String,
        _ limits: EffectiveLimits, _ context: CallContext
    ) throws(PluginError) -> Output {
        var output = zeroed(Output.self)
        let failure = unsafe withUnsafeMutablePointer(to: &output) { output -> PluginError? in
            guard let frame = unsafe kwc_begin(output, UInt32(MemoryLayout<Output>.size)) else {
                return PluginError(.resourceExhausted, "no memory is left for a call", plugin: id)
            }
            defer { unsafe kwc_end(frame) }
            if let total = context.deadlines.total {
                unsafe frame.pointee.call.deadline_ns = kwl_monotonic_ns().saturatingAdd(total.nanoseconds)
            }
            let status = unsafe withUnsafePointer(to: &input) { unsafe kwc_invoke(frame, function, handle, $0) }
            if status == KWW_FAULT { return WorkerFault.error(operation, of: id, limits, refusal: nil) }
            return status == KW_OK ? nil : unsafe PluginInstance.error(operation, of: id, status, frame)
        }
        if let failure { throw failure }
        return output
    }
}

extension RecoveryPolicy {
    /// KWW_RETRY_*.
    fileprivate var repeats: UInt32 {
        switch self {
        case .restart, .fallback: KWW_RETRY_LOST
        case .retry: KWW_RETRY_CRASHED
        case .disable, .ignore: KWW_RETRY_NONE
        }
    }
}
