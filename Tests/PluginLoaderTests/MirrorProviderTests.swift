import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// Every field of a model provider, in both directions.
@Suite("Round trips: model provider", .needsCompiler, .timeLimit(.minutes(10)))
struct MirrorProviderTests {
    private func provider() throws -> NativeModelProvider { try #require(try Mirror.plugin().modelProvider) }

    private var messages: [Message] {
        [
            Message(.system, parts: [.text("s"), .text("cached")], name: "n", cacheBreakpoints: [1]),
            Message(.developer, "d"),
            Message(
                .user,
                parts: [
                    .media(
                        Media(.bytes([1, 0]), mediaType: "image/png", name: "p.png", settings: ["detail": "low"])),
                    .url("https://x", mediaType: "audio", name: "sound"),
                ]),
            Message(
                .assistant,
                parts: [
                    .reasoning("r", signature: [7]), .sealedReasoning([8]),
                    .toolCall(
                        ToolCall(
                            id: "c", name: "t", arguments: "{", index: 0, isProviderExecuted: true, signature: [6])),
                    .refusal("no"), .citation(id: "i", quotation: "q", place: ["line": 3]),
                ]),
            Message(
                .tool,
                parts: [
                    .toolResult(
                        ToolResult(
                            callID: "c", text: "x", parts: [.text("in"), .data([5], mediaType: "m")], isError: true)),
                    .toolResult(ToolResult(callID: "d", isDenied: true)),
                    .approval(callID: "c", isApproved: true, reason: "yes"),
                    .approvalRequest(callID: "c", question: "may it?"),
                    .approval(callID: "d", isApproved: false, reason: ""),
                    .custom(kind: 0x10001, text: "t", json: ["k": 1]),
                ], cacheBreakpoints: [0]),
        ]
    }

    private var toldMessages: JSON {
        [
            [
                "role": 1, "name": "n",
                "parts": [["kind": 1, "text": "s"], ["kind": 1, "text": "cached", "flags": 16]],
            ],
            ["role": 2, "parts": [["kind": 1, "text": "d"]]],
            [
                "role": 3,
                "parts": [
                    [
                        "kind": 5, "media_type": "image/png", "name": "p.png", "json": #"{"detail":"low"}"#,
                        "data": [1, 0],
                    ], ["kind": 5, "media_type": "audio", "name": "sound", "text": "https://x"],
                ],
            ],
            [
                "role": 4,
                "parts": [
                    ["kind": 2, "text": "r", "data": [7]], ["kind": 2, "flags": 4, "data": [8]],
                    ["kind": 3, "id": "c", "name": "t", "text": "{", "flags": 8, "data": [6]],
                    ["kind": 6, "text": "no"], ["kind": 7, "id": "i", "text": "q", "json": #"{"line":3}"#],
                ],
            ],
            [
                "role": 5,
                "parts": [
                    [
                        "kind": 4, "id": "c", "text": "x", "flags": 17,
                        "parts": [["kind": 1, "text": "in"], ["kind": 5, "media_type": "m", "data": [5]]],
                    ], ["kind": 4, "id": "d", "flags": 2], ["kind": 8, "id": "c", "text": "yes"],
                    ["kind": 8, "id": "c", "text": "may it?", "flags": 32],
                    ["kind": 8, "id": "d", "flags": 2],
                    ["kind": 0x10001, "text": "t", "json": #"{"k":1}"#],
                ],
            ],
        ]
    }

    /// A request whose every field is set, and what the plugin reads of it.
    private func whole() -> (request: ModelRequest, told: [String: JSON]) {
        var request = ModelRequest(
            messages, model: "m", tools: Mirror.tools, toolChoice: .allowed(["look", "bare"]),
            output: .schema(["type": "object"], name: "answer", isStrict: true), stop: ["a", "", "b"],
            maxOutputTokens: 77, temperature: 0.125, topP: 0.25, topK: 5, seed: -9, choices: 3, extra: ["x": [1]])
        (request.parallelToolCalls, request.maxToolCalls) = (true, 6)
        request.modalities = ["text", "audio"]
        (request.minP, request.presencePenalty, request.frequencyPenalty) = (0.375, -0.5, 0.625)
        (request.repeatPenalty, request.logprobs) = (1.5, 4)
        request.logitBias = [-1: 0.5, 50256: -100.5]
        request.reasoning = .init(effort: .high, tokens: 999, isShown: true)
        (request.cacheKey, request.conversation, request.continuation) = ("ck", "cv", "cn")
        (request.serviceTier, request.user, request.idempotencyKey) = ("st", "u", "ik")
        request.headers = ["x-b": "2", "x-a": "1"]
        request.metadata = ["trace": "t"]
        (request.includesRaw, request.isBackground) = (true, true)
        let told: [String: JSON] = [
            "model": "m", "messages": toldMessages,
            "tools": [
                [
                    "name": "look", "title": "Look up", "description": "Looks something up",
                    "input_schema_json": #"{"required":["q"],"type":"object"}"#,
                    "output_schema_json": #"{"type":"array"}"#, "examples_json": #"[{"q":"x"}]"#,
                    "provider_json": #"{"type":"web_search"}"#, "hints": 25, "flags": 1,
                ], ["name": "bare", "input_schema_json": #"{"type":"object"}"#, "hints": 38],
            ],
            "tool_choice": 4, "tool_names": ["look", "bare"], "output_format": 2, "schema_json": #"{"type":"object"}"#,
            "schema_name": "answer", "stop": ["a", "", "b"], "set": 8191, "temperature": 0.125, "top_p": 0.25,
            "seed": -9, "max_output_tokens": 77, "top_k": 5, "choices": 3, "extra_json": #"{"x":[1]}"#, "flags": 31,
            "min_p": 0.375, "presence_penalty": -0.5, "frequency_penalty": 0.625, "repeat_penalty": 1.5,
            "logprobs": 4, "max_tool_calls": 6,
            "logit_bias": [["token": -1, "bias": 0.5], ["token": 50256, "bias": -100.5]],
            "modalities": ["text", "audio"], "effort": 5, "reasoning_tokens": 999, "cache_key": "ck",
            "conversation": "cv", "continuation": "cn", "service_tier": "st", "user": "u", "idempotency_key": "ik",
            "headers": [["x-a", "1"], ["x-b", "2"]], "metadata_json": #"{"trace":"t"}"#,
        ]
        return (request, told)
    }

    @Test("every field of a request arrives, whichever operation takes it", arguments: 0..<4)
    func request(operation: Int) async throws {
        let provider = try provider()
        let (request, expected) = whole()
        let told = try await Mirror.told { context async throws(PluginError) in
            switch operation {
            case 0: _ = try await provider.generate(request, context)
            case 1: for try await _ in try await provider.stream(request, context) {}
            case 2: _ = try await provider.countTokens(request, context)
            default: try await provider.prewarm(request, context)
            }
        }
        let object = try #require(told.objectValue)
        for key in Set(object.map(\.key)).union(expected.keys).sorted() {
            #expect(told[key] == expected[key], "\(key): \(String(describing: told[key]?.text))")
        }
    }

    @Test("a request that wishes nothing says nothing")
    func bareRequest() async throws {
        let provider = try provider()
        let told = try await Mirror.told { context async throws(PluginError) in
            try await provider.generate(ModelRequest([Message(.user, "x")]), context)
        }
        #expect(told == ["messages": [["role": 3, "parts": [["kind": 1, "text": "x"]]]], "choices": 1])
    }

    @Test("each choice of a tool, a format and an effort has its number")
    func numbers() async throws {
        let provider = try provider()
        func told(_ change: (inout ModelRequest) -> Void) async throws -> JSON {
            var request = ModelRequest([Message(.user, "x")])
            change(&request)
            let copy = request
            return try await Mirror.told { context async throws(PluginError) in
                try await provider.generate(copy, context)
            }
        }
        let choices: [(ModelRequest.ToolChoice, JSON?)] = [
            (.auto, nil), (.none, 1), (.required, 2), (.named(["t"]), 3), (.allowed(["t"]), 4),
        ]
        for (choice, number) in choices {
            #expect(try await told { $0.toolChoice = choice }["tool_choice"] == number)
        }
        #expect(try await told { $0.output = .json }["output_format"] == 1)
        let grammar = try await told { $0.output = .grammar("root ::= x", syntax: "gbnf") }
        #expect(grammar["output_format"] == 3 && grammar["grammar"] == "root ::= x")
        #expect(grammar["grammar_syntax"] == "gbnf")
        let efforts = ModelRequest.Reasoning.Effort.allCases
        #expect(efforts.count == 5)
        for (index, effort) in efforts.enumerated() {
            let told = try await told { $0.reasoning = .init(effort: effort) }
            #expect(told["effort"] == .int(Int64(index + 1)) && told["flags"] == nil && told["set"] == nil)
        }
        // Wishes that are zero or false are wishes all the same.
        let zeros = try await told {
            ($0.temperature, $0.seed, $0.logprobs, $0.parallelToolCalls, $0.reasoning) =
                (0, 0, 0, false, .init(tokens: 0))
        }
        #expect(zeros["set"] == .int(1 + 8 + 512 + 1024 + 4096) && zeros["temperature"] == nil && zeros["flags"] == nil)
    }

    @Test("every field of a model arrives")
    func models() async throws {
        let models = try await provider().models(CallContext())
        #expect(
            models == [
                Model(
                    id: "large", description: "the large one", features: [.streaming, .audioOut],
                    contextTokens: 200_000, maxOutputTokens: 8000, latency: .slow, maxChoices: 4,
                    prices: .init(input: 2.5, output: 10.25, cacheRead: 0.125, cacheWrite: 0)), Model(id: "small"),
            ])
    }

    private static let others = [
        TokenLogprob(token: [0xFF], logprob: -0.5), TokenLogprob(token: [0x62], logprob: -1.5),
    ]
    private static let logprobs = [
        TokenLogprob(token: [0xC3], logprob: -0.25, others: others), TokenLogprob(token: [0xA9], logprob: 0),
    ]
    private static let limits = [
        RateLimit(name: "requests", limit: 60, remaining: 59, reset: .milliseconds(1500)),
        RateLimit(name: "tokens", limit: nil, remaining: 0, reset: nil),
    ]

    private func expected(_ choices: [ModelResponse.Choice], warnings: [Warning] = []) -> ModelResponse {
        var response = ModelResponse(
            id: "answer-1", model: "large-2026", choices: choices, usage: Mirror.usage,
            warnings: warnings + Mirror.warnings)
        response.rateLimits = Self.limits
        (response.continuation, response.serviceTier) = ("go-on", "priority")
        response.raw = ["raw": true]
        return response
    }

    @Test("every field of an answer arrives")
    func response() async throws {
        let response = try await provider().generate(ModelRequest([Message(.user, "x")]), CallContext())
        let first = ModelResponse.Choice(
            parts: Mirror.parts, stop: StopReason(.stopSequence, raw: "stop_sequence", sequence: "END"),
            logprobs: Self.logprobs)
        #expect(response == expected([first, .init(parts: [], stop: StopReason(.length))]))
    }

    @Test("of what a whole answer emits, usage, rate limits and warnings are kept, and nothing else")
    func besideTheAnswer() async throws {
        let (provider, request) = (try provider(), ModelRequest([Message(.user, "x")]))
        let warnings = [Warning(feature: "f", message: "w")]
        let response = try await provider.generate(request, Mirror.does("beside"))
        var expected = ModelResponse(
            choices: [.init(parts: [], stop: StopReason(.stop))], usage: Mirror.usage, warnings: warnings)
        expected.rateLimits = Self.limits
        #expect(response == expected)
        let error = await failure { () async throws(PluginError) in
            try await provider.generate(request, Mirror.does("beside-error"))
        }
        #expect(error?.code == .unavailable && error?.what == "it went away")
        expected.choices = []
        #expect(error?.partial == expected)
    }

    @Test("every kind of event arrives, with every field")
    func events() async throws {
        var events: [ModelEvent] = []
        for try await event in try await provider().stream(ModelRequest([Message(.user, "x")]), CallContext()) {
            events.append(event)
        }
        let call = ToolCall(
            id: "t-1", name: "look", arguments: "{}", index: 4, isProviderExecuted: true, signature: [6])
        let paused = StopReason(.pause, raw: "pause_turn", sequence: "|")
        let response = expected(
            [
                .init(
                    parts: [.reasoning("hm", signature: [5]), .toolCall(call), Mirror.picture],
                    stop: StopReason(.toolCalls)),
                .init(parts: [.text("one")], stop: paused, logprobs: Self.logprobs),
            ], warnings: [Warning(feature: "f", message: "w")])
        #expect(
            events == [
                .started(id: "s-1", model: "m-1"), .heartbeat, .reasoning(choice: 0, block: 2, "hm", signature: [5]),
                .text(choice: 1, block: 3, "one"), .toolStart(choice: 0, index: 4, id: "t-1", name: "look"),
                .toolDelta(choice: 0, index: 4, "{}"), .toolEnd(choice: 0, call),
                .part(choice: 0, block: 5, Mirror.picture), .logprobs(choice: 1, Self.logprobs),
                .usage(Mirror.usage), .rateLimits(Self.limits), .warning(Warning(feature: "f", message: "w")),
                .raw([0, 0x72, 0x61, 0x77]), .finished(choice: 1, paused),
                .finished(choice: 0, StopReason(.toolCalls)), .completed(response),
            ])
    }

    @Test("tokens are counted exactly, by the plugin's estimate, or by the host's")
    func countTokens() async throws {
        let request = ModelRequest([Message(.user, "twelve bytes")])
        #expect(try await provider().countTokens(request, CallContext()) == TokenCount(4242))
        #expect(
            try await provider().countTokens(request, Mirror.does("estimate")) == TokenCount(4242, isEstimated: true))
        // The fixture leaves both slots empty.
        let bare = try #require(try Fixture.plugin().modelProvider)
        #expect(try await bare.countTokens(request, CallContext()) == TokenCount(12 / 4 + 4, isEstimated: true))
        try await bare.prewarm(request, CallContext())
        try await provider().prewarm(request, CallContext())
    }
}
