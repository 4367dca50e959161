/// Which version each symbol has, by the GNU version tables.
struct SymbolVersions: Sendable {
    struct Version: Sendable {
        /// Offset of the name in the string table.
        let name: UInt32
        /// Offset of the library's name, for versions that the file needs.
        let library: UInt32?
    }

    /// One a symbol: index of its version; the top bit hides a definition from references without a version.
    var ofSymbols: [UInt16] = []
    /// By the numbers in `ofSymbols`.
    private var byIndex: [Version?] = []
    /// The versions that this file defines, its own name (the base version) excluded.
    var definitions: [Version] = []
    var definitionRecords: [DefinitionRecord] = []
    var needRecords: [NeedRecord] = []

    /// Numbers are offsets in the string table.
    struct DefinitionRecord: Sendable {
        let name: UInt32
        let isBase: Bool
        let parents: [UInt32]
    }

    struct NeedRecord: Sendable {
        let library: UInt32
        var versions: [(name: UInt32, isWeak: Bool)] = []
    }

    func version(ofSymbol index: Int) -> Version? {
        guard index < ofSymbols.count else { return nil }
        let number = ofSymbols[index] & 0x7FFF
        // 0 is local and 1 the base version: neither has a name that matters.
        return number > 1 && number < byIndex.count ? byIndex[Int(number)] : nil
    }

    /// Has a symbol a version that no record describes? The dynamic linker reads it all the same.
    var hasUnknownNumber: Bool {
        ofSymbols.contains { word in
            let number = Int(word & 0x7FFF)
            return number > 1 && (number >= byIndex.count || byIndex[number] == nil)
        }
    }

    func isHidden(_ index: Int) -> Bool {
        index < ofSymbols.count && ofSymbols[index] & 0x8000 != 0
    }
}

extension SymbolVersions {
    /// What walking a chain of version records met.
    enum Walk {
        case complete
        /// The chain goes on behind the bytes at hand.
        case needsMore
    }

    /// More records than any library has; hostile ones overlap, and could be as many as there are bytes.
    private static let limit = 8192

    private mutating func number(_ version: Version, _ number: UInt16) {
        let index = Int(number & 0x7FFF)
        while byIndex.count <= index { byIndex.append(nil) }
        byIndex[index] = version
    }

    /// Reads DT_VERNEED. Every step goes forward, and the number of records is bounded by the bytes.
    mutating func readNeeded(_ table: ByteTable, count: Int) -> Walk {
        var offset = 0
        var budget = min(table.count / 16, Self.limit)
        for _ in 0..<count {
            guard let auxCount = table.u16(offset + 2), let library = table.u32(offset + 4),
                let auxOffset = table.u32(offset + 8), let next = table.u32(offset + 12)
            else { return .needsMore }
            guard budget > 0 else { return .needsMore }
            budget -= 1
            var (aux, record) = (offset + Int(auxOffset), NeedRecord(library: library))
            for _ in 0..<auxCount {
                guard budget > 0, let flags = table.u16(aux + 4), let other = table.u16(aux + 6),
                    let name = table.u32(aux + 8), let auxNext = table.u32(aux + 12)
                else { return .needsMore }
                budget -= 1
                number(Version(name: name, library: library), other)
                record.versions.append((name, flags & 2 != 0))
                if auxNext == 0 { break }
                aux += Int(auxNext)
            }
            needRecords.append(record)
            if next == 0 { break }
            offset += Int(next)
        }
        return .complete
    }

    /// Reads DT_VERDEF.
    mutating func readDefined(_ table: ByteTable, count: Int) -> Walk {
        var offset = 0
        var budget = min(table.count / 8, Self.limit)
        for _ in 0..<count {
            guard let flags = table.u16(offset + 2), let index = table.u16(offset + 4),
                let nameCount = table.u16(offset + 6), let auxOffset = table.u32(offset + 12),
                let next = table.u32(offset + 16), let name = table.u32(offset + Int(auxOffset))
            else { return .needsMore }
            guard budget > 0 else { return .needsMore }
            budget -= 1
            var (aux, parents) = (offset + Int(auxOffset), [UInt32]())
            // The first name is the version's own.
            for _ in 1..<max(nameCount, 1) {
                guard budget > 0, let step = table.u32(aux + 4), let parent = table.u32(aux + Int(step)) else {
                    return .needsMore
                }
                if step == 0 { break }
                budget -= 1
                aux += Int(step)
                parents.append(parent)
            }
            definitionRecords.append(DefinitionRecord(name: name, isBase: flags & 1 != 0, parents: parents))
            // Flag 1 marks the base version: the file's own name, which is no version of a symbol.
            if flags & 1 == 0 {
                let version = Version(name: name, library: nil)
                number(version, index)
                definitions.append(version)
            }
            if next == 0 { break }
            offset += Int(next)
        }
        return .complete
    }
}
