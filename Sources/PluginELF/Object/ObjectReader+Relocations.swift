internal import CLibELF

extension ObjectReader {
    /// Bytes of a table of relocations that are read at once: a library may have a hundred megabytes of them.
    private static let window = 0x40000

    private var relocationTables: [(tag: String, table: DynamicSection.Table, hasAddends: Bool)] {
        [
            ("DT_RELA", dynamic.relocations, true), ("DT_REL", dynamic.relocationsWithoutAddend, false),
            ("DT_JMPREL", dynamic.pltRelocations, dynamic.pltHasAddends),
        ].filter { $0.1.isPresent }
    }

    mutating func readRelocations(_ image: borrowing FileImage) {
        guard dynamic.isPresent else { return }
        let names = RelocationNames(object.identity.machine)
        let arrays = [dynamic.preinitArray, dynamic.initArray, dynamic.finiArray].filter(\.isPresent)
        let writable = object.segments.prefix(Self.segmentLimit).filter { $0.kind == .load && $0.isWritable }
        var (found, result, kinds) = ([UInt64: Relocation](), Relocations(), KindCounter())
        // Most relocations are far from these, and there may be millions.
        let first = arrays.map(\.address).min() ?? .max
        let end = arrays.map { $0.address &+ $0.size }.max() ?? 0
        var last: Segment?
        for (tag, table, hasAddends) in relocationTables {
            let isRead = forEachRelocation(image, table, hasAddends: hasAddends) { relocation in
                result.count += 1
                kinds.add(relocation.type)
                if last?.contains(address: relocation.offset) != true {
                    last = writable.first { $0.contains(address: relocation.offset) }
                    // Kind 0 does nothing, wherever it points.
                    if last == nil, relocation.type != 0 { result.inReadOnlySegments += 1 }
                }
                guard relocation.offset >= first, relocation.offset < end else { return }
                for array in arrays where relocation.offset &- array.address < array.size {
                    if found.count < 0x10000 { found[relocation.offset] = relocation }
                }
            }
            if !isRead { defect(tag, "lies outside the file") }
        }
        if dynamic.packedRelocations.isPresent {
            if let packed = countPacked(image) {
                result.packed = packed
            } else {
                defect(
                    "DT_RELR", "lies outside the file, begins with a bitmap, or leads into memory that is not writable")
            }
        }
        if isForHost { judgeRelocationTables() }
        kinds.finish()
        result.kinds = kinds.sorted(names)
        result.indirect = names.indirect.map(kinds.count) ?? 0
        result.copies = names.copy.map(kinds.count) ?? 0
        object.relocations = result
        slots = found
    }

    /// The dynamic linker asserts these.
    private mutating func judgeRelocationTables() {
        if dynamic.relocations.isPresent, dynamic.relocationSize != 24 {
            defect("DT_RELAENT", "is not the size of a relocation")
        }
        if dynamic.packedRelocations.isPresent, dynamic.packedRelocationSize != 8 {
            defect("DT_RELRENT", "is not the size of a packed relocation")
        }
        if dynamic.pltRelocations.isPresent, !dynamic.pltHasAddends {
            defect("DT_PLTREL", "says that relocations have no addends, and on this machine they have")
        }
    }

    /// One more than the highest symbol that a relocation names.
    mutating func referencedSymbols(_ image: borrowing FileImage) -> UInt64 {
        var highest = 0
        for (_, table, hasAddends) in relocationTables {
            _ = forEachRelocation(image, table, hasAddends: hasAddends) { highest = max(highest, $0.symbol) }
        }
        return UInt64(highest) + 1
    }

    /// Passes each relocation of a table to `body`; false if the table lies outside the file.
    private func forEachRelocation(
        _ image: borrowing FileImage, _ table: DynamicSection.Table, hasAddends: Bool, _ body: (Relocation) -> Void
    ) -> Bool {
        guard let start = map.offset(table.address, count: table.size) else { return false }
        let (wide, width) = (is64, is64 ? (hasAddends ? 24 : 16) : (hasAddends ? 12 : 8))
        let end = table.size / UInt64(width) * UInt64(width)
        let step = UInt64(Self.window / width * width)
        var done: UInt64 = 0
        while done < end {
            let count = min(step, end - done)
            guard let bytes = image.bytes(at: start + done, count: Int(count)) else { return false }
            let window = ByteTable(bytes: bytes, bigEndian: isBigEndian)
            done += count
            if wide {
                window.forEachRecord(words: hasAddends ? 3 : 2) { offset, info, addend in
                    body(
                        Relocation(
                            offset: offset, symbol: Int(info >> 32), type: UInt32(truncatingIfNeeded: info),
                            addend: hasAddends ? addend : nil))
                }
                continue
            }
            for place in stride(from: 0, to: Int(count), by: width) {
                guard let relocation = Self.relocation(window, place, hasAddends) else { return false }
                body(relocation)
            }
        }
        return true
    }

    /// Of a file of 32 bits.
    private static func relocation(_ table: ByteTable, _ place: Int, _ hasAddends: Bool) -> Relocation? {
        guard let offset = table.u32(place), let info = table.u32(place + 4) else { return nil }
        // An addend has a sign.
        let addend =
            hasAddends ? table.u32(place + 8).map { UInt64(bitPattern: Int64(Int32(bitPattern: $0))) } : nil
        return Relocation(offset: UInt64(offset), symbol: Int(info >> 8), type: info & 0xFF, addend: addend)
    }

    /// Even words are an address, one relocation each; odd words are bitmaps of those that follow.
    private mutating func countPacked(_ image: borrowing FileImage) -> Int? {
        guard let table = bytes(image, dynamic.packedRelocations.address, dynamic.packedRelocations.size) else {
            return nil
        }
        let width = is64 ? 8 : 4
        var count = 0
        let writable = object.segments.prefix(Self.segmentLimit).filter { $0.kind == .load && $0.isWritable }
        for place in stride(from: 0, through: table.count - width, by: width) {
            let word = table.word(place, is64: is64) ?? 0
            if place == 0, word & 1 == 1 { return nil }
            if isForHost, word & 1 == 0, !writable.contains(where: { $0.contains(address: word) }) { return nil }
            count += word & 1 == 1 ? word.nonzeroBitCount - 1 : 1
        }
        return count
    }
}

/// Counts kinds. Linkers sort relocations by kind, so most of them only lengthen the current run.
private struct KindCounter {
    private var counts: [(type: UInt32, count: Int)] = []
    private var type: UInt32 = 0
    private var run = 0

    mutating func add(_ type: UInt32) {
        if type != self.type { finish() }
        self.type = type
        run += 1
    }

    mutating func finish() {
        if run > 0 {
            if let known = counts.firstIndex(where: { $0.type == type }) {
                counts[known].count += run
            } else if counts.count < 64 {
                counts.append((type, run))
            }
        }
        run = 0
    }

    func count(_ type: UInt32) -> Int { counts.first { $0.type == type }?.count ?? 0 }

    func sorted(_ names: RelocationNames) -> [Relocations.Kind] {
        counts.map { Relocations.Kind(type: $0, name: names.name($0), count: $1) }.sorted {
            ($1.count, $0.type) < ($0.count, $1.type)
        }
    }
}
