internal import CLibELF

/// The dynamic section: where everything that the dynamic linker reads stands, as addresses.
struct DynamicSection: Sendable {
    struct Table: Sendable {
        var address: UInt64 = 0
        var size: UInt64 = 0
        var isPresent: Bool { address != 0 && size != 0 }
    }

    var isPresent = false
    /// All of them, as they stand.
    var entries: [(tag: Int64, value: UInt64)] = []
    /// Offsets in the string table.
    var needed: [UInt64] = []
    var soname: UInt64?
    var rpath: UInt64?
    var runpath: UInt64?
    /// DT_AUDIT, DT_DEPAUDIT, DT_FILTER and DT_AUXILIARY: name of the tag, offset of the library's name.
    var loadsOthers: [(tag: String, name: UInt64)] = []
    var strings = Table()
    var symbols: UInt64?
    var symbolSize: UInt64?
    var hash: UInt64?
    var gnuHash: UInt64?
    var symbolVersions: UInt64?
    var neededVersions = Table()
    var definedVersions = Table()
    var relocations = Table()
    var relocationsWithoutAddend = Table()
    var packedRelocations = Table()
    var pltRelocations = Table()
    var pltHasAddends = true
    /// Sizes of one relocation with an addend and of one packed word, as the file says; the dynamic linker ends the
    /// process over any other than its own.
    var relocationSize: UInt64?
    var packedRelocationSize: UInt64?
    var initFunction: UInt64?
    var finiFunction: UInt64?
    var preinitArray = Table()
    var initArray = Table()
    var finiArray = Table()
    var hasDebugSlot = false
    var hasTextRelocations = false
    var isSymbolic = false
    var bindsNow = false
    var flags: UInt64 = 0
    var flags1: UInt64 = 0

    init() {}

    /// Of a tag that occurs twice the last one counts, as for the dynamic linker.
    init(_ entries: [(tag: Int64, value: UInt64)]) {
        isPresent = true
        self.entries = entries
        for (tag, value) in entries {
            switch tag {
            case Int64(DT_NEEDED): needed.append(value)
            case Int64(DT_SONAME): soname = value
            case Int64(DT_RPATH): rpath = value
            case Int64(DT_RUNPATH): runpath = value
            case Int64(DT_AUDIT): loadsOthers.append(("DT_AUDIT", value))
            case Int64(DT_DEPAUDIT): loadsOthers.append(("DT_DEPAUDIT", value))
            case Int64(DT_FILTER): loadsOthers.append(("DT_FILTER", value))
            case Int64(DT_AUXILIARY): loadsOthers.append(("DT_AUXILIARY", value))
            case Int64(DT_STRTAB): strings.address = value
            case Int64(DT_STRSZ): strings.size = value
            case Int64(DT_SYMTAB): symbols = value
            case Int64(DT_SYMENT): symbolSize = value
            case Int64(DT_HASH): hash = value
            case Int64(DT_GNU_HASH): gnuHash = value
            case Int64(DT_VERSYM): symbolVersions = value
            case Int64(DT_VERNEED): neededVersions.address = value
            case Int64(DT_VERNEEDNUM): neededVersions.size = value
            case Int64(DT_VERDEF): definedVersions.address = value
            case Int64(DT_VERDEFNUM): definedVersions.size = value
            case Int64(DT_RELA): relocations.address = value
            case Int64(DT_RELASZ): relocations.size = value
            case Int64(DT_RELAENT): relocationSize = value
            case Int64(DT_RELRENT): packedRelocationSize = value
            case Int64(DT_REL): relocationsWithoutAddend.address = value
            case Int64(DT_RELSZ): relocationsWithoutAddend.size = value
            case Int64(DT_RELR): packedRelocations.address = value
            case Int64(DT_RELRSZ): packedRelocations.size = value
            case Int64(DT_JMPREL): pltRelocations.address = value
            case Int64(DT_PLTRELSZ): pltRelocations.size = value
            case Int64(DT_PLTREL): pltHasAddends = value == UInt64(DT_RELA)
            case Int64(DT_INIT): initFunction = value
            case Int64(DT_FINI): finiFunction = value
            case Int64(DT_PREINIT_ARRAY): preinitArray.address = value
            case Int64(DT_PREINIT_ARRAYSZ): preinitArray.size = value
            case Int64(DT_INIT_ARRAY): initArray.address = value
            case Int64(DT_INIT_ARRAYSZ): initArray.size = value
            case Int64(DT_FINI_ARRAY): finiArray.address = value
            case Int64(DT_FINI_ARRAYSZ): finiArray.size = value
            case Int64(DT_DEBUG): hasDebugSlot = true
            case Int64(DT_TEXTREL): hasTextRelocations = true
            case Int64(DT_SYMBOLIC): isSymbolic = true
            case Int64(DT_BIND_NOW): bindsNow = true
            case Int64(DT_FLAGS): flags = value
            case Int64(DT_FLAGS_1): flags1 = value
            default: break
            }
        }
    }

    /// The flags as readers of the facts see them.
    var publicFlags: DynamicFlags {
        DynamicFlags(
            bindNow: bindsNow || flags & UInt64(DF_BIND_NOW) != 0 || flags1 & UInt64(DF_1_NOW) != 0,
            textRelocations: hasTextRelocations || flags & UInt64(DF_TEXTREL) != 0,
            symbolic: isSymbolic || flags & UInt64(DF_SYMBOLIC) != 0, staticTLS: flags & UInt64(DF_STATIC_TLS) != 0,
            noDelete: flags1 & UInt64(DF_1_NODELETE) != 0, noOpen: flags1 & UInt64(DF_1_NOOPEN) != 0,
            initFirst: flags1 & UInt64(DF_1_INITFIRST) != 0, pie: flags1 & UInt64(DF_1_PIE) != 0,
            noDefaultFolders: flags1 & UInt64(DF_1_NODEFLIB) != 0)
    }
}

/// The flags of a dynamic section, whichever of their several spellings the linker chose.
public struct DynamicFlags: Sendable, Hashable {
    /// All symbols are bound while loading (DF_BIND_NOW, DF_1_NOW or DT_BIND_NOW).
    public let bindNow: Bool
    /// Code is modified while loading (DF_TEXTREL or DT_TEXTREL).
    public let textRelocations: Bool
    /// References look in the object itself first.
    public let symbolic: Bool
    /// Thread-local variables need room that only exists while a process starts.
    public let staticTLS: Bool
    /// `dlclose` does not unmap it.
    public let noDelete: Bool
    /// `dlopen` refuses it.
    public let noOpen: Bool
    /// Its constructors run before those of all others.
    public let initFirst: Bool
    /// A position-independent executable.
    public let pie: Bool
    /// What it needs is not searched in the default folders.
    public let noDefaultFolders: Bool
}
