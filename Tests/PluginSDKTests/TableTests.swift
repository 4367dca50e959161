import PluginBridge
import Testing

@testable import PluginSDK

/// Implements as little as it can.
struct Bare: HookPlugin, EmbedderPlugin, VectorBackendPlugin, ToolExecutorPlugin, GeneratingProviderPlugin {
    static let description = PluginDescription(id: "bare", version: "0.0.1", isConcurrent: false)

    init(configuration: JSON, host: HostContext) throws(PluginError) {}

    private func refuse<Result>(_ type: Result.Type = Result.self) throws(PluginError) -> Result {
        throw PluginError(.unsupported, "bare")
    }

    func hooks(_ call: borrowing PluginCall) throws(PluginError) -> [Hook] { try refuse() }
    func handle(_ event: borrowing HookInput, _ call: borrowing PluginCall) throws(PluginError) -> HookReply {
        try refuse()
    }
    func info(_ call: borrowing PluginCall) throws(PluginError) -> EmbedderInfo { try refuse() }
    func embed(
        _ inputs: borrowing EmbedInputs, into output: inout EmbedOutput, _ call: borrowing PluginCall
    ) throws(PluginError) { try refuse(Void.self) }
    func info(_ call: borrowing PluginCall) throws(PluginError) -> VectorBackendInfo { try refuse() }
    func repositories(_ call: borrowing PluginCall) throws(PluginError) -> [RepositoryInfo] { try refuse() }
    func ensure(
        _ specification: RepositorySpecification, _ call: borrowing PluginCall
    ) throws(PluginError) -> RepositoryInfo { try refuse() }
    func upsert(
        _ batch: borrowing VectorBatch, into repository: String, _ call: borrowing PluginCall
    ) throws(PluginError) -> VectorCommit { try refuse() }
    func query(
        _ queries: [VectorQuery], in repository: String, _ call: borrowing PluginCall
    ) throws(PluginError) -> [QueryResult] { try refuse() }
    func remove(
        _ filter: Filter, from repository: String, _ call: borrowing PluginCall
    ) throws(PluginError) -> VectorCommit { try refuse() }
    func count(_ filter: Filter, in repository: String, _ call: borrowing PluginCall) throws(PluginError) -> Int {
        try refuse()
    }
    func wipe(_ repository: String, _ call: borrowing PluginCall) throws(PluginError) { try refuse(Void.self) }
    func enforceable(_ call: borrowing PluginCall) throws(PluginError) -> [Enforcement] { try refuse() }
    func evaluate(
        _ request: ToolRunRequest, under policy: ToolPolicy, _ call: borrowing PluginCall
    ) throws(PluginError) -> ToolDecision { try refuse() }
    func execute(
        _ request: ToolRunRequest, under policy: ToolPolicy, to output: borrowing RunOutput,
        _ call: borrowing PluginCall
    ) throws(PluginError) -> ToolRunResult { try refuse() }
    func models(_ call: borrowing PluginCall) throws(PluginError) -> [Model] { try refuse() }
    func generate(_ request: ModelRequest, _ call: borrowing PluginCall) throws(PluginError) -> ModelResponse {
        try refuse()
    }
}

/// Wants an SDK that does not exist yet.
private struct Future: PluginImplementation {
    static let description = PluginDescription(
        id: "future", version: "1.0.0", sdk: SDKRange(minimum: 7, maximum: 9))

    init(configuration: JSON, host: HostContext) throws(PluginError) {}
}

/// What stands in the tables, before anything of them is called.
@Suite struct TableTests {
    @Test func `The plugin table says what the description says`() throws {
        let table = unsafe try TestHost(Everything.self).plugin.pointee
        unsafe #expect(table.h.size == UInt32(MemoryLayout<kw_plugin>.size))
        unsafe #expect(table.magic == KW_MAGIC)
        unsafe #expect(table.caps == KW_CAP_CONCURRENT)
        unsafe #expect((table.sdk_built, table.sdk_min, table.sdk_max) == (KW_SDK, 1, 0))
        unsafe #expect(table.max_concurrency == 7)
        unsafe #expect(ABIReader.repaired(table.id) == "everything")
        unsafe #expect(ABIReader.repaired(table.version) == "1.2.3-rc.1")
        let bare = unsafe try TestHost(Bare.self).plugin.pointee
        unsafe #expect((bare.caps, bare.sdk_max, bare.max_concurrency) == (0, 1, 0))
    }

    @Test func `One type offers every interface that it conforms to`() throws {
        let host = try TestHost(Everything.self)
        let ids = unsafe try ABIReader(plugin: "", operation: "test").elements(
            host.plugin.pointee.ifaces, of: kw_iface.self, "interfaces"
        ) { unsafe ABIReader.repaired($0.id) }
        #expect(
            Set(ids) == [
                KW_PROVIDER_ID, KW_EMBEDDER_ID, KW_VECTOR_BACKEND_ID, KW_TOOL_EXECUTOR_ID, KW_TOOLS_ID,
                KW_OPERATIONS_ID, KW_HOOKS_ID, KW_MESSAGES_ID, KW_ENDPOINTS_ID, KW_FUNCTIONS_ID,
            ])
        #expect(ids.count == 10)
        unsafe #expect(try TestHost(ServiceUser.self).plugin.pointee.ifaces.count == 0)
    }

    @Test func `What a type does not implement stays NULL, and nothing else`() throws {
        let host = try TestHost(Bare.self)
        let plugin = unsafe host.plugin.pointee
        unsafe #expect(plugin.create != nil && plugin.start != nil && plugin.health != nil && plugin.quiesce != nil)
        unsafe #expect(plugin.destroy != nil)
        unsafe #expect(plugin.configure == nil && plugin.notice == nil && plugin.task == nil)
        let provider = try host.table(KW_PROVIDER_ID, kw_provider.self)
        unsafe #expect(provider.models != nil && provider.generate != nil)
        unsafe #expect(provider.stream == nil && provider.count_tokens == nil && provider.prewarm == nil)
        let embedder = try host.table(KW_EMBEDDER_ID, kw_embedder.self)
        unsafe #expect(embedder.info != nil && embedder.embed != nil && embedder.count_tokens == nil)
        let vectors = try host.table(KW_VECTOR_BACKEND_ID, kw_vector_backend.self)
        unsafe #expect(vectors.upsert != nil && vectors.query != nil && vectors.flush != nil)
        unsafe #expect(vectors.get == nil && vectors.scan == nil && vectors.update == nil)
        unsafe #expect(vectors.snapshot == nil && vectors.restore == nil)
        let executor = try host.table(KW_TOOL_EXECUTOR_ID, kw_tool_executor.self)
        unsafe #expect(executor.execute != nil && executor.tools == nil && executor.send == nil)
        unsafe #expect(host.interface(KW_TOOLS_ID, as: kw_tools.self) == nil)
    }

    @Test func `The entry answers alike every time, and refuses an SDK that the type does not know`() throws {
        var tables: [UnsafePointer<kw_plugin>?] = unsafe [nil, nil]
        unsafe #expect(PluginEntry.export(Everything.self, nil, 1, &tables[0]) == KW_OK)
        unsafe #expect(PluginEntry.export(Everything.self, nil, 5, &tables[1]) == KW_OK)
        unsafe #expect(tables[0] != nil && tables[0] == tables[1])
        var none: UnsafePointer<kw_plugin>?
        unsafe #expect(PluginEntry.export(Future.self, nil, 1, &none) == KW_SDK_MISMATCH)
        unsafe #expect(PluginEntry.export(Future.self, nil, 10, &none) == KW_SDK_MISMATCH)
        unsafe #expect(none == nil)
        unsafe #expect(PluginEntry.export(Everything.self, nil, 1, nil) == KW_INVALID_ARGUMENT)
    }
}
