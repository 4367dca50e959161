internal import PluginCore

/// The operations of the plugin table, on behalf of a task: the plugin runs on a host thread, because it may block.
extension InstanceSlot {
    func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await AsyncCall.run("plugin.health", of: id, context) { cancellation throws(PluginError) in
            try self.withInstance("plugin.health") { instance throws(PluginError) in
                try instance.health(context, cancellation)
            }
        }
    }

    func configure(
        _ configuration: JSON, dryRun: Bool, _ context: CallContext
    ) async throws(PluginError) -> [ConfigurationIssue] {
        try await AsyncCall.run("plugin.configure", of: id, context) { cancellation throws(PluginError) in
            try self.withInstance("plugin.configure") { instance throws(PluginError) in
                try instance.configure(configuration, dryRun: dryRun, context, cancellation)
            }
        }
    }

    func notify(
        _ error: PluginError, callID: UInt64, executionID: String?, _ context: CallContext
    ) async throws(PluginError) {
        try await AsyncCall.run("plugin.notice", of: id, context) { _ throws(PluginError) in
            try self.withInstance("plugin.notice") { instance throws(PluginError) in
                try instance.notify(error, callID: callID, executionID: executionID, context)
            }
        }
    }

    /// Refuses new calls, waits for those that run, and ends the instance. The waiting is done by a host thread.
    func shutdown() async {
        refuse(Self.shutDown(id))
        let instance = instance
        await withCheckedContinuation { continuation in
            HostThreads.lifecycle.submit {
                instance.shutdown()
                continuation.resume()
            }
        }
    }
}
