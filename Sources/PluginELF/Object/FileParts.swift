/// Symbols for debuggers: in the file, beside it, or nowhere.
public struct DebugInfo: Sendable, Hashable {
    /// Does the file hold debug information (DWARF)?
    public internal(set) var isPresent = false
    /// Are any of the debug sections compressed? They are never expanded here.
    public internal(set) var isCompressed = false
    /// Does the file hold the table of all symbols, local ones included?
    public internal(set) var hasSymbols = false
    /// Name of the separate file with the debug information (.gnu_debuglink).
    public internal(set) var link: String?
    /// Checksum (CRC-32) that the separate file must have.
    public internal(set) var linkChecksum: UInt32?

    /// Has `strip` taken away what running does not need?
    public var isStripped: Bool { !isPresent && !hasSymbols }
}

/// Sizes in bytes.
public struct FileSizes: Sendable, Hashable {
    public internal(set) var file: UInt64 = 0
    /// Address space that the file takes when loaded, gaps between its segments included.
    public internal(set) var loaded: UInt64 = 0
    /// Debug information within the file.
    public internal(set) var debug: UInt64 = 0
    /// What `strip` would take away: debug information, and the symbols that only debuggers use.
    public internal(set) var strippable: UInt64 = 0
}

/// The thread-local variables of a file: what each thread gets of its own.
public struct ThreadLocalStorage: Sendable, Hashable {
    /// Bytes a thread.
    public let size: UInt64
    /// Bytes of them that begin as something else than zero.
    public let initializedSize: UInt64
    public let alignment: UInt64
    /// Needs room that only exists while a process starts; loading it later may fail (DF_STATIC_TLS).
    public let isStatic: Bool
}
