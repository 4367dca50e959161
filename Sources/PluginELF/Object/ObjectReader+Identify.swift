internal import CLibELF
internal import PluginCore

extension ObjectReader {
    /// What the first bytes say, before libelf sees the file.
    struct Start {
        var is64: Bool
        var isBigEndian: Bool
        var osabi: UInt8
        var abiVersion: UInt8
        var defects: [Defect] = []
    }

    /// More section headers than any library has. libelf allocates for each before it looks at one.
    private static let sectionLimit: UInt64 = 0x20000

    static func identify(_ image: borrowing FileImage) throws(PluginError) -> Start {
        let path = image.status.path
        let pluginRemedy = "Pass the path of a plugin's shared object, a .so file"
        guard let first = image.bytes(at: 0, count: Int(min(image.size, 64))) else {
            throw refusal(path, "file", "the file cannot be read, or became shorter while it was read")
        }
        guard !first.isEmpty else { throw refusal(path, "file", "the file is empty", id: "S002", remedy: pluginRemedy) }
        guard first.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
            let what = "is not an ELF file: it is \(describe(first))"
            throw refusal(path, "file", what, id: "S002", remedy: pluginRemedy)
        }
        guard first.count >= 16 else { throw refusal(path, "ELF header", "the file ends within its ELF header") }
        guard first[4] == 1 || first[4] == 2, first[5] == 1 || first[5] == 2, first[6] == 1 else {
            throw refusal(
                path, "ELF header",
                "the ELF header has class \(first[4]), byte order \(first[5]), version \(first[6]), which do not exist")
        }
        var start = Start(is64: first[4] == 2, isBigEndian: first[5] == 2, osabi: first[7], abiVersion: first[8])
        guard first.count >= (start.is64 ? 64 : 52) else {
            throw refusal(path, "ELF header", "the file ends within its ELF header")
        }
        try check(ByteTable(bytes: first, bigEndian: start.isBigEndian), image, &start)
        return start
    }

    /// Checks what libelf takes on trust: the sizes of entries and the number of sections.
    private static func check(
        _ header: ByteTable, _ image: borrowing FileImage, _ start: inout Start
    ) throws(PluginError) {
        let path = image.status.path
        let tail = start.is64 ? 52 : 40
        guard let headerSize = header.u16(tail), let programSize = header.u16(tail + 2),
            let programCount = header.u16(tail + 4), let sectionSize = header.u16(tail + 6),
            let shortCount = header.u16(tail + 8), let offset = header.word(start.is64 ? 40 : 32, is64: start.is64)
        else { throw refusal(path, "ELF header", "the file ends within its ELF header") }
        if Int(headerSize) != (start.is64 ? 64 : 52) {
            start.defects.append(Defect(place: "ELF header", message: "gives its own size as \(headerSize) bytes"))
        }
        if programCount > 0, Int(programSize) != (start.is64 ? 56 : 32) {
            throw refusal(path, "program headers", "the program headers have a size of \(programSize) bytes each")
        }
        guard offset > 0 else { return }
        let expected: UInt64 = start.is64 ? 64 : 40
        guard offset <= image.size, expected <= image.size - offset else {
            start.defects.append(Defect(place: "section headers", message: "lie outside the file"))
            return
        }
        var count = UInt64(shortCount)
        if count == 0, let bytes = image.bytes(at: offset, count: Int(expected)) {
            // 0xFF00 sections and more are counted in the first section header.
            let first = ByteTable(bytes: bytes, bigEndian: start.isBigEndian)
            count = first.word(start.is64 ? 32 : 20, is64: start.is64) ?? 0
        }
        guard count <= sectionLimit else {
            throw refusal(path, "section headers", "the file claims to have \(count) sections, above \(sectionLimit)")
        }
        if count > 0, UInt64(sectionSize) != expected {
            start.defects.append(
                Defect(place: "section headers", message: "have a size of \(sectionSize) bytes each"))
        } else if count > (image.size - offset) / expected {
            start.defects.append(Defect(place: "section headers", message: "lie outside the file"))
        }
    }

    private static func describe(_ first: [UInt8]) -> String {
        if first.starts(with: "!<arch>\n".utf8) { return "a static archive" }
        if first.starts(with: "!<thin>\n".utf8) { return "a thin static archive" }
        if first.starts(with: "#!".utf8) { return "a script" }
        if first.starts(with: "MZ".utf8) { return "a Windows program or library" }
        if first.starts(with: [0xCF, 0xFA, 0xED, 0xFE]) || first.starts(with: [0xCA, 0xFE, 0xBA, 0xBE]) {
            return "a Mach-O file of macOS"
        }
        if first.starts(with: "BC".utf8) { return "LLVM bitcode" }
        if first.starts(with: "PK".utf8) { return "a zip archive" }
        if first.starts(with: [0x1F, 0x8B]) { return "a gzip archive" }
        // A multi-byte character may be cut at the end of what was read.
        let isText = first.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
        return isText ? "text" : "of an unknown kind"
    }
}
