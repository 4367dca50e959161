internal import CLibELF

/// One program header: a part of the file that the dynamic linker maps or consults.
public struct Segment: Sendable, Hashable {
    public enum Kind: Sendable, Hashable, CustomStringConvertible {
        case load, dynamic, interpreter, note, tls, stack, relro, programHeaders, ehFrame, property
        case other(UInt32)

        /// As readelf writes it: "LOAD", "GNU_STACK", ...; "0x65041580" for a kind without a name here.
        public var description: String {
            switch self {
            case .load: "LOAD"
            case .dynamic: "DYNAMIC"
            case .interpreter: "INTERP"
            case .note: "NOTE"
            case .tls: "TLS"
            case .stack: "GNU_STACK"
            case .relro: "GNU_RELRO"
            case .programHeaders: "PHDR"
            case .ehFrame: "GNU_EH_FRAME"
            case .property: "GNU_PROPERTY"
            case .other(let number): "0x" + String(number, radix: 16)
            }
        }
    }

    public let kind: Kind
    public let isReadable: Bool
    public let isWritable: Bool
    public let isExecutable: Bool
    public let offset: UInt64
    public let address: UInt64
    /// Bytes in the file.
    public let fileSize: UInt64
    /// Bytes in memory; what the file does not hold is zero.
    public let memorySize: UInt64
    public let alignment: UInt64

    init(_ header: GElf_Phdr) {
        kind =
            switch Int64(header.p_type) {
            case Int64(PT_LOAD): .load
            case Int64(PT_DYNAMIC): .dynamic
            case Int64(PT_INTERP): .interpreter
            case Int64(PT_NOTE): .note
            case Int64(PT_TLS): .tls
            case Int64(PT_GNU_STACK): .stack
            case Int64(PT_GNU_RELRO): .relro
            case Int64(PT_PHDR): .programHeaders
            case Int64(PT_GNU_EH_FRAME): .ehFrame
            case Int64(PT_GNU_PROPERTY): .property
            default: .other(header.p_type)
            }
        isReadable = header.p_flags & UInt32(PF_R) != 0
        isWritable = header.p_flags & UInt32(PF_W) != 0
        isExecutable = header.p_flags & UInt32(PF_X) != 0
        offset = header.p_offset
        address = header.p_vaddr
        fileSize = header.p_filesz
        memorySize = header.p_memsz
        alignment = header.p_align
    }

    /// "r-x"
    public var permissions: String {
        (isReadable ? "r" : "-") + (isWritable ? "w" : "-") + (isExecutable ? "x" : "-")
    }

    func contains(address: UInt64) -> Bool {
        address >= self.address && address - self.address < memorySize
    }
}

/// One section header. Sections serve tools; nothing that decides about loading depends on them.
public struct Section: Sendable, Hashable {
    public let name: String
    public let type: UInt32
    public let flags: UInt64
    public let address: UInt64
    public let offset: UInt64
    public let size: UInt64
    public let alignment: UInt64
}
