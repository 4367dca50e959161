import PluginCore
import Testing

@Suite("JSON from a model that has no mode for it", .timeLimit(.minutes(10)))
struct ManagedOutputTests {
    private static let bare = Model(id: "bare")
    private static let json = Model(id: "json", features: .json)
    private static let schema = Model(id: "schema", features: .jsonSchema)

    private func request(_ output: ModelRequest.OutputFormat = .json) -> ModelRequest {
        ModelRequest([Message(.user, "?")], output: output)
    }

    @Test("a model without the mode is asked in words, and the answer says so")
    func emulates() async throws {
        let schema = ModelRequest.OutputFormat.schema(["type": "array"])
        let grammar = ModelRequest.OutputFormat.grammar("g", syntax: "gbnf")
        let cases: [(Model, ModelRequest.OutputFormat, sent: ModelRequest.OutputFormat, feature: String?)] = [
            (Self.bare, .json, .text, "output.json"), (Self.json, .json, .json, nil), (Self.schema, .json, .json, nil),
            (Self.bare, schema, .text, "output.schema"), (Self.json, schema, .json, "output.schema"),
            (Self.schema, schema, schema, nil), (Self.bare, .text, .text, nil), (Self.bare, grammar, grammar, nil),
        ]
        for (model, wanted, sent, feature) in cases {
            let base = ScriptedProvider([.answer(.text("[1]"))], models: [model])
            let response = try await base.managed().generate(request(wanted), CallContext())
            #expect(response.warnings.map(\.feature) == (feature.map { [$0] } ?? []))
            let asked = try #require(base.requests.first)
            #expect(asked.output == sent && asked.messages.last == Message(.user, "?"))
            #expect(asked.messages.count == (feature == nil ? 1 : 2))
            if feature == "output.schema", case .text(let words)? = asked.messages.first?.parts.first {
                #expect(words.contains(#"{"type":"array"}"#))
            }
        }
    }

    @Test(
        "a code fence around the JSON is taken away",
        arguments: [
            ("{\"a\":1}", "{\"a\":1}"), ("```json\n{\"a\":1}\n```", "{\"a\":1}"), ("\n```\n[1,\n2]\n```\n", "[1,\n2]"),
        ])
    func fence(text: String, body: String) async throws {
        let base = ScriptedProvider([.answer(.text(text))], models: [Self.bare])
        #expect(try await base.managed().generate(request(), CallContext()).text == body)
    }

    @Test("an answer that is no JSON is asked for again, and at last an error that has it")
    func notJSON() async throws {
        let clock = ManualClock()
        let base = ScriptedProvider([.answer(.text("Sure!")), .answer(.text("{}"))], models: [Self.bare])
        #expect(try await base.managed(clock: clock).generate(request(), CallContext()).text == "{}")
        #expect(clock.sleeps.count == 1)
        let stubborn = ScriptedProvider([.answer(.text("No.")), .answer(.text("Never."))], models: [Self.bare])
        let managed = stubborn.managed(retry: RetryPolicy(maximumRetries: 1), clock: clock)
        let error = await thrown { () async throws(PluginError) in try await managed.generate(request(), CallContext())
        }
        #expect(error?.code == .validation && error?.partial?.text == "Never." && error?.plugin == "scripted")
    }

    @Test("a stream whose text was shown fails at its end, and is not begun again")
    func streamed() async throws {
        let clock = ManualClock()
        let beginning: [ModelEvent] = [.started(id: nil, model: nil), .text(choice: 0, block: 0, "Sure!")]
        let base = ScriptedProvider([.events(beginning + [.completed(.text("Sure!"))], nil)], models: [Self.bare])
        let stream = try await base.managed(clock: clock).stream(request(), CallContext())
        var events: [ModelEvent] = []
        let error = await thrown { () async throws(PluginError) in
            for try await event in stream { events.append(event) }
        }
        #expect(events == beginning && base.requests.count == 1 && clock.sleeps.isEmpty)
        #expect(error?.code == .validation && error?.partial?.text == "Sure!")
    }

    @Test("a tool call is no broken JSON")
    func toolCall() async throws {
        let call = Part.toolCall(ToolCall(id: "i", name: "n", arguments: "{", index: 0))
        let response = ModelResponse(choices: [.init(parts: [call], stop: StopReason(.toolCalls))])
        let base = ScriptedProvider([.answer(response)], models: [Self.bare])
        #expect(try await base.managed().generate(request(), CallContext()).choices[0].parts == [call])
    }
}
