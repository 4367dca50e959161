package import PluginCore

/// Work that may block, for the modules above.
package enum HostThread {
    /// Runs the body on a host thread; the task waits. Cancelling the task resumes it at once, the body goes on.
    package static func run<Value: Sendable>(
        _ operation: @escaping @autoclosure @Sendable () -> StaticString, of plugin: String, _ context: CallContext,
        _ body: @escaping @Sendable () throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        try await AsyncCall.run(operation(), of: plugin, context, on: .lifecycle) {
            _ throws(PluginError) in try body()
        }
    }
}
