internal import PluginABI
internal import PluginBridge
internal import PluginCore
internal import Synchronization

/// What turns the raw events of a provider into those that a consumer sees.
enum ModelFold {
    enum Raw: Sendable {
        case event(ModelResponseAssembler.Raw)
        case reply(ModelResponse)
    }

    /// Text of one block coalesces while the consumer is behind.
    static let traits = Mailbox<Raw>.Traits(
        cost: { raw in
            switch raw {
            case .event(.text(_, _, let text)), .event(.toolArguments(_, _, let text)): text.utf8.count
            case .event(.reasoning(_, _, let text, let signature)): text.utf8.count + (signature?.count ?? 0)
            case .event(.started(let id, let model)): (id?.utf8.count ?? 0) + (model?.utf8.count ?? 0)
            case .event(.toolBegin(_, _, let id, let name, _)): id.utf8.count + name.utf8.count
            case .event(.warning(let warning)): warning.feature.utf8.count + warning.message.utf8.count
            case .event(.raw(let bytes)): bytes.count
            case .event(.part(_, _, let part)): part.weight
            case .event(.logprobs(_, let tokens)): tokens.reduce(0) { $0 + 64 * (1 + $1.others.count) }
            case .event(.rateLimits(let limits)): limits.count * 64
            // The last element: the call's own memory quota has bounded it.
            case .reply, .event(.toolEnd), .event(.usage), .event(.heartbeat), .event(.finished): 0
            }
        },
        merge: { last, next in join(&last, next) },
        isContent: { raw in
            switch raw {
            case .event(.started), .event(.usage), .event(.rateLimits), .event(.warning), .event(.raw),
                .event(.heartbeat):
                false
            default: true
            }
        })

    /// The text is let go of before it grows: held twice, it would be copied for every piece that joins it.
    private static func join(_ last: inout Raw, _ next: Raw) -> Bool {
        switch next {
        case .event(.text(let choice, let block, let more)):
            guard case .event(.text(choice, block, var text)) = last else { return false }
            last = .event(.heartbeat)
            text += more
            last = .event(.text(choice: choice, block: block, text))
        case .event(.reasoning(let choice, let block, let more, nil)):
            guard case .event(.reasoning(choice, block, var text, nil)) = last else { return false }
            last = .event(.heartbeat)
            text += more
            last = .event(.reasoning(choice: choice, block: block, text, signature: nil))
        default: return false
        }
        return true
    }

    static func fold(_ operation: StaticString, of plugin: String) -> PluginStream<Raw, ModelEvent>.Fold {
        let assembler = Assembler()
        return PluginStream<Raw, ModelEvent>.Fold(
            accept: { raw throws(PluginError) in
                do throws(ModelResponseAssembler.ContractBreach) {
                    return try assembler.accept(raw)
                } catch {
                    throw ABIReader(plugin: plugin, operation: operation).violation(
                        "broke its contract: \(error.reason)")
                }
            },
            complete: { error in
                var error = error
                error.partial = assembler.partial(endedBy: error.code == .cancelled ? .cancelled : .error)
                return error
            })
    }

    private final class Assembler: Sendable {
        private let state = Mutex(ModelResponseAssembler())

        func accept(_ raw: Raw) throws(ModelResponseAssembler.ContractBreach) -> [ModelEvent] {
            try state.withLock { assembler throws(ModelResponseAssembler.ContractBreach) in
                switch raw {
                case .event(let event): try assembler.accept(event)
                case .reply(let response): try assembler.finish(response)
                }
            }
        }

        func partial(endedBy kind: StopReason.Kind) -> ModelResponse? {
            state.withLock { $0.partial(endedBy: kind) }
        }
    }

    /// One event as the ABI has it; nil for a kind that this host does not know and may skip.
    static func decode(_ event: borrowing kw_event, _ reader: ABIReader) throws(PluginError) -> Raw? {
        let (choice, index) = unsafe (Int(event.choice), Int(event.index))
        func text() throws(PluginError) -> String { try unsafe reader.text(event.text, "an event's text") }
        switch unsafe event.kind {
        case UInt32(KW_EVENT_STARTED):
            return .event(
                .started(
                    id: try unsafe reader.optionalText(event.id, "an event's id"),
                    model: try unsafe reader.optionalText(event.name, "an event's name")))
        case UInt32(KW_EVENT_TEXT): return .event(.text(choice: choice, block: index, try text()))
        case UInt32(KW_EVENT_REASONING):
            let signature = try unsafe reader.bytes(event.data, "a signature")
            return .event(
                .reasoning(choice: choice, block: index, try text(), signature: signature.isEmpty ? nil : signature))
        case UInt32(KW_EVENT_TOOL_BEGIN):
            return unsafe .event(
                .toolBegin(
                    choice: choice, index: index, id: try unsafe reader.text(event.id, "an event's id"),
                    name: try unsafe reader.text(event.name, "an event's name"),
                    isProviderExecuted: event.flags & UInt32(KW_PART_PROVIDER_EXECUTED) != 0))
        case UInt32(KW_EVENT_TOOL_ARGS): return .event(.toolArguments(choice: choice, index: index, try text()))
        case UInt32(KW_EVENT_TOOL_END):
            let signature = try unsafe reader.bytes(event.data, "a signature")
            return .event(.toolEnd(choice: choice, index: index, signature: signature.isEmpty ? nil : signature))
        case UInt32(KW_EVENT_USAGE):
            let usage = try unsafe reader.optional(event.payload, of: kw_usage.self, "usage") {
                usage throws(PluginError) in try unsafe Usage(usage, reader)
            }
            guard let usage else { throw reader.violation("emitted USAGE without a payload") }
            return .event(.usage(usage))
        case UInt32(KW_EVENT_WARNING):
            return .event(.warning(try unsafe reader.warning(event)))
        case UInt32(KW_EVENT_PART):
            let part = try unsafe reader.optional(event.payload, of: kw_part.self, "a part") {
                part throws(PluginError) in try unsafe Part(part, reader)
            }
            guard let part else { throw reader.violation("emitted PART without a payload") }
            return .event(.part(choice: choice, block: index, part))
        case UInt32(KW_EVENT_LOGPROBS):
            return .event(
                .logprobs(
                    choice: choice,
                    try unsafe reader.elements(event.payload, of: kw_token_logprob.self, "logprobs") {
                        token throws(PluginError) in try unsafe TokenLogprob(token, reader)
                    }))
        case UInt32(KW_EVENT_RATE_LIMIT):
            return .event(
                .rateLimits(
                    try unsafe reader.elements(event.payload, of: kw_rate_limit.self, "rate limits") {
                        limit throws(PluginError) in try unsafe RateLimit(limit, reader)
                    }))
        case UInt32(KW_EVENT_FINISHED):
            let stop = try unsafe reader.optional(event.payload, of: kw_choice.self, "a choice") {
                choice throws(PluginError) in try unsafe StopReason(choice, reader)
            }
            guard let stop else { throw reader.violation("emitted FINISHED without a payload") }
            return .event(.finished(choice: choice, stop))
        case UInt32(KW_EVENT_RAW): return .event(.raw(try unsafe reader.bytes(event.data, "raw bytes")))
        case UInt32(KW_EVENT_HEARTBEAT), UInt32(KW_EVENT_PROGRESS): return .event(.heartbeat)
        default:
            try unsafe reader.skip(event)
            return nil
        }
    }
}

extension Part {
    /// Bytes of its contents, about.
    fileprivate var weight: Int {
        switch self {
        case .text(let text), .refusal(let text), .reasoning(let text, _): text.utf8.count
        case .sealedReasoning(let bytes): bytes.count
        case .toolCall(let call): call.arguments.utf8.count
        case .toolResult(let result): result.parts.reduce(result.text.utf8.count) { $0 + $1.weight }
        case .media(let media): if case .bytes(let bytes) = media.source { bytes.count } else { 0 }
        case .citation(_, let quotation, _): quotation.utf8.count
        case .approval(_, _, let text), .approvalRequest(_, let text): text.utf8.count
        case .custom(_, let text, _): text.utf8.count
        }
    }
}
