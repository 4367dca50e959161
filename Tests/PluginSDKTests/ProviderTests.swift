import PluginBridge
import PluginSDK
import Testing

@Suite struct ProviderTests {
    private let host: TestHost
    private let table: kw_provider

    init() throws {
        host = try TestHost(Everything.self)
        table = try host.table(KW_PROVIDER_ID, kw_provider.self)
    }

    @Test func `Models are listed with every field`() throws {
        let models = unsafe try host.ask(table.models, reply: kw_models_out.self) { reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.models, of: kw_model.self, "models") { model throws(PluginError) in
                unsafe (
                    try reader.text(model.id, "id"), try reader.optionalText(model.description, "d"), model.features,
                    model.context_tokens, model.max_output_tokens, model.latency, model.max_choices,
                    [model.input_price, model.output_price, model.cache_read_price, model.cache_write_price],
                    model.set
                )
            }
        }
        try #require(models.count == 2)
        let first = models[0]
        #expect((first.0, first.1) == ("model-1", "the first"))
        #expect(first.2 == UInt64(KW_FEATURE_STREAMING | KW_FEATURE_JSON | KW_FEATURE_AUDIO_OUT))
        #expect((first.3, first.4, first.5, first.6) == (1001, 1002, UInt32(KW_LATENCY_SLOW), 4))
        #expect(first.7 == [1.5, 2.5, 0.25, 0])
        #expect(models[1].7 == [0, 0, 0, 0])
        #expect((first.8, models[1].8) == (15, 0))
        #expect((models[1].1, models[1].3, models[1].5) == (nil, 0, UInt32(KW_LATENCY_UNKNOWN)))
    }

    @Test(arguments: [
        ModelRequest.OutputFormat.text, .json, .schema(["type": "array"]), .grammar("root ::= x", syntax: "gbnf"),
        .schema(["a": 1], name: "n", isStrict: true),
    ])
    func `A request arrives with every field, and the answer returns with every field`(
        output: ModelRequest.OutputFormat
    ) throws {
        var request = Values.request
        request.output = output
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let response = unsafe try host.call(
            table.generate, writer.request(request), reply: kw_generate_out.self, on: nil
        ) { reply, reader throws(PluginError) in unsafe try ModelResponse(reply, reader) }
        #expect(host.recorder.input() == request)
        #expect(response == Values.response)
    }

    @Test(arguments: [
        ModelRequest.ToolChoice.auto, .none, .required, .named(["look"]), .allowed(["a", "b"]),
    ])
    func `Every tool choice arrives`(choice: ModelRequest.ToolChoice) throws {
        var request = ModelRequest([Message(.user, "hi")])
        request.toolChoice = choice
        #expect(try count(request) == (4711, UInt64(KW_USAGE_ESTIMATED)))
        #expect(host.recorder.input() == request)
    }

    private func count(_ request: ModelRequest) throws -> (UInt64, UInt64) {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return unsafe try host.call(
            table.count_tokens, writer.request(request), reply: kw_token_count.self, on: nil
        ) { reply, _ in (reply.tokens, reply.flags) }
    }

    @Test func `A hint to load arrives`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        unsafe try host.call(table.prewarm, writer.request(Values.request), reply: kw_none.self, on: nil) { _, _ in }
        #expect(host.recorder.input() == Values.request)
    }

    @Test func `Every event of a stream leaves with every field, in order`() throws {
        let events = EventLog()
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let response = unsafe try host.call(
            table.stream, writer.request(Values.request), reply: kw_generate_out.self,
            on: TestCall(onEvent: events.take)
        ) { reply, reader throws(PluginError) in unsafe try ModelResponse(reply, reader) }
        #expect(response == Values.response)
        #expect(
            events.lines == [
                "\(KW_EVENT_STARTED) 0/0 id answer-1 name model-1", "\(KW_EVENT_TEXT) 0/1 text Hällo ",
                "\(KW_EVENT_TEXT) 1/2 text wörld", "\(KW_EVENT_REASONING) 1/3 text because data [1, 2, 3]",
                "\(KW_EVENT_REASONING) 0/4 text why", "\(KW_EVENT_TOOL_BEGIN) 1/5 id call-1 name look",
                "\(KW_EVENT_TOOL_ARGS) 1/5 text {\"a\":", "\(KW_EVENT_TOOL_END) 1/5 data [4]", "\(KW_EVENT_PART) 1/6",
                "\(KW_EVENT_LOGPROBS) 1/0", "\(KW_EVENT_RATE_LIMIT) 0/0", "\(KW_EVENT_RAW) 0/0 data [9, 8, 7]",
                "\(KW_EVENT_USAGE) 0/0", "\(KW_EVENT_WARNING) 0/0 name temperature text is not hot",
                "\(KW_EVENT_PROGRESS) 0/0 text half data \(EventLog.bytes(of: 0.5))",
                "\(KW_EVENT_PROGRESS) 0/0 text somewhere", "\(KW_EVENT_HEARTBEAT) 0/0", "\(KW_EVENT_FINISHED) 1/0",
            ])
        #expect(events.parts == [Values.parts[5]])
        #expect(events.logprobs == Values.logprobs)
        #expect(events.rateLimits == Values.rateLimits)
        #expect(events.usage == Values.usage)
        #expect(events.stop == StopReason(.stopSequence, raw: "eos", sequence: "END"))
    }
}
