import PluginSDK
import Testing

@testable import ExtractiveProvider

/// What becomes of each field of a request.
@Suite struct RequestTests {
    enum Outcome: Equatable {
        /// It does what it says; other tests show how.
        case honoured
        case warned
        case refused
    }

    struct Field: CustomTestStringConvertible, Sendable {
        var name: String
        var outcome: Outcome
        var set: @Sendable (inout ModelRequest) -> Void
        var testDescription: String { name }

        init(_ name: String, _ outcome: Outcome, _ set: @escaping @Sendable (inout ModelRequest) -> Void) {
            (self.name, self.outcome, self.set) = (name, outcome, set)
        }
    }

    static let fields = [
        Field("model", .refused) { $0.model = "gpt" },
        Field("messages", .honoured) { $0.messages.append(Message(.user, "And why?")) },
        Field("tools", .warned) { $0.tools = [ToolSpecification(name: "search")] },
        // The warning depends on the answer; PluginTests has it.
        Field("toolChoice", .honoured) { $0.toolChoice = .none },
        Field("parallelToolCalls", .honoured) { $0.parallelToolCalls = false },
        Field("maxToolCalls", .honoured) { $0.maxToolCalls = 1 },
        Field("output", .refused) { $0.output = .schema(["type": "object"]) },
        Field("modalities", .warned) { $0.modalities = ["text", "audio"] },
        Field("stop", .honoured) { $0.stop = ["END"] },
        Field("maxOutputTokens", .honoured) { $0.maxOutputTokens = 10 },
        Field("temperature", .warned) { $0.temperature = 0.7 },
        Field("topP", .warned) { $0.topP = 0.9 },
        Field("topK", .warned) { $0.topK = 40 },
        Field("minP", .warned) { $0.minP = 0.1 },
        Field("presencePenalty", .warned) { $0.presencePenalty = 0.5 },
        Field("frequencyPenalty", .warned) { $0.frequencyPenalty = -0.5 },
        Field("repeatPenalty", .warned) { $0.repeatPenalty = 1.1 },
        Field("seed", .warned) { $0.seed = 0 },
        Field("logitBias", .warned) { $0.logitBias = [5: 1] },
        Field("logprobs", .warned) { $0.logprobs = 0 },
        Field("choices", .warned) { $0.choices = 2 },
        Field("reasoning", .warned) { $0.reasoning = .init(effort: .high) },
        Field("cacheKey", .warned) { $0.cacheKey = "key" },
        Field("conversation", .refused) { $0.conversation = "conversation-1" },
        Field("continuation", .refused) { $0.continuation = "answer-1" },
        Field("serviceTier", .warned) { $0.serviceTier = "fast" },
        Field("user", .warned) { $0.user = "user-1" },
        // Equal requests have equal answers, with a key and without one.
        Field("idempotencyKey", .honoured) { $0.idempotencyKey = "key" },
        Field("headers", .warned) { $0.headers = ["a": "b"] },
        Field("metadata", .warned) { $0.metadata = ["a": "b"] },
        Field("extra", .warned) { $0.extra = ["a": "b"] },
        Field("includesRaw", .warned) { $0.includesRaw = true },
        // The service may go on; it need not.
        Field("isBackground", .honoured) { $0.isBackground = true },
    ]

    @Test("A field that is not honoured is warned of by its name, or refused", arguments: fields)
    func outcome(field: Field) throws {
        var request = ModelRequest([Message(.user, "Why?")])
        field.set(&request)
        switch field.outcome {
        case .honoured:
            try RequestCheck.refuseUnanswerable(request)
            #expect(RequestCheck.warnings(request).isEmpty)
        case .warned:
            try RequestCheck.refuseUnanswerable(request)
            let warnings = RequestCheck.warnings(request)
            #expect(warnings.map(\.feature) == [field.name])
            #expect(warnings.allSatisfy { $0.message.hasPrefix("\(field.name): ") })
        case .refused:
            let error = #expect(throws: PluginError.self) { try RequestCheck.refuseUnanswerable(request) }
            #expect(error?.code == (field.name == "model" ? .notFound : .unsupported))
        }
    }

    @Test func `No field of a request was forgotten`() {
        let names = Mirror(reflecting: ModelRequest([])).children.compactMap(\.label)
        #expect(Set(names) == Set(Self.fields.map(\.name)))
    }

    @Test(
        "What asks for nothing is not warned of",
        arguments: [
            Field("temperature", .honoured) { $0.temperature = 0 },
            Field("penalties", .honoured) {
                $0.presencePenalty = 0
                $0.frequencyPenalty = 0
                $0.repeatPenalty = 1
            },
            Field("reasoning", .honoured) {
                $0.reasoning = .init(effort: ModelRequest.Reasoning.Effort.none, tokens: 0)
            },
            Field("objects", .honoured) {
                $0.metadata = [:]
                $0.extra = [:]
            },
            Field("modalities", .honoured) { $0.modalities = ["text"] },
            Field("run_command", .honoured) { $0.tools = [runCommand] },
            Field("tools that must not be called", .honoured) {
                $0.tools = [ToolSpecification(name: "search")]
                $0.toolChoice = .none
            },
        ])
    func nothingAsked(field: Field) throws {
        var request = ModelRequest([Message(.user, "Why?")])
        field.set(&request)
        try RequestCheck.refuseUnanswerable(request)
        #expect(RequestCheck.warnings(request).isEmpty)
    }

    @Test func `Sound alone is refused`() {
        var request = ModelRequest([Message(.user, "Why?")])
        request.modalities = ["audio"]
        let error = #expect(throws: PluginError.self) { try RequestCheck.refuseUnanswerable(request) }
        #expect(error?.message.contains("audio") == true)
    }

    @Test func `What is not read of messages is warned of`() {
        let image = Part.data([1], mediaType: "image/png")
        let request = ModelRequest([
            Message(.user, parts: [.text("Why?"), image], name: "Ann", cacheBreakpoints: [0]),
            Message(.tool, parts: [.toolResult(ToolResult(callID: "1", text: "out", parts: [image]))]),
        ])
        #expect(
            RequestCheck.warnings(request).map(\.feature) == [
                "messages.parts", "messages.toolResults", "messages.names", "messages.cacheBreakpoints",
            ])
    }

    @Test func `No call is made where none may be`() throws {
        var request = request("Run `date`", manual, tools: [runCommand])
        request.maxToolCalls = 0
        #expect(try !text(of: answer(to: request)).isEmpty)
        request.maxToolCalls = 1
        #expect(try text(of: answer(to: request)).isEmpty)
    }

    @Test func `Tokens of every kind of text are counted`() {
        let parts: [Part] = [
            .text("one two"), .reasoning("three", signature: nil), .refusal("four"),
            .toolCall(ToolCall(id: "1", name: "look", arguments: "{}", index: 0)),
            .toolResult(ToolResult(callID: "1", text: "five", parts: [.text("six")])),
            .citation(id: "1", quotation: "seven", place: .null), .data([1, 2, 3], mediaType: "image/png"),
        ]
        // Seven words and two signs.
        #expect(RequestTokens.count(ModelRequest([Message(.user, parts: parts)])) == 9)
    }
}
