internal import CPluginCall
internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// A host copy of an interface's vtable, of this host's size, without holes.
@safe
struct InterfaceTable<Table: BitwiseCopyable>: @unchecked Sendable {  // never written after init
    private let table: Table
    private let present: UInt64

    /// - Throws: `load` if what the plugin gave is no table.
    init(importing source: UnsafeRawPointer?, of interface: String, plugin: String) throws(PluginError) {
        var table = zeroed(Table.self)
        var present: UInt64 = 0
        let status = unsafe kwc_import_table(&table, UInt32(MemoryLayout<Table>.size), source, &present)
        guard status == KW_OK else {
            throw PluginError(
                .load, "the table of \(interface) in \(plugin) \(Self.reason(status))",
                remedy: "Rebuild the plugin with this host's SDK, or update the host", plugin: plugin, stage: .load)
        }
        self.table = table
        self.present = present
    }

    private static func reason(_ status: kw_status) -> String {
        status == KW_UNIMPLEMENTED ? "is newer than this host understands" : "is missing or has no size"
    }

    /// The operation in a slot; a stub that answers "unimplemented" where the plugin has none.
    func slot<Operation>(_ path: KeyPath<Table, Operation>) -> kw_any_op {
        unsafe unsafeBitCast(table[keyPath: path], to: kw_any_op.self)
    }

    /// Did the plugin fill the slot of this number, from 0 behind the header?
    func implements(_ index: Int) -> Bool { present & (1 << UInt64(index)) != 0 }

    /// The addresses of the operations that the plugin filled.
    var functions: [UnsafeRawPointer] {
        unsafe withUnsafeBytes(of: table) { bytes in
            unsafe (0..<64).compactMap { index in
                guard implements(index) else { return nil }
                return unsafe bytes.load(
                    fromByteOffset: (index + 1) * MemoryLayout<UnsafeRawPointer>.size, as: UnsafeRawPointer?.self)
            }
        }
    }
}
