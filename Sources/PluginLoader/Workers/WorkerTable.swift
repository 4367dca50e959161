internal import CPluginWorker
internal import PluginABI
internal import PluginBridge
internal import PluginCore
internal import PluginELF

/// The tables of a plugin in workers, all of whose operations are stubs; equal to the file's notes.
@safe
final class WorkerTable: @unchecked Sendable {  // never written after init
    let plugin: kw_plugin
    /// By id.
    let interfaces: [String: UnsafeRawPointer]
    private let presence: [String: UInt64]
    private let memory: [UnsafeMutableRawPointer]
    private let closures: [DescribedInterfaces.Closures]

    /// Bytes of the largest interface's table.
    private static let room = 64 * MemoryLayout<UInt>.size

    /// - Parameter described: whose interfaces get functions, besides those of every host; nil: none do.
    init(
        _ said: kww_description, _ manifest: Manifest, _ notes: PluginNotes,
        binding described: DescribedInterfaces? = nil
    ) throws(PluginError) {
        var said = said
        let offers = Self.offers(&said)
        try Self.check(&said, offers.map(\.id), manifest, notes)
        var table = unsafe zeroed(kw_plugin.self)
        unsafe kww_plugin_table(&said, &table)
        // They point into what was said, which goes with this function; the host uses the manifest's.
        unsafe table.id = kw_str()
        unsafe table.version = kw_str()
        unsafe plugin = table
        var interfaces: [String: UnsafeRawPointer] = unsafe [:]
        var memory: [UnsafeMutableRawPointer] = unsafe []
        var closures: [DescribedInterfaces.Closures] = []
        for (id, present) in offers {
            if let made = try described?.closures(for: id, present) {
                closures.append(made)
                unsafe interfaces[id] = made.pointer
                continue
            }
            let table = UnsafeMutableRawPointer.allocate(byteCount: Self.room, alignment: 16)
            unsafe memory.append(table)
            // One that nobody here knows is there, and cannot be called.
            if unsafe kww_interface_table(id, present, table, Self.room) == 0 { unsafe interfaces[id] = .init(table) }
        }
        unsafe self.interfaces = interfaces
        unsafe self.memory = memory
        self.closures = closures
        presence = Dictionary(offers, uniquingKeysWith: { first, _ in first })
    }

    deinit { for index in unsafe memory.indices { unsafe memory[index].deallocate() } }

    func isSame(as other: WorkerTable) -> Bool {
        unsafe presence == other.presence && plugin.caps == other.plugin.caps
            && plugin.max_concurrency == other.plugin.max_concurrency
            && (plugin.start == nil) == (other.plugin.start == nil)
            && (plugin.configure == nil) == (other.plugin.configure == nil)
            && (plugin.quiesce == nil) == (other.plugin.quiesce == nil)
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    static func offers(_ said: inout kww_description) -> [(id: String, present: UInt64)] {
        let count = Int(said.interfaces)
        return unsafe withUnsafeBytes(of: &said.interface) { bytes in
            unsafe bytes.withMemoryRebound(to: kww_offer.self) { offers in
                unsafe offers.prefix(count).map { offer in
                    var offer = offer
                    let id = unsafe withUnsafeBytes(of: &offer.id) { unsafe text($0) }
                    return (id, offer.present)
                }
            }
        }
    }

    /// "Notes equal the live table": else a check before loading would have judged another plugin than the one that runs.
    static func check(
        _ said: inout kww_description, _ interfaces: [String], _ manifest: Manifest, _ notes: PluginNotes
    ) throws(PluginError) {
        func refuse(_ what: String) -> PluginError {
            PluginError(
                .load, what, remedy: "Rebuild the plugin: its notes and its table must say the same",
                plugin: manifest.id, stage: .load)
        }
        let id = unsafe withUnsafeBytes(of: &said.id) { unsafe text($0) }
        let version = unsafe withUnsafeBytes(of: &said.version) { unsafe text($0) }
        guard id == manifest.id else {
            throw refuse("its table says that it is \"\(id)\", its manifest note says \"\(manifest.id)\"")
        }
        guard version == manifest.version.description else {
            throw refuse("its table says that it is version \(version), its manifest note says \(manifest.version)")
        }
        guard let note = notes.abi, said.sdk_built == note.sdkBuilt, said.sdk_min == note.sdkMinimum,
            said.sdk_max == note.sdkMaximum, said.caps == note.capabilityBits
        else { throw refuse("its table and its ABI note differ in SDK range or capabilities") }
        guard interfaces.sorted() == notes.interfaces.sorted() else {
            throw refuse("its table offers \(interfaces.sorted()), its notes promise \(notes.interfaces.sorted())")
        }
    }
}
