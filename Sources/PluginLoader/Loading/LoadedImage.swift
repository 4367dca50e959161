internal import CPluginCall
internal import CPluginLinux
internal import Glibc
internal import PluginABI
internal import PluginBridge
internal import PluginCore
internal import PluginELF

/// A plugin's code in this process, negotiated and imported: its table in host memory, equal to its notes.
///
/// Unmapped when nobody has it any more, if ``Unloading`` allows that; else never: threads and thread-local destructors cannot be
/// seen, and a Swift image must not go away at all.
@safe
final class LoadedImage: @unchecked Sendable {  // written in init only
    let table: kw_plugin
    let interfaces: [String: UnsafeRawPointer]
    let code: kwl_image
    let host: HostTable
    private let described: DescribedInterfaces
    /// Whether it may be unmapped.
    let unloading: Unloading
    /// nil: it is in workers.
    private let handle: UnsafeMutableRawPointer?
    /// nil: it is in this process.
    private let workers: WorkerFactory?
    private let checksReplies: Bool

    /// Loads libraries and image, calls the entry, checks and imports what it gives.
    init(
        _ image: SealedImage, of object: SharedObject, manifest: Manifest, libraries: [ResolvedLibrary],
        host: HostTable, sdk: UInt32, described: DescribedInterfaces, checksReplies: Bool
    ) throws(PluginError) {
        self.described = described
        self.checksReplies = checksReplies
        let notes = object.notes
        try PrivateLibraries.shared.load(
            libraries, for: image.original.path, searchPath: object.runpath.isEmpty ? object.rpath : object.runpath)
        let unloading = Unloading(of: object, libraries: libraries)
        // Whatever of it is refused from here on stays mapped: its constructors have run.
        let handle = unsafe try image.open(flags: unloading.isAllowed ? 0 : RTLD_NODELETE)
        var code = kwl_image()
        guard unsafe kwl_find_image(handle, &code) == 0, let symbol = unsafe dlsym(handle, KW_ENTRY_SYMBOL) else {
            throw PluginError(
                .load, "the entry symbol \(KW_ENTRY_SYMBOL) was there before loading and is not after it",
                remedy: "Rebuild the plugin with its version script", plugin: manifest.id, stage: .load)
        }
        let entry = unsafe unsafeBitCast(symbol, to: kw_entry_fn.self)
        var source: UnsafePointer<kw_plugin>?
        let status = unsafe entry(host.pointer, sdk, &source)
        guard status == KW_OK else {
            throw PluginError(
                PluginError.Code(status: status) == .sdkMismatch ? .sdkMismatch : .load,
                "its entry refused SDK \(sdk) with status \(status)",
                remedy: "Ask the plugin's author: its note promises this SDK", plugin: manifest.id, stage: .load)
        }
        let table = try unsafe Self.importTable(source, manifest)
        try unsafe Self.check(table, against: manifest, notes)
        unsafe interfaces = try Self.importInterfaces(table, manifest, notes)
        unsafe self.table = table
        self.code = code
        self.host = host
        self.unloading = unloading
        unsafe self.handle = handle
        workers = nil
        try checkFunctions(manifest)
    }

    /// Has it loaded in a worker; what is in this process is stubs.
    init(_ workers: WorkerFactory, checksReplies: Bool) {
        self.checksReplies = checksReplies
        self.workers = workers
        described = workers.interfaces
        unsafe table = workers.table.plugin
        unsafe interfaces = workers.table.interfaces
        host = workers.host
        code = kwl_image()
        unloading = Unloading()
        unsafe handle = nil
    }

    /// Nobody can call it any more: those who hold an instance hold this.
    deinit {
        if unloading.isAllowed, let handle = unsafe handle { unsafe dlclose(handle) }
    }

    private static func refuse(_ manifest: Manifest, _ what: String) -> PluginError {
        PluginError(
            .load, what, remedy: "Rebuild the plugin: its notes and its table must say the same", plugin: manifest.id,
            stage: .load)
    }

    private static func importTable(_ source: UnsafePointer<kw_plugin>?, _ manifest: Manifest) throws(PluginError)
        -> kw_plugin
    {
        var table = unsafe zeroed(kw_plugin.self)
        let status = unsafe kwc_import(&table, UInt32(MemoryLayout<kw_plugin>.size), source)
        guard status == KW_OK else {
            throw refuse(
                manifest,
                status == KW_UNIMPLEMENTED
                    ? "its plugin table is newer than this host understands" : "its entry gave no plugin table")
        }
        guard unsafe table.magic == UInt32(KW_MAGIC) else {
            throw refuse(manifest, "its plugin table does not begin with the magic number")
        }
        guard unsafe table.create != nil, unsafe table.destroy != nil else {
            throw refuse(manifest, "its plugin table has no create or no destroy")
        }
        return unsafe table
    }

    /// "Notes equal the live table": else a check before loading would have judged another plugin than the one that runs.
    private static func check(_ table: kw_plugin, against manifest: Manifest, _ notes: PluginNotes) throws(PluginError)
    {
        let reader = ABIReader(plugin: manifest.id, operation: "plugin.entry")
        let id = unsafe try reader.text(table.id, "an id")
        let version = unsafe try reader.text(table.version, "a version")
        guard id == manifest.id else {
            throw refuse(manifest, "its table says that it is \"\(id)\", its manifest note says \"\(manifest.id)\"")
        }
        guard version == manifest.version.description else {
            throw refuse(
                manifest, "its table says that it is version \(version), its manifest note says \(manifest.version)")
        }
        guard let note = notes.abi else { throw refuse(manifest, "its ABI note is gone") }
        let (built, minimum, maximum, capabilities) = unsafe (
            table.sdk_built, table.sdk_min, table.sdk_max, table.caps
        )
        guard built == note.sdkBuilt, minimum == note.sdkMinimum, maximum == note.sdkMaximum,
            capabilities == note.capabilityBits
        else {
            throw refuse(manifest, "its table and its ABI note differ in SDK range or capabilities")
        }
    }

    private static func importInterfaces(_ table: kw_plugin, _ manifest: Manifest, _ notes: PluginNotes)
        throws(PluginError) -> [String: UnsafeRawPointer]
    {
        let reader = ABIReader(plugin: manifest.id, operation: "plugin.entry")
        let count = notes.interfaces.count
        let offered = unsafe try reader.elements(table.ifaces, of: kw_iface.self, "interfaces", atMost: count) {
            interface throws(PluginError) in
            (id: unsafe try reader.text(interface.id, "an interface's id"), vtable: unsafe interface.vtable)
        }
        guard unsafe offered.map(\.id).sorted() == notes.interfaces.sorted() else {
            throw refuse(
                manifest,
                unsafe "its table offers \(offered.map(\.id).sorted()), its notes promise \(notes.interfaces.sorted())")
        }
        var interfaces: [String: UnsafeRawPointer] = unsafe [:]
        for index in unsafe offered.indices {
            let id = unsafe offered[index].id
            guard let vtable = unsafe offered[index].vtable else {
                throw refuse(manifest, "its interface \(id) has no table")
            }
            unsafe interfaces[id] = vtable
        }
        return unsafe interfaces
    }

    /// Every operation must be code of this image: a pointer to anything else is a mistake or an attack.
    private func checkFunctions(_ manifest: Manifest) throws(PluginError) {
        let slots: [(String, UnsafeRawPointer?)] = unsafe [
            ("create", unsafeBitCast(table.create, to: UnsafeRawPointer?.self)),
            ("start", unsafeBitCast(table.start, to: UnsafeRawPointer?.self)),
            ("configure", unsafeBitCast(table.configure, to: UnsafeRawPointer?.self)),
            ("health", unsafeBitCast(table.health, to: UnsafeRawPointer?.self)),
            ("quiesce", unsafeBitCast(table.quiesce, to: UnsafeRawPointer?.self)),
            ("destroy", unsafeBitCast(table.destroy, to: UnsafeRawPointer?.self)),
            ("notice", unsafeBitCast(table.notice, to: UnsafeRawPointer?.self)),
            ("task", unsafeBitCast(table.task, to: UnsafeRawPointer?.self)),
        ]
        for index in unsafe slots.indices {
            guard let address = unsafe slots[index].1 else { continue }
            try unsafe check(address, "operation \(slots[index].0)", manifest.id)
        }
    }

    private func check(_ address: UnsafeRawPointer, _ what: String, _ plugin: String) throws(PluginError) {
        var code = code
        guard unsafe kwl_is_code(&code, address) == 1 else {
            throw PluginError(
                .load, "\(what) is not code of the plugin itself", remedy: "Report this to the plugin's author",
                plugin: plugin, stage: .load)
        }
    }

    /// The host's copy of an interface's table, or nil if the plugin does not offer the interface.
    func table<Interface: PluginInterface>(
        of interface: Interface.Type, _ plugin: String
    ) throws(PluginError) -> InterfaceTable<Interface.Table>? {
        guard let vtable = unsafe interfaces[interface.id] else { return nil }
        let table = unsafe try InterfaceTable<Interface.Table>(importing: vtable, of: interface.id, plugin: plugin)
        guard workers == nil else { return table }
        let functions = unsafe table.functions
        for index in unsafe functions.indices {
            try unsafe check(functions[index], "an operation of \(interface.id)", plugin)
        }
        return table
    }

    /// The host's copies of the tables of interfaces that the host was told of.
    func describedTables(of plugin: String) throws(PluginError) -> [String: DescribedTable] {
        var tables: [String: DescribedTable] = [:]
        for (id, layout) in described.layouts {
            guard let vtable = unsafe interfaces[id] else { continue }
            let table = unsafe try DescribedTable(importing: vtable, as: layout, of: id, plugin: plugin)
            for slot in table.slots where workers == nil {
                try unsafe check(table.address(of: slot), "operation \(slot + 1) of \(id)", plugin)
            }
            tables[id] = table
        }
        return tables
    }

    // MARK: - Instances

    /// Makes an instance and starts it.
    func instantiate(
        _ manifest: Manifest, _ options: InstanceOptions, _ context: CallContext
    ) throws(PluginError) -> PluginInstance {
        let tables = try InterfaceTables(of: self, manifest.id)
        if let workers {
            let pool = try WorkerPool(workers, options, context)
            return unsafe PluginInstance(
                id: manifest.id, version: manifest.version, table: table, tables: tables, pool: pool, host: host,
                checksReplies: checksReplies)
        }
        var inputs = ABIWriter()
        var input = unsafe zeroed(kw_create_in.self)
        unsafe input.h = .of(kw_create_in.self)
        let hostPointer = unsafe host.makeInstanceTable()
        unsafe input.host = UnsafePointer(hostPointer)
        unsafe input.config_json = inputs.string(options.configuration == .null ? "{}" : options.configuration.text)
        unsafe input.data_dir = inputs.string(options.dataFolder)
        unsafe input.package_dir = inputs.string(options.packageFolder)
        unsafe input.instance_name = inputs.string(options.name ?? manifest.id)
        unsafe input.state = inputs.bytes(options.state)
        let instance: PluginInstance
        do throws(PluginError) {
            let handle = try unsafe create(manifest, &input)
            instance = unsafe PluginInstance(
                id: manifest.id, version: manifest.version, table: table, tables: tables, code: code, handle: handle,
                host: host, hostPointer: hostPointer, unloading: unloading, checksReplies: checksReplies)
        } catch {
            unsafe hostPointer.deallocate()
            throw error
        }
        _ = consume inputs
        options.willStart()
        do throws(PluginError) {
            try instance.start(context)
        } catch {
            instance.shutdown()
            throw error.during(.start)
        }
        return instance
    }

    private func create(_ manifest: Manifest, _ input: inout kw_create_in) throws(PluginError) -> OpaquePointer {
        var output = unsafe zeroed(kw_create_out.self)
        return try unsafe withUnsafeMutablePointer(to: &output) { output throws(PluginError) in
            try unsafe create(manifest, &input, output)
        }
    }

    private func create(
        _ manifest: Manifest, _ input: inout kw_create_in, _ output: UnsafeMutablePointer<kw_create_out>
    ) throws(PluginError) -> OpaquePointer {
        guard let frame = unsafe kwc_begin(output, UInt32(MemoryLayout<kw_create_out>.size)) else {
            throw PluginError(.resourceExhausted, "no memory is left for a call", plugin: manifest.id, stage: .create)
        }
        defer { unsafe kwc_end(frame) }
        unsafe host.receiveLog(of: frame)
        unsafe frame.pointee.allows_pending = table.caps & UInt32(KW_CAP_ASYNC) != 0 ? 1 : 0
        let function = unsafe unsafeBitCast(table.create, to: kw_any_op.self)
        let status = try host.exclusively { () throws(PluginError) in unsafe kwc_invoke(frame, function, nil, &input) }
        guard status == KW_OK else {
            var error = unsafe PluginInstance.error("plugin.create", of: manifest.id, status, frame).during(.create)
            // The configuration is the only argument that create has.
            if error.code == .invalidArgument { error.code = .configuration }
            throw error
        }
        guard let handle = unsafe output.pointee.instance else {
            throw PluginError(
                .protocolViolation, "plugin.create of \(manifest.id) replied no instance",
                remedy: "Report this to the plugin's author", plugin: manifest.id, stage: .create,
                operation: "plugin.create")
        }
        return unsafe handle
    }
}

extension PluginError {
    /// The same error as of an earlier stage than a call.
    func during(_ stage: Stage) -> PluginError {
        var copy = self
        copy.stage = stage
        return copy
    }
}
