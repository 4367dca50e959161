internal import CLibELF

extension ObjectReader {
    /// More program headers than any file has. Relocations are looked up among the segments, one by one.
    static let segmentLimit = 256

    mutating func readSegments(_ image: borrowing FileImage) {
        for defect in map.defects(fileSize: object.size) { self.defect(defect.place, defect.message) }
        if object.segments.count > Self.segmentLimit {
            defect("program headers", "are \(object.segments.count), above \(Self.segmentLimit)")
        }
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
        object.dynamicSection = dynamic
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
        tables = SymbolTable(strings: strings)
        object.symbolTable = tables
        object.soname = text(dynamic.soname, "DT_SONAME")
        object.needed = dynamic.needed.compactMap { text($0, "DT_NEEDED") }
        object.rpath = text(dynamic.rpath, "DT_RPATH", limit: 0x10000).map(Self.folders) ?? []
        object.runpath = text(dynamic.runpath, "DT_RUNPATH", limit: 0x10000).map(Self.folders) ?? []
        object.auxiliaries = dynamic.loadsOthers.compactMap { tag, name in text(name, tag).map { (tag, $0) } }
        // Only what asks for the folder pays for resolving it.
        if (object.rpath + object.runpath + object.needed).contains(where: { $0.contains("$") }) {
            object.folder = FileImage.folder(of: object.file.path)
        }
    }

    /// - Parameter limit: bytes; by default those of the longest path that the system takes.
    private mutating func text(_ offset: UInt64?, _ tag: String, limit: Int = 0x1000) -> String? {
        guard let offset else { return nil }
        guard let text = tables.strings.string(offset, limit: limit) else {
            defect(tag, "has its name outside the string table, or one of more than \(limit) bytes")
            return nil
        }
        return text
    }

    private static func folders(_ path: String) -> [String] {
        path.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
}
