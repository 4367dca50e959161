/// The JSON forms that the commands print.
extension ModelResponse {
    public var json: JSON {
        [
            "id": .optional(id, JSON.string), "model": .optional(model, JSON.string),
            "choices": .array(
                choices.map { ["parts": .array($0.parts.map(\.json)), "stop": $0.stop.json] }),
            "usage": usage.json, "warnings": .array(warnings.map(\.json)),
        ]
    }
}

extension Part {
    public var json: JSON {
        switch self {
        case .text(let text): ["type": "text", "text": .string(text)]
        case .reasoning(let text, _): ["type": "reasoning", "text": .string(text)]
        case .toolCall(let call):
            [
                "type": "toolCall", "id": .string(call.id), "name": .string(call.name),
                "arguments": .string(call.arguments), "index": .int(Int64(call.index)),
            ]
        case .toolResult(let id, let text, let isError):
            ["type": "toolResult", "callID": .string(id), "text": .string(text), "isError": .bool(isError)]
        case .data(let bytes, let mediaType):
            ["type": "data", "mediaType": .string(mediaType), "bytes": .int(Int64(bytes.count))]
        case .url(let url, let mediaType): ["type": "url", "url": .string(url), "mediaType": .string(mediaType)]
        case .refusal(let text): ["type": "refusal", "text": .string(text)]
        case .citation(let id, let quotation, let place):
            ["type": "citation", "id": .string(id), "text": .string(quotation), "place": place]
        case .custom(let kind, let text, let json):
            ["type": "custom", "kind": .int(Int64(kind)), "text": .string(text), "value": json]
        }
    }
}

extension StopReason {
    public var json: JSON { ["kind": .string(kind.rawValue), "raw": .optional(raw, JSON.string)] }
}

extension Usage {
    public var json: JSON {
        func number(_ value: Int?) -> JSON { .optional(value) { .int(Int64($0)) } }
        return [
            "input": number(input), "output": number(output), "total": number(total), "cacheRead": number(cacheRead),
            "cacheWrite": number(cacheWrite), "reasoning": number(reasoning), "estimated": .bool(isEstimated),
        ]
    }
}

extension Warning {
    public var json: JSON { ["feature": .string(feature), "message": .string(message)] }
}

extension ModelEvent {
    /// One object with the member `event`.
    public var json: JSON {
        func int(_ value: Int) -> JSON { .int(Int64(value)) }
        switch self {
        case .started(let id, let model):
            return ["event": "started", "id": .optional(id, JSON.string), "model": .optional(model, JSON.string)]
        case .text(let choice, let block, let text):
            return ["event": "text", "choice": int(choice), "block": int(block), "text": .string(text)]
        case .reasoning(let choice, let block, let text, _):
            return ["event": "reasoning", "choice": int(choice), "block": int(block), "text": .string(text)]
        case .toolStart(let choice, let index, let id, let name):
            return [
                "event": "toolStart", "choice": int(choice), "index": int(index), "id": .string(id),
                "name": .string(name),
            ]
        case .toolDelta(let choice, let index, let text):
            return ["event": "toolDelta", "choice": int(choice), "index": int(index), "text": .string(text)]
        case .toolEnd(let choice, let call):
            return [
                "event": "toolEnd", "choice": int(choice), "index": int(call.index), "id": .string(call.id),
                "name": .string(call.name), "arguments": .string(call.arguments),
            ]
        case .usage(let usage): return ["event": "usage", "usage": usage.json]
        case .warning(let warning): return ["event": "warning", "warning": warning.json]
        case .heartbeat: return ["event": "heartbeat"]
        case .finished(let choice, let stop): return ["event": "finished", "choice": int(choice), "stop": stop.json]
        case .completed(let response): return ["event": "completed", "response": response.json]
        }
    }
}
