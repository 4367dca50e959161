internal import CPluginLinux
package import PluginCore
internal import Synchronization

/// One instance of one load of a plugin's code. A plugin that is swapped has several, one after the other.
///
/// The steps of its end are the caller's to take in their order: close, drain, quiesce, destroy. Whoever lets go of a
/// generation has it destroyed when its last call has left.
package final class PluginGeneration: Sendable {
    package let loaded: LoadedPlugin
    /// Create and start.
    package let createTime: Duration
    let instance: PluginInstance

    init(loaded: LoadedPlugin, instance: PluginInstance, createTime: Duration) {
        self.loaded = loaded
        self.instance = instance
        self.createTime = createTime
    }

    /// Is its instance gone?
    package var isDestroyed: Bool {
        instance.end.withLock { end in if case .destroyed = end { true } else { false } }
    }

    package var statistics: CallStatistics { instance.counter.statistics }

    /// Suspends until the last call has left; only after it was closed, which taking its place does.
    /// - Returns: false if the task was cancelled before.
    package func drain() async -> Bool { await instance.counter.drain() }

    /// Has the plugin stop its work; only when it is drained. ``resume(_:)`` may follow.
    /// - Parameter successor: whether another generation takes over, which gets what is handed over.
    /// - Returns: what the plugin hands over, or nothing.
    package func quiesce(forSuccessor successor: Bool, _ context: CallContext) async throws(PluginError) -> [UInt8] {
        let instance = instance
        return try await AsyncCall.run("plugin.quiesce", of: instance.id, context, on: .lifecycle) {
            cancellation throws(PluginError) in
            try instance.quiesce(successor ? .swap : .suspend, wantsState: successor, context, cancellation).state
        }
    }

    /// Has the plugin begin its work again after it was quiesced.
    package func resume(_ context: CallContext) async throws(PluginError) {
        let instance = instance
        try await AsyncCall.run("plugin.start", of: instance.id, context, on: .lifecycle) {
            cancellation throws(PluginError) in try instance.start(context, cancellation)
        }
    }

    /// How the plugin is, asked without going through the place that the generation may or may not have.
    package func health(_ context: CallContext) async throws(PluginError) -> Health {
        let instance = instance
        return try await AsyncCall.run("plugin.health", of: instance.id, context, on: .lifecycle) {
            cancellation throws(PluginError) in try instance.health(context, cancellation)
        }
    }

    /// Frees the instance; only when it is drained. The code stays.
    package func destroy(_ context: CallContext) async throws(PluginError) {
        let instance = instance
        try await AsyncCall.run("plugin.destroy", of: instance.id, context, on: .lifecycle) {
            _ throws(PluginError) in instance.shutdown()
        }
    }

    /// Interfaces and operations of another generation that this one does not have.
    package func missing(comparedWith other: PluginGeneration) -> [String] {
        other.instance.tables.missing(in: instance.tables)
    }
}
