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

    public func shutdown() async { await instance.shutdownFromTask() }
}
