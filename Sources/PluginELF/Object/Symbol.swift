internal import CLibELF

/// One symbol of the dynamic symbol table.
public struct Symbol: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case none, object, function = "func", section, file, common, tls, indirectFunction = "ifunc", other
    }
    public enum Binding: String, Sendable { case local, global, weak, unique, other }
    public enum Visibility: String, Sendable { case `default`, `internal`, hidden, protected }

    /// As it stands in the file, mangled; invalid UTF-8 is repaired.
    public let name: String
    public let type: Kind
    public let binding: Binding
    public let visibility: Visibility
    /// Version of the definition, or the version that an import asks for.
    public let version: String?
    /// Is it the version that an import without a version gets ("@@" in the output of nm)?
    public let isDefaultVersion: Bool
    /// For an import with a version: the library that promised it.
    public let library: String?
    public let value: UInt64
    public let size: UInt64
    public let isDefined: Bool

    public var isWeak: Bool { binding == .weak }
}

/// A symbol as the table holds it; 24 bytes, no strings.
struct SymbolEntry: Sendable {
    let name: UInt32
    let info: UInt8
    let other: UInt8
    let section: UInt16
    let value: UInt64
    let size: UInt64

    var isDefined: Bool { section != UInt16(SHN_UNDEF) }
    var isAbsolute: Bool { section == UInt16(SHN_ABS) }
    /// The symbol that a linker adds for a version node of a version script.
    var isVersionNode: Bool { isAbsolute && value == 0 && type == .object }

    var type: Symbol.Kind {
        switch Int32(info & 0xF) {
        case STT_NOTYPE: .none
        case STT_OBJECT: .object
        case STT_FUNC: .function
        case STT_SECTION: .section
        case STT_FILE: .file
        case STT_COMMON: .common
        case STT_TLS: .tls
        case STT_GNU_IFUNC: .indirectFunction
        default: .other
        }
    }

    var binding: Symbol.Binding {
        switch Int32(info >> 4) {
        case STB_LOCAL: .local
        case STB_GLOBAL: .global
        case STB_WEAK: .weak
        case STB_GNU_UNIQUE: .unique
        default: .other
        }
    }

    var visibility: Symbol.Visibility {
        switch Int32(other & 3) {
        case STV_INTERNAL: .internal
        case STV_HIDDEN: .hidden
        case STV_PROTECTED: .protected
        default: .default
        }
    }

    /// Can the dynamic linker bind a reference of another object to it?
    var isExported: Bool {
        isDefined && binding != .local && (visibility == .default || visibility == .protected) && type != .section
            && type != .file
    }
}
