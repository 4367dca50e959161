internal import CLibELF

/// What the ELF header says the file is.
public struct ELFIdentity: Sendable, Hashable {
    /// Width of addresses.
    public enum Class: String, Sendable { case bits32 = "32", bits64 = "64" }
    /// Byte order.
    public enum Data: String, Sendable { case little, big }

    public let `class`: Class
    public let data: Data
    public let machine: Machine
    public let type: ObjectType
    public let osabi: OSABI
    public let abiVersion: UInt8
    /// Address at which an executable starts; 0 if there is none.
    public let entry: UInt64
    /// Flags whose meaning the machine defines, such as the floating-point convention of arm and riscv.
    public let flags: UInt32

    /// "64-bit little-endian x86-64"
    public var platform: String { "\(`class`.rawValue)-bit \(data.rawValue)-endian \(machine)" }
}

/// Instruction set, by its number in the ELF header.
public struct Machine: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let x8664 = Machine(rawValue: UInt16(EM_X86_64))
    public static let aarch64 = Machine(rawValue: UInt16(EM_AARCH64))

    private static let names: [Int32: String] = [
        EM_386: "x86", EM_X86_64: "x86-64", EM_ARM: "arm", EM_AARCH64: "aarch64", EM_RISCV: "riscv",
        EM_PPC: "powerpc", EM_PPC64: "powerpc64", EM_S390: "s390", EM_MIPS: "mips", EM_SPARC: "sparc",
        EM_SPARCV9: "sparcv9", EM_IA_64: "ia64", EM_68K: "m68k", EM_BPF: "bpf", EM_NONE: "none", 258: "loongarch",
    ]

    /// "x86-64", "aarch64", ...; "machine 1234" for a number without a name.
    public var description: String { Self.names[Int32(rawValue)] ?? "machine \(rawValue)" }
}

/// What kind of ELF file it is.
public struct ObjectType: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let relocatable = ObjectType(rawValue: UInt16(ET_REL))
    public static let executable = ObjectType(rawValue: UInt16(ET_EXEC))
    public static let shared = ObjectType(rawValue: UInt16(ET_DYN))
    public static let core = ObjectType(rawValue: UInt16(ET_CORE))

    /// "rel", "exec", "dyn", "core" or "type 1234".
    public var description: String {
        switch self {
        case .relocatable: "rel"
        case .executable: "exec"
        case .shared: "dyn"
        case .core: "core"
        default: "type \(rawValue)"
        }
    }
}

/// Operating system that the file's extensions belong to.
public struct OSABI: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let systemV = OSABI(rawValue: UInt8(ELFOSABI_SYSV))
    public static let gnu = OSABI(rawValue: UInt8(ELFOSABI_GNU))

    private static let names: [Int32: String] = [
        ELFOSABI_SYSV: "sysv", ELFOSABI_GNU: "gnu", ELFOSABI_HPUX: "hpux", ELFOSABI_NETBSD: "netbsd",
        ELFOSABI_SOLARIS: "solaris", ELFOSABI_AIX: "aix", ELFOSABI_IRIX: "irix", ELFOSABI_FREEBSD: "freebsd",
        ELFOSABI_TRU64: "tru64", ELFOSABI_OPENBSD: "openbsd", ELFOSABI_ARM_AEABI: "arm-eabi", ELFOSABI_ARM: "arm",
        ELFOSABI_STANDALONE: "standalone",
    ]

    /// "sysv", "gnu", ...; "osabi 99" for a number without a name.
    public var description: String { Self.names[Int32(rawValue)] ?? "osabi \(rawValue)" }
}
