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
    var byIndex: [UInt16: Version] = [:]
    /// The versions that this file defines, its own name (the base version) excluded.
    var definitions: [Version] = []

    func version(ofSymbol index: Int) -> Version? {
        guard index < ofSymbols.count else { return nil }
        let number = ofSymbols[index] & 0x7FFF
        // 0 is local and 1 the base version: neither has a name that matters.
        return number > 1 ? byIndex[number] : nil
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

    /// Reads DT_VERNEED. Every step goes forward, and the number of records is bounded by the bytes.
    mutating func readNeeded(_ table: ByteTable, count: Int) -> Walk {
        var offset = 0
        var budget = table.count / 16
        for _ in 0..<count {
            guard let auxCount = table.u16(offset + 2), let library = table.u32(offset + 4),
                let auxOffset = table.u32(offset + 8), let next = table.u32(offset + 12)
            else { return .needsMore }
            var aux = offset + Int(auxOffset)
            for _ in 0..<auxCount {
                guard budget > 0, let other = table.u16(aux + 6), let name = table.u32(aux + 8),
                    let auxNext = table.u32(aux + 12)
                else { return .needsMore }
                budget -= 1
                byIndex[other & 0x7FFF] = Version(name: name, library: library)
                if auxNext == 0 { break }
                aux += Int(auxNext)
            }
            if next == 0 { break }
            offset += Int(next)
        }
        return .complete
    }

    /// Reads DT_VERDEF.
    mutating func readDefined(_ table: ByteTable, count: Int) -> Walk {
        var offset = 0
        for _ in 0..<count {
            guard let flags = table.u16(offset + 2), let index = table.u16(offset + 4),
                let auxOffset = table.u32(offset + 12), let next = table.u32(offset + 16),
                let name = table.u32(offset + Int(auxOffset))
            else { return .needsMore }
            // Flag 1 marks the base version: the file's own name, which is no version of a symbol.
            if flags & 1 == 0 {
                let version = Version(name: name, library: nil)
                byIndex[index & 0x7FFF] = version
                definitions.append(version)
            }
            if next == 0 { break }
            offset += Int(next)
        }
        return .complete
    }
}
