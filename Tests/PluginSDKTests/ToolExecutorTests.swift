import PluginBridge
import PluginSDK
import Synchronization
import Testing

@Suite struct ToolExecutorTests {
    private let host: TestHost
    private let table: kw_tool_executor

    init() throws {
        host = try TestHost(Everything.self)
        table = try host.table(KW_TOOL_EXECUTOR_ID, kw_tool_executor.self)
    }

    @Test func `What is enforced is said with every field`() throws {
        let fields = unsafe try host.ask(table.enforceable, reply: kw_enforceable_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.fields, of: kw_enforcement.self, "fields") { field throws(PluginError) in
                unsafe try Enforcement(field, reader)
            }
        }
        #expect(fields == Values.enforcements)
    }

    private func evaluate(_ request: ToolRunRequest, _ policy: ToolPolicy) throws -> ToolDecision {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return unsafe try host.call(table.evaluate, writer.run(request, policy), reply: kw_decision.self, on: nil) {
            reply, reader throws(PluginError) in unsafe try ToolDecision(reply, reader)
        }
    }

    @Test func `A run and its policy arrive with every field`() throws {
        #expect(try evaluate(Values.runRequest, Values.policy) == Values.decision)
        let seen = try #require(host.recorder.input(SeenRun.self))
        #expect(seen.request == Values.runRequest)
        #expect(seen.policy == Values.policy)
    }

    @Test func `The policy that is nothing but defaults arrives, too`() throws {
        let request = ToolRunRequest(.shell("echo"))
        _ = try evaluate(request, ToolPolicy())
        #expect(host.recorder.input() == SeenRun(request: request, policy: ToolPolicy()))
    }

    @Test(arguments: [
        ToolRunRequest.Body.argv(["a"]), .shell("a | b"), .tool(name: "look", arguments: #"{"a":1}"#),
    ])
    func `Every kind of run arrives`(body: ToolRunRequest.Body) throws {
        for classification in ToolRunRequest.Classification.allCases {
            var request = ToolRunRequest(body)
            request.classification = classification
            _ = try evaluate(request, ToolPolicy())
            #expect(host.recorder.input(SeenRun.self)?.request == request)
        }
    }

    @Test func `A run streams its events and replies with every field`() throws {
        let events = EventLog()
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let result = unsafe try host.call(
            table.execute, writer.run(Values.runRequest, Values.policy), reply: kw_run_out.self,
            on: TestCall(onEvent: events.take)
        ) { reply, reader throws(PluginError) in unsafe try ToolRunResult(reply, reader) }
        #expect(result == Values.runResult)
        #expect(
            events.lines == [
                "\(KW_EVENT_PROCESS) 0/0", "\(KW_EVENT_STDOUT) 0/0 data \(Array("out".utf8))",
                "\(KW_EVENT_STDERR) 0/0 data \(Array("err".utf8))", "\(KW_EVENT_VIOLATION) 0/0",
                "\(KW_EVENT_APPROVAL) 0/0 id ask-1",
            ])
        #expect(try #require(events.process) == (4242, "talk"))
        #expect(events.violations == [Values.violation])
        #expect(events.decisions == [Values.decision])
    }

    private static let misuses: [(String, @Sendable (inout kw_run_in, inout ABIWriter) -> Void)] = unsafe [
        ("was given no policy", { input, _ in unsafe input.policy = unsafe kw_span() }),
        ("kind 9", { input, _ in unsafe input.kind = 9 }),
        (
            "without a word",
            { input, writer in
                var policy = unsafe input.policy.ptr.load(as: kw_policy.self)
                unsafe policy.allow = unsafe writer.span([kw_rule(h: .of(kw_rule.self), prefix: kw_span())])
                unsafe input.policy = unsafe writer.span([policy])
            }
        ),
        (
            "overflow 9",
            { input, writer in
                var policy = unsafe input.policy.ptr.load(as: kw_policy.self)
                unsafe policy.overflow = 9
                unsafe input.policy = unsafe writer.span([policy])
            }
        ),
        (
            "ports 9 to 3",
            { input, writer in
                var policy = unsafe input.policy.ptr.load(as: kw_policy.self)
                unsafe policy.net = unsafe writer.span([
                    kw_net_rule(
                        h: .of(kw_net_rule.self), kind: UInt32(KW_NET_PORTS), is_denied: 0, name: kw_str(),
                        first_port: 9, last_port: 3)
                ])
                unsafe input.policy = unsafe writer.span([policy])
            }
        ),
    ]

    @Test(arguments: 0..<5) func `What a policy might mean is never guessed`(misuse: Int) throws {
        let (reason, change) = unsafe Self.misuses[misuse]
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var input = unsafe writer.run(Values.runRequest, Values.policy)
        unsafe change(&input, &writer)
        let error = thrown {
            unsafe try host.call(table.execute, input, reply: kw_run_out.self, on: nil) { _, _ in }
        }
        // A number without a name may be a wish of a newer host; a bad value is the host's mistake.
        let isNameless = ["kind 9", "overflow 9"].contains(reason)
        #expect(error?.code == (isNameless ? .unsupported : .invalidArgument))
        #expect(error?.what.contains(reason) == true, "\(error?.what ?? "")")
        #expect(host.recorder.input(SeenRun.self) == nil)
    }

    @Test(arguments: [
        ToolMessage.input([1, 2]), .endOfInput, .signal(15), .resize(rows: 3, columns: 4), .approve(id: "ask-1"),
        .refuse(id: "ask-1", reason: "no"),
    ])
    func `Everything that can be said to a run arrives`(message: ToolMessage) throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        unsafe try host.call(table.send, writer.send(message, to: "talk"), reply: kw_none.self, on: nil) { _, _ in }
        #expect(host.recorder.input() == message)
        let error = thrown {
            unsafe try host.call(table.send, writer.send(message, to: "nobody"), reply: kw_none.self, on: nil) { _, _ in
            }
        }
        #expect(error?.code == .notFound)
    }

    @Test func `Input and its end may come at once`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var input = unsafe writer.send(.input([1]), to: "talk")
        unsafe input.what |= UInt64(KW_SEND_END_INPUT)
        unsafe try host.call(table.send, input, reply: kw_none.self, on: nil) { _, _ in }
        #expect(
            host.recorder.state.withLock { $0.inputs.compactMap { $0 as? ToolMessage } } == [.input([1]), .endOfInput])
        unsafe input.what = 1 << 30
        let error = thrown {
            unsafe try host.call(table.send, input, reply: kw_none.self, on: nil) { _, _ in }
        }
        #expect(error?.code == .unsupported)
    }
}
