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

    /// Walks through the tables, once: symbols are counted by them as well.
    mutating func surveyRelocations(_ image: borrowing FileImage) {
        guard dynamic.isPresent else { return }
        var survey = RelocationSurvey(
            arrays: [dynamic.preinitArray, dynamic.initArray, dynamic.finiArray].filter(\.isPresent), writable: writable
        )
        for (tag, table, hasAddends) in relocationTables {
            let isRead = forEachRelocation(image, table, hasAddends: hasAddends) { survey.add($0) }
            if !isRead { survey.unreadable.append(tag) }
        }
        relocations = survey
    }

    /// What the tables came to, once it is known what symbols there are.
    mutating func readRelocations(_ image: borrowing FileImage) {
        guard dynamic.isPresent else { return }
        for tag in relocations.unreadable { defect(tag, "lies outside the file") }
        object.relocations = relocations.result(RelocationNames(object.identity.machine))
        if dynamic.packedRelocations.isPresent {
            if let packed = countPacked(image) {
                object.relocations.packed = packed
            } else {
                defect(
                    "DT_RELR", "lies outside the file, begins with a bitmap, or leads into memory that is not writable")
            }
        }
        if isForHost { judgeRelocationTables() }
    }

    private var writable: [Segment] {
        object.segments.prefix(Self.segmentLimit).filter { $0.kind == .load && $0.isWritable }
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
        let writable = self.writable
        var count = 0
        for place in stride(from: 0, through: table.count - width, by: width) {
            let word = table.word(place, is64: is64) ?? 0
            if place == 0, word & 1 == 1 { return nil }
            if isForHost, word & 1 == 0, !writable.contains(where: { $0.contains(address: word) }) { return nil }
            count += word & 1 == 1 ? word.nonzeroBitCount - 1 : 1
        }
        return count
    }
}

/// What one walk over the relocations of a file gathers. Most are far from the arrays and of the same kind and segment
/// as the one before, and there may be millions.
struct RelocationSurvey {
    /// Tags of tables that lie outside the file.
    var unreadable: [String] = []
    /// The highest number of a symbol.
    private(set) var highestSymbol = 0
    private let arrays: [DynamicSection.Table]
    private let writable: [Segment]
    /// Where the arrays lie.
    private let bounds: Range<UInt64>
    /// The segment of the one before: address and size.
    private var segment: (address: UInt64, size: UInt64) = (0, 0)
    private var kinds = KindCounter()
    private var count = 0
    private var inReadOnlySegments = 0
    /// Those of the arrays.
    private(set) var slots: [UInt64: Relocation] = [:]

    init(arrays: [DynamicSection.Table] = [], writable: [Segment] = []) {
        self.arrays = arrays
        self.writable = writable
        let first = arrays.map(\.address).min() ?? 0
        bounds = first..<max(first, arrays.map { $0.address &+ $0.size }.max() ?? 0)
    }

    mutating func add(_ relocation: Relocation) {
        count += 1
        highestSymbol = max(highestSymbol, relocation.symbol)
        kinds.add(relocation.type)
        if relocation.offset &- segment.address >= segment.size { findSegment(of: relocation) }
        if bounds.contains(relocation.offset) { keep(relocation) }
    }

    private mutating func findSegment(of relocation: Relocation) {
        if let found = writable.first(where: { $0.contains(address: relocation.offset) }) {
            segment = (found.address, found.memorySize)
        } else if relocation.type != 0 {
            // Kind 0 does nothing, wherever it points.
            inReadOnlySegments += 1
        }
    }

    private mutating func keep(_ relocation: Relocation) {
        guard slots.count < 0x10000, arrays.contains(where: { relocation.offset &- $0.address < $0.size }) else {
            return
        }
        slots[relocation.offset] = relocation
    }

    mutating func result(_ names: RelocationNames) -> Relocations {
        kinds.finish()
        var result = Relocations()
        result.count = count
        result.inReadOnlySegments = inReadOnlySegments
        result.kinds = kinds.sorted(names)
        result.indirect = names.indirect.map(kinds.count) ?? 0
        result.copies = names.copy.map(kinds.count) ?? 0
        return result
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
