internal import CLibELF

/// What the dynamic linker changes in a file's memory while loading it, counted.
public struct Relocations: Sendable, Hashable {
    public struct Kind: Sendable, Hashable {
        /// Number of the kind; the machine gives it its meaning.
        public let type: UInt32
        /// "RELATIVE", "JUMP_SLOT", ...; "type 99" for a number without a name here.
        public let name: String
        public let count: Int
    }

    /// Counts by kind in DT_RELA, DT_REL and DT_JMPREL, the most frequent first. Beyond 64 kinds, which no linker
    /// writes, the rest is left out.
    public internal(set) var kinds: [Kind] = []
    /// Relocations in DT_RELA, DT_REL and DT_JMPREL.
    public internal(set) var count = 0
    /// Relocations packed into DT_RELR, all of them relative.
    public internal(set) var packed = 0
    /// How many call a function of the file to learn an address (IFUNC).
    public internal(set) var indirect = 0
    /// How many copy data into the file's own memory; only executables may.
    public internal(set) var copies = 0
    /// How many change a segment that is not writable.
    public internal(set) var inReadOnlySegments = 0
}

/// One relocation; the numbers of the kinds belong to the machine.
struct Relocation {
    let offset: UInt64
    let symbol: Int
    let type: UInt32
    /// nil if it stands at the place that is relocated.
    let addend: UInt64?
}

/// The numbers that a machine gives to the kinds of relocations.
struct RelocationNames {
    let indirect: UInt32?
    let copy: UInt32?
    private let names: [Int32: String]

    init(_ machine: Machine) {
        switch machine {
        case .x8664:
            (indirect, copy, names) = (UInt32(R_X86_64_IRELATIVE), UInt32(R_X86_64_COPY), Self.x8664)
        case .aarch64:
            (indirect, copy, names) = (UInt32(R_AARCH64_IRELATIVE), UInt32(R_AARCH64_COPY), Self.aarch64)
        case Machine(rawValue: UInt16(EM_386)):
            (indirect, copy, names) = (UInt32(R_386_IRELATIVE), UInt32(R_386_COPY), Self.x86)
        default: (indirect, copy, names) = (nil, nil, [:])
        }
    }

    func name(_ type: UInt32) -> String { names[Int32(truncatingIfNeeded: type)] ?? "type \(type)" }

    private static let x8664: [Int32: String] = [
        R_X86_64_64: "64", R_X86_64_PC32: "PC32", R_X86_64_COPY: "COPY", R_X86_64_GLOB_DAT: "GLOB_DAT",
        R_X86_64_JUMP_SLOT: "JUMP_SLOT", R_X86_64_RELATIVE: "RELATIVE", R_X86_64_32: "32",
        R_X86_64_DTPMOD64: "DTPMOD64", R_X86_64_DTPOFF64: "DTPOFF64", R_X86_64_TPOFF64: "TPOFF64",
        R_X86_64_TLSDESC: "TLSDESC", R_X86_64_IRELATIVE: "IRELATIVE",
    ]

    private static let aarch64: [Int32: String] = [
        R_AARCH64_ABS64: "ABS64", R_AARCH64_COPY: "COPY", R_AARCH64_GLOB_DAT: "GLOB_DAT",
        R_AARCH64_JUMP_SLOT: "JUMP_SLOT", R_AARCH64_RELATIVE: "RELATIVE", R_AARCH64_TLS_DTPMOD: "TLS_DTPMOD",
        R_AARCH64_TLS_DTPREL: "TLS_DTPREL", R_AARCH64_TLS_TPREL: "TLS_TPREL", R_AARCH64_TLSDESC: "TLSDESC",
        R_AARCH64_IRELATIVE: "IRELATIVE",
    ]

    private static let x86: [Int32: String] = [
        R_386_32: "32", R_386_PC32: "PC32", R_386_COPY: "COPY", R_386_GLOB_DAT: "GLOB_DAT",
        R_386_JMP_SLOT: "JUMP_SLOT", R_386_RELATIVE: "RELATIVE", R_386_TLS_TPOFF: "TLS_TPOFF",
        R_386_TLS_DTPMOD32: "TLS_DTPMOD32", R_386_TLS_DTPOFF32: "TLS_DTPOFF32", R_386_IRELATIVE: "IRELATIVE",
    ]
}
