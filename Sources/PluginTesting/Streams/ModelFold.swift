internal import PluginCore

/// What the events of an answer add up to: parts by choice in the order in which they first appeared.
struct ModelFold: Sendable {
    enum Slot: Hashable, Sendable {
        case text(choice: Int, block: Int)
        case reasoning(choice: Int, block: Int)
        case tool(choice: Int, index: Int)
        case part(choice: Int, block: Int)

        var choice: Int {
            switch self {
            case .text(let choice, _), .reasoning(let choice, _), .tool(let choice, _), .part(let choice, _): choice
            }
        }
    }

    private var order: [Slot] = []
    private var parts: [Slot: Part] = [:]
    private(set) var openTools: Set<Slot> = []
    private(set) var finished: [Int: StopReason] = [:]
    private(set) var logprobs: [Int: [TokenLogprob]] = [:]
    private(set) var usage = Usage()
    private(set) var warnings: [Warning] = []
    private(set) var rateLimits: [RateLimit] = []
    private(set) var id: String?
    private(set) var model: String?

    /// Choices of which there is content or an end, rising.
    var choices: [Int] { Set(order.map(\.choice)).union(finished.keys).sorted() }

    func parts(of choice: Int) -> [Part] {
        order.filter { $0.choice == choice }.compactMap { slot in
            // A call that is still open has the arguments that came, like an ended one.
            if case .toolCall(var call)? = parts[slot], call.arguments.isEmpty {
                call.arguments = "{}"
                return .toolCall(call)
            }
            return parts[slot]
        }
    }

    func hasBegun(_ slot: Slot) -> Bool { parts[slot] != nil }

    /// The joined deltas of a tool call.
    func arguments(of slot: Slot) -> String {
        if case .toolCall(let call)? = parts[slot] { call.arguments } else { "" }
    }

    func call(of slot: Slot) -> ToolCall? {
        if case .toolCall(let call)? = parts[slot] { call } else { nil }
    }

    var response: ModelResponse {
        var response = ModelResponse(
            id: id, model: model,
            choices: choices.map { choice in
                ModelResponse.Choice(
                    parts: parts(of: choice), stop: finished[choice] ?? StopReason(.other),
                    logprobs: logprobs[choice] ?? [])
            }, usage: usage, warnings: warnings)
        response.rateLimits = rateLimits
        return response
    }

    mutating func add(_ event: ModelEvent) {
        switch event {
        case .started(let id, let model): (self.id, self.model) = (id, model)
        case .text(let choice, let block, let more):
            let slot = Slot.text(choice: choice, block: block)
            if case .text(let text)? = parts[slot] { set(slot, .text(text + more)) } else { set(slot, .text(more)) }
        case .reasoning(let choice, let block, let more, let signature):
            let slot = Slot.reasoning(choice: choice, block: block)
            if case .reasoning(let text, let old)? = parts[slot] {
                set(slot, .reasoning(text + more, signature: signature ?? old))
            } else {
                set(slot, .reasoning(more, signature: signature))
            }
        case .toolStart(let choice, let index, let id, let name):
            let slot = Slot.tool(choice: choice, index: index)
            set(slot, .toolCall(ToolCall(id: id, name: name, arguments: "", index: index)))
            openTools.insert(slot)
        case .toolDelta(let choice, let index, let more):
            let slot = Slot.tool(choice: choice, index: index)
            guard case .toolCall(var call)? = parts[slot] else { return }
            call.arguments += more
            set(slot, .toolCall(call))
        case .toolEnd(let choice, let call):
            let slot = Slot.tool(choice: choice, index: call.index)
            set(slot, .toolCall(call))
            openTools.remove(slot)
        case .part(let choice, let block, let part): set(.part(choice: choice, block: block), part)
        case .logprobs(let choice, let tokens): logprobs[choice, default: []] += tokens
        case .usage(let new): usage = new
        case .rateLimits(let limits): rateLimits = limits
        case .warning(let warning): warnings.append(warning)
        case .finished(let choice, let stop): finished[choice] = stop
        case .raw, .heartbeat, .completed: break
        }
    }

    private mutating func set(_ slot: Slot, _ part: Part) {
        if parts.updateValue(part, forKey: slot) == nil { order.append(slot) }
    }
}
