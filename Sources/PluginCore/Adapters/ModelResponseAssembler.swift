/// Checks the events of one answer against the contract of ``ModelEvent`` and folds them into the response.
///
/// A pure state machine: what a plugin emitted goes in, what the consumer may see comes out. Used by every body of a
/// ``ModelProvider`` that receives raw events.
public struct ModelResponseAssembler: Sendable {
    /// An event as a plugin emits it.
    public enum Raw: Sendable {
        case started(id: String?, model: String?)
        case text(choice: Int, block: Int, String)
        case reasoning(choice: Int, block: Int, String, signature: [UInt8]?)
        case toolBegin(choice: Int, index: Int, id: String, name: String, isProviderExecuted: Bool = false)
        case toolArguments(choice: Int, index: Int, String)
        case toolEnd(choice: Int, index: Int, signature: [UInt8]? = nil)
        case part(choice: Int, block: Int, Part)
        case logprobs(choice: Int, [TokenLogprob])
        case usage(Usage)
        case rateLimits([RateLimit])
        case warning(Warning)
        case raw([UInt8])
        case heartbeat
        case finished(choice: Int, StopReason)
    }

    /// What a plugin broke.
    public struct ContractBreach: Error, Sendable, Hashable {
        public let reason: String
    }

    private enum Slot: Hashable, Sendable {
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

    private struct OpenPart: Sendable {
        let slot: Slot
        var text: String
        var signature: [UInt8]?
        var id = ""
        var name = ""
        var isProviderExecuted = false
        var isClosed = false
        /// Of a slot that is a whole part.
        var part: Part?
    }

    private var parts: [OpenPart] = []
    private var position: [Slot: Int] = [:]
    private var hasStarted = false
    private var id: String?
    private var model: String?
    private var usage = Usage()
    private var warnings: [Warning] = []
    private var rateLimits: [RateLimit] = []
    private var logprobs: [Int: [TokenLogprob]] = [:]
    private var finished: [Int: StopReason] = [:]

    public init() {}

    /// Whether anything was streamed that is part of the answer.
    public var hasContent: Bool { !parts.isEmpty }

    /// The events that the consumer sees for one raw event.
    public mutating func accept(_ raw: Raw) throws(ContractBreach) -> [ModelEvent] {
        var events: [ModelEvent] = []
        if case .started(let newID, let newModel) = raw {
            guard !hasStarted else { throw ContractBreach(reason: "STARTED was emitted twice, or after content") }
            hasStarted = true
            (id, model) = (newID, newModel)
            return [.started(id: newID, model: newModel)]
        }
        if !hasStarted {
            hasStarted = true
            events.append(.started(id: nil, model: nil))
        }
        if let choice = raw.choice, finished[choice] != nil {
            throw ContractBreach(reason: "something of choice \(choice) came after its end")
        }
        switch raw {
        case .started: break
        case .text(let choice, let block, let text):
            append(text, to: .text(choice: choice, block: block))
            events.append(.text(choice: choice, block: block, text))
        case .reasoning(let choice, let block, let text, let signature):
            let slot = Slot.reasoning(choice: choice, block: block)
            append(text, to: slot)
            if let signature, let place = position[slot] { parts[place].signature = signature }
            events.append(.reasoning(choice: choice, block: block, text, signature: signature))
        case .toolBegin(let choice, let index, let id, let name, let isProviderExecuted):
            let slot = Slot.tool(choice: choice, index: index)
            guard position[slot] == nil else { throw ContractBreach(reason: "tool call \(index) was begun twice") }
            guard !name.isEmpty else { throw ContractBreach(reason: "tool call \(index) has no name") }
            append("", to: slot)
            parts[parts.count - 1].id = id
            parts[parts.count - 1].name = name
            parts[parts.count - 1].isProviderExecuted = isProviderExecuted
            events.append(.toolStart(choice: choice, index: index, id: id, name: name))
        case .toolArguments(let choice, let index, let text):
            let slot = Slot.tool(choice: choice, index: index)
            guard let place = position[slot], !parts[place].isClosed else {
                throw ContractBreach(reason: "arguments came for tool call \(index), which is not open")
            }
            parts[place].text += text
            events.append(.toolDelta(choice: choice, index: index, text))
        case .toolEnd(let choice, let index, let signature):
            let slot = Slot.tool(choice: choice, index: index)
            guard let place = position[slot], !parts[place].isClosed else {
                throw ContractBreach(reason: "tool call \(index) was ended, but is not open")
            }
            parts[place].isClosed = true
            parts[place].signature = signature
            events.append(.toolEnd(choice: choice, call(parts[place], index)))
        case .part(let choice, let block, let part):
            let slot = Slot.part(choice: choice, block: block)
            guard position[slot] == nil else { throw ContractBreach(reason: "part \(block) was emitted twice") }
            append("", to: slot)
            parts[parts.count - 1].part = part
            events.append(.part(choice: choice, block: block, part))
        case .logprobs(let choice, let tokens):
            logprobs[choice, default: []] += tokens
            events.append(.logprobs(choice: choice, tokens))
        case .finished(let choice, let stop):
            try checkClosed { $0 == choice }
            finished[choice] = stop
            events.append(.finished(choice: choice, stop))
        case .rateLimits(let limits):
            rateLimits = limits
            events.append(.rateLimits(limits))
        case .raw(let bytes): events.append(.raw(bytes))
        case .usage(let new):
            usage = new
            events.append(.usage(new))
        case .warning(let warning):
            warnings.append(warning)
            events.append(.warning(warning))
        case .heartbeat: events.append(.heartbeat)
        }
        return events
    }

    private mutating func append(_ text: String, to slot: Slot) {
        if let place = position[slot] {
            parts[place].text += text
        } else {
            position[slot] = parts.count
            parts.append(OpenPart(slot: slot, text: text))
        }
    }

    private func call(_ part: OpenPart, _ index: Int) -> ToolCall {
        ToolCall(
            id: part.id, name: part.name, arguments: part.text.isEmpty ? "{}" : part.text, index: index,
            isProviderExecuted: part.isProviderExecuted, signature: part.signature)
    }

    /// Ends the answer with what the plugin replied. Parts that the reply carries replace the streamed ones, unless
    /// there were streamed ones; the reply's usage wins.
    public mutating func finish(_ reply: ModelResponse) throws(ContractBreach) -> [ModelEvent] {
        guard !reply.choices.isEmpty else { throw ContractBreach(reason: "the reply says of no choice how it ended") }
        try checkClosed { _ in true }
        if let unknown = Set(parts.map(\.slot.choice)).union(finished.keys).filter({ $0 >= reply.choices.count }).min()
        {
            throw ContractBreach(reason: "choice \(unknown) was streamed, but the reply says nothing of it")
        }
        var events: [ModelEvent] = []
        if !hasStarted {
            hasStarted = true
            (id, model) = (reply.id, reply.model)
            events.append(.started(id: reply.id, model: reply.model))
        }
        var response = reply
        response.id = reply.id ?? id
        response.model = reply.model ?? model
        if reply.usage == Usage() { response.usage = usage }
        response.warnings = warnings + reply.warnings
        if reply.rateLimits.isEmpty { response.rateLimits = rateLimits }
        for (index, choice) in reply.choices.enumerated() {
            let streamed = streamedParts(choice: index)
            if streamed.isEmpty {
                events += Self.events(of: choice.parts, choice: index)
            } else {
                response.choices[index].parts = streamed
            }
            if let tokens = logprobs[index] { response.choices[index].logprobs = tokens }
            if let stop = finished[index] {
                response.choices[index].stop = stop
            } else {
                events.append(.finished(choice: index, choice.stop))
            }
        }
        events.append(.completed(response))
        return events
    }

    private func checkClosed(_ isMeant: (Int) -> Bool) throws(ContractBreach) {
        let open = parts.first { part in
            if case .tool(let choice, _) = part.slot { isMeant(choice) && !part.isClosed } else { false }
        }
        if let open { throw ContractBreach(reason: "tool call \"\(open.name)\" was begun and never ended") }
    }

    /// The events of parts that came whole, with the reply.
    private static func events(of parts: [Part], choice: Int) -> [ModelEvent] {
        parts.enumerated().flatMap { block, part -> [ModelEvent] in
            switch part {
            case .text(let text): [.text(choice: choice, block: block, text)]
            case .reasoning(let text, let signature):
                [.reasoning(choice: choice, block: block, text, signature: signature)]
            case .toolCall(let call):
                [
                    .toolStart(choice: choice, index: call.index, id: call.id, name: call.name),
                    .toolDelta(choice: choice, index: call.index, call.arguments),
                    .toolEnd(choice: choice, call),
                ]
            default: [.part(choice: choice, block: block, part)]
            }
        }
    }

    /// What had arrived, for an error's ``PluginError/partial``; nil if nothing had.
    public func partial(endedBy kind: StopReason.Kind) -> ModelResponse? {
        guard hasContent || usage != Usage() || !warnings.isEmpty || !rateLimits.isEmpty else { return nil }
        let choices = Set(parts.map(\.slot.choice)).sorted()
        var response = ModelResponse(
            id: id, model: model,
            choices: choices.map {
                ModelResponse.Choice(
                    parts: streamedParts(choice: $0), stop: finished[$0] ?? StopReason(kind),
                    logprobs: logprobs[$0] ?? [])
            },
            usage: usage, warnings: warnings)
        response.rateLimits = rateLimits
        return response
    }

    private func streamedParts(choice: Int) -> [Part] {
        parts.compactMap { part in
            switch part.slot {
            case .text(choice, _): .text(part.text)
            case .reasoning(choice, _): .reasoning(part.text, signature: part.signature)
            case .tool(choice, let index): .toolCall(call(part, index))
            case .part(choice, _): part.part
            default: nil
            }
        }
    }
}

extension ModelResponseAssembler.Raw {
    /// The choice whose content the event is.
    fileprivate var choice: Int? {
        switch self {
        case .text(let choice, _, _), .reasoning(let choice, _, _, _), .toolBegin(let choice, _, _, _, _),
            .toolArguments(let choice, _, _), .toolEnd(let choice, _, _), .part(let choice, _, _),
            .logprobs(let choice, _), .finished(let choice, _):
            choice
        case .started, .usage, .rateLimits, .warning, .raw, .heartbeat: nil
        }
    }
}
