import PluginSDK

struct SeenRun: Equatable {
    var request: ToolRunRequest
    var policy: ToolPolicy
}

extension Everything: ToolExecutorPlugin, TypedToolRunning, RunConversing {
    func enforceable(_ call: borrowing PluginCall) throws(PluginError) -> [Enforcement] {
        try recorder.note("enforceable", call)
        return Values.enforcements
    }

    func evaluate(
        _ request: ToolRunRequest, under policy: ToolPolicy, _ call: borrowing PluginCall
    ) throws(PluginError) -> ToolDecision {
        try recorder.note(SeenRun(request: request, policy: policy), call)
        return Values.decision
    }

    func execute(
        _ request: ToolRunRequest, under policy: ToolPolicy, to output: borrowing RunOutput,
        _ call: borrowing PluginCall
    ) throws(PluginError) -> ToolRunResult {
        try recorder.note(SeenRun(request: request, policy: policy), call)
        try output.started(processID: 4242, session: "talk")
        try output.stdout(Array("out".utf8).span)
        try output.stderr(Array("err".utf8).span)
        try output.violation(Values.violation)
        try output.approval(id: "ask-1", Values.decision)
        return Values.runResult
    }

    func send(_ message: ToolMessage, to session: String, _ call: borrowing PluginCall) throws(PluginError) {
        try recorder.note(message, call)
        guard session == "talk" else { throw PluginError(.notFound, "there is no run \(session)") }
    }
}

extension Everything: ToolPlugin, OperationPlugin, HookPlugin, MessagePlugin, EndpointPlugin, FunctionPlugin {
    /// Serves ``ToolPlugin`` and ``TypedToolRunning``.
    func tools(_ call: borrowing PluginCall) throws(PluginError) -> [ToolSpecification] {
        try recorder.note("tools", call)
        return [Values.tool]
    }

    func invoke(_ tool: ToolCall, _ call: borrowing PluginCall) throws(PluginError) -> ToolOutput {
        try recorder.note(tool, call)
        return Values.toolOutput
    }

    func operations(_ call: borrowing PluginCall) throws(PluginError) -> [OperationDescription] {
        try recorder.note("operations", call)
        return [Values.operation]
    }

    func run(
        _ request: OperationRequest, to output: borrowing ChunkOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> OperationOutput {
        try recorder.note(request, call)
        try output.chunk(Array("first ".utf8).span)
        try output.chunk("sécond")
        try call.progress(1, "done")
        return Values.operationOutput
    }

    func hooks(_ call: borrowing PluginCall) throws(PluginError) -> [Hook] {
        try recorder.note("hooks", call)
        return [Values.hook]
    }

    func handle(_ event: borrowing HookInput, _ call: borrowing PluginCall) throws(PluginError) -> HookReply {
        try recorder.note(try event.event(), call)
        if event.isAt("after.nothing") { return HookReply() }
        if event.mode == .veto { return HookReply(.stop(reason: "not today"), metadata: ["why": 7]) }
        let length = event.withPayload { $0.count }
        return HookReply(.replace(Array("\(length) bytes at \(try event.name())".utf8)))
    }

    func receive(_ message: PluginMessage, _ call: borrowing PluginCall) throws(PluginError) -> MessageReply? {
        try recorder.note(message, call)
        return message.wantsReply ? MessageReply(type: "pong", payload: [4, 5], payloadType: "application/x") : nil
    }

    func endpoints(_ call: borrowing PluginCall) throws(PluginError) -> [Endpoint] {
        try recorder.note("endpoints", call)
        return [Values.endpoint]
    }

    func handle(
        _ request: EndpointRequest, to output: borrowing ResponseOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> EndpointResponse? {
        try recorder.note(request, call)
        guard request.endpoint == 1 else { return Values.endpointResponse }
        try output.head(status: 206, headers: [NamedValue("x-part", "1")])
        try output.chunk(Array("bo".utf8).span)
        try output.chunk("dy")
        return nil
    }

    func functions(_ call: borrowing PluginCall) throws(PluginError) -> [NativeFunction] {
        try recorder.note("functions", call)
        return unsafe [
            NativeFunction(
                "math.add", signature: "f64(f64,f64)", description: "adds", parameterNames: ["a", "b"],
                traits: [.threadSafe, .pure], { $0 + $1 } as @convention(c) (Double, Double) -> Double)
        ]
    }
}
