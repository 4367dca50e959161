internal import PluginABI
internal import PluginBridge
public import PluginCore

/// A living instance of a plugin in this process, and its adapters.
public final class NativePlugin: Plugin, Sendable {
    public let loaded: LoadedPlugin
    /// Create and start.
    public let createTime: Duration
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
    private let instance: PluginInstance

    init(loaded: LoadedPlugin, image: LoadedImage, instance: PluginInstance, createTime: Duration) throws(PluginError) {
        let id = loaded.manifest.id
        do throws(PluginError) {
            embedder = try image.interface(KW_EMBEDDER_ID, as: kw_embedder.self, plugin: id).map {
                NativeEmbedder(instance: instance, table: $0)
            }
            vectorBackend = try image.interface(KW_VECTOR_BACKEND_ID, as: kw_vector_backend.self, plugin: id).map {
                NativeVectorBackend(instance: instance, table: $0)
            }
            modelProvider = try image.interface(KW_PROVIDER_ID, as: kw_provider.self, plugin: id).map {
                NativeModelProvider(instance: instance, table: $0)
            }
            toolExecutor = try image.interface(KW_TOOL_EXECUTOR_ID, as: kw_tool_executor.self, plugin: id).map {
                NativeToolExecutor(instance: instance, table: $0)
            }
            hookHandler = try image.interface(KW_HOOKS_ID, as: kw_hooks.self, plugin: id).map {
                NativeHookHandler(instance: instance, table: $0)
            }
            toolSet = try image.interface(KW_TOOLS_ID, as: kw_tools.self, plugin: id).map {
                NativeToolSet(instance: instance, table: $0)
            }
            functionSet = try image.interface(KW_FUNCTIONS_ID, as: kw_functions.self, plugin: id).map {
                NativeFunctionSet(instance: instance, table: $0, isCode: { image.isCode($0) })
            }
            operationSet = try image.interface(KW_OPERATIONS_ID, as: kw_operations.self, plugin: id).map {
                NativeOperationSet(instance: instance, table: $0)
            }
            messageHandler = try image.interface(KW_MESSAGES_ID, as: kw_messages.self, plugin: id).map {
                NativeMessageHandler(instance: instance, table: $0)
            }
            endpointSet = try image.interface(KW_ENDPOINTS_ID, as: kw_endpoints.self, plugin: id).map {
                NativeEndpointSet(instance: instance, table: $0)
            }
        } catch {
            instance.shutdown()
            throw error
        }
        self.loaded = loaded
        self.instance = instance
        self.createTime = createTime
    }

    public var id: String { loaded.manifest.id }
    public var version: SemanticVersion { loaded.manifest.version }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await instance.health(context)
    }

    /// Gives the instance a new configuration; a dry run only asks whether it would take it.
    ///
    /// - Returns: what is wrong with it. If any of it is an error, nothing has changed.
    /// - Throws: `unsupported` if the plugin cannot change its configuration while it lives.
    public func configure(
        _ configuration: JSON, dryRun: Bool = false, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> [ConfigurationIssue] {
        let instance = instance
        return try await AsyncCall.run("plugin.configure", of: id, context) { cancellation throws(PluginError) in
            try instance.configure(configuration, dryRun: dryRun, context, cancellation)
        }
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
        let instance = instance
        try await AsyncCall.run("plugin.notice", of: id, context) { _ throws(PluginError) in
            try instance.notify(error, callID: callID, executionID: executionID, context)
        }
    }

    public func shutdown() async { await instance.shutdownFromTask() }
}
