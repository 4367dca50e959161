public import PluginCore

extension ProbeResult {
    /// For programs; what does not apply is null.
    public var json: JSON {
        var members: [String: JSON] = [
            "plugin": .string(plugin), "file": .string(path), "outcome": .string(outcome.name),
            "reason": hasPassed ? nil : .string(reason), "phase": .string(phase.rawValue), "signal": nil,
            "address": nil, "status": nil,
            "backtrace": .array(backtrace.map { .string($0.text) }), "output": .string(output),
            "outputBytes": .int(Int64(clamping: outputBytes)), "durationMs": .double(duration.milliseconds),
        ]
        if case .crashed(let signal, let address) = outcome {
            members["signal"] = .int(Int64(signal))
            members["address"] = .optional(address) { .string("0x\(String($0, radix: 16))") }
        }
        if case .exited(let status) = outcome { members["status"] = .int(Int64(status)) }
        return .object(members)
    }
}
