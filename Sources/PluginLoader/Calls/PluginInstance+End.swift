internal import CPluginCall
internal import Logging
internal import PluginABI
internal import PluginBridge
internal import PluginCore
internal import Synchronization

/// Why an instance is to stop its work.
enum QuiesceReason {
    /// For good.
    case stop
    /// Start may follow.
    case suspend
    /// Another generation takes over; start may follow if that fails.
    case swap

    var number: UInt32 {
        switch self {
        case .stop: UInt32(KW_QUIESCE_STOP)
        case .suspend: UInt32(KW_QUIESCE_SUSPEND)
        case .swap: UInt32(KW_QUIESCE_SWAP)
        }
    }
}

/// What an instance said when it stopped its work.
struct Quiesced: Sendable {
    /// Threads of the plugin that still run.
    var threadsLeft = 0
    /// What the next generation's create is given; empty if the plugin hands nothing over.
    var state: [UInt8] = []
}

/// The end of an instance: drain, quiesce, destroy. Whoever ends it keeps its image meanwhile.
extension PluginInstance {
    /// The most that a plugin may hand over, in bytes.
    static let stateLimit = 64 << 20

    /// Has the plugin stop its threads and timers. Only when the counter is drained.
    func quiesce(
        _ reason: QuiesceReason, wantsState: Bool, _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> Quiesced {
        guard let function = unsafe table.quiesce else { return Quiesced() }
        var input = kw_quiesce_in(
            h: .of(kw_quiesce_in.self), reason: reason.number,
            flags: wantsState ? UInt32(KW_QUIESCE_WANTS_STATE) : 0)
        var output = unsafe zeroed(kw_quiesce_out.self)
        // The reply itself has moved the state, whatever the operation returned then.
        defer { unsafe Self.release(output.state) }
        let quiesced = try unsafe invokeExclusively(
            "plugin.quiesce", unsafeBitCast(function, to: kw_any_op.self), &input, &output, context, cancellation
        ) { reply, reader throws(PluginError) in
            Quiesced(
                threadsLeft: unsafe Int(reply.threads_left),
                state: wantsState ? try unsafe Self.state(reply.state, reader) : [])
        }
        if quiesced.threadsLeft > 0 { unloading.pin() }
        end.withLock { end in if case .living = end { end = .quiesced } }
        pool?.quiesced()
        return quiesced
    }

    private static func state(_ lease: kw_lease, _ reader: ABIReader) throws(PluginError) -> [UInt8] {
        guard unsafe lease.len > 0 else { return [] }
        guard let start = unsafe lease.ptr, unsafe lease.len <= UInt64(stateLimit) else {
            throw reader.violation(
                unsafe "handed over \(lease.len) bytes of state; a host takes \(stateLimit), with a pointer to them")
        }
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(lease.len)))
    }

    /// What a plugin hands over is freed by it.
    private static func release(_ lease: kw_lease) {
        guard let release = unsafe lease.release else { return }
        var lease = unsafe lease
        unsafe release(&lease)
    }

    /// Frees the instance, once. Only when the counter is drained; quiesces first if nobody has.
    func destroy() {
        let isLiving = end.withLock { end in
            defer { end = .destroyed }
            switch end {
            case .living: return true as Bool?
            case .quiesced: return false
            case .destroyed: return nil
            }
        }
        guard let isLiving else { return }
        if isLiving {
            logging("plugin.quiesce") { () throws(PluginError) in
                _ = try quiesce(.stop, wantsState: false, CallContext(), nil)
            }
        }
        // No table is imported without one.
        guard let function = unsafe table.destroy else { return }
        logging("plugin.destroy") { () throws(PluginError) in
            var input = kw_none(h: .of(kw_none.self))
            unsafe try invokeExclusively(
                "plugin.destroy", unsafeBitCast(function, to: kw_any_op.self), &input, reply: kw_none.self,
                context: CallContext()
            ) { _, _ throws(PluginError) in }
        }
        unloading.noteDestroyed()
        pool?.end()
    }

    /// A last call, whose failure can only be logged.
    private func logging(_ operation: String, _ body: () throws(PluginError) -> Void) {
        do throws(PluginError) {
            try body()
        } catch {
            unloading.pin()
            host.log(.warning, operation, error.message)
        }
    }

    /// Refuses new calls, waits for those that run, then quiesces and destroys the instance.
    func shutdown() {
        counter.close()
        counter.waitUntilDrained()
        destroy()
    }
}
