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
            var element = unsafe self.stop(choice.stop, of: index)
            unsafe element.parts = span(parts)
            unsafe element.logprobs = logprobs(choice.logprobs)
            unsafe choices.append(element)
        }
        unsafe output.choices = span(choices)
        if response.usage != Usage() { unsafe output.usage = span([self.usage(response.usage)]) }
        var warnings: [kw_warning] = unsafe []
        for warning in response.warnings {
            unsafe warnings.append(
                kw_warning(h: .of(kw_warning.self), feature: string(warning.feature), message: string(warning.message)))
        }
        unsafe output.warnings = span(warnings)
        unsafe output.rate_limits = rateLimits(response.rateLimits)
        unsafe output.continuation = string(response.continuation)
        unsafe output.service_tier = string(response.serviceTier)
        unsafe output.raw_json = json(response.raw)
        return unsafe output
    }

    /// How a choice stopped, without its content.
    package mutating func stop(_ stop: StopReason, of choice: Int) -> kw_choice {
        var result = unsafe zeroed(kw_choice.self)
        unsafe result.h = .of(kw_choice.self)
        unsafe result.index = UInt32(choice)
        unsafe result.stop = stop.kind.number
        unsafe result.stop_raw = string(stop.raw)
        unsafe result.stop_sequence = string(stop.sequence)
        return unsafe result
    }

    package mutating func logprobs(_ tokens: [TokenLogprob]) -> kw_span {
        var list: [kw_token_logprob] = unsafe []
        for token in tokens {
            unsafe list.append(
                kw_token_logprob(
                    h: .of(kw_token_logprob.self), token: bytes(token.token), logprob: token.logprob,
                    others: logprobs(token.others)))
        }
        return unsafe span(list)
    }

    package mutating func rateLimits(_ limits: [RateLimit]) -> kw_span {
        var list: [kw_rate_limit] = unsafe []
        for limit in limits {
            var set: UInt64 = 0
            if limit.limit != nil { set |= UInt64(KW_RATE_LIMIT) }
            if limit.remaining != nil { set |= UInt64(KW_RATE_REMAINING) }
            unsafe list.append(
                kw_rate_limit(
                    h: .of(kw_rate_limit.self), name: string(limit.name), limit: UInt64(clamping: limit.limit ?? 0),
                    remaining: UInt64(clamping: limit.remaining ?? 0), reset_ns: limit.reset?.nanoseconds ?? 0,
                    set: set))
        }
        return unsafe span(list)
    }

    package mutating func usage(_ usage: Usage) -> kw_usage {
        var flags: UInt64 = 0
        func count(_ value: Int?, _ bit: UInt32) -> UInt64 {
            guard let value else { return 0 }
            flags |= UInt64(bit)
            return UInt64(clamping: value)
        }
        var result = unsafe zeroed(kw_usage.self)
        unsafe result.h = .of(kw_usage.self)
        unsafe result.input = count(usage.input, KW_USAGE_INPUT)
        unsafe result.output = count(usage.output, KW_USAGE_OUTPUT)
        unsafe result.total = count(usage.total, KW_USAGE_TOTAL)
        unsafe result.cache_read = count(usage.cacheRead, KW_USAGE_CACHE_READ)
        unsafe result.cache_write = count(usage.cacheWrite, KW_USAGE_CACHE_WRITE)
        unsafe result.reasoning = count(usage.reasoning, KW_USAGE_REASONING)
        unsafe result.audio_input = count(usage.audioInput, KW_USAGE_AUDIO_INPUT)
        unsafe result.audio_output = count(usage.audioOutput, KW_USAGE_AUDIO_OUTPUT)
        unsafe result.tool_prompt = count(usage.toolPrompt, KW_USAGE_TOOL_PROMPT)
        if usage.isEstimated { flags |= UInt64(KW_USAGE_ESTIMATED) }
        if usage.cost != nil { flags |= UInt64(KW_USAGE_COST) }
        unsafe result.flags = flags
        unsafe result.cost_usd = usage.cost ?? 0
        unsafe result.raw_json = json(usage.raw)
        return unsafe result
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
        case .cancelled: UInt32(KW_STOP_CANCELLED)
        case .error: UInt32(KW_STOP_ERROR)
        case .other: UInt32(KW_STOP_OTHER)
        }
    }
}
