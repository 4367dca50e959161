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

    init(_ limits: EffectiveLimits, grace: Duration) throws(PluginError) {
        var limits = Self.limits(limits, grace)
        guard let remote = unsafe kww_remote_make(&limits, nil) else {
            throw PluginError(.resourceExhausted, "no memory is left for an instance", stage: .create)
        }
        unsafe self.remote = remote
    }

    deinit { unsafe kww_remote_free(remote) }

    /// Nanoseconds that do not overflow: a thousand years are for ever.
    private static func limits(_ limits: EffectiveLimits, _ grace: Duration) -> kww_limits {
        func nanoseconds(_ kind: LimitKind) -> Int64 {
            limits[kind]?.duration.map { min($0, .seconds(1_000_000_000)).nanoseconds } ?? 0
        }
        func count(_ kind: LimitKind) -> UInt64 { limits[kind].map { UInt64($0.value) } ?? 0 }
        return kww_limits(
            wall_ns: nanoseconds(.wall), cpu_ns: nanoseconds(.cpu), grace_ns: grace.nanoseconds,
            output_bytes: count(.output), events: count(.events))
    }

    @unsafe
    var handle: OpaquePointer { unsafe kww_remote_instance(remote) }

    func set(_ limits: EffectiveLimits, grace: Duration) {
        var limits = Self.limits(limits, grace)
        unsafe kww_remote_set_limits(remote, &limits)
    }

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

    // MARK: - Operations of the plugin's own table

    /// Runs one on this thread.
    func run<Input: BitwiseCopyable, Output: BitwiseCopyable>(
        _ operation: StaticString, _ function: kw_any_op, _ input: inout Input, reply: Output.Type, of id: String,
        _ limits: EffectiveLimits, _ context: CallContext
    ) throws(PluginError) {
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
            guard status != KW_OK else { return nil }
            return unsafe PluginInstance.error(operation, of: id, status, frame, limits)
        }
        if let failure { throw failure }
    }
}
