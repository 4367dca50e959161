internal import PluginABI
internal import PluginBridge
internal import PluginCore
internal import Synchronization

/// The C tables of one plugin type: made once, never freed, because the host may keep pointers into them.
@safe
final class PluginTable: @unchecked Sendable {  // written in init only
    typealias Make = @Sendable (JSON, HostContext) throws(PluginError) -> any PluginImplementation

    let make: Make
    let pointer: UnsafePointer<kw_plugin>

    private static let made = Mutex<[(type: ObjectIdentifier, table: PluginTable)]>([])

    /// nil: there is no room for another type.
    static func of<Implementation: PluginImplementation>(_ type: Implementation.Type) -> PluginTable? {
        made.withLock { made in
            if let known = made.first(where: { $0.type == ObjectIdentifier(type) }) { return known.table }
            guard made.count < PluginEntry.maximumTypes else { return nil }
            let table = unsafe PluginTable(type, create: unsafe creators[made.count])
            made.append((ObjectIdentifier(type), table))
            return table
        }
    }

    static func at(_ index: Int) -> PluginTable { made.withLock { $0[index].table } }

    private init<Implementation: PluginImplementation>(_ type: Implementation.Type, create: Create) {
        make = { configuration, host throws(PluginError) in
            try Implementation(configuration: configuration, host: host)
        }
        let description = type.description
        var table = unsafe zeroed(kw_plugin.self)
        unsafe table.h = .of(kw_plugin.self)
        unsafe table.magic = UInt32(KW_MAGIC)
        unsafe table.caps = description.isConcurrent ? UInt32(KW_CAP_CONCURRENT) : 0
        unsafe table.sdk_built = KW_SDK
        unsafe table.sdk_min = description.sdk.minimum
        unsafe table.sdk_max = description.sdk.maximum ?? 0
        unsafe table.max_concurrency = UInt32(clamping: description.maximumConcurrency ?? 0)
        unsafe table.id = permanent(description.id)
        unsafe table.version = permanent(description.version)
        let interfaces = unsafe Self.interfaces(of: type)
        let list = UnsafeMutableBufferPointer<kw_iface>.allocate(capacity: max(1, unsafe interfaces.count))
        _ = unsafe list.initialize(from: interfaces)
        unsafe table.ifaces = kw_span(
            ptr: UnsafeRawPointer(list.baseAddress), count: UInt32(interfaces.count),
            stride: UInt32(MemoryLayout<kw_iface>.stride))
        unsafe table.create = create
        unsafe LifecycleOperations.fill(&table, for: type)
        unsafe pointer = permanent(table)
    }

    /// The interfaces that a type conforms to.
    private static func interfaces(of type: any PluginImplementation.Type) -> [kw_iface] {
        var list: [kw_iface] = unsafe []
        func add<Table>(_ id: String, _ table: UnsafePointer<Table>?) {
            guard let table = unsafe table else { return }
            unsafe list.append(
                kw_iface(h: .of(kw_iface.self), id: permanent(id), vtable: UnsafeRawPointer(table)))
        }
        unsafe add(KW_PROVIDER_ID, ProviderOperations.table(for: type))
        unsafe add(KW_EMBEDDER_ID, EmbedderOperations.table(for: type))
        unsafe add(KW_VECTOR_BACKEND_ID, VectorOperations.table(for: type))
        unsafe add(KW_TOOL_EXECUTOR_ID, ToolExecutorOperations.table(for: type))
        unsafe add(KW_TOOLS_ID, ToolOperations.table(for: type))
        unsafe add(KW_OPERATIONS_ID, OperationOperations.table(for: type))
        unsafe add(KW_HOOKS_ID, HookOperations.table(for: type))
        unsafe add(KW_MESSAGES_ID, MessageOperations.table(for: type))
        unsafe add(KW_ENDPOINTS_ID, EndpointOperations.table(for: type))
        unsafe add(KW_FUNCTIONS_ID, FunctionOperations.table(for: type))
        return unsafe list
    }
}

/// A copy that is never freed.
func permanent<Value: BitwiseCopyable>(_ value: Value) -> UnsafePointer<Value> {
    let memory = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    unsafe memory.initialize(to: value)
    return unsafe UnsafePointer(memory)
}

/// Text that is never freed.
func permanent(_ text: String) -> kw_str {
    let bytes = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(1, text.utf8.count))
    _ = unsafe bytes.initialize(from: text.utf8.lazy.map { CChar(bitPattern: $0) })
    return unsafe kw_str(ptr: UnsafePointer(bytes.baseAddress), len: UInt64(text.utf8.count))
}

typealias Create =
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<kw_call>?, UnsafePointer<kw_create_in>?
    ) -> kw_status

/// `create` is told nothing about the table it stands in, so each table has one of its own.
private let creators: [Create] = unsafe [
    { unsafe LifecycleOperations.create(0, $1, $2) }, { unsafe LifecycleOperations.create(1, $1, $2) },
    { unsafe LifecycleOperations.create(2, $1, $2) }, { unsafe LifecycleOperations.create(3, $1, $2) },
    { unsafe LifecycleOperations.create(4, $1, $2) }, { unsafe LifecycleOperations.create(5, $1, $2) },
    { unsafe LifecycleOperations.create(6, $1, $2) }, { unsafe LifecycleOperations.create(7, $1, $2) },
    { unsafe LifecycleOperations.create(8, $1, $2) }, { unsafe LifecycleOperations.create(9, $1, $2) },
    { unsafe LifecycleOperations.create(10, $1, $2) }, { unsafe LifecycleOperations.create(11, $1, $2) },
    { unsafe LifecycleOperations.create(12, $1, $2) }, { unsafe LifecycleOperations.create(13, $1, $2) },
    { unsafe LifecycleOperations.create(14, $1, $2) }, { unsafe LifecycleOperations.create(15, $1, $2) },
]
