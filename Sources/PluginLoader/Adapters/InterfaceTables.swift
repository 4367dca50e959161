internal import PluginABI
internal import PluginCore

/// The host's copies of the interface tables of one instance; nil where the plugin does not offer the interface.
struct InterfaceTables: Sendable {
    var embedder: InterfaceTable<kw_embedder>?
    var vectorBackend: InterfaceTable<kw_vector_backend>?
    var modelProvider: InterfaceTable<kw_provider>?
    var toolExecutor: InterfaceTable<kw_tool_executor>?
    var hooks: InterfaceTable<kw_hooks>?
    var tools: InterfaceTable<kw_tools>?
    var functions: InterfaceTable<kw_functions>?
    var operations: InterfaceTable<kw_operations>?
    var messages: InterfaceTable<kw_messages>?
    var endpoints: InterfaceTable<kw_endpoints>?
    /// Of interfaces that the host was told of, by id.
    var described: [String: DescribedTable]

    init(of image: LoadedImage, _ plugin: String) throws(PluginError) {
        embedder = try image.table(of: EmbedderInterface.self, plugin)
        vectorBackend = try image.table(of: VectorBackendInterface.self, plugin)
        modelProvider = try image.table(of: ModelProviderInterface.self, plugin)
        toolExecutor = try image.table(of: ToolExecutorInterface.self, plugin)
        hooks = try image.table(of: HooksInterface.self, plugin)
        tools = try image.table(of: ToolsInterface.self, plugin)
        functions = try image.table(of: FunctionsInterface.self, plugin)
        operations = try image.table(of: OperationsInterface.self, plugin)
        messages = try image.table(of: MessagesInterface.self, plugin)
        endpoints = try image.table(of: EndpointsInterface.self, plugin)
        described = try image.describedTables(of: plugin)
    }

    /// What these have and the others do not: interfaces, and operations by their number.
    func missing(in other: InterfaceTables) -> [String] {
        func missing(_ type: (some PluginInterface).Type) -> [String] {
            guard let mine = type.table(of: self) else { return [] }
            guard let others = type.table(of: other) else { return [type.id] }
            return (0..<64).filter { mine.implements($0) && !others.implements($0) }.map {
                "operation \($0 + 1) of \(type.id)"
            }
        }
        return missing(EmbedderInterface.self) + missing(VectorBackendInterface.self)
            + missing(ModelProviderInterface.self)
            + missing(ToolExecutorInterface.self) + missing(HooksInterface.self) + missing(ToolsInterface.self)
            + missing(FunctionsInterface.self) + missing(OperationsInterface.self) + missing(MessagesInterface.self)
            + missing(EndpointsInterface.self) + missingDescribed(in: other)
    }
}

extension InterfaceTables {
    fileprivate func missingDescribed(in other: InterfaceTables) -> [String] {
        described.sorted { $0.key < $1.key }.flatMap { id, mine -> [String] in
            guard let others = other.described[id] else { return [id] }
            return mine.slots.filter { !others.slots.contains($0) }.map { "operation \($0 + 1) of \(id)" }
        }
    }
}

/// An interface, as a type: its id, and where its table stands.
protocol PluginInterface: Sendable {
    associatedtype Table: BitwiseCopyable
    /// Such as "keyway.embedder/1".
    static var id: String { get }
    static func table(of tables: InterfaceTables) -> InterfaceTable<Table>?
}

enum EmbedderInterface: PluginInterface {
    static var id: String { KW_EMBEDDER_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_embedder>? { tables.embedder }
}

enum VectorBackendInterface: PluginInterface {
    static var id: String { KW_VECTOR_BACKEND_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_vector_backend>? { tables.vectorBackend }
}

enum ModelProviderInterface: PluginInterface {
    static var id: String { KW_PROVIDER_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_provider>? { tables.modelProvider }
}

enum ToolExecutorInterface: PluginInterface {
    static var id: String { KW_TOOL_EXECUTOR_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_tool_executor>? { tables.toolExecutor }
}

enum HooksInterface: PluginInterface {
    static var id: String { KW_HOOKS_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_hooks>? { tables.hooks }
}

enum ToolsInterface: PluginInterface {
    static var id: String { KW_TOOLS_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_tools>? { tables.tools }
}

enum FunctionsInterface: PluginInterface {
    static var id: String { KW_FUNCTIONS_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_functions>? { tables.functions }
}

enum OperationsInterface: PluginInterface {
    static var id: String { KW_OPERATIONS_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_operations>? { tables.operations }
}

enum MessagesInterface: PluginInterface {
    static var id: String { KW_MESSAGES_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_messages>? { tables.messages }
}

enum EndpointsInterface: PluginInterface {
    static var id: String { KW_ENDPOINTS_ID }
    static func table(of tables: InterfaceTables) -> InterfaceTable<kw_endpoints>? { tables.endpoints }
}
