import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

/// Tables that lie, one by one: each gives one error that names the table, and never a crash.
@Suite("Hostile tables", .needsCompiler, .timeLimit(.minutes(10)))
struct HostileTableTests {
    private static let source = """
        extern int puts(const char *);
        int one(void) { return puts("1"); }
        int two(void) { return puts("2"); }
        """

    private func plugin(_ folder: TemporaryFolder, extra: String = source, flags: [String] = []) throws -> ObjectPatch {
        ObjectPatch(try contents(PluginFixture(extra: extra, flags: flags + ["-Wl,-soname,x.so"]).build(in: folder)))
    }

    /// Reads what may be read; the answer is the only error, of the reader or of the rules.
    private func error(_ patch: ObjectPatch, _ folder: TemporaryFolder) throws -> Finding? {
        let path = try folder.write(patch.bytes, to: "hostile.so")
        var errors: [Finding] = []
        if let error = readingError(path) {
            errors = error.findings
        } else {
            let object = try SharedObject(opening: path)
            touchEverything(object)
            errors = Array(sharedVerifier.verify(object).errors)
        }
        #expect(errors.count < 2, "\(errors.map(\.message))")
        return errors.first
    }

    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var flags: [String] = []
        let id: String
        let words: String
        let tell: @Sendable (inout ObjectPatch) throws -> Void

        init(
            _ name: String, flags: [String] = [], id: String = "S005", _ words: String,
            _ tell: @escaping @Sendable (inout ObjectPatch) throws -> Void
        ) {
            testDescription = name
            (self.flags, self.id, self.words, self.tell) = (flags, id, words, tell)
        }
    }

    private static let strtab: UInt64 = 5
    private static let strsz: UInt64 = 10
    private static let hash: UInt64 = 4
    private static let gnuHash: UInt64 = 0x6FFF_FEF5
    private static let verneed: UInt64 = 0x6FFF_FFFE

    static let lies: [Lie] = [
        Lie("a segment outside the file", "PT_LOAD") { $0.set($0.segments(1)[1] + 8, 1 << 40) },
        Lie("segments that overlap", "overlaps") { $0.set($0.segments(1)[1] + 16, $0.word($0.segments(1)[0] + 16)) },
        Lie("a segment with more bytes than memory", "more bytes in the file") { $0.set($0.segments(1)[0] + 40, 1) },
        Lie("a segment at the end of the address space", "address space") {
            $0.set($0.segments(1).last! + 16, .max - 0xFFF)
        },
        Lie("a dynamic section outside the file", "PT_DYNAMIC") { $0.set($0.segments(2)[0] + 8, 1 << 62) },
        Lie("a dynamic section without an end", "PT_DYNAMIC") {
            let start = Int($0.word($0.segments(2)[0] + 8))
            for place in stride(from: start, to: start + Int($0.word($0.segments(2)[0] + 32)), by: 16)
            where $0.word(place) == 0 { $0.set(place, 0x6000_0099) }
        },
        Lie("a string table outside the file", "string table") { try $0.set($0.dynamic(strsz), 1 << 39) },
        Lie("a string table without an end", "no end") {
            let size = try $0.word($0.dynamic(strsz))
            try $0.set($0.dynamic(strsz), size - 1)
            let last = try $0.place($0.word($0.dynamic(strtab)) + size - 2)
            $0.bytes[last] = 0x41
        },
        Lie("a name outside the string table", "DT_SONAME") { try $0.set($0.dynamic(14), 1 << 50) },
        Lie("a symbol's name outside the string table", "name outside") {
            try $0.set($0.table(6) + 24, 0xFFFF_FF00, 4)
        },
        Lie("symbols of another size", "DT_SYMENT") { try $0.set($0.dynamic(11), 32) },
        Lie("a GNU hash table with a bucket beyond all symbols", "DT_GNU_HASH") {
            let table = try $0.table(gnuHash)
            $0.set(table + 16 + Int($0.word(table + 8, 4)) * 8, 0xFFFF_FFFF, 4)
        },
        Lie("a GNU hash table with billions of buckets", "DT_GNU_HASH") {
            try $0.set($0.table(gnuHash), 0xFFFF_FFFF, 4)
        },
        Lie("a hash table with billions of symbols", flags: ["-Wl,--hash-style=sysv"], "DT_HASH") {
            try $0.set($0.table(hash) + 4, 0xFFFF_FFFF, 4)
        },
        Lie("a hash table whose chains are circles", flags: ["-Wl,--hash-style=sysv"], "circle") {
            let table = try $0.table(hash)
            let (buckets, chain) = (Int($0.word(table, 4)), Int($0.word(table + 4, 4)))
            for index in 0..<buckets { $0.set(table + 8 + index * 4, 1, 4) }
            for index in 0..<chain { $0.set(table + 8 + (buckets + index) * 4, 1, 4) }
        },
        Lie("a thousand program headers", "program headers") {
            // A copy of the table behind the file, and headers of type 0 behind it.
            let (table, count, end) = (Int($0.word(32)), Int($0.word(56, 2)), ($0.bytes.count + 7) & ~7)
            let headers = Array($0.bytes[table..<table + count * 56])
            $0.bytes += [UInt8](repeating: 0, count: end - $0.bytes.count) + headers
            $0.bytes += [UInt8](repeating: 0, count: 56 * 1000)
            $0.set(32, UInt64(end))
            $0.set(56, UInt64(count + 1000), 2)
        },
        Lie("version records that lead outside", "DT_VERNEED") { try $0.set($0.table(verneed) + 8, 0xFFFF_FFF0, 4) },
        Lie("version records that never end", "DT_VERNEED") {
            try $0.set($0.dynamic(0x6FFF_FFFF), .max)
            try $0.set($0.table(verneed) + 12, 1, 4)
        },
        Lie("relocations outside the file", "DT_RELA") { try $0.set($0.dynamic(8), 1 << 40) },
        Lie("constructors outside the file", "DT_INIT_ARRAY") { try $0.set($0.dynamic(27), 1 << 40) },
        Lie("destructors outside the file", "DT_FINI_ARRAY") { try $0.set($0.dynamic(26), 1 << 20) },
        Lie("notes outside the file", "PT_NOTE") { $0.set($0.segments(4)[0] + 8, 1 << 40) },
        Lie("a note without an end", "PT_NOTE") { $0.set(Int($0.word($0.segments(4)[0] + 8)) + 4, 0xFFFF_FFF0, 4) },
        Lie("a note with an owner of gigabytes", "PT_NOTE") {
            $0.set(Int($0.word($0.segments(4)[0] + 8)), 0xFFFF_FFFF, 4)
        },
        Lie("notes of seventeen megabytes", "larger than 16 MiB") { patch in
            let notes = patch.segments(4).last!
            patch.set(notes + 8, UInt64(patch.bytes.count))
            patch.set(notes + 32, 17 << 20)
            patch.bytes += [UInt8](repeating: 0, count: 17 << 20)
        },
        Lie("thousands of notes of others before ours", "8192 in all") { patch in
            // Notes of twelve bytes each, without owner and description.
            let notes = patch.segments(4).last!
            let start = patch.bytes.count
            patch.bytes += [UInt8](repeating: 0, count: 12 * 8192)
            patch.set(notes + 8, UInt64(start))
            patch.set(notes + 32, 12 * 8192)
        },
        Lie("the same notes twice, by two segments", "another PT_NOTE segment") { patch in
            // A header that only informs, such as that of the stack, becomes a second one of the notes.
            let notes = patch.segments(4).last!
            let other = patch.segments(0x6474_E551)[0]
            for index in 0..<56 { patch.bytes[other + index] = patch.bytes[notes + index] }
        },
        Lie("program headers of another size", "program headers") { $0.set(54, 57, 2) },
        Lie("program headers outside the file", "program headers") { $0.set(32, 1 << 40) },
        Lie("section headers outside the file", "section headers") { $0.set(40, 1 << 40) },
        Lie("sections outside the file", "section") { $0.set(Int($0.word(40)) + 64 + 24, 1 << 40) },
        Lie("the memory of a crashed program", id: "S003", "crashed program") { $0.set(16, 4, 2) },
        Lie("a type that does not exist", id: "S003", "unknown ELF type") { $0.set(16, 0xFFFF, 2) },
    ]

    @Test("A table that lies gives one error, which names it", arguments: lies)
    func namesTheLie(lie: Lie) throws {
        let folder = try TemporaryFolder()
        // Exported, so that every table has something in it.
        var patch = try plugin(folder, flags: lie.flags)
        #expect(try error(patch, folder) == nil)
        try lie.tell(&patch)
        let finding = try #require(try error(patch, folder), "nothing is wrong with \(lie.testDescription)")
        #expect(finding.id == lie.id, "\(finding.message)")
        #expect(
            finding.message.contains(lie.words) || finding.place.contains(lie.words),
            "\(finding.place): \(finding.message)")
        #expect(!finding.remedy.isEmpty)
    }

    @Test("Packed relocations that begin with a bitmap are refused")
    func refusesPackedRelocations() throws {
        let folder = try TemporaryFolder()
        guard
            var patch = try? plugin(
                folder, extra: "static int x[2]; __attribute__((used)) static int *table[] = { x, x + 1 };",
                flags: ["-Wl,-z,pack-relative-relocs"]), let table = try? patch.table(36)
        else { return }
        patch.set(table, 3)
        #expect(try error(patch, folder)?.message.contains("DT_RELR") == true)
    }

    @Test("A thousand symbols that share a name of a megabyte are refused before they are listed")
    func refusesSharedNames() throws {
        let folder = try TemporaryFolder()
        let functions = (0..<1000).map { "KW_EXPORT int f\($0)(void) { return \($0); }" }
        let long = "KW_EXPORT int l\(String(repeating: "o", count: 200_000))ng(void) { return 1; }"
        var patch = ObjectPatch(
            try contents(
                PluginFixture(extra: (functions + [long]).joined(separator: "\n"), script: "").build(in: folder)))
        let symbols = try patch.table(6)
        let names = (0..<1000).map { symbols + 24 * ($0 + 1) }
        let strings = try patch.table(5)
        let longest = try #require(
            names.max { left, right in
                func length(_ place: Int) -> Int {
                    patch.bytes[(strings + Int(patch.word(place, 4)))...].prefix { $0 != 0 }.count
                }
                return length(left) < length(right)
            })
        for place in names { patch.set(place, patch.word(longest, 4), 4) }
        let finding = try #require(try error(patch, folder))
        #expect(finding.id == "S005" && finding.message.contains("overlap"), "\(finding.message)")
    }

    @Test("A name longer than any path is refused")
    func refusesLongNames() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture(flags: ["-Wl,-soname,\(String(repeating: "x", count: 5000))"]).build(in: folder)
        let object = try SharedObject(opening: path)
        #expect(object.soname == nil && object.defects.map(\.place) == ["DT_SONAME"])
    }

    @Test("A file that grows while it is read has the facts that it had when it was opened")
    func survivesGrowth() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(plugin(folder).bytes, to: "growing.so")
        let image = try FileImage(opening: path)
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        let size = try file.seekToEnd()
        try file.write(contentsOf: [UInt8](repeating: 0xFF, count: 1 << 20))
        let object = try SharedObject(reading: image)
        #expect(object.size == size && object.defects.isEmpty)
        #expect(sharedVerifier.verify(object).isLoadable)
    }

    @Test("Compressed debug sections are described, and never expanded")
    func describesCompressedSections() throws {
        let folder = try TemporaryFolder()
        var patch = try plugin(folder, flags: ["-g", "-gz"])
        #expect(try error(patch, folder) == nil)
        // A header of a compressed section that promises exabytes.
        let table = Int(patch.word(40))
        let compressed = try #require(
            (0..<Int(patch.word(60, 2))).map { table + $0 * 64 }.first { patch.word($0 + 8) & 0x800 != 0 })
        patch.set(Int(patch.word(compressed + 24)) + 8, 1 << 60)
        #expect(try error(patch, folder) == nil)
        #expect(try SharedObject(opening: folder.file("hostile.so")).debugInfo.isCompressed)
    }

    @Test("A file of a terabyte that holds almost nothing costs no memory")
    func survivesSparseFiles() throws {
        let folder = try TemporaryFolder()
        var patch = try plugin(folder)
        let load = patch.segments(1)[0]
        // The first segment says that it is 512 GiB of string table; the others move out of its way.
        patch.set(load + 32, 1 << 39)
        patch.set(load + 40, 1 << 39)
        try patch.set(patch.dynamic(10), 1 << 38)
        let path = try folder.write(patch.bytes, to: "sparse.so")
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.truncate(atOffset: 1 << 40)
        let object = try SharedObject(opening: path)
        #expect(object.defects.contains { $0.place == "string table" || $0.message.contains("overlaps") })
        #expect(!sharedVerifier.verify(object).isLoadable)
    }
}

/// Asks for everything that is made on demand.
func touchEverything(_ object: SharedObject) {
    _ = (object.exports, object.imports, object.constructors.symbols, object.notes.interfaces, object.symbolCount)
    _ = (object.notes.abi, object.notes.manifestText, object.notes.build, object.dynamicEntries)
    _ = (object.definedVersions, object.neededVersions, object.minimumGlibc, object.properties?.levelNeeded)
}
