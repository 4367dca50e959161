package import PluginABI
package import PluginCore

extension ABIWriter {
    /// The reply of a provider. Valid as long as this writer.
    package mutating func response(_ response: ModelResponse) -> kw_generate_out {
        var output = unsafe zeroed(kw_generate_out.self)
        unsafe output.h = .of(kw_generate_out.self)
        unsafe output.id = string(response.id)
        unsafe output.model = string(response.model)
        var choices: [kw_choice] = unsafe []
        for (index, choice) in response.choices.enumerated() {
            var parts: [kw_part] = unsafe []
            for part in choice.parts { unsafe parts.append(self.part(part)) }
            unsafe choices.append(
                kw_choice(
                    h: .of(kw_choice.self), index: UInt32(index), stop: choice.stop.kind.number,
                    stop_raw: string(choice.stop.raw), parts: span(parts)))
        }
        unsafe output.choices = span(choices)
        if response.usage != Usage() { unsafe output.usage = span([usage(response.usage)]) }
        var warnings: [kw_warning] = unsafe []
        for warning in response.warnings {
            unsafe warnings.append(
                kw_warning(h: .of(kw_warning.self), feature: string(warning.feature), message: string(warning.message)))
        }
        unsafe output.warnings = span(warnings)
        return unsafe output
    }

    package func usage(_ usage: Usage) -> kw_usage {
        func count(_ value: Int?) -> UInt64 { value.map { UInt64(clamping: $0) } ?? .max }
        return kw_usage(
            h: .of(kw_usage.self), input: count(usage.input), output: count(usage.output), total: count(usage.total),
            cache_read: count(usage.cacheRead), cache_write: count(usage.cacheWrite),
            reasoning: count(usage.reasoning), flags: usage.isEstimated ? UInt64(KW_USAGE_ESTIMATED) : 0)
    }
}

extension StopReason.Kind {
    var number: UInt32 {
        switch self {
        case .stop: UInt32(KW_STOP_END)
        case .stopSequence: UInt32(KW_STOP_SEQUENCE)
        case .length: UInt32(KW_STOP_LENGTH)
        case .contextOverflow: UInt32(KW_STOP_CONTEXT)
        case .toolCalls: UInt32(KW_STOP_TOOL_CALLS)
        case .contentFilter: UInt32(KW_STOP_FILTER)
        case .refusal: UInt32(KW_STOP_REFUSAL)
        case .pause: UInt32(KW_STOP_PAUSE)
        case .cancelled, .error, .other: UInt32(KW_STOP_OTHER)
        }
    }
}
