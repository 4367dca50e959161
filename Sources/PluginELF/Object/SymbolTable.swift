/// The dynamic symbols of a file with their hash tables and versions, as bytes; strings are made when asked for.
///
/// Looking a name up goes through the file's own hash table, as the dynamic linker does, so a library with 10^5
/// symbols costs no dictionary.
///
/// A reference: rules and searches hand it around for every symbol.
final class SymbolTable: Sendable {
    let entries: [SymbolEntry]
    let strings: ByteTable
    let gnuHash: GNUHashTable?
    /// Only asked without the other.
    let systemVHash: SystemVHashTable?
    let versions: SymbolVersions

    init(
        entries: [SymbolEntry] = [], strings: ByteTable = .empty, gnuHash: GNUHashTable? = nil,
        systemVHash: SystemVHashTable? = nil, versions: SymbolVersions = SymbolVersions()
    ) {
        self.entries = entries
        self.strings = strings
        self.gnuHash = gnuHash
        self.systemVHash = systemVHash
        self.versions = versions
    }

    /// A symbol's name as bytes within the string table; empty if the name lies outside the table.
    func nameRange(_ entry: SymbolEntry) -> Range<Int> { strings.stringRange(Int(entry.name)) ?? 0..<0 }

    func name(_ entry: SymbolEntry) -> String { strings.string(UInt64(entry.name)) ?? "" }

    func symbol(at index: Int) -> Symbol {
        let entry = entries[index]
        // A version node is in the version that it names; saying so twice helps nobody.
        let version = entry.isVersionNode ? nil : versions.version(ofSymbol: index)
        return Symbol(
            name: name(entry), type: entry.type, binding: entry.binding, visibility: entry.visibility,
            version: version.flatMap { strings.string(UInt64($0.name)) },
            isDefaultVersion: version != nil && entry.isDefined && !versions.isHidden(index),
            library: version?.library.flatMap { strings.string(UInt64($0)) }, value: entry.value, size: entry.size,
            isDefined: entry.isDefined)
    }

    /// Index of the exported definition of a name, found as the dynamic linker finds it.
    ///
    /// - Parameter version: the version that the reference asks for, or nil. A library without versions answers
    ///   every version, as the dynamic linker has it.
    func definition(of name: SymbolName, version: ArraySlice<UInt8>? = nil) -> Int? {
        let bytes = name.bytes
        if let gnuHash { return gnuHash.first(name.gnuHash) { isDefinition($0, bytes, version) } }
        return systemVHash?.first(name.systemVHash) { isDefinition($0, bytes, version) }
    }

    private func isDefinition(_ index: Int, _ name: ArraySlice<UInt8>, _ version: ArraySlice<UInt8>?) -> Bool {
        guard index < entries.count else { return false }
        let entry = entries[index]
        guard entry.isExported, strings.equals(name, at: Int(entry.name)) else { return false }
        guard let version else {
            // Of a name in several versions, a reference without one gets the default.
            return versions.version(ofSymbol: index) == nil || !versions.isHidden(index)
        }
        guard !versions.definitions.isEmpty else { return true }
        guard let defined = versions.version(ofSymbol: index) else {
            // A definition of the base version serves whoever does not find his own.
            return true
        }
        return strings.equals(version, at: Int(defined.name))
    }

    /// Is a version defined by this library at all?
    func definesVersion(_ version: ArraySlice<UInt8>) -> Bool {
        versions.definitions.contains { strings.equals(version, at: Int($0.name)) }
    }
}
