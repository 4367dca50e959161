internal import PluginCore

/// The parts of ``Plugin`` that are the same for every adapter.
extension PluginInstance {
    func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await AsyncCall.run("plugin.health", of: id, context) { cancellation throws(PluginError) in
            try self.health(context, cancellation)
        }
    }

    /// Shuts down on a host thread: it waits for operations that still run.
    func shutdownFromTask() async {
        await withCheckedContinuation { continuation in
            HostThreads.shared.submit {
                self.shutdown()
                continuation.resume()
            }
        }
    }
}
