internal import PluginABI
public import PluginCore
internal import Synchronization

/// A living plugin in this process, and its adapters.
///
/// It may be swapped for another build while calls go on; the adapters stay what they are and lead to the new one.
public final class NativePlugin: Plugin, Sendable {
    /// nil if the plugin does not offer the interface.
    public let embedder: NativeEmbedder?
    public let vectorBackend: NativeVectorBackend?
    public let modelProvider: NativeModelProvider?
    public let toolExecutor: NativeToolExecutor?
    public let hookHandler: NativeHookHandler?
    public let toolSet: NativeToolSet?
    public let functionSet: NativeFunctionSet?
    public let operationSet: NativeOperationSet?
    public let messageHandler: NativeMessageHandler?
    public let endpointSet: NativeEndpointSet?
    let slot: InstanceSlot
    private let present: Mutex<PluginGeneration>

    package init(_ generation: PluginGeneration) {
        slot = InstanceSlot(generation.instance)
        present = Mutex(generation)
        embedder = NativeEmbedder(slot)
        vectorBackend = NativeVectorBackend(slot)
        modelProvider = NativeModelProvider(slot)
        toolExecutor = NativeToolExecutor(slot)
        hookHandler = NativeHookHandler(slot)
        toolSet = NativeToolSet(slot)
        functionSet = NativeFunctionSet(slot)
        operationSet = NativeOperationSet(slot)
        messageHandler = NativeMessageHandler(slot)
        endpointSet = NativeEndpointSet(slot)
    }

    public var id: String { slot.id }
    public var version: SemanticVersion { loaded.manifest.version }
    /// The code that serves calls now.
    public var loaded: LoadedPlugin { generation.loaded }
    /// Create and start of the instance that serves calls now.
    public var createTime: Duration { generation.createTime }
    /// Of the instance that serves calls now.
    public var statistics: CallStatistics { generation.statistics }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await slot.health(context)
    }

    /// Gives the instance a new configuration; a dry run only asks whether it would take it.
    ///
    /// - Returns: what is wrong with it. If any of it is an error, nothing has changed.
    /// - Throws: `unsupported` if the plugin cannot change its configuration while it lives.
    public func configure(
        _ configuration: JSON, dryRun: Bool = false, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> [ConfigurationIssue] {
        try await slot.configure(configuration, dryRun: dryRun, context)
    }

    /// Tells the plugin of an error of one of its calls that it may not have seen itself, such as a passed deadline.
    /// Plugins that do not want to know are not asked.
    ///
    /// - Parameters:
    ///   - callID: ``CallContext``'s number of the call in the plugin's logs; 0 = there was none.
    ///   - executionID: the execution that the call belonged to, or nil.
    public func notify(
        of error: PluginError, callID: UInt64 = 0, executionID: String? = nil,
        _ context: CallContext = CallContext()
    ) async throws(PluginError) {
        try await slot.notify(error, callID: callID, executionID: executionID, context)
    }

    /// Refuses new calls, waits for those that run, and ends the instance.
    public func shutdown() async { await slot.shutdown() }

    /// Can it take a new configuration while it lives?
    public var canConfigure: Bool { unsafe slot.instance.table.configure != nil }

    /// The processes that it runs in, in the order in which they were started; none if it runs in this one.
    public var workers: [WorkerStatus] { slot.instance.pool?.workers ?? [] }
    /// Calls that wait for one of its workers.
    public var waitingCalls: Int { slot.instance.pool?.remote.waiting ?? 0 }
    /// Processes that took the place of others, or came to help, since the present build was loaded.
    public var workerRestarts: Int { slot.instance.pool?.restarts ?? 0 }
    /// What it is kept from; nil while its first worker has not said.
    public var sandbox: SandboxReport? { slot.instance.pool?.sandbox ?? (slot.instance.pool == nil ? .inProcess : nil) }
    /// What its workers' connections have carried while there was a limit on it; nil: nothing.
    public var traffic: TrafficCount? { slot.instance.pool?.factory.options.traffic.carried }
    /// Why its workers get no calls; nil: they do, or it runs in this process.
    public var refusal: CallRefusal? { slot.instance.pool?.refusal }
    /// Calls that another plugin answered in its place.
    public var fallbacks: UInt64 { slot.fallbacks }

    // MARK: - For the host, which makes one change at a time

    package var generation: PluginGeneration { present.withLock { $0 } }

    /// Has new calls wait. Those that run go on.
    package func hold() { slot.hold() }

    /// Has new calls, and those that wait, fail with the error.
    package func refuse(_ error: PluginError) { slot.refuse(error) }

    /// Lets calls go on.
    package func open() { slot.open() }

    /// Has a worker load it within other limits; nothing is changed by that.
    /// - Throws: what keeps it from being loaded within them.
    package func rehearse(_ limits: EffectiveLimits) throws(PluginError) {
        try slot.instance.pool?.factory.rehearse(limits)
    }

    /// Has other limits hold for its calls and workers from now on.
    /// - Returns: false if it runs in this process, where nothing limits it.
    package func adopt(_ limits: EffectiveLimits) -> Bool {
        guard let pool = slot.instance.pool else { return false }
        pool.adopt(limits)
        return true
    }

    /// What its calls and workers may use; nil if it runs in this process.
    public var limits: EffectiveLimits? { slot.instance.pool?.factory.options.limits }

    /// Forgets failures of its workers, and lets calls go to them.
    package func readmit() { slot.instance.pool?.readmit() }

    /// Has another plugin answer calls that this one cannot; nil: none does.
    package func lend(_ fallback: Fallback?) { slot.lend(fallback) }

    /// Has calls go to another generation, which must have all interfaces and operations of the present one.
    /// - Returns: the generation that was present, closed; calls may still run in it.
    package func replace(with generation: PluginGeneration) -> PluginGeneration {
        precondition(generation.instance.id == id, "a plugin can only be replaced by one of its own id")
        let old = present.withLock { present in
            defer { present = generation }
            return present
        }
        slot.replace(with: generation.instance)
        return old
    }
}
