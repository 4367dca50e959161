import PluginBridge
import PluginSDK
import Testing

/// Tools, operations, hooks, messages, endpoints and functions.
@Suite struct InterfaceTests {
    private let host: TestHost

    init() throws { host = try TestHost(Everything.self) }

    private func table<Table>(_ id: String, _ type: Table.Type) throws -> Table {
        try host.table(id, type)
    }

    @Test func `Tools are listed and invoked with every field`() throws {
        let tools = try table(KW_TOOLS_ID, kw_tools.self)
        let executor = try table(KW_TOOL_EXECUTOR_ID, kw_tool_executor.self)
        func specifications<Function>(_ list: Function) throws -> [ToolSpecification] {
            unsafe try host.ask(list, reply: kw_tools_out.self) { reply, reader throws(PluginError) in
                try unsafe reader.elements(reply.tools, of: kw_tool_spec.self, "tools") { tool throws(PluginError) in
                    try unsafe ToolSpecification(tool, reader)
                }
            }
        }
        #expect(try unsafe specifications(tools.list) == [Values.tool])
        #expect(try unsafe specifications(executor.tools) == [Values.tool])
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let call = ToolCall(id: "c9", name: "look", arguments: #"{"a":"ü"}"#, index: 0)
        let output = unsafe try host.call(tools.invoke, writer.tool(call), reply: kw_tool_out.self, on: nil) {
            reply, reader throws(PluginError) in unsafe try ToolOutput(reply, reader)
        }
        #expect(host.recorder.input() == call)
        #expect(output == Values.toolOutput)
    }

    @Test func `Operations are listed, and run with chunks and progress`() throws {
        let operations = try table(KW_OPERATIONS_ID, kw_operations.self)
        let list = unsafe try host.ask(operations.list, reply: kw_operations_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.operations, of: kw_operation.self, "operations") {
                operation throws(PluginError) in unsafe try OperationDescription(operation, reader)
            }
        }
        #expect(list == [Values.operation])
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let events = EventLog()
        let output = unsafe try host.call(
            operations.run, writer.operation(Values.operationRequest), reply: kw_operate_out.self,
            on: TestCall(onEvent: events.take)
        ) { reply, reader throws(PluginError) in unsafe try OperationOutput(reply, reader) }
        #expect(host.recorder.input() == Values.operationRequest)
        #expect(output == Values.operationOutput)
        #expect(events.chunks == Array("first sécond".utf8))
        #expect(events.lines.last == "\(KW_EVENT_PROGRESS) 0/0 text done data \(EventLog.bytes(of: 1))")
    }

    @Test func `Hooks are listed, replace, forbid and let pass`() throws {
        let hooks = try table(KW_HOOKS_ID, kw_hooks.self)
        let list = unsafe try host.ask(hooks.list, reply: kw_hooks_out.self) { reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.hooks, of: kw_hook.self, "hooks") { hook throws(PluginError) in
                unsafe try Hook(hook, reader)
            }
        }
        #expect(list == [Values.hook])
        func reply(_ event: HookEvent) throws -> HookReply {
            var writer = ABIWriter()
            defer { extendLifetime(writer) }
            let reply = unsafe try host.call(hooks.on_hook, writer.hook(event), reply: kw_hook_out.self, on: nil) {
                reply, reader throws(PluginError) in unsafe try HookReply(reply, in: event.mode, reader)
            }
            #expect(host.recorder.input() == event)
            return reply
        }
        #expect(
            try reply(Values.hookEvent("before.x", .filter)) == HookReply(.replace(Array("7 bytes at before.x".utf8))))
        #expect(
            try reply(Values.hookEvent("before.x", .veto))
                == HookReply(.stop(reason: "not today"), metadata: ["why": 7]))
        #expect(try reply(Values.hookEvent("after.nothing", .observe)) == HookReply())
    }

    @Test func `A hook's payload that has a length and no bytes is refused`() throws {
        let hooks = try table(KW_HOOKS_ID, kw_hooks.self)
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var input = unsafe writer.hook(Values.hookEvent("before.x", .filter))
        unsafe input.payload = unsafe kw_bytes(ptr: nil, len: 7)
        let error = thrown {
            unsafe try host.call(hooks.on_hook, input, reply: kw_hook_out.self, on: nil) { _, _ in }
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.what.contains("a payload with a length and no bytes") == true, "\(error?.what ?? "")")
        #expect(host.recorder.input(HookEvent.self) == nil)
    }

    @Test func `Messages arrive with every field, and are answered if they want to be`() throws {
        let messages = try table(KW_MESSAGES_ID, kw_messages.self)
        var message = Values.message
        func reply() throws -> MessageReply {
            var writer = ABIWriter()
            defer { extendLifetime(writer) }
            return unsafe try host.call(
                messages.on_message, writer.message(message), reply: kw_message_out.self, on: nil
            ) {
                reply, reader throws(PluginError) in
                unsafe MessageReply(
                    type: try reader.text(reply.type, "t"), payload: try reader.bytes(reply.payload, "p"),
                    payloadType: try reader.text(reply.payload_type, "pt"))
            }
        }
        #expect(try reply() == MessageReply(type: "pong", payload: [4, 5], payloadType: "application/x"))
        #expect(host.recorder.input() == message)
        message.wantsReply = false
        #expect(try reply() == MessageReply(type: "", payload: [], payloadType: ""))
        #expect(host.recorder.input() == message)
    }

    @Test func `Endpoints are listed, and answer at once or in pieces`() throws {
        let endpoints = try table(KW_ENDPOINTS_ID, kw_endpoints.self)
        let list = unsafe try host.ask(endpoints.list, reply: kw_endpoints_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.endpoints, of: kw_endpoint.self, "endpoints") {
                endpoint throws(PluginError) in
                unsafe try Endpoint(endpoint, reader)
            }
        }
        #expect(list == [Values.endpoint])
        func response(_ number: Int, _ events: EventLog) throws -> EndpointResponse {
            var writer = ABIWriter()
            defer { extendLifetime(writer) }
            let response = unsafe try host.call(
                endpoints.handle, writer.request(Values.endpointRequest(number)), reply: kw_response_out.self,
                on: TestCall(onEvent: events.take)
            ) { reply, reader throws(PluginError) in unsafe try EndpointResponse(reply, reader) }
            #expect(host.recorder.input() == Values.endpointRequest(number))
            return response
        }
        let whole = EventLog()
        #expect(try response(0, whole) == Values.endpointResponse)
        #expect(whole.lines.isEmpty)
        let pieces = EventLog()
        #expect(try response(1, pieces).body.isEmpty)
        #expect(pieces.response == EndpointResponse(status: 206, headers: [NamedValue("x-part", "1")]))
        #expect(pieces.chunks == Array("body".utf8))
    }

    @Test func `Functions are listed with their signature, and their address is theirs`() throws {
        let functions = try table(KW_FUNCTIONS_ID, kw_functions.self)
        unsafe try host.ask(functions.list, reply: kw_functions_out.self) { reply, reader throws(PluginError) in
            let descriptions = unsafe try reader.elements(reply.functions, of: kw_function.self, "functions") {
                function throws(PluginError) in
                typealias Add = @convention(c) (Double, Double) -> Double
                let add = unsafe unsafeBitCast(function.address, to: Add.self)
                #expect(add(2, 0.5) == 2.5)
                return unsafe try FunctionDescription(function, reader)
            }
            #expect(
                descriptions == [
                    FunctionDescription(
                        name: "math.add", description: "adds", signature: FunctionSignature("f64(f64,f64)")!,
                        parameterNames: ["a", "b"], traits: [.threadSafe, .pure])
                ])
        }
    }

    @Test func `A closure that is no C function, and a signature that is none, are stopped at once`() async {
        await #expect(processExitsWith: .failure) { makeFunctionOfClosure() }
        await #expect(processExitsWith: .failure) { makeFunctionWithoutSignature() }
    }
}

private func makeFunctionOfClosure() {
    _ = unsafe NativeFunction("f", signature: "v()", { () -> Void in })
}

private func makeFunctionWithoutSignature() {
    _ = unsafe NativeFunction("f", signature: "f64 f64", {} as @convention(c) () -> Void)
}
