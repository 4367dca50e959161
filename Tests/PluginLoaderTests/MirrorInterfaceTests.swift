import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// Every field of hooks, tools, functions, operations, messages and endpoints, in both directions.
@Suite("Round trips: further interfaces", .needsCompiler, .timeLimit(.minutes(10)))
struct MirrorInterfaceTests {
    @Test("hooks: wishes, events and answers")
    func hooks() async throws {
        let handler = try #require(try Mirror.plugin().hookHandler)
        #expect(
            try await handler.hooks(CallContext()) == [
                Hook(
                    "before.vector.*", modes: [.filter, .veto], priority: -7, timeout: .milliseconds(1500),
                    payloadType: "application/json", retries: 2),
                Hook("after", modes: .observe, priority: 9, isAsynchronous: true),
            ])
        let event = HookEvent(
            "before.vector.upsert", mode: .filter, payload: [1, 2], payloadType: "text/x", original: [3],
            executionID: "e", started: 11, startedUnix: 12, userID: "u", sessionID: "s", source: "p",
            attributes: ["k": "v"])
        // The word is the call's; the event's attributes are its own.
        let told = try await Mirror.told { context async throws(PluginError) in try await handler.handle(event, context)
        }
        #expect(
            told == [
                "name": "before.vector.upsert", "mode": 2, "payload": [1, 2], "payload_type": "text/x", "original": [3],
                "execution_id": "e", "started_ns": 11, "started_unix_ns": 12, "user_id": "u", "session_id": "s",
                "source": "p", "attributes": [["k", "v"]],
            ])
        func reply(_ word: String, _ mode: Hook.Modes) async throws -> HookReply {
            var event = event
            event.mode = mode
            return try await handler.handle(event, Mirror.does(word))
        }
        let seen: JSON = ["seen": 1]
        #expect(try await reply("", .filter) == HookReply(.proceed, metadata: seen))
        #expect(try await reply("replace", .filter) == HookReply(.replace(Array("new".utf8)), metadata: seen))
        #expect(try await reply("stop", .veto) == HookReply(.stop(reason: "forbidden"), metadata: seen))
        // Who only watches changes nothing; who may change may not forbid.
        #expect(try await reply("stop", .observe) == HookReply(.proceed, metadata: seen))
        for (word, mode) in [("stop", .filter), ("replace", .veto)] as [(String, Hook.Modes)] {
            var event = event
            event.mode = mode
            let wrong = event
            let error = await failure { () async throws(PluginError) in
                try await handler.handle(wrong, Mirror.does(word))
            }
            #expect(error?.code == .protocolViolation && error?.operation == "hooks.on_hook")
        }
    }

    @Test("tools: what is offered, a call and its result")
    func tools() async throws {
        let set = try #require(try Mirror.plugin().toolSet)
        #expect(try await set.tools(CallContext()) == Mirror.tools)
        let call = ToolCall(id: "c-1", name: "look", arguments: #"{"q":1}"#, index: 0)
        let told = try await Mirror.told { context async throws(PluginError) in try await set.invoke(call, context) }
        #expect(told == ["name": "look", "call_id": "c-1", "arguments_json": #"{"q":1}"#])
        let output = try await set.invoke(call, CallContext())
        #expect(output == ToolOutput(Mirror.parts, structured: ["n": 1], isError: true))
    }

    @Test("functions: names, signatures and traits")
    func functions() async throws {
        let set = try #require(try Mirror.plugin().functionSet)
        #expect(
            try await set.functions(CallContext()) == [
                FunctionDescription(
                    name: "math.add", description: "adds",
                    signature: FunctionSignature(result: .f64, arguments: [.f64, .f64]), parameterNames: ["a", "b"],
                    traits: [.threadSafe, .pure]),
                FunctionDescription(
                    name: "nothing", signature: FunctionSignature(result: nil, arguments: []), traits: .blocking),
            ])
    }

    @Test("operations: what is offered, a request, and an output whole and in pieces")
    func operations() async throws {
        let set = try #require(try Mirror.plugin().operationSet)
        var analyze = OperationDescription(
            name: "analyze", description: "analyzes", inputSchema: ["type": "object"], outputSchema: ["type": "array"],
            inputFormats: ["text/csv", "text/plain"], outputFormats: ["application/cbor"],
            capabilities: ["log-analysis"], traits: [.idempotent, .streams],
            examples: [["input": [:], "output": []]])
        analyze.agentTypes = ["researcher", "critic"]
        #expect(
            try await set.operations(CallContext()) == [
                analyze, OperationDescription(name: "bare", traits: [.readOnly, .cacheable]),
            ])
        var request = OperationRequest(
            "analyze", input: [0, 1], inputFormat: "text/csv", outputFormat: "application/cbor", executionID: "x",
            settings: ["deep": true], isDryRun: true, isVerbose: true)
        (request.agentType, request.metadata) = ("critic", ["m": 1])
        let asked = request
        let told = try await Mirror.told { context async throws(PluginError) in
            for try await _ in try await set.run(asked, context) {}
        }
        #expect(
            told == [
                "name": "analyze", "input": [0, 1], "input_format": "text/csv", "output_format": "application/cbor",
                "execution_id": "x", "settings_json": #"{"deep":true}"#, "flags": 3,
                "agent_type": "critic", "metadata_json": #"{"m":1}"#,
            ])
        let whole = OperationOutput(
            Array("whole".utf8), format: "application/cbor", metadata: ["took": 2], warnings: Mirror.warnings)
        #expect(try await set.output(of: request, Mirror.does("whole")) == whole)
        var events: [OperationEvent] = []
        for try await event in try await set.run(request, CallContext()) { events.append(event) }
        let warning = Warning(feature: "f", message: "w")
        let joined = OperationOutput(
            Array("first second".utf8), format: "application/cbor", metadata: ["took": 2],
            warnings: [warning] + Mirror.warnings)
        #expect(
            events == [
                .progress(fraction: 0.25, "begun"), .chunk(Array("first ".utf8)), .warning(warning),
                .chunk(Array("second".utf8)), .completed(joined),
            ])
    }

    @Test("messages: every field, and the reply of one that wants it")
    func messages() async throws {
        let handler = try #require(try Mirror.plugin().messageHandler)
        var message = PluginMessage(
            id: "m-1", sender: "p", topic: "t", type: "order.placed", payload: [7], payloadType: "text/x", sent: 99,
            wantsReply: true)
        let wanting = message
        let told = try await Mirror.told { context async throws(PluginError) in
            try await handler.receive(wanting, context)
        }
        #expect(
            told == [
                "id": "m-1", "sender": "p", "topic": "t", "type": "order.placed", "payload": [7],
                "payload_type": "text/x", "sent_unix_ns": 99, "flags": 1,
            ])
        let reply = MessageReply(type: "order.taken", payload: Array("ok".utf8), payloadType: "text/plain")
        #expect(try await handler.receive(message, CallContext()) == reply)
        message.wantsReply = false
        #expect(try await handler.receive(message, CallContext()) == nil)
    }

    @Test("endpoints: what is offered, a request, and a response whole and in pieces")
    func endpoints() async throws {
        let set = try #require(try Mirror.plugin().endpointSet)
        var first = Endpoint("POST", "/items/{id}", summary: "makes an item", traits: [.isPublic, .streams])
        (first.bodySchema, first.querySchema) = (["a": 1], ["b": 2])
        (first.parametersSchema, first.responseSchema) = (["c": 3], ["d": 4])
        (first.middleware, first.maxBody) = (["auth", "cors"], 4096)
        first.rateLimit = .init(requests: 100, window: .seconds(60))
        (first.roles, first.permissions) = (["editor", "admin"], ["items.write"])
        #expect(try await set.endpoints(CallContext()) == [first, Endpoint("GET", "/")])
        let request = EndpointRequest(
            endpoint: 1, method: "POST", path: "/items/é", parameters: [NamedValue("id", "é")],
            query: [NamedValue("q", "1"), NamedValue("q", "2")], headers: [NamedValue("accept", "*/*")], body: [0, 1],
            remoteAddress: "10.0.0.1", principal: "me", requestID: "r-1")
        let told = try await Mirror.told { context async throws(PluginError) in
            for try await _ in try await set.handle(request, context) {}
        }
        #expect(
            told == [
                "endpoint": 1, "method": "POST", "path": "/items/é", "parameters": [["id", "é"]],
                "query": [["q", "1"], ["q", "2"]], "headers": [["accept", "*/*"]], "body": [0, 1],
                "remote_address": "10.0.0.1", "principal": "me", "request_id": "r-1",
            ])
        func body(_ context: CallContext) async throws -> (head: EndpointEvent?, body: [UInt8]) {
            var (head, body): (EndpointEvent?, [UInt8]) = (nil, [])
            for try await event in try await set.handle(request, context) {
                if case .chunk(let bytes) = event { body += bytes } else { head = event }
            }
            return (head, body)
        }
        let head = EndpointEvent.head(
            status: 201, headers: [NamedValue("set-cookie", "a=1"), NamedValue("set-cookie", "b=2")])
        for (word, text) in [("whole", "body"), ("stream", "onetwo")] {
            let response = try await body(Mirror.does(word))
            #expect(response.head == head && response.body == Array(text.utf8))
        }
    }
}
