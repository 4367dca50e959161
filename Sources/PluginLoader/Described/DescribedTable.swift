internal import CPluginCall
internal import PluginABI
internal import PluginCore

/// A host copy of the table of an interface that the host was told of: of the described size, without holes.
@safe
final class DescribedTable: @unchecked Sendable {  // never written after init
    private let memory: UnsafeMutableRawPointer
    /// The slots that the plugin filled and the description has.
    let slots: [Int]

    /// - Throws: `load` if what the plugin gave is no table.
    init(
        importing source: UnsafeRawPointer, as layout: DescribedInterfaces.Layout, of interface: String, plugin: String
    ) throws(PluginError) {
        var present: UInt64 = 0
        unsafe memory = .allocate(byteCount: layout.tableSize, alignment: 16)
        let status = unsafe kwc_import_table(memory, UInt32(layout.tableSize), source, &present)
        slots = (0..<64).filter { present & layout.operations & 1 << UInt64($0) != 0 }
        guard status == KW_OK else {
            throw PluginError(
                .load, "the table of \(interface) in \(plugin) has no size, or is newer than its description",
                remedy: "Rebuild the plugin, or update the description", plugin: plugin, stage: .load)
        }
    }

    deinit { unsafe memory.deallocate() }

    @unsafe
    var pointer: UnsafeRawPointer { unsafe UnsafeRawPointer(memory) }

    @unsafe
    func address(of slot: Int) -> UnsafeRawPointer {
        unsafe memory.load(fromByteOffset: (slot + 1) * MemoryLayout<UInt>.size, as: UnsafeRawPointer.self)
    }

    /// nil: the plugin has no such operation, or nobody described it.
    @unsafe
    func operation(_ slot: Int) -> kw_any_op? {
        guard slots.contains(slot) else { return nil }
        return unsafe unsafeBitCast(address(of: slot), to: kw_any_op.self)
    }
}
