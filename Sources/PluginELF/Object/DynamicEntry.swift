internal import CLibELF

/// One entry of the dynamic section, decoded as far as its tag is known.
public struct DynamicEntry: Sendable, Hashable {
    public let tag: Int64
    /// An address, an offset, a size or flags, as the tag has it.
    public let value: UInt64
    /// The text that the value leads to, for a tag whose value is the place of a text.
    public let text: String?

    /// The tag's name without "DT_", such as "NEEDED"; "0x60000099" for a tag without a name.
    public var name: String { Self.names[tag] ?? "0x" + String(UInt64(bitPattern: tag), radix: 16) }

    /// The tags whose value is the place of a text in the string table.
    static let texts: Set<Int64> = [
        Int64(DT_NEEDED), Int64(DT_SONAME), Int64(DT_RPATH), Int64(DT_RUNPATH), Int64(DT_AUDIT), Int64(DT_DEPAUDIT),
        Int64(DT_CONFIG), Int64(DT_AUXILIARY), Int64(DT_FILTER),
    ]

    private static let names: [Int64: String] = [
        Int64(DT_NEEDED): "NEEDED", Int64(DT_PLTRELSZ): "PLTRELSZ", Int64(DT_PLTGOT): "PLTGOT",
        Int64(DT_HASH): "HASH", Int64(DT_STRTAB): "STRTAB", Int64(DT_SYMTAB): "SYMTAB", Int64(DT_RELA): "RELA",
        Int64(DT_RELASZ): "RELASZ", Int64(DT_RELAENT): "RELAENT", Int64(DT_STRSZ): "STRSZ",
        Int64(DT_SYMENT): "SYMENT", Int64(DT_INIT): "INIT", Int64(DT_FINI): "FINI", Int64(DT_SONAME): "SONAME",
        Int64(DT_RPATH): "RPATH", Int64(DT_SYMBOLIC): "SYMBOLIC", Int64(DT_REL): "REL", Int64(DT_RELSZ): "RELSZ",
        Int64(DT_RELENT): "RELENT", Int64(DT_PLTREL): "PLTREL", Int64(DT_DEBUG): "DEBUG",
        Int64(DT_TEXTREL): "TEXTREL", Int64(DT_JMPREL): "JMPREL", Int64(DT_BIND_NOW): "BIND_NOW",
        Int64(DT_INIT_ARRAY): "INIT_ARRAY", Int64(DT_FINI_ARRAY): "FINI_ARRAY",
        Int64(DT_INIT_ARRAYSZ): "INIT_ARRAYSZ", Int64(DT_FINI_ARRAYSZ): "FINI_ARRAYSZ", Int64(DT_RUNPATH): "RUNPATH",
        Int64(DT_FLAGS): "FLAGS", Int64(DT_PREINIT_ARRAY): "PREINIT_ARRAY",
        Int64(DT_PREINIT_ARRAYSZ): "PREINIT_ARRAYSZ", Int64(DT_SYMTAB_SHNDX): "SYMTAB_SHNDX",
        Int64(DT_RELRSZ): "RELRSZ", Int64(DT_RELR): "RELR", Int64(DT_RELRENT): "RELRENT",
        Int64(DT_CHECKSUM): "CHECKSUM", Int64(DT_GNU_HASH): "GNU_HASH", Int64(DT_TLSDESC_PLT): "TLSDESC_PLT",
        Int64(DT_TLSDESC_GOT): "TLSDESC_GOT", Int64(DT_CONFIG): "CONFIG", Int64(DT_DEPAUDIT): "DEPAUDIT",
        Int64(DT_AUDIT): "AUDIT", Int64(DT_VERSYM): "VERSYM", Int64(DT_RELACOUNT): "RELACOUNT",
        Int64(DT_RELCOUNT): "RELCOUNT", Int64(DT_FLAGS_1): "FLAGS_1", Int64(DT_VERDEF): "VERDEF",
        Int64(DT_VERDEFNUM): "VERDEFNUM", Int64(DT_VERNEED): "VERNEED", Int64(DT_VERNEEDNUM): "VERNEEDNUM",
        Int64(DT_AUXILIARY): "AUXILIARY", Int64(DT_FILTER): "FILTER",
    ]
}
