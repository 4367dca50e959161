import PluginCore
import Testing

@Suite("The fold of a model's events")
struct AssemblerTests {
    typealias Raw = ModelResponseAssembler.Raw

    private static let stop = ModelResponse.Choice(parts: [], stop: StopReason(.stop))

    /// Every event that a plugin's events become, the reply's included.
    private func events(_ raws: [Raw], reply: ModelResponse = ModelResponse(choices: [stop]))
        throws(ModelResponseAssembler.ContractBreach) -> [ModelEvent]
    {
        var assembler = ModelResponseAssembler()
        var events: [ModelEvent] = []
        for raw in raws { events += try assembler.accept(raw) }
        return events + (try assembler.finish(reply))
    }

    private func breach(_ raws: [Raw], reply: ModelResponse = ModelResponse(choices: [stop])) -> String? {
        do throws(ModelResponseAssembler.ContractBreach) {
            _ = try events(raws, reply: reply)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test(
        "a breach of the contract is named",
        arguments: [
            ([.started(id: nil, model: nil), .started(id: nil, model: nil)], "STARTED"),
            ([.text(choice: 0, block: 0, "a"), .started(id: nil, model: nil)], "after content"),
            ([.toolArguments(choice: 0, index: 0, "{")], "not open"), ([.toolEnd(choice: 0, index: 0)], "not open"),
            ([.toolBegin(choice: 0, index: 0, id: "i", name: "")], "no name"),
            ([.toolBegin(choice: 0, index: 0, id: "i", name: "n")], "never ended"),
            (
                [
                    .toolBegin(choice: 0, index: 0, id: "i", name: "n"),
                    .toolBegin(choice: 0, index: 0, id: "i", name: "n"),
                ], "begun twice"
            ),
            (
                [
                    .toolBegin(choice: 0, index: 0, id: "i", name: "n"), .toolEnd(choice: 0, index: 0),
                    .toolArguments(choice: 0, index: 0, "x"),
                ], "not open"
            ),
        ] as [([Raw], String)])
    func breaches(raws: [Raw], reason: String) throws {
        #expect(try #require(breach(raws)).contains(reason))
    }

    @Test("a reply without a choice is a breach")
    func emptyReply() throws {
        #expect(breach([], reply: ModelResponse()) != nil)
    }

    @Test("a plugin that streams nothing has its reply's parts streamed for it")
    func wholeReply() throws {
        let call = ToolCall(id: "i", name: "n", arguments: "{}", index: 0)
        let choice = ModelResponse.Choice(parts: [.text("a"), .toolCall(call)], stop: StopReason(.toolCalls))
        let reply = ModelResponse(id: "x", model: "m", choices: [choice])
        #expect(
            try events([], reply: reply) == [
                .started(id: "x", model: "m"), .text(choice: 0, block: 0, "a"),
                .toolStart(choice: 0, index: 0, id: "i", name: "n"), .toolDelta(choice: 0, index: 0, "{}"),
                .toolEnd(choice: 0, call), .finished(choice: 0, StopReason(.toolCalls)), .completed(reply),
            ])
    }

    @Test("a tool call without arguments has an empty object")
    func noArguments() throws {
        let events = try events([.toolBegin(choice: 0, index: 0, id: "i", name: "n"), .toolEnd(choice: 0, index: 0)])
        #expect(events.contains(.toolEnd(choice: 0, ToolCall(id: "i", name: "n", arguments: "{}", index: 0))))
    }

    @Test("for any legal stream, what is completed is what the consumer can fold by hand", arguments: 0..<300)
    func property(seed: UInt64) throws {
        var random = Random(seed)
        let (raws, choices) = Self.legalStream(&random)
        let reply = ModelResponse(
            choices: (0..<choices).map { _ in Self.stop },
            warnings: Bool.random(using: &random) ? [Warning(feature: "r", message: "m")] : [])
        let events = try events(raws, reply: reply)
        #expect(events.count { if case .started = $0 { true } else { false } } == 1)
        guard case .started? = events.first, case .completed(let response)? = events.last else {
            Issue.record("the first event has to be started, the last completed")
            return
        }
        var fold = Fold()
        for event in events.dropLast() { fold.take(event) }
        #expect(fold.finished == Array(0..<choices))
        for (index, choice) in response.choices.enumerated() { #expect(choice.parts == fold.parts(of: index)) }
        #expect(response.usage == fold.usage && response.id == fold.id && response.model == fold.model)
        #expect(response.warnings == fold.warnings + reply.warnings)
    }

    @Test("what had arrived when it broke off is the fold so far", arguments: 0..<100)
    func partial(seed: UInt64) throws {
        var random = Random(seed &+ 5000)
        let (raws, _) = Self.legalStream(&random)
        var assembler = ModelResponseAssembler()
        var fold = Fold()
        var notes = 0
        for raw in raws.prefix(Int.random(in: 0...raws.count, using: &random)) {
            switch raw {
            case .warning, .rateLimits: notes += 1
            default: break
            }
            for event in try assembler.accept(raw) { fold.take(event) }
        }
        let partial = assembler.partial(endedBy: .cancelled)
        #expect((partial == nil) == (fold.order.isEmpty && fold.usage == Usage() && notes == 0))
        let seen = Set(fold.order.map(\.choice)).sorted()
        #expect(partial?.choices.map(\.parts) ?? [] == seen.map { fold.parts(of: $0) })
        #expect(partial?.choices.allSatisfy { $0.stop.kind == .cancelled } ?? true)
    }

    // MARK: - The oracle

    /// A consumer that keeps what it is told, in the plainest way.
    private struct Fold {
        struct Key: Hashable {
            let kind: String
            let choice: Int
            let index: Int
        }
        var order: [Key] = []
        var texts: [Key: String] = [:]
        var signatures: [Key: [UInt8]] = [:]
        var names: [Key: (id: String, name: String)] = [:]
        var usage = Usage()
        var warnings: [Warning] = []
        var finished: [Int] = []
        var id: String?
        var model: String?

        mutating func add(_ key: Key, _ text: String) {
            if texts[key] == nil { order.append(key) }
            texts[key, default: ""] += text
        }

        mutating func take(_ event: ModelEvent) {
            switch event {
            case .started(let id, let model): (self.id, self.model) = (id, model)
            case .text(let choice, let block, let text): add(Key(kind: "text", choice: choice, index: block), text)
            case .reasoning(let choice, let block, let text, let signature):
                let key = Key(kind: "reasoning", choice: choice, index: block)
                add(key, text)
                if let signature { signatures[key] = signature }
            case .toolStart(let choice, let index, let id, let name):
                let key = Key(kind: "tool", choice: choice, index: index)
                add(key, "")
                names[key] = (id, name)
            case .toolDelta(let choice, let index, let text): add(Key(kind: "tool", choice: choice, index: index), text)
            case .toolEnd(let choice, let call):
                let text = texts[Key(kind: "tool", choice: choice, index: call.index)] ?? ""
                #expect(call.arguments == (text.isEmpty ? "{}" : text))
            case .usage(let usage): self.usage = usage
            case .warning(let warning): warnings.append(warning)
            case .finished(let choice, _): finished.append(choice)
            case .part, .logprobs, .rateLimits, .raw, .heartbeat, .completed: break
            }
        }

        func parts(of choice: Int) -> [Part] {
            order.filter { $0.choice == choice }.map { key in
                let text = texts[key] ?? ""
                switch key.kind {
                case "text": return .text(text)
                case "reasoning": return .reasoning(text, signature: signatures[key])
                default:
                    return .toolCall(
                        ToolCall(
                            id: names[key]?.id ?? "", name: names[key]?.name ?? "",
                            arguments: text.isEmpty ? "{}" : text, index: key.index))
                }
            }
        }
    }

    /// Events as an honest plugin emits them, interleaved at random.
    private static func legalStream(_ random: inout Random) -> (raws: [Raw], choices: Int) {
        let choices = Int.random(in: 1...3, using: &random)
        var raws: [Raw] = Bool.random(using: &random) ? [.started(id: "id", model: "m")] : []
        var open: [(choice: Int, index: Int)] = []
        var begun = 0
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            let choice = Int.random(in: 0..<choices, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1:
                raws.append(.text(choice: choice, block: Int.random(in: 0...2, using: &random), random.text()))
            case 2:
                raws.append(
                    .reasoning(
                        choice: choice, block: 0, random.text(), signature: Bool.random(using: &random) ? [1, 2] : nil))
            case 3:
                raws.append(.toolBegin(choice: choice, index: begun, id: "c\(begun)", name: "tool"))
                open.append((choice, begun))
                begun += 1
            case 4:
                if let call = open.randomElement(using: &random) {
                    raws.append(.toolArguments(choice: call.choice, index: call.index, random.text()))
                }
            case 5:
                if !open.isEmpty {
                    let call = open.remove(at: Int.random(in: 0..<open.count, using: &random))
                    raws.append(.toolEnd(choice: call.choice, index: call.index))
                }
            case 6: raws.append(.usage(Usage(input: raws.count, output: 2)))
            default:
                raws.append(Bool.random(using: &random) ? .heartbeat : .warning(Warning(feature: "f", message: "w")))
            }
        }
        for call in open { raws.append(.toolEnd(choice: call.choice, index: call.index)) }
        return (raws, choices)
    }
}
