/// The JSON forms that the commands print.
extension ModelResponse {
    public var json: JSON {
        var members: [String: JSON] = [
            "id": .optional(id, JSON.string), "model": .optional(model, JSON.string),
            "choices": .array(choices.map(\.json)), "usage": usage.json, "warnings": .array(warnings.map(\.json)),
        ]
        if !rateLimits.isEmpty { members["rateLimits"] = .array(rateLimits.map(\.json)) }
        if let continuation { members["continuation"] = .string(continuation) }
        if let serviceTier { members["serviceTier"] = .string(serviceTier) }
        if raw != .null { members["raw"] = raw }
        return .object(members)
    }
}

extension ModelResponse.Choice {
    public var json: JSON {
        var members: [String: JSON] = ["parts": .array(parts.map(\.json)), "stop": stop.json]
        if !logprobs.isEmpty { members["logprobs"] = .array(logprobs.map(\.json)) }
        return .object(members)
    }
}

extension TokenLogprob {
    public var json: JSON {
        [
            "token": .string(String(decoding: token, as: UTF8.self)), "logprob": .double(logprob),
            "others": .array(others.map(\.json)),
        ]
    }
}

extension RateLimit {
    public var json: JSON {
        [
            "name": .string(name), "limit": .optional(limit) { .int(Int64($0)) },
            "remaining": .optional(remaining) { .int(Int64($0)) },
            "resetMs": .optional(reset) { .double($0.milliseconds) },
        ]
    }
}

extension ToolCall {
    var members: [String: JSON] {
        var members: [String: JSON] = [
            "id": .string(id), "name": .string(name), "arguments": .string(arguments), "index": .int(Int64(index)),
        ]
        if isProviderExecuted { members["providerExecuted"] = true }
        return members
    }
}

extension ToolResult {
    public var json: JSON {
        var members: [String: JSON] = [
            "type": "toolResult", "callID": .string(callID), "text": .string(text), "isError": .bool(isError),
        ]
        if isDenied { members["isDenied"] = true }
        if !parts.isEmpty { members["parts"] = .array(parts.map(\.json)) }
        return .object(members)
    }
}

extension Media {
    public var json: JSON {
        var members: [String: JSON] = ["mediaType": .string(mediaType)]
        switch source {
        case .bytes(let bytes):
            members["type"] = "data"
            members["bytes"] = .int(Int64(bytes.count))
        case .url(let url):
            members["type"] = "url"
            members["url"] = .string(url)
        }
        if let name { members["name"] = .string(name) }
        if settings != .null { members["settings"] = settings }
        return .object(members)
    }
}

extension Part {
    public var json: JSON {
        switch self {
        case .text(let text): ["type": "text", "text": .string(text)]
        case .reasoning(let text, _): ["type": "reasoning", "text": .string(text)]
        case .sealedReasoning(let bytes): ["type": "sealedReasoning", "bytes": .int(Int64(bytes.count))]
        case .toolCall(let call): .object(call.members.merging(["type": "toolCall"]) { own, _ in own })
        case .toolResult(let result): result.json
        case .media(let media): media.json
        case .approvalRequest(let callID, let question):
            ["type": "approvalRequest", "callID": .string(callID), "question": .string(question)]
        case .approval(let callID, let isApproved, let reason):
            [
                "type": "approval", "callID": .string(callID), "isApproved": .bool(isApproved),
                "reason": .string(reason),
            ]
        case .refusal(let text): ["type": "refusal", "text": .string(text)]
        case .citation(let id, let quotation, let place):
            ["type": "citation", "id": .string(id), "text": .string(quotation), "place": place]
        case .custom(let kind, let text, let json):
            ["type": "custom", "kind": .int(Int64(kind)), "text": .string(text), "value": json]
        }
    }
}

extension StopReason {
    public var json: JSON {
        var members: [String: JSON] = ["kind": .string(kind.rawValue), "raw": .optional(raw, JSON.string)]
        if let sequence { members["sequence"] = .string(sequence) }
        return .object(members)
    }
}

extension Usage {
    public var json: JSON {
        func number(_ value: Int?) -> JSON { .optional(value) { .int(Int64($0)) } }
        return [
            "input": number(input), "output": number(output), "total": number(total), "cacheRead": number(cacheRead),
            "cacheWrite": number(cacheWrite), "reasoning": number(reasoning), "audioInput": number(audioInput),
            "audioOutput": number(audioOutput), "toolPrompt": number(toolPrompt),
            "costUSD": .optional(cost, JSON.double), "estimated": .bool(isEstimated),
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
            return .object(
                call.members.merging(["event": "toolEnd", "choice": int(choice)]) { own, _ in own })
        case .part(let choice, let block, let part):
            return ["event": "part", "choice": int(choice), "block": int(block), "part": part.json]
        case .logprobs(let choice, let tokens):
            return ["event": "logprobs", "choice": int(choice), "tokens": .array(tokens.map(\.json))]
        case .rateLimits(let limits): return ["event": "rateLimits", "rateLimits": .array(limits.map(\.json))]
        case .raw(let bytes): return ["event": "raw", "text": .string(String(decoding: bytes, as: UTF8.self))]
        case .usage(let usage): return ["event": "usage", "usage": usage.json]
        case .warning(let warning): return ["event": "warning", "warning": warning.json]
        case .heartbeat: return ["event": "heartbeat"]
        case .finished(let choice, let stop): return ["event": "finished", "choice": int(choice), "stop": stop.json]
        case .completed(let response): return ["event": "completed", "response": response.json]
        }
    }
}
