internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// `keyway.tool-executor/1` over an author's type. What the type does not implement stays NULL.
enum ToolExecutorOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_tool_executor>? {
        guard type is any ToolExecutorPlugin.Type else { return nil }
        var table = zeroed(kw_tool_executor.self)
        table.h = .of(kw_tool_executor.self)
        unsafe table.enforceable = { instance, call, _ in unsafe ToolExecutorOperations.enforceable(instance, call) }
        unsafe table.evaluate = { instance, call, input in unsafe ToolExecutorOperations.evaluate(instance, call, input)
        }
        unsafe table.execute = { instance, call, input in unsafe ToolExecutorOperations.execute(instance, call, input) }
        if type is any TypedToolRunning.Type {
            unsafe table.tools = { instance, call, _ in unsafe ToolExecutorOperations.tools(instance, call) }
        }
        if type is any RunConversing.Type {
            unsafe table.send = { instance, call, input in unsafe ToolExecutorOperations.send(instance, call, input) }
        }
        return unsafe permanent(table)
    }

    private static func enforceable(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Operation.answer(call) { call, writer throws(PluginError) in
            let executor = try unsafe Instance.of(instance, "toolExecutor.enforceable").pointee.executor!
            return unsafe kw_enforceable_out(
                h: .of(kw_enforceable_out.self), fields: writer.enforcements(try executor.pointee.enforceable(call)))
        }
    }

    private static func evaluate(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_run_in>?
    ) -> kw_status {
        unsafe Operation.answer("toolExecutor.evaluate", call, input) {
            call, input, reader, writer throws(PluginError) in
            let executor = try unsafe Instance.of(instance, "toolExecutor.evaluate").pointee.executor!
            let decision = try unsafe executor.pointee.evaluate(
                ToolRunRequest(input, reader), under: reader.policy(of: input), call)
            return unsafe writer.decision(decision)
        }
    }

    private static func execute(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_run_in>?
    ) -> kw_status {
        unsafe Operation.answer("toolExecutor.execute", call, input) {
            call, input, reader, writer throws(PluginError) in
            let executor = try unsafe Instance.of(instance, "toolExecutor.execute").pointee.executor!
            let result = try unsafe executor.pointee.execute(
                ToolRunRequest(input, reader), under: reader.policy(of: input), to: RunOutput(call.pointer), call)
            return unsafe writer.runResult(result)
        }
    }

    private static func tools(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Operation.answer(call) { call, writer throws(PluginError) in
            unsafe writer.tools(
                try Instance.of(instance, "toolExecutor.tools").pointee.typedTools!.pointee.tools(call))
        }
    }

    private static func send(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_send_in>?
    ) -> kw_status {
        unsafe Operation.answer("toolExecutor.send", call, input) { call, input, reader, _ throws(PluginError) in
            let conversation = try unsafe Instance.of(instance, "toolExecutor.send").pointee.runConversation!
            let session = try unsafe reader.text(input.session, "a session")
            for message in try unsafe ToolMessage.read(input, reader) {
                try unsafe conversation.pointee.send(message, to: session, call)
            }
            return kw_none(h: .of(kw_none.self))
        }
    }
}

extension ABIReader {
    /// Exactly one, or nothing may run: a missing policy is no permission.
    fileprivate func policy(of input: borrowing kw_run_in) throws(PluginError) -> ToolPolicy {
        let policy = try unsafe optional(input.policy, of: kw_policy.self, "a policy") { policy throws(PluginError) in
            try unsafe ToolPolicy(policy, self)
        }
        guard let policy else { throw violation("was given no policy") }
        return policy
    }
}
