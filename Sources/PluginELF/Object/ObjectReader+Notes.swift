internal import CLibELF
internal import PluginCore

extension ObjectReader {
    /// More notes of whatever owner than any file has; what follows is not read.
    private static let noteLimit = 0x2000

    /// Reads the notes of the segments, which decide, and those of sections that are not loaded, which only inform.
    mutating func readNotes(_ image: borrowing FileImage) {
        var notes = Notes()
        let segments = object.segments.prefix(Self.segmentLimit).filter { $0.kind == .note && $0.fileSize > 0 }
        if Self.overlap(segments) { defect("PT_NOTE", "holds bytes that another PT_NOTE segment holds, too") }
        for segment in segments {
            readNotes(image, at: segment.offset, size: segment.fileSize, segment.alignment, isLoaded: true, &notes)
            // A second contract could hide behind the last note that is looked at.
            if notes.own.count >= PluginNotes.limit || notes.all.count >= Self.noteLimit {
                defect("PT_NOTE", "holds more than \(PluginNotes.limit) Keyway notes, or \(Self.noteLimit) in all")
                break
            }
        }
        for section in object.sections
        where section.type == UInt32(SHT_NOTE) && section.flags & UInt64(SHF_ALLOC | SHF_COMPRESSED) == 0 {
            readNotes(image, at: section.offset, size: section.size, section.alignment, isLoaded: false, &notes)
        }
        object.notes = notes.own
        object.allNotes = notes.all
        object.buildID = notes.buildID
        object.properties = notes.properties
        object.abiTag = notes.abiTag
        object.package = notes.package
        object.traits.go = object.traits.go || notes.isGo
    }

    /// Do any two segments share bytes of the file? Their notes would be read, and counted, twice.
    private static func overlap(_ segments: [Segment]) -> Bool {
        let sorted = segments.sorted { $0.offset < $1.offset }
        return zip(sorted, sorted.dropFirst()).contains { $1.offset - $0.offset < $0.fileSize }
    }

    /// What is gathered while notes are read.
    private struct Notes {
        var own = PluginNotes()
        var all: [ELFNote] = []
        var buildID: String?
        var properties: GNUProperties?
        var abiTag: ABITag?
        var package: String?
        var isGo = false
    }

    private mutating func readNotes(
        _ image: borrowing FileImage, at offset: UInt64, size: UInt64, _ alignment: UInt64, isLoaded: Bool,
        _ notes: inout Notes
    ) {
        guard size <= 0x100_0000, let table = bytes(image, offset: offset, size) else {
            if isLoaded { defect("PT_NOTE", "lies outside the file, or is larger than 16 MiB") }
            return
        }
        let padding = alignment == 8 ? 7 : 3
        var place = 0
        // Fewer bytes than a header are padding.
        while table.count - place >= 12, notes.all.count < Self.noteLimit, notes.own.count < PluginNotes.limit {
            guard let ownerSize = table.u32(place), let size = table.u32(place + 4), let type = table.u32(place + 8)
            else { return }
            let start = (place + 12 + Int(ownerSize) + padding) & ~padding
            guard start <= table.count, Int(size) <= table.count - start else {
                // Sections that are not loaded serve tools; a fault there harms nobody.
                if isLoaded { defect("PT_NOTE", "holds a note that does not end within it") }
                return
            }
            let owner = table.bytes[place + 12..<place + 12 + min(Int(ownerSize), 64)]
            let name = owner.last == 0 ? owner.dropLast() : owner
            notes.all.append(ELFNote(owner: String(decoding: name, as: UTF8.self), type: type, size: UInt64(size)))
            // What is not loaded is not what the host will see.
            if isLoaded { add(owner, type, table, start..<start + Int(size), &notes) }
            place = (start + Int(size) + padding) & ~padding
        }
    }

    private func add(
        _ owner: ArraySlice<UInt8>, _ type: UInt32, _ table: ByteTable, _ place: Range<Int>, _ notes: inout Notes
    ) {
        func description(limit: Int) -> ByteTable? {
            place.count <= limit ? ByteTable(bytes: Array(table.bytes[place]), bigEndian: isBigEndian) : nil
        }
        if owner.elementsEqual([0x4B, 0x57, 0x59, 0]) {
            notes.own.add(type: type, table.bytes[place])
        } else if owner.elementsEqual([0x47, 0x4E, 0x55, 0]) {
            switch type {
            case UInt32(NT_GNU_BUILD_ID): notes.buildID = description(limit: 64).map { Hexadecimal.text($0.bytes) }
            case UInt32(NT_GNU_ABI_TAG): notes.abiTag = description(limit: 64).flatMap(ABITag.init)
            case UInt32(NT_GNU_PROPERTY_TYPE_0):
                notes.properties = description(limit: 4096).flatMap {
                    GNUProperties($0, is64: is64, machine: object.identity.machine)
                }
            default: break
            }
        } else if owner.starts(with: [0x47, 0x6F, 0]) {
            notes.isGo = true
        } else if type == 0xCAFE_1A7E, owner.elementsEqual([0x46, 0x44, 0x4F, 0]) {
            notes.package = description(limit: 0x10000)?.string(0)
        }
    }
}
