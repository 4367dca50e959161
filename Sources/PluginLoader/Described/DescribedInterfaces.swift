internal import CPluginClosures
internal import CPluginMarshal
internal import Glibc
internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// Tables of the interfaces that a host was told of, and the bytes by which a worker is told.
@safe
final class DescribedInterfaces: @unchecked Sendable {  // never written after init
    let bytes: [UInt8]
    /// nil: there are none.
    let tables: UnsafeMutablePointer<kwm_described>?
    /// Bytes of each one's table, and bit i: it has an operation in slot i; by id.
    let layouts: [String: Layout]

    struct Layout: Sendable {
        let number: Int
        let tableSize: Int
        let operations: UInt64
    }

    /// - Throws: `invalidArgument`: what of it cannot be.
    init(_ descriptions: [InterfaceDescription]) throws(PluginError) {
        guard !descriptions.isEmpty else {
            bytes = []
            unsafe tables = nil
            layouts = [:]
            return
        }
        bytes = try Self.bytes(of: descriptions)
        var made: UnsafeMutablePointer<kwm_described>?
        var mistake = unsafe kwm_mistake()
        let status = unsafe kwm_read_description(bytes, UInt64(bytes.count), &made, &mistake)
        guard status == KW_OK, let made = unsafe made else {
            guard status == KW_INVALID_ARGUMENT else { throw Self.exhausted }
            throw unsafe Self.error(&mistake, descriptions.map(\.id))
        }
        unsafe tables = made
        var layouts: [String: Layout] = [:]
        for (number, description) in descriptions.enumerated() {
            let operations = description.operations.reduce(UInt64(0)) { $0 | 1 << UInt64(UInt32(described: $1.slot)) }
            layouts[description.id] = Layout(
                number: number, tableSize: description.tableSize, operations: operations)
        }
        self.layouts = layouts
    }

    deinit { unsafe kwm_free_described(tables) }

    private static let exhausted = PluginError(.resourceExhausted, "no memory is left for the tables of interfaces")

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func error(_ mistake: inout kwm_mistake, _ ids: [String]) -> PluginError {
        let interface = unsafe withUnsafeBytes(of: &mistake.interface) { unsafe text($0) }
        let structure = unsafe withUnsafeBytes(of: &mistake.structure) { unsafe text($0) }
        let field = unsafe withUnsafeBytes(of: &mistake.field) { unsafe text($0) }
        let reason = unsafe String(cString: mistake.reason)
        let place = [structure, field].filter { !$0.isEmpty }.joined(separator: ".")
        let name = interface.isEmpty ? ids.joined(separator: ", ") : interface
        return wrong(name, place, reason)
    }

    static func wrong(_ interface: String, _ place: String, _ reason: String) -> PluginError {
        PluginError(
            .invalidArgument,
            "the description of \(interface) cannot be: \(place.isEmpty ? "it" : place) \(reason)",
            remedy: "Compare it with the interface's header", facts: .names([interface, place].filter { !$0.isEmpty }))
    }

    // MARK: - Functions

    /// Functions made at run time, which hand over to workers; freed with this value.
    @safe
    final class Closures: @unchecked Sendable {  // never written after init
        private let table: OpaquePointer
        private let interfaces: DescribedInterfaces

        fileprivate init(_ table: OpaquePointer, _ interfaces: DescribedInterfaces) {
            unsafe self.table = table
            self.interfaces = interfaces
        }

        deinit { unsafe kwf_free(table) }

        @unsafe
        var pointer: UnsafeRawPointer { unsafe kwf_pointer(table) }
    }

    /// The table of an interface for a plugin in workers; nil if it is none of these.
    /// - Parameter present: bit i: the plugin has an operation in slot i.
    /// - Throws: `unsupported` if the system gives this process no memory for functions.
    func closures(for id: String, _ present: UInt64) throws(PluginError) -> Closures? {
        guard let layout = layouts[id], let tables = unsafe tables else { return nil }
        var made: OpaquePointer?
        let status = unsafe kwf_make(tables.pointee.interface + layout.number, present, &made)
        if status == KW_OK, let made = unsafe made { return unsafe Closures(made, self) }
        guard status == KW_UNAVAILABLE else { throw Self.exhausted }
        throw PluginError(
            .unsupported, "the functions of \(id) cannot be made: the system has no executable memory for this process",
            remedy: "Allow it (SELinux: execmem; systemd: MemoryDenyWriteExecute=no), or load the plugin in process",
            facts: .names([id]), stage: .load)
    }

    // MARK: - Bytes

    private static func bytes(of descriptions: [InterfaceDescription]) throws(PluginError) -> [UInt8] {
        var writer = ABIWriter()
        var interfaces: [kwm_interface_description] = unsafe []
        for description in descriptions { unsafe interfaces.append(try writer.interface(description)) }
        var description = unsafe kwm_description(
            h: .of(kwm_description.self), interfaces: writer.span(interfaces))
        var length: UInt64 = 0
        var status = unsafe kwm_write_description(&description, nil, 0, &length)
        guard status == KW_BUFFER_TOO_SMALL else { throw exhausted }
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: Int(length), alignment: 16)
        defer { unsafe buffer.deallocate() }
        status = unsafe kwm_write_description(&description, buffer, length, &length)
        _ = consume writer
        guard status == KW_OK else { throw exhausted }
        return unsafe Array(UnsafeRawBufferPointer(start: buffer, count: Int(length)))
    }
}

extension ABIWriter {
    /// The structs get numbers by their order; `kw_none` is the last.
    fileprivate mutating func interface(
        _ description: InterfaceDescription
    ) throws(PluginError) -> kwm_interface_description {
        var structures = description.structures
        if !structures.contains(where: { $0.name == "kw_none" }) {
            structures.append(.init("kw_none", size: MemoryLayout<kw_hdr>.size))
        }
        var numbers: [String: UInt32] = [:]
        for (index, structure) in structures.enumerated() {
            guard numbers.updateValue(UInt32(index + 1), forKey: structure.name) == nil else {
                throw DescribedInterfaces.wrong(description.id, structure.name, "is described twice")
            }
        }
        func number(_ name: String, _ place: String) throws(PluginError) -> UInt32 {
            guard let number = numbers[name] else {
                throw DescribedInterfaces.wrong(description.id, place, "has a struct \(name), which is not described")
            }
            return number
        }
        var written: [kwm_struct_description] = unsafe []
        for structure in structures {
            var fields: [kwm_field_description] = unsafe []
            for field in structure.fields {
                unsafe fields.append(
                    try self.field(field) { name throws(PluginError) in
                        try number(name, "\(structure.name).\(field.name)")
                    })
            }
            unsafe written.append(
                kwm_struct_description(
                    h: .of(kwm_struct_description.self), name: string(structure.name),
                    size: UInt32(described: structure.size), reserved: 0, fields: span(fields)))
        }
        var operations: [kwm_operation_description] = unsafe []
        for operation in description.operations {
            let flags = (operation.isIdempotent ? KWM_IDEMPOTENT : 0) | (operation.emits ? KWM_EMITS : 0)
            unsafe operations.append(
                kwm_operation_description(
                    h: .of(kwm_operation_description.self), name: string(operation.name),
                    slot: UInt32(described: operation.slot), flags: flags,
                    in: try number(operation.input, operation.name), out: try number(operation.reply, operation.name),
                    matrix: matrix(operation.matrix)))
        }
        return unsafe kwm_interface_description(
            h: .of(kwm_interface_description.self), id: string(description.id),
            table_size: UInt32(described: description.tableSize), reserved: 0, structs: span(written),
            operations: span(operations))
    }

    /// - Parameter number: of a struct, by its name.
    private mutating func field(
        _ field: InterfaceDescription.Field, _ number: (String) throws(PluginError) -> UInt32
    ) throws(PluginError) -> kwm_field_description {
        var written = unsafe zeroed(kwm_field_description.self)
        unsafe written.h = .of(kwm_field_description.self)
        unsafe written.name = string(field.name)
        unsafe written.offset = UInt32(described: field.offset)
        switch field.kind {
        case .bytes: unsafe written.kind = KWM_BYTES
        case .texts: unsafe written.kind = KWM_TEXTS
        case .numbers(let width):
            unsafe written.kind = KWM_NUMBERS
            unsafe written.width = UInt32(described: width)
        case .structures(let name):
            unsafe written.kind = KWM_STRUCTS
            unsafe written.type = try number(name)
        case .cases(let length, let cases):
            unsafe written.kind = KWM_CASES
            unsafe written.length = UInt32(described: length)
            var list: [kwm_case_description] = []
            for (value, name) in cases.sorted(by: { $0.key < $1.key }) {
                list.append(
                    kwm_case_description(h: .of(kwm_case_description.self), value: value, type: try number(name)))
            }
            unsafe written.cases = span(list)
        case .sized(let length):
            unsafe written.kind = KWM_SIZED
            unsafe written.length = UInt32(described: length)
        case .elements(let dims, let element):
            unsafe written.kind = KWM_ELEMENTS
            unsafe written.length = UInt32(described: dims)
            unsafe written.element = UInt32(described: element)
        case .lease: unsafe written.kind = KWM_LEASE
        case .local: unsafe written.kind = KWM_LOCAL
        case .dropped: unsafe written.kind = KWM_DROPPED
        }
        return unsafe written
    }

    private mutating func matrix(_ matrix: InterfaceDescription.Matrix?) -> kw_span {
        guard let matrix else { return unsafe kw_span() }
        let spans = matrix.spans.map { UInt32(described: $0) }
        return unsafe span([
            kwm_matrix_description(
                h: .of(kwm_matrix_description.self), name: string(matrix.name), rows: UInt32(described: matrix.rows),
                capacity: UInt32(described: matrix.capacity), stride: UInt32(described: matrix.stride),
                dims: UInt32(described: matrix.dims), element: UInt32(described: matrix.element), reserved: 0,
                spans: span(spans))
        ])
    }
}

extension UInt32 {
    /// What is no such number becomes one that no description can have.
    fileprivate init(described number: Int) { self = UInt32(exactly: number) ?? .max }
}
