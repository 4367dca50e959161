public import PluginCore

/// An interface of a third party, as its C header has it: its structs and its operations, so that they can travel to a worker.
///
///     // typedef struct acme_text { kw_hdr h; kw_str text; } acme_text;
///     // typedef struct acme_shout { kw_hdr h; KW_OP(shout, acme_text, acme_text); } acme_shout;
///     let shout = try InterfaceDescription(
///         id: "acme.shout/1", tableSize: 16,
///         structures: [.init("acme_text", size: 24, fields: [.init("text", offset: 8, .bytes)])],
///         operations: [.init("shout", slot: 0, input: "acme_text", reply: "acme_text", isIdempotent: true)])
///
/// All offsets and sizes are bytes, as `offsetof` and `sizeof` give them. Every field that holds a pointer, and `kw_str`,
/// `kw_bytes`, `kw_span` and `kw_lease` do, is described; numbers are not. A description that is wrong about a plugin's structs
/// makes the plugin, or the host, follow what is no pointer: it is part of the program, like the header.
public struct InterfaceDescription: Sendable, Hashable {
    /// What a field holds, and so how it travels.
    public enum Kind: Sendable, Hashable {
        /// `kw_str` or `kw_bytes`.
        case bytes
        /// `kw_span` of `kw_str` or `kw_bytes`.
        case texts
        /// `kw_span` of numbers of 1, 2, 4 or 8 bytes each.
        case numbers(width: Int)
        /// `kw_span` of structs of this name.
        case structures(String)
        /// `kw_span` of structs, whose name depends on the `uint32_t` at an offset; of values that are not there none travel.
        case cases(of: Int, [UInt32: String])
        /// A pointer to as many bytes as the `uint64_t` at an offset says.
        case sized(by: Int)
        /// A pointer to a vector, or NULL: as many elements as the `uint32_t` at `dims` says, of the `KW_ELEMENT_*` at
        /// `element`.
        case elements(dims: Int, element: Int)
        /// `kw_lease`; in inputs, and in replies themselves. Where it arrives it has no `release`.
        case lease
        /// A pointer that means something in its own process only, and is NULL in another.
        case local
        /// `kw_span` that does not travel.
        case dropped
    }

    public struct Field: Sendable, Hashable {
        /// Letters, digits and "_", at most 63; for errors.
        public var name: String
        public var offset: Int
        public var kind: Kind

        public init(_ name: String, offset: Int, _ kind: Kind) {
            self.name = name
            self.offset = offset
            self.kind = kind
        }
    }

    /// A struct that begins with `kw_hdr`.
    public struct Structure: Sendable, Hashable {
        /// Letters, digits and "_", at most 63.
        public var name: String
        /// A multiple of 8, up to 4096.
        public var size: Int
        /// By rising offset, at most 128.
        public var fields: [Field]

        public init(_ name: String, size: Int, fields: [Field] = []) {
            self.name = name
            self.size = size
            self.fields = fields
        }
    }

    /// Memory of the caller that an operation fills, a row for each element of some spans. All are offsets in the input.
    public struct Matrix: Sendable, Hashable {
        public var name: String
        /// Of the pointer to the rows, which is a field of the kind `local`.
        public var rows: Int
        /// Of `uint64_t`: bytes there are, and from row to row.
        public var capacity: Int, stride: Int
        /// Of `uint32_t`: elements of a row, and `KW_ELEMENT_*`.
        public var dims: Int, element: Int
        /// Of the `kw_span`s, at most 16.
        public var spans: [Int]

        public init(
            _ name: String, rows: Int, capacity: Int, stride: Int, dims: Int, element: Int, spans: [Int]
        ) {
            self.name = name
            self.rows = rows
            self.capacity = capacity
            self.stride = stride
            self.dims = dims
            self.element = element
            self.spans = spans
        }
    }

    /// One slot of the table: `kw_status (*)(kw_instance *, kw_call *, const INPUT *)`, which replies REPLY.
    public struct Operation: Sendable, Hashable {
        public var name: String
        /// Which word behind the table's header, from 0.
        public var slot: Int
        /// Names of structs. `kw_none`, of 8 bytes, is there without being described.
        public var input: String, reply: String
        /// Whether it may be made once more if its worker was lost; if it emits, only before its first event was passed on.
        public var isIdempotent: Bool
        /// Whether it may emit events.
        public var emits: Bool
        public var matrix: Matrix?

        public init(
            _ name: String, slot: Int, input: String = "kw_none", reply: String = "kw_none", isIdempotent: Bool = false,
            emits: Bool = false, matrix: Matrix? = nil
        ) {
            self.name = name
            self.slot = slot
            self.input = input
            self.reply = reply
            self.isIdempotent = isIdempotent
            self.emits = emits
            self.matrix = matrix
        }
    }

    /// Such as "acme.parser/1", as plugins offer it; at most 127 bytes.
    public let id: String
    /// Bytes of the table with its header: 16 for one operation, at most 520.
    public let tableSize: Int
    /// At most 256.
    public let structures: [Structure]
    /// By rising slot.
    public let operations: [Operation]

    /// - Throws: ``PluginError`` with code `invalidArgument`, which names the struct and the field that cannot be: fields that
    ///   overlap or leave their struct, a length where none is, structs that lead back to themselves or are not described, an
    ///   id that is Keyway's own.
    public init(
        id: String, tableSize: Int, structures: [Structure], operations: [Operation]
    ) throws(PluginError) {
        self.id = id
        self.tableSize = tableSize
        self.structures = structures
        self.operations = operations
        _ = try DescribedInterfaces([self])
    }
}
