import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// What a plugin reads of what a host wrote, field by field.
@Suite("Round trips", .needsCompiler, .timeLimit(.minutes(10)))
struct RoundTripTests {
    /// A part as the fixture tells it.
    private func part(
        _ kind: Int64, text: String = "", id: String = "", name: String = "", mediaType: String = "", json: String = "",
        data: [JSON] = [], flags: Int64 = 0
    ) -> JSON {
        [
            "kind": .int(kind), "flags": .int(flags), "text": .string(text), "id": .string(id), "name": .string(name),
            "mediaType": .string(mediaType), "json": .string(json), "data": .array(data),
        ]
    }

    private func echo(_ request: ModelRequest) async throws -> JSON {
        let provider = try #require(try Fixture.plugin().modelProvider)
        return try JSON(parsing: await provider.generate(request, CallContext()).text, what: "the echo")
    }

    @Test("every field of a request arrives")
    func request() async throws {
        let request = ModelRequest(
            [
                Message(.system, parts: [.text("é\"\n")], name: "n"), Message(.developer, "d"),
                Message(
                    .user,
                    parts: [
                        .data([0, 255], mediaType: "image/png"), .url("https://x", mediaType: "m"),
                        .custom(kind: 0x10001, text: "t", json: ["k": 1]),
                    ]),
                Message(
                    .assistant,
                    parts: [
                        .reasoning("r", signature: [7]), .refusal("no"),
                        .toolCall(ToolCall(id: "c", name: "t", arguments: "{\"a\":1}", index: 0)),
                        .citation(id: "i", quotation: "q", place: ["line": 3]),
                    ]),
                Message(
                    .tool,
                    parts: [
                        .toolResult(callID: "c", text: "bad", isError: true),
                        .toolResult(callID: "c", text: "good", isError: false),
                    ]),
            ], model: "m", tools: [ToolSpecification(name: "t", description: "d", inputSchema: ["type": "string"])],
            toolChoice: .named(["t", "u"]), output: .schema(["type": "object"]), stop: ["a", "", "b"],
            maxOutputTokens: 77, temperature: 0.1, topP: 0.25, topK: 5, seed: -9, choices: 3, extra: ["x": [1, 2]])
        let told = try await echo(request)
        #expect(
            told == [
                "model": "m",
                "messages": [
                    ["role": 1, "name": "n", "parts": [part(1, text: "é\"\n")]],
                    ["role": 2, "name": "", "parts": [part(1, text: "d")]],
                    [
                        "role": 3, "name": "",
                        "parts": [
                            part(5, mediaType: "image/png", data: [0, 255]), part(5, text: "https://x", mediaType: "m"),
                            part(0x10001, text: "t", json: #"{"k":1}"#),
                        ],
                    ],
                    [
                        "role": 4, "name": "",
                        "parts": [
                            part(2, text: "r", data: [7]), part(6, text: "no"),
                            part(3, text: #"{"a":1}"#, id: "c", name: "t"),
                            part(7, text: "q", id: "i", json: #"{"line":3}"#),
                        ],
                    ],
                    [
                        "role": 5, "name": "",
                        "parts": [part(4, text: "bad", id: "c", flags: 1), part(4, text: "good", id: "c")],
                    ],
                ],
                "tools": [["t", "d", #"{"type":"string"}"#]], "toolChoice": 3, "toolNames": ["t", "u"], "format": 2,
                "schema": #"{"type":"object"}"#, "stop": ["a", "", "b"], "set": 31, "temperature": .double(0.1),
                "topP": 0.25, "seed": -9, "maxOutputTokens": 77, "topK": 5, "choices": 3, "extra": #"{"x":[1,2]}"#,
            ], "\(told.prettyText)")
    }

    @Test("what is not set is not set")
    func emptyRequest() async throws {
        let told = try await echo(ModelRequest([Message(.user, "x")]))
        #expect(told["set"] == 0 && told["model"] == "" && told["extra"] == "" && told["schema"] == "")
        #expect(told["tools"] == [] && told["stop"] == [] && told["toolChoice"] == 0 && told["format"] == 0)
    }

    @Test(
        "a filter arrives as its postfix program",
        arguments: [
            (.all, []), (.none, [[5, 0, ""]]), (.equal("f", .int(-1)), [[6, 0, "f", [2, -1]]]),
            (.not(.exists("f")), [[14, 0, "f"], [3, 1, ""]]), (.and([]), [[4, 0, ""]]), (.or([]), [[5, 0, ""]]),
            (.and([.isNull("a")]), [[15, 0, "a"]]),
            (
                .or([.and([.less("a", .double(1.5)), .greater("b", .string("x"))]), .ids(["p", "q"])]),
                [
                    [8, 0, "a", [3, 1.5]], [10, 0, "b", [4, "x"]], [1, 2, ""], [18, 0, "", [4, "p"], [4, "q"]],
                    [2, 2, ""],
                ]
            ),
            (.in("f", [.null, .bool(true)]), [[12, 0, "f", [0, 0], [1, 1]]]),
            (.notIn("f", []), [[13, 0, "f"]]), (.notEqual("f", .bool(false)), [[7, 0, "f", [1, 0]]]),
            (.lessOrEqual("f", .int(.max)), [[9, 0, "f", [2, .int(.max)]]]),
            (.greaterOrEqual("f", .int(.min)), [[11, 0, "f", [2, .int(.min)]]]),
            (.prefix("f", "p"), [[16, 0, "f", [4, "p"]]]), (.contains("f", .string("c")), [[17, 0, "f", [4, "c"]]]),
        ] as [(Filter, JSON)])
    func filter(filter: Filter, program: JSON) async throws {
        let backend = try #require(try Fixture.plugin().vectorBackend)
        let error = await failure { () async throws(PluginError) in
            try await backend.count(filter, in: "r", CallContext())
        }
        // A number without a fraction is told without one.
        #expect(try JSON(parsing: #require(error).what, what: "the echo") == program)
    }

    @Test("every field of a run and its policy arrives")
    func policy() async throws {
        let executor = try #require(try Fixture.plugin().toolExecutor)
        var policy = ToolPolicy()
        (policy.isEnabled, policy.allowShell, policy.allowNetwork, policy.requireEnforced) = (true, true, true, true)
        (policy.allow, policy.deny) = ([["git", "status"], ["ls"]], [["rm"]])
        (policy.overflow, policy.inheritEnvironment) = (.kill, .all)
        (policy.environmentAllow, policy.environmentDeny) = (["A*"], ["B*"])
        policy.environmentSet = ["K": "V"]
        policy.paths = [.init(path: "/a", access: .none), .init(path: "/b", access: .write, execute: true)]
        var limits = ToolPolicy.Limits()
        (limits.wall, limits.cpu, limits.idle, limits.grace) = (.seconds(1), .milliseconds(2), nil, .microseconds(3))
        (limits.memory, limits.fileSize, limits.openFiles, limits.processes) = (4, 5, 6, nil)
        (limits.stdoutBytes, limits.stderrBytes) = (7, 8)
        policy.limits = limits
        let run = ToolRunRequest(
            .argv(["git", "status", ""]), workingDirectory: "/w", environment: ["E": "1"], input: [1, 2], reason: "why")
        let decision = try await executor.evaluate(run, under: policy, CallContext())
        #expect(decision.verdict == .allow && decision.rule == "rule")
        #expect(
            try JSON(parsing: decision.reason, what: "the echo") == [
                1, ["git", "status", ""], "", "/w", "why", [["E", "1"]], [1, 2], 15, [["git", "status"], ["ls"]],
                [["rm"]], 1, 2, ["A*"], ["B*"], [["K", "V"]], [["/a", 0, 0], ["/b", 2, 1]], 1_000_000_000, 2_000_000, 0,
                3000, 4, 5, 6, 0, 7, 8,
            ], "\(decision.reason)")
    }

    @Test("a limit of nothing is the smallest limit, never none; a shell line is told as one")
    func zeroLimits() async throws {
        let executor = try #require(try Fixture.plugin().toolExecutor)
        var policy = ToolPolicy()
        policy.limits.wall = .zero
        (policy.limits.cpu, policy.limits.memory, policy.limits.stdoutBytes) = (.seconds(-1), 0, -5)
        let decision = try await executor.evaluate(ToolRunRequest(.shell("a | b")), under: policy, CallContext())
        let told = try #require(try JSON(parsing: decision.reason, what: "the echo").arrayValue)
        #expect(told[0] == 2 && told[1] == [] && told[2] == "a | b")
        #expect(Array(told[16...18]) == [1, 1, 0] && told[20] == 1 && told[24] == 1)
    }
}
