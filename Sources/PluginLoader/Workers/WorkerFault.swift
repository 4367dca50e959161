internal import CPluginWorker
internal import Glibc
internal import PluginABI
internal import PluginCore

extension PluginError {
    /// Did the plugin itself answer with it?
    var isOfPlugin: Bool { if case .plugin = facts { true } else { false } }
}

/// What went wrong between host and worker, as the error that a caller gets.
enum WorkerFault {
    /// The error of this thread's latest call that returned KWW_FAULT.
    /// - Parameter refusal: why its workers take no calls, if they do not.
    static func error(
        _ operation: StaticString, of id: String, _ limits: EffectiveLimits, refusal: CallRefusal?
    ) -> PluginError {
        var fault = kww_fault()
        unsafe kww_take_fault(&fault)
        var error = error(fault, operation, id, limits)
        if fault.kind == KWW_FAULT_REFUSED, let refusal { error = refusal.error }
        error.plugin = id
        error.stage = .call
        error.operation = "\(operation)"
        return error
    }

    private static func error(
        _ fault: kww_fault, _ operation: StaticString, _ id: String, _ limits: EffectiveLimits
    ) -> PluginError {
        let text = text(of: fault)
        switch fault.kind {
        case KWW_FAULT_CRASHED: return crashed(fault, "\(operation) of \(id)", limits)
        case KWW_FAULT_EXITED:
            return PluginError(
                .exited, "\(operation) of \(id) ended its worker with status \(fault.status)",
                remedy: "Report this to the plugin's author: a plugin must not call exit",
                facts: .exit(status: fault.status))
        case KWW_FAULT_LIMIT: return limited(fault, operation, id, limits)
        case KWW_FAULT_PROTOCOL:
            return PluginError(
                .protocolViolation, "the worker of \(id) broke the protocol: \(text)",
                remedy: "Look at what the plugin does with memory that is not its own; its worker was ended")
        case KWW_FAULT_TOO_LARGE:
            return PluginError(
                .resourceExhausted, "\(operation) of \(id): \(text)", remedy: "Split the request",
                facts: .resourceLimit(
                    kind: "message", value: Int64(clamping: fault.value), unit: "bytes", source: "host", setBy: "host"))
        case KWW_FAULT_REFUSED:
            return PluginError(
                .unavailable, text, remedy: "Try again later; if it goes on, look at how its workers end",
                retryAfter: fault.retry_after_ns > 0 ? .nanoseconds(fault.retry_after_ns) : nil)
        case KWW_FAULT_OVERLOADED:
            let limit = limits[.queue] ?? EffectiveLimit(.queue, Int64(clamping: fault.value), source: .host)
            return limit.error("\(operation) of \(id) was not made: too many calls wait for its workers")
        case KWW_FAULT_EXPIRED:
            return PluginError(
                .timeout, "\(operation) of \(id): \(text)", remedy: "Allow it more time, or the plugin more workers",
                facts: .deadline(kind: "total", milliseconds: 0))
        case KWW_FAULT_POISONED:
            return PluginError(
                .poisoned, "this call of \(operation) ended workers of \(id) before, and is not made",
                remedy: "Change what is asked, or wait an hour")
        case KWW_FAULT_CANCELLED: return .cancelled(operation, id)
        case KWW_FAULT_INPUT: return PluginError(.invalidArgument, text, remedy: "Report this: the host made the input")
        case KWW_FAULT_MEMORY: return PluginError(.resourceExhausted, text, remedy: "Ask for less at once")
        default:
            return PluginError(
                .workerLost, "the worker of \(id) that ran \(operation) is gone, though not because of this call",
                remedy: "Try it again", retryable: true)
        }
    }

    private static func text(of fault: kww_fault) -> String {
        unsafe withUnsafeBytes(of: fault.text) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private static func crashed(_ fault: kww_fault, _ what: String, _ limits: EffectiveLimits) -> PluginError {
        // It says so itself: a hint, which changes the error and nothing else.
        if fault.is_memory != 0, let memory = limits[.memory] {
            return memory.error("\(what) found no memory, and ended its worker by \(SignalName.of(fault.signal))")
        }
        if fault.is_filtered != 0 { return filtered(what) }
        if let error = tooLong(fault.signal, what, limits) { return error }
        let address = fault.has_address != 0 ? fault.address : nil
        let facts = PluginError.Facts.crash(
            signal: fault.signal, address: address, isStackOverflow: fault.is_stack != 0)
        let place = address.map { " at address 0x\(String($0, radix: 16))" } ?? ""
        let how = fault.is_stack != 0 ? ", its stack was full" : ""
        return PluginError(
            .crashed, "\(what) ended its worker by \(SignalName.of(fault.signal))\(place)\(how)",
            remedy: "Report this to the plugin's author; a fresh worker serves the next call", facts: facts)
    }

    /// What the kernel does to who writes beyond a file's limit; a plugin that ignores the signal gets EFBIG.
    private static func tooLong(_ signal: Int32, _ what: String, _ limits: EffectiveLimits) -> PluginError? {
        guard signal == SIGXFSZ else { return nil }
        return limits[.fileSize]?.error("\(what) wrote more into a file than it may, and its worker was ended")
    }

    private static func isFiltered(_ facts: kww_facts) -> Bool {
        unsafe withUnsafePointer(to: facts) { unsafe kww_is_filtered($0) != 0 }
    }

    /// It came around the filter of its sandbox, which takes calls of this architecture alone.
    private static func filtered(_ what: String) -> PluginError {
        PluginError(
            .policyViolation,
            "\(what) made a system call of another architecture, which no sandbox lets through, and its worker was ended",
            remedy: "Look at what the plugin is: nothing that a compiler makes for this machine does that",
            facts: .crash(signal: SIGSYS, address: nil, isStackOverflow: false))
    }

    private static func limited(
        _ fault: kww_fault, _ operation: StaticString, _ id: String, _ limits: EffectiveLimits
    ) -> PluginError {
        let kind: LimitKind
        switch fault.limit {
        case KWW_KILL_MEMORY: return lackedMemory("\(operation) of \(id)", limits)
        case KWW_KILL_DEADLINE:
            return .deadlinePassed(.nanoseconds(Int64(clamping: fault.value)), operation, id)
        case KWW_KILL_CPU: kind = .cpu
        case KWW_KILL_OUTPUT: kind = .output
        case KWW_KILL_EVENTS: kind = .events
        case KWW_KILL_DISK: kind = .disk
        default: kind = .wall
        }
        let limit = limits[kind] ?? EffectiveLimit(kind, value(of: fault, kind), source: .host)
        return limit.error(
            "\(operation) of \(id) went beyond a limit, and was ended", plugin: id, operation: "\(operation)")
    }

    /// The kernel has counted, and nothing that a plugin writes changes that.
    private static func lackedMemory(_ what: String, _ limits: EffectiveLimits) -> PluginError {
        let limit = limits[.memory] ?? EffectiveLimit(.memory, 0, source: .host)
        return limit.error(
            "\(what) took more memory than its control group may have, and its worker was ended", by: .cgroup)
    }

    private static func value(of fault: kww_fault, _ kind: LimitKind) -> Int64 {
        kind.unit == .milliseconds ? Int64(clamping: fault.value / 1_000_000) : Int64(clamping: fault.value)
    }

    /// A worker is gone before it was of use.
    static func lost(_ plugin: String) -> PluginError {
        PluginError(
            .workerLost, "a worker of \(plugin) ended before it took calls", remedy: "Try it again", plugin: plugin,
            stage: .create, retryable: true)
    }

    // MARK: - While it was loaded

    static func endedWhileLoading(
        _ facts: kww_facts, _ plugin: String, _ limits: EffectiveLimits
    ) -> PluginError {
        let place =
            switch facts.phase {
            case KWW_PHASE_LIBRARIES: "in the constructors of its libraries"
            case KWW_PHASE_LOAD: "in its constructors"
            case KWW_PHASE_ENTRY: "in its entry"
            case KWW_PHASE_TABLE: "when its table was read"
            default: "before it was loaded"
            }
        var error: PluginError
        if facts.ended == KWW_END_START {
            error = PluginError(
                .unavailable, "its worker could not be started (error \(facts.status))",
                remedy: "Check the limits on processes and memory", facts: .errno(facts.status, call: "fork"))
        } else if facts.ended == KWW_END_ZYGOTE {
            error = PluginError(
                .workerLost, "the process that starts workers is gone", remedy: "Try it again", retryable: true)
        } else if facts.status & 0x7F == 0 {
            let status = facts.status >> 8 & 0xFF
            error = PluginError(
                .exited, "it ended its worker \(place) with status \(status)",
                remedy: "Report this to the plugin's author: a plugin must not call exit", facts: .exit(status: status))
        } else if facts.lacked_memory != 0, facts.status & 0x7F == SIGKILL {
            error = lackedMemory("it \(place)", limits)
        } else if facts.is_memory != 0, facts.signal == facts.status & 0x7F, let memory = limits[.memory] {
            error = memory.error("it found no memory \(place), and ended its worker by \(SignalName.of(facts.signal))")
        } else if isFiltered(facts) {
            error = filtered("it \(place)")
        } else if let tooLong = tooLong(facts.status & 0x7F, "it \(place)", limits) {
            error = tooLong
        } else {
            let signal = facts.status & 0x7F
            let address = facts.signal == signal && facts.has_address != 0 ? facts.address : nil
            let at = address.map { " at address 0x\(String($0, radix: 16))" } ?? ""
            error = PluginError(
                .crashed, "it crashed \(place) by \(SignalName.of(signal))\(at)",
                remedy: "Report this to the plugin's author",
                facts: .crash(signal: signal, address: address, isStackOverflow: false))
        }
        error.plugin = plugin
        error.stage = .load
        return error
    }
}
