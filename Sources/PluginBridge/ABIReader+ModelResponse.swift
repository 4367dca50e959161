package import PluginABI
package import PluginCore

extension Usage {
    package init(_ usage: borrowing kw_usage, _ reader: ABIReader) throws(PluginError) {
        let flags = unsafe usage.flags
        func count(_ value: UInt64, _ bit: UInt32) -> Int? {
            flags & UInt64(bit) != 0 ? Int(clamping: value) : nil
        }
        unsafe self.init(
            input: count(usage.input, KW_USAGE_INPUT), output: count(usage.output, KW_USAGE_OUTPUT),
            total: count(usage.total, KW_USAGE_TOTAL), cacheRead: count(usage.cache_read, KW_USAGE_CACHE_READ),
            cacheWrite: count(usage.cache_write, KW_USAGE_CACHE_WRITE),
            reasoning: count(usage.reasoning, KW_USAGE_REASONING),
            isEstimated: flags & UInt64(KW_USAGE_ESTIMATED) != 0)
        audioInput = unsafe count(usage.audio_input, KW_USAGE_AUDIO_INPUT)
        audioOutput = unsafe count(usage.audio_output, KW_USAGE_AUDIO_OUTPUT)
        toolPrompt = unsafe count(usage.tool_prompt, KW_USAGE_TOOL_PROMPT)
        if flags & UInt64(KW_USAGE_COST) != 0 {
            let cost = unsafe usage.cost_usd
            guard cost.isFinite, cost >= 0 else { throw reader.violation("replied a cost of \(cost)") }
            self.cost = cost
        }
        raw = try unsafe reader.json(usage.raw_json, "raw usage")
    }
}

extension ModelResponse {
    package init(_ reply: borrowing kw_generate_out, _ reader: ABIReader) throws(PluginError) {
        let choices = try unsafe reader.elements(reply.choices, of: kw_choice.self, "choices") {
            choice throws(PluginError) in
            (
                index: unsafe Int(choice.index),
                choice: Choice(
                    parts: try unsafe reader.elements(choice.parts, of: kw_part.self, "parts") {
                        part throws(PluginError) in try unsafe Part(part, reader)
                    },
                    stop: try unsafe StopReason(choice, reader),
                    logprobs: try unsafe reader.elements(choice.logprobs, of: kw_token_logprob.self, "logprobs") {
                        token throws(PluginError) in try unsafe TokenLogprob(token, reader)
                    })
            )
        }.sorted { $0.index < $1.index }
        guard choices.map(\.index) == Array(choices.indices) else {
            throw reader.violation("replied choices that are not numbered from 0")
        }
        self.init(
            id: try unsafe reader.optionalText(reply.id, "an id"),
            model: try unsafe reader.optionalText(reply.model, "a model"),
            choices: choices.map(\.choice),
            usage: try unsafe reader.optional(reply.usage, of: kw_usage.self, "usage") {
                usage throws(PluginError) in try unsafe Usage(usage, reader)
            } ?? Usage(),
            warnings: try unsafe reader.warnings(reply.warnings))
        rateLimits = try unsafe reader.elements(reply.rate_limits, of: kw_rate_limit.self, "rate limits") {
            limit throws(PluginError) in try unsafe RateLimit(limit, reader)
        }
        continuation = try unsafe reader.optionalText(reply.continuation, "a continuation")
        serviceTier = try unsafe reader.optionalText(reply.service_tier, "a service tier")
        raw = try unsafe reader.json(reply.raw_json, "a raw reply")
    }
}

extension ABIReader {
    package func warnings(_ span: kw_span) throws(PluginError) -> [Warning] {
        try unsafe elements(span, of: kw_warning.self, "warnings") { warning throws(PluginError) in
            Warning(
                feature: try unsafe text(warning.feature, "a warning"),
                message: try unsafe text(warning.message, "a warning"))
        }
    }
}

extension RateLimit {
    package init(_ limit: borrowing kw_rate_limit, _ reader: ABIReader) throws(PluginError) {
        let (set, reset) = unsafe (limit.set, limit.reset_ns)
        self.init(
            name: try unsafe reader.text(limit.name, "a rate limit"),
            limit: set & UInt64(KW_RATE_LIMIT) != 0 ? unsafe Int(clamping: limit.limit) : nil,
            remaining: set & UInt64(KW_RATE_REMAINING) != 0 ? unsafe Int(clamping: limit.remaining) : nil,
            reset: reset == 0 ? nil : .nanoseconds(reset))
    }
}

extension TokenLogprob {
    package init(_ token: borrowing kw_token_logprob, _ reader: ABIReader) throws(PluginError) {
        try unsafe self.init(
            token, reader,
            others: reader.elements(token.others, of: kw_token_logprob.self, "logprobs") {
                other throws(PluginError) in try unsafe TokenLogprob(other, reader, others: [])
            })
    }

    private init(
        _ token: borrowing kw_token_logprob, _ reader: ABIReader, others: [TokenLogprob]
    ) throws(PluginError) {
        let logprob = unsafe token.logprob
        guard logprob <= 0 else { throw reader.violation("replied a log-probability of \(logprob)") }
        self.init(token: try unsafe reader.bytes(token.token, "a token"), logprob: logprob, others: others)
    }
}

extension StopReason {
    package init(_ choice: borrowing kw_choice, _ reader: ABIReader) throws(PluginError) {
        self.init(
            unsafe Kind(number: choice.stop), raw: try unsafe reader.optionalText(choice.stop_raw, "a stop reason"),
            sequence: try unsafe reader.optionalText(choice.stop_sequence, "a stop sequence"))
    }
}

extension StopReason.Kind {
    package init(number: UInt32) {
        switch number {
        case UInt32(KW_STOP_END): self = .stop
        case UInt32(KW_STOP_SEQUENCE): self = .stopSequence
        case UInt32(KW_STOP_LENGTH): self = .length
        case UInt32(KW_STOP_CONTEXT): self = .contextOverflow
        case UInt32(KW_STOP_TOOL_CALLS): self = .toolCalls
        case UInt32(KW_STOP_FILTER): self = .contentFilter
        case UInt32(KW_STOP_REFUSAL): self = .refusal
        case UInt32(KW_STOP_PAUSE): self = .pause
        case UInt32(KW_STOP_CANCELLED): self = .cancelled
        case UInt32(KW_STOP_ERROR): self = .error
        default: self = .other
        }
    }
}

extension Part {
    package init(_ part: borrowing kw_part, _ reader: ABIReader) throws(PluginError) {
        try unsafe self.init(part, reader, isNested: false)
    }

    private init(_ part: borrowing kw_part, _ reader: ABIReader, isNested: Bool) throws(PluginError) {
        let text = try unsafe reader.text(part.text, "a part's text")
        switch unsafe part.kind {
        case UInt32(KW_PART_TEXT): self = .text(text)
        case UInt32(KW_PART_REASONING):
            let signature = try unsafe reader.bytes(part.data, "a signature")
            self =
                unsafe part.flags & UInt32(KW_PART_REDACTED) != 0
                ? .sealedReasoning(signature) : .reasoning(text, signature: signature.isEmpty ? nil : signature)
        case UInt32(KW_PART_TOOL_CALL):
            let signature = try unsafe reader.bytes(part.data, "a signature")
            self = .toolCall(
                ToolCall(
                    id: try unsafe reader.text(part.id, "a tool call's id"),
                    name: try unsafe reader.text(part.name, "a tool's name"), arguments: text, index: 0,
                    isProviderExecuted: unsafe part.flags & UInt32(KW_PART_PROVIDER_EXECUTED) != 0,
                    signature: signature.isEmpty ? nil : signature))
        case UInt32(KW_PART_TOOL_RESULT):
            let parts =
                isNested
                ? []
                : try unsafe reader.elements(part.parts, of: kw_part.self, "parts of a tool result") {
                    inner throws(PluginError) in try unsafe Part(inner, reader, isNested: true)
                }
            self = .toolResult(
                ToolResult(
                    callID: try unsafe reader.text(part.id, "a tool call's id"), text: text, parts: parts,
                    isError: unsafe part.flags & UInt32(KW_PART_ERROR) != 0,
                    isDenied: unsafe part.flags & UInt32(KW_PART_DENIED) != 0))
        case UInt32(KW_PART_DATA):
            let data = try unsafe reader.bytes(part.data, "data")
            self = .media(
                Media(
                    data.isEmpty && !text.isEmpty ? .url(text) : .bytes(data),
                    mediaType: try unsafe reader.text(part.media_type, "a media type"),
                    name: try unsafe reader.optionalText(part.name, "a file's name"),
                    settings: try unsafe reader.json(part.json, "a part's settings")))
        case UInt32(KW_PART_APPROVAL):
            let callID = try unsafe reader.text(part.id, "a tool call's id")
            guard unsafe part.flags & UInt32(KW_PART_ASKS) == 0 else {
                self = .approvalRequest(callID: callID, question: text)
                return
            }
            self = .approval(
                callID: callID,
                isApproved: unsafe part.flags & UInt32(KW_PART_DENIED) == 0, reason: text)
        case UInt32(KW_PART_REFUSAL): self = .refusal(text)
        case UInt32(KW_PART_CITATION):
            self = .citation(
                id: try unsafe reader.text(part.id, "a citation"), quotation: text,
                place: try unsafe reader.json(part.json, "a citation's place"))
        case let kind:
            self = .custom(
                kind: kind, text: text,
                json: try unsafe reader.json(part.json, "a part's json"))
        }
    }
}
