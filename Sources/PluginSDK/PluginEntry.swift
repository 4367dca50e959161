public import PluginABI
internal import PluginBridge
internal import PluginCore
internal import Synchronization

/// What a plugin's `kw_plugin_entry_1` calls.
public enum PluginEntry {
    /// Gives the host the table of a Swift type. One type an image; the first call makes the table, later ones return
    /// the same.
    public static func export<Implementation: PluginImplementation>(
        _ type: Implementation.Type, _ host: UnsafePointer<kw_host>?, _ sdk: UInt32,
        _ table: UnsafeMutablePointer<UnsafePointer<kw_plugin>?>?
    ) -> kw_status {
        guard let table = unsafe table else { return KW_INVALID_ARGUMENT }
        guard type.description.sdk.contains(sdk) else { return KW_SDK_MISMATCH }
        unsafe table.pointee = ExportedTable.of(type).pointer
        return KW_OK
    }
}

/// The C tables of the image's plugin type: made once, never freed, because the host may keep pointers into them.
@safe
final class ExportedTable: @unchecked Sendable {  // written in init only
    typealias Make = @Sendable (JSON, HostContext) throws(PluginError) -> any PluginImplementation

    let make: Make
    let pointer: UnsafePointer<kw_plugin>

    private static let made = Mutex<ExportedTable?>(nil)

    static func of<Implementation: PluginImplementation>(_ type: Implementation.Type) -> ExportedTable {
        made.withLock { made in
            if let made { return made }
            let table = ExportedTable(type)
            made = table
            return table
        }
    }

    static func current() -> ExportedTable? { made.withLock { $0 } }

    private init<Implementation: PluginImplementation>(_ type: Implementation.Type) {
        make = { configuration, host throws(PluginError) in
            try Implementation(configuration: configuration, host: host)
        }
        let description = type.description
        var interfaces: [kw_iface] = unsafe []
        if type is any ProviderPlugin.Type {
            unsafe interfaces.append(
                kw_iface(
                    h: .of(kw_iface.self), id: Self.text(KW_PROVIDER_ID),
                    vtable: UnsafeRawPointer(ProviderOperations.table())))
        }
        let list = UnsafeMutableBufferPointer<kw_iface>.allocate(capacity: max(1, unsafe interfaces.count))
        _ = unsafe list.initialize(from: interfaces)
        var table = unsafe zeroed(kw_plugin.self)
        unsafe table.h = .of(kw_plugin.self)
        unsafe table.magic = UInt32(KW_MAGIC)
        unsafe table.caps = description.isConcurrent ? UInt32(KW_CAP_CONCURRENT) : 0
        unsafe table.sdk_built = KW_SDK
        unsafe table.sdk_min = description.sdk.minimum
        unsafe table.sdk_max = description.sdk.maximum ?? 0
        unsafe table.id = Self.text(description.id)
        unsafe table.version = Self.text(description.version)
        unsafe table.ifaces = kw_span(
            ptr: UnsafeRawPointer(list.baseAddress), count: UInt32(interfaces.count),
            stride: UInt32(MemoryLayout<kw_iface>.stride))
        unsafe table.create = { _, call, input in unsafe LifecycleOperations.create(call, input) }
        unsafe table.start = { instance, call, _ in unsafe LifecycleOperations.start(instance, call) }
        unsafe table.health = { instance, call, _ in unsafe LifecycleOperations.health(instance, call) }
        unsafe table.quiesce = { instance, call, _ in unsafe LifecycleOperations.quiesce(instance, call) }
        unsafe table.destroy = { instance, call, _ in unsafe LifecycleOperations.destroy(instance, call) }
        let memory = UnsafeMutablePointer<kw_plugin>.allocate(capacity: 1)
        unsafe memory.initialize(to: table)
        unsafe pointer = UnsafePointer(memory)
    }

    /// Text that is never freed.
    private static func text(_ text: String) -> kw_str {
        let bytes = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(1, text.utf8.count))
        _ = unsafe bytes.initialize(from: text.utf8.lazy.map { CChar(bitPattern: $0) })
        return unsafe kw_str(ptr: UnsafePointer(bytes.baseAddress), len: UInt64(text.utf8.count))
    }
}

/// An instance as the host holds it: a retained box around the author's value.
final class InstanceBox: Sendable {
    let implementation: any PluginImplementation

    init(_ implementation: any PluginImplementation) { self.implementation = implementation }

    static func of(_ instance: OpaquePointer?) -> InstanceBox {
        unsafe Unmanaged<InstanceBox>.fromOpaque(UnsafeRawPointer(instance!)).takeUnretainedValue()
    }
}

/// Answers one call for an author's function.
enum Answer {
    /// Runs the author's code; turns what it throws into the call's error.
    static func call(
        _ call: UnsafeMutablePointer<kw_call>?, _ body: (UnsafeMutablePointer<kw_call>) throws(PluginError) -> kw_status
    ) -> kw_status {
        guard let call = unsafe call else { return KW_INVALID_ARGUMENT }
        do throws(PluginError) {
            return try unsafe body(call)
        } catch {
            return unsafe fail(call, error)
        }
    }

    static func reply<Output: BitwiseCopyable>(_ call: UnsafeMutablePointer<kw_call>, _ output: inout Output)
        -> kw_status
    {
        unsafe withUnsafePointer(to: &output) { unsafe call.pointee.api.pointee.reply(call, $0) }
    }

    /// Replies what a writer wrote, if the call's arena had room for it.
    static func reply<Output: BitwiseCopyable>(
        _ call: UnsafeMutablePointer<kw_call>, _ output: inout Output, from writer: borrowing ABIWriter
    ) throws(PluginError) -> kw_status {
        guard !writer.isExhausted else {
            throw PluginError(.resourceExhausted, "the reply is larger than the host allows for one call")
        }
        return unsafe reply(call, &output)
    }

    private static func fail(_ call: UnsafeMutablePointer<kw_call>, _ error: PluginError) -> kw_status {
        var writer = ABIWriter()
        var report = unsafe zeroed(kw_error.self)
        unsafe report.h = .of(kw_error.self)
        unsafe report.status = error.code.status
        unsafe report.retry = error.retryable ? UInt32(KW_RETRY_YES) : UInt32(KW_RETRY_UNKNOWN)
        unsafe report.retry_after_ns = error.retryAfter?.nanoseconds ?? 0
        unsafe report.message = writer.string(error.message)
        let facts = error.facts.members
        if !facts.isEmpty { unsafe report.details_json = writer.string(JSON.object(facts).text) }
        let status = unsafe call.pointee.api.pointee.fail(call, &report)
        _ = consume writer
        return status
    }
}
