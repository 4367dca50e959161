internal import CPluginCall
internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// Operations on behalf of a task: the plugin runs on a host thread, because it may block.
extension PluginInstance {
    /// Runs one operation.
    ///
    /// - Parameters:
    ///   - isCounted: whether it takes one of the places that `max_concurrency` gives.
    ///   - write: makes the input; runs on the host thread, so it owns all that it uses.
    ///   - read: turns the reply into values; pointers in it die when it returns.
    func run<Input: BitwiseCopyable, Output: BitwiseCopyable, Value: Sendable>(
        _ operation: StaticString, _ function: kw_any_op, _ context: CallContext, reply: Output.Type,
        isCounted: Bool = true, write: @escaping @Sendable (inout ABIWriter) -> Input,
        read: @escaping @Sendable (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        try await AsyncCall.run(operation, of: id, context) { cancellation throws(PluginError) in
            var inputs = ABIWriter()
            var input = write(&inputs)
            let value = unsafe try self.invoke(
                operation, function, &input, reply: reply, context: context, cancellation: cancellation,
                isCounted: isCounted, read: read)
            _ = consume inputs
            return value
        }
    }

    /// Runs one operation that takes nothing.
    func run<Output: BitwiseCopyable, Value: Sendable>(
        _ operation: StaticString, _ function: kw_any_op, _ context: CallContext, reply: Output.Type,
        read: @escaping @Sendable (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        unsafe try await run(
            operation, function, context, reply: reply, write: { _ in kw_none(h: .of(kw_none.self)) }, read: read)
    }

    /// Runs one operation that replies nothing.
    func run<Input: BitwiseCopyable>(
        _ operation: StaticString, _ function: kw_any_op, _ context: CallContext, isCounted: Bool = true,
        write: @escaping @Sendable (inout ABIWriter) -> Input
    ) async throws(PluginError) {
        unsafe try await run(
            operation, function, context, reply: kw_none.self, isCounted: isCounted, write: write
        ) { _, _ throws(PluginError) in }
    }

    func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await AsyncCall.run("plugin.health", of: id, context) { cancellation throws(PluginError) in
            try self.health(context, cancellation)
        }
    }

    /// Shuts down on a host thread: draining and quiescing may block.
    func shutdownFromTask() async {
        await withCheckedContinuation { continuation in
            HostThreads.shared.submit {
                self.shutdown()
                continuation.resume()
            }
        }
    }
}
