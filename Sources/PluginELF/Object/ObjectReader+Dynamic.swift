internal import CLibELF

extension ObjectReader {
    mutating func readSegments(_ image: borrowing FileImage) {
        for defect in map.defects(fileSize: object.size) { self.defect(defect.place, defect.message) }
        if let segment = object.segments.first(where: { $0.kind == .interpreter }) {
            if segment.fileSize <= 4096, let bytes = image.bytes(at: segment.offset, count: Int(segment.fileSize)),
                let text = ByteTable(bytes: bytes, bigEndian: false).string(0)
            {
                object.interpreter = text
            } else {
                defect("PT_INTERP", "does not hold the path of a dynamic linker")
            }
        }
    }

    mutating func readDynamic(_ image: borrowing FileImage) {
        let segments = object.segments.filter { $0.kind == .dynamic }
        guard let segment = segments.last else { return }
        if segments.count > 1 { defect("PT_DYNAMIC", "occurs \(segments.count) times") }
        // The dynamic linker follows the address, tools the offset. A file in which they differ shows tools another
        // face than it shows the linker.
        guard map.offset(segment.address, count: segment.fileSize) == segment.offset else {
            defect("PT_DYNAMIC", "does not lie in a loaded segment, or its address and its offset differ")
            return
        }
        guard let entries = elf.dynamicEntries(at: segment.offset, size: segment.fileSize) else {
            defect("PT_DYNAMIC", "lies outside the file or has no end")
            return
        }
        dynamic = DynamicSection(entries)
        object.isDynamic = true
        object.flags = dynamic.publicFlags
        readStrings(image)
    }

    private mutating func readStrings(_ image: borrowing FileImage) {
        guard let strings = bytes(image, dynamic.strings.address, dynamic.strings.size) else {
            defect("string table", "lies outside the file")
            return
        }
        guard strings.bytes.last == 0 else {
            defect("string table", "has no end: its last byte is not NUL")
            return
        }
        tables.strings = strings
        object.soname = text(dynamic.soname, "DT_SONAME")
        object.needed = dynamic.needed.compactMap { text($0, "DT_NEEDED") }
        object.rpath = text(dynamic.rpath, "DT_RPATH").map(Self.folders) ?? []
        object.runpath = text(dynamic.runpath, "DT_RUNPATH").map(Self.folders) ?? []
        object.auxiliaries = dynamic.loadsOthers.compactMap { tag, name in text(name, tag).map { (tag, $0) } }
        // Only what asks for the folder pays for resolving it.
        if (object.rpath + object.runpath + object.needed).contains(where: { $0.contains("$") }) {
            object.folder = FileImage.folder(of: object.file.path)
        }
    }

    private mutating func text(_ offset: UInt64?, _ tag: String) -> String? {
        guard let offset else { return nil }
        guard let text = tables.strings.string(offset) else {
            defect(tag, "has its name outside the string table")
            return nil
        }
        return text
    }

    private static func folders(_ path: String) -> [String] {
        path.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }

    mutating func readRelocations() {
        guard dynamic.isPresent else { return }
        let tables = [
            ("DT_RELA", dynamic.relocations, true), ("DT_REL", dynamic.relocationsWithoutAddend, false),
            ("DT_JMPREL", dynamic.pltRelocations, dynamic.pltHasAddends),
        ]
        let kinds = RelocationKinds(object.identity.machine)
        let slots = [dynamic.preinitArray, dynamic.initArray]
        var (indirect, copies, found) = (0, 0, [UInt64: Relocation]())
        for (tag, table, hasAddends) in tables where table.isPresent {
            let note = { (relocation: Relocation) in
                if relocation.type == kinds.indirect { indirect += 1 }
                if relocation.type == kinds.copy { copies += 1 }
                for slot in slots where relocation.offset &- slot.address < slot.size {
                    if found.count < 0x10000 { found[relocation.offset] = relocation }
                }
            }
            guard let offset = map.offset(table.address, count: table.size),
                elf.forEachRelocation(at: offset, size: table.size, hasAddends: hasAddends, note)
            else {
                defect(tag, "lies outside the file")
                continue
            }
        }
        object.indirectRelocations = indirect
        object.copyRelocations = copies
        initSlots = found
    }

    mutating func readNotes(_ image: borrowing FileImage) {
        var notes = PluginNotes()
        var (buildID, isGo) = (String?.none, false)
        let segments = object.segments.filter { $0.kind == .note }
        for segment in segments {
            let isSound = elf.forEachNote(at: segment.offset, size: segment.fileSize, alignment: segment.alignment) {
                owner, type, place in
                let size = place.upperBound - place.lowerBound
                if owner == [0x4B, 0x57, 0x59, 0] {
                    guard notes.count < PluginNotes.limit else { return false }
                    notes.add(type: type, size: size) { image.bytes(at: place.lowerBound, count: Int(size)) }
                } else if owner == [0x47, 0x4E, 0x55, 0], type == UInt32(NT_GNU_BUILD_ID), size <= 64 {
                    buildID = image.bytes(at: place.lowerBound, count: Int(size)).map(Self.hexadecimal)
                } else if owner.starts(with: [0x47, 0x6F, 0]) {
                    isGo = true
                }
                return true
            }
            if !isSound { defect("PT_NOTE", "lies outside the file, or its notes do not fill it") }
            if notes.count >= PluginNotes.limit {
                defect("PT_NOTE", "holds more than \(PluginNotes.limit) Keyway notes")
                break
            }
        }
        object.notes = notes
        object.buildID = buildID
        object.traits.go = isGo
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// The numbers that a machine gives to the relocations that matter here.
private struct RelocationKinds {
    var indirect: UInt32?
    var copy: UInt32?

    init(_ machine: Machine) {
        switch machine {
        case .x8664: (indirect, copy) = (UInt32(R_X86_64_IRELATIVE), UInt32(R_X86_64_COPY))
        case .aarch64: (indirect, copy) = (UInt32(R_AARCH64_IRELATIVE), UInt32(R_AARCH64_COPY))
        default: break
        }
    }
}
