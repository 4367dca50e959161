internal import CLibELF

extension ObjectReader {
    mutating func readSymbols(_ image: borrowing FileImage) {
        guard dynamic.isPresent, let address = dynamic.symbols, tables.strings.count > 0 else { return }
        let width: UInt64 = is64 ? 24 : 16
        if let stated = dynamic.symbolSize, stated != width {
            defect("DT_SYMENT", "gives symbols a size of \(stated) bytes")
            return
        }
        guard let (offset, available) = map.place(address) else {
            defect("symbol table", "lies outside the file")
            return
        }
        let room = available / width
        guard let hash = readHash(image, room: room) else { return }
        guard let symbols = elf.symbols(at: offset, count: hash.count, is64: is64) else {
            defect("symbol table", "cannot be read")
            return
        }
        let strings = tables.strings
        if symbols.contains(where: { UInt64($0.name) >= UInt64(strings.count) }) {
            defect("symbol table", "has a name outside the string table")
        }
        guard Self.areSensible(symbols, strings) else {
            defect("symbol table", "has names that overlap without end")
            return
        }
        tables = SymbolTable(
            entries: symbols, strings: strings, gnuHash: hash.gnu, systemVHash: hash.systemV,
            versions: sensible(readVersions(image, count: hash.count), strings))
        object.symbolTable = tables
    }

    /// Linkers let names share their ends. A hostile table makes a hundred thousand symbols share one of megabytes,
    /// and whoever lists them runs out of memory.
    private static func areSensible(_ symbols: [SymbolEntry], _ strings: ByteTable) -> Bool {
        let size = strings.count
        guard symbols.count.multipliedReportingOverflow(by: size).partialValue > 0x100_0000 else { return true }
        var sum = 0
        for symbol in symbols {
            sum += strings.stringRange(Int(symbol.name))?.count ?? 0
            if sum > size * 8 + 0x10000 { return false }
        }
        return true
    }

    private typealias Hash = (gnu: GNUHashTable?, systemV: SystemVHashTable?, count: Int)

    /// Reads the hash tables and counts the symbols: nothing else in a loaded file says how many there are.
    private mutating func readHash(_ image: borrowing FileImage, room: UInt64) -> Hash? {
        var (gnu, systemV, count) = (GNUHashTable?.none, SystemVHashTable?.none, UInt64(0))
        if let address = dynamic.hash {
            guard let (table, symbols) = readSystemVHash(image, address), symbols <= room else {
                defect("DT_HASH", "lies outside the file, or counts more symbols than there is room for")
                return nil
            }
            count = symbols
            systemV = table
        }
        if let address = dynamic.gnuHash {
            guard let table = readGNUHash(image, address, room: room) else {
                defect("DT_GNU_HASH", "lies outside the file, or has a chain without end")
                return nil
            }
            count = max(count, UInt64(table.count))
            gnu = table.hash
        }
        // Relocations can name symbols that no hash table counts, and are obeyed all the same.
        count = max(count, UInt64(relocations.highestSymbol) + 1)
        if let isSensible = gnu?.hasSensibleChains ?? systemV?.hasSensibleChains, !isSensible {
            defect(gnu == nil ? "DT_HASH" : "DT_GNU_HASH", "has a chain that is endless or leads in a circle")
            (gnu, systemV) = (nil, nil)
        }
        guard count <= room else {
            defect("symbol table", "is shorter than its hash table or the relocations say")
            return nil
        }
        return (gnu, systemV, Int(count))
    }

    private mutating func readSystemVHash(
        _ image: borrowing FileImage, _ address: UInt64
    ) -> (table: SystemVHashTable, symbols: UInt64)? {
        guard let head = bytes(image, address, 8), let bucketCount = head.u32(0), let chainCount = head.u32(4),
            let (_, available) = map.place(address),
            (UInt64(bucketCount) + UInt64(chainCount) + 2) * 4 <= available,
            let table = bytes(image, address, (UInt64(bucketCount) + UInt64(chainCount) + 2) * 4)
        else { return nil }
        let chain = Self.words(table, from: 8 + Int(bucketCount) * 4, count: Int(chainCount))
        return (
            SystemVHashTable(buckets: Self.words(table, from: 8, count: Int(bucketCount)), chain: chain),
            UInt64(chainCount)
        )
    }

    private mutating func readGNUHash(
        _ image: borrowing FileImage, _ address: UInt64, room: UInt64
    ) -> (hash: GNUHashTable, count: UInt32, isEmpty: Bool)? {
        guard let head = bytes(image, address, 16), let bucketCount = head.u32(0), let firstSymbol = head.u32(4),
            let bloomCount = head.u32(8), let shift = head.u32(12), bloomCount.nonzeroBitCount == 1
        else { return nil }
        let wordSize: UInt64 = is64 ? 8 : 4
        let bloomSize = UInt64(bloomCount) * wordSize
        let bucketSize = UInt64(bucketCount) * 4
        guard let table = bytes(image, address, 16 + bloomSize + bucketSize) else { return nil }
        let bloom = (0..<Int(bloomCount)).map { table.word(16 + $0 * Int(wordSize), is64: is64) ?? 0 }
        let buckets = Self.words(table, from: 16 + Int(bloomSize), count: Int(bucketCount))
        var chain: [UInt32] = []
        let last = buckets.max() ?? 0
        if last > 0 {
            guard last >= firstSymbol, UInt64(last) < room,
                let found = readChain(
                    image, address &+ 16 &+ bloomSize &+ bucketSize, from: Int(last - firstSymbol),
                    limit: room - UInt64(firstSymbol))
            else { return nil }
            chain = found
        }
        return (
            GNUHashTable(
                firstSymbol: firstSymbol, bloom: bloom, bloomShift: shift, bloomWordBits: wordSize * 8,
                buckets: buckets, chain: chain),
            last == 0 ? firstSymbol : firstSymbol + UInt32(chain.count), last == 0
        )
    }

    /// The chain words up to the end of the chain that begins at `start`, which is the last one.
    private mutating func readChain(_ image: borrowing FileImage, _ address: UInt64, from start: Int, limit: UInt64)
        -> [UInt32]?
    {
        guard let (_, available) = map.place(address) else { return nil }
        let most = min(limit, available / 4)
        var wanted = min(most, UInt64(start) + 64)
        while let table = bytes(image, address, wanted * 4) {
            var index = start
            while let word = table.u32(index * 4) {
                if word & 1 == 1 { return Self.words(table, from: 0, count: index + 1) }
                index += 1
            }
            if wanted == most { return nil }
            wanted = min(most, wanted * 4)
        }
        return nil
    }

    /// Bytes of the longest name of a version or of a library that has it.
    private static let nameLimit = 1024

    /// Thousands of records can share one name of megabytes, and every list of symbols repeats it.
    private mutating func sensible(_ versions: SymbolVersions, _ strings: ByteTable) -> SymbolVersions {
        func isSensible(_ name: UInt32) -> Bool {
            let start = Int(name)
            return start >= strings.count
                || strings.bytes[start..<min(start + Self.nameLimit + 1, strings.count)].contains(0)
        }
        let needed = versions.needRecords.allSatisfy { record in
            isSensible(record.library) && record.versions.allSatisfy { isSensible($0.name) }
        }
        let defined = versions.definitionRecords.allSatisfy { isSensible($0.name) && $0.parents.allSatisfy(isSensible) }
        guard needed, defined else {
            defect("symbol versions", "have a name of more than \(Self.nameLimit) bytes")
            return SymbolVersions()
        }
        if isForHost, versions.hasUnknownNumber { defect("DT_VERSYM", "names a version that no record describes") }
        return versions
    }

    private mutating func readVersions(_ image: borrowing FileImage, count: Int) -> SymbolVersions {
        var versions = SymbolVersions()
        guard let address = dynamic.symbolVersions else {
            if isForHost, dynamic.neededVersions.isPresent { defect("DT_VERNEED", "is there without DT_VERSYM") }
            return versions
        }
        guard let table = bytes(image, address, UInt64(count) * 2) else {
            defect("DT_VERSYM", "lies outside the file")
            return versions
        }
        versions.ofSymbols = (0..<count).map { table.u16($0 * 2) ?? 0 }
        readVersionRecords(image, "DT_VERNEED", dynamic.neededVersions, into: &versions) { versions, table, count in
            versions.readNeeded(table, count: count)
        }
        readVersionRecords(image, "DT_VERDEF", dynamic.definedVersions, into: &versions) { versions, table, count in
            versions.readDefined(table, count: count)
        }
        return versions
    }

    /// The size of a table of version records stands nowhere; the window grows until the records fit.
    private mutating func readVersionRecords(
        _ image: borrowing FileImage, _ tag: String, _ records: DynamicSection.Table,
        into versions: inout SymbolVersions, _ read: (inout SymbolVersions, ByteTable, Int) -> SymbolVersions.Walk
    ) {
        guard records.isPresent else { return }
        var window: UInt64 = 2048
        while let (_, available) = map.place(records.address),
            let table = bytes(image, records.address, min(window, available))
        {
            var found = versions
            if case .complete = read(&found, table, Int(clamping: records.size)) {
                versions = found
                return
            }
            if window >= available || window >= 0x100_0000 { break }
            window *= 16
        }
        defect(tag, "lies outside the file, or its records lead nowhere")
    }

    private static func words(_ table: ByteTable, from start: Int, count: Int) -> [UInt32] {
        (0..<count).map { table.u32(start + $0 * 4) ?? 0 }
    }
}
