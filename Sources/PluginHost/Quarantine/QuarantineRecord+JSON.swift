public import PluginCore

extension QuarantineRecord {
    /// As it is shown: as it is kept, and in which ``state(at:)`` it is.
    public func json(at now: Int64) -> JSON {
        guard case .object(var members) = json else { return json }
        members["state"] = .string(state(at: now).rawValue)
        return .object(members)
    }

    /// As it is kept. Times are in seconds since 1970; what does not apply is null.
    var json: JSON {
        [
            "plugin": .string(plugin), "file": .optional(file) { .string($0) }, "by": .string(origin.rawValue),
            "code": .string(failure.code), "reason": .string(failure.reason),
            "phase": .optional(failure.phase) { .string($0) },
            "signal": .optional(failure.signal) { .int(Int64($0)) },
            "address": .optional(failure.address) { .string("0x\(String($0, radix: 16))") },
            "exitStatus": .optional(failure.exitStatus) { .int(Int64($0)) },
            "backtrace": .array(failure.backtrace.map(JSON.string)), "output": .string(failure.output),
            "inputs": .optional(inputs) { inputs in
                [
                    "sha256": .string(inputs.digest), "sdkMin": .int(Int64(inputs.sdk.minimum)),
                    "sdkMax": .optional(inputs.sdk.maximum) { .int(Int64($0)) },
                ]
            },
            "attempts": .int(Int64(attempts)), "since": .int(since), "until": .optional(until) { .int($0) },
        ]
    }

    /// nil if it is no record of this version.
    init?(_ json: JSON) {
        guard let plugin = json["plugin"]?.stringValue, let code = json["code"]?.stringValue,
            let origin = json["by"]?.stringValue.flatMap(Origin.init), let reason = json["reason"]?.stringValue,
            let attempts = json["attempts"]?.intValue, attempts >= 0, let since = json["since"]?.intValue,
            let backtrace = json["backtrace"]?.arrayValue, let output = json["output"]?.stringValue
        else { return nil }
        self.plugin = plugin
        self.origin = origin
        self.attempts = Int(clamping: attempts)
        self.since = since
        file = json["file"]?.stringValue
        until = json["until"]?.intValue
        failure = QuarantineFailure(code: code, reason: reason, phase: json["phase"]?.stringValue)
        failure.signal = json["signal"]?.intValue.map { Int32(clamping: $0) }
        failure.address = json["address"]?.stringValue.flatMap { UInt64($0.dropFirst(2), radix: 16) }
        failure.exitStatus = json["exitStatus"]?.intValue.map { Int32(clamping: $0) }
        failure.backtrace = backtrace.compactMap(\.stringValue)
        failure.output = output
        inputs = nil
        guard let kept = json["inputs"], kept != .null else {
            // A failure without its inputs would never be void.
            if origin != .operator { return nil }
            return
        }
        guard let digest = kept["sha256"]?.stringValue,
            let minimum = kept["sdkMin"]?.intValue.flatMap(UInt32.init(exactly:)), let maximum = kept["sdkMax"]
        else { return nil }
        let highest = maximum.intValue.flatMap(UInt32.init(exactly:))
        guard minimum > 0, maximum == .null || highest.map({ $0 >= minimum }) == true else { return nil }
        inputs = QuarantineInputs(digest: digest, sdk: SDKRange(minimum: minimum, maximum: highest))
    }
}
