package import PluginABI
package import PluginCore

extension Usage {
    package init(_ usage: borrowing kw_usage) {
        func count(_ value: UInt64) -> Int? { value == .max ? nil : Int(clamping: value) }
        self.init(
            input: count(usage.input), output: count(usage.output), total: count(usage.total),
            cacheRead: count(usage.cache_read), cacheWrite: count(usage.cache_write),
            reasoning: count(usage.reasoning), isEstimated: usage.flags & UInt64(KW_USAGE_ESTIMATED) != 0)
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
                    stop: StopReason(
                        unsafe StopReason.Kind(number: choice.stop),
                        raw: try unsafe reader.optionalText(choice.stop_raw, "a stop reason")))
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
                usage throws(PluginError) in Usage(usage)
            } ?? Usage(),
            warnings: try unsafe reader.elements(reply.warnings, of: kw_warning.self, "warnings") {
                warning throws(PluginError) in
                Warning(
                    feature: try unsafe reader.text(warning.feature, "a warning"),
                    message: try unsafe reader.text(warning.message, "a warning"))
            })
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
        default: self = .other
        }
    }
}

extension Part {
    package init(_ part: borrowing kw_part, _ reader: ABIReader) throws(PluginError) {
        let text = try unsafe reader.text(part.text, "a part's text")
        switch unsafe part.kind {
        case UInt32(KW_PART_TEXT): self = .text(text)
        case UInt32(KW_PART_REASONING):
            let signature = try unsafe reader.bytes(part.data, "a signature")
            self = .reasoning(text, signature: signature.isEmpty ? nil : signature)
        case UInt32(KW_PART_TOOL_CALL):
            self = .toolCall(
                ToolCall(
                    id: try unsafe reader.text(part.id, "a tool call's id"),
                    name: try unsafe reader.text(part.name, "a tool's name"), arguments: text, index: 0))
        case UInt32(KW_PART_TOOL_RESULT):
            self = .toolResult(
                callID: try unsafe reader.text(part.id, "a tool call's id"), text: text,
                isError: unsafe part.flags & UInt32(KW_PART_ERROR) != 0)
        case UInt32(KW_PART_DATA):
            let mediaType = try unsafe reader.text(part.media_type, "a media type")
            let data = try unsafe reader.bytes(part.data, "data")
            self = data.isEmpty ? .url(text, mediaType: mediaType) : .data(data, mediaType: mediaType)
        case UInt32(KW_PART_REFUSAL): self = .refusal(text)
        case UInt32(KW_PART_CITATION):
            self = .citation(
                id: try unsafe reader.text(part.id, "a citation"), quotation: text,
                place: try JSON(optional: try unsafe reader.text(part.json, "a citation"), what: "a citation's place"))
        case let kind:
            self = .custom(
                kind: kind, text: text,
                json: try JSON(optional: try unsafe reader.text(part.json, "a part"), what: "a part's json"))
        }
    }
}

extension JSON {
    /// Empty text is null.
    package init(optional text: String, what: String) throws(PluginError) {
        self = text.isEmpty ? .null : try JSON(parsing: text, what: what)
    }
}
