import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

/// A generator with a seed, so that a failure can be repeated.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Hostile files", .needsCompiler, .timeLimit(.minutes(10)))
struct HostileFileTests {
    private func plugin(_ folder: TemporaryFolder, flags: [String] = []) throws -> [UInt8] {
        try contents(
            PluginFixture(
                extra:
                    "extern int puts(const char *);\n__attribute__((constructor)) static void f(void) { puts(\"\"); }",
                flags: flags + ["-Wl,-soname,hostile.so", "-Wl,-rpath,$ORIGIN", "-s"]
            ).build(in: folder))
    }

    private let newProcess = try? LibraryResolver(root: "/")

    /// Reads, verifies, links if wanted, and asks for everything that is made on demand. The answer counts less than
    /// that there is one.
    @discardableResult
    private func exercise(_ path: String, links: Bool = false) -> (error: PluginError?, verification: Verification?) {
        do throws(PluginError) {
            let object = try SharedObject(opening: path)
            touchEverything(object)
            if links { _ = newProcess?.linkage(of: object).isComplete }
            let verification = sharedVerifier.verify(object)
            _ = verification.refusal?.message
            return (nil, verification)
        } catch {
            return (error, nil)
        }
    }

    /// A file whose contents change in place, which is faster than a new file each. Some file systems write a file
    /// to the disk when it is emptied and filled again, so it is cut last.
    private func rewrite(_ file: FileHandle, _ bytes: [UInt8]) throws {
        try file.seek(toOffset: 0)
        try file.write(contentsOf: bytes)
        try file.truncate(atOffset: UInt64(bytes.count))
    }

    @Test("A plugin cut at any byte has exactly one error", arguments: [false, true])
    func refusesEveryTruncation(hasSectionHeaders: Bool) throws {
        let folder = try TemporaryFolder()
        var bytes = try plugin(folder)
        // Without a table of sections at its end, a file says only by its segments and sections where it ends.
        if !hasSectionHeaders { bytes = Self.withoutSectionHeaders(bytes) }
        let path = try folder.write(bytes, to: "cut.so")
        #expect(exercise(path).verification?.isLoadable == true)
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        for length in stride(from: bytes.count - 1, through: 0, by: -1) {
            try rewrite(file, Array(bytes[..<length]))
            let (error, verification) = exercise(path)
            let errors = error?.findings ?? verification.map { Array($0.errors) } ?? []
            #expect(
                errors.count == 1 && errors.allSatisfy { ["S002", "S005"].contains($0.id) },
                "\(length) of \(bytes.count) bytes: \(errors.map(\.message))")
            #expect(error.map { !$0.what.isEmpty } ?? true)
        }
    }

    /// The file up to the end of what is loaded.
    private static func withoutSectionHeaders(_ bytes: [UInt8]) -> [UInt8] {
        var patch = ObjectPatch(bytes)
        patch.set(40, 0)
        patch.set(60, 0, 4)
        let end = patch.segments(1).map { patch.word($0 + 8) + patch.word($0 + 32) }.max() ?? 0
        return Array(patch.bytes[..<Int(end)])
    }

    @Test("Thousands of damaged plugins neither trap nor hang", arguments: [UInt64(1), 2])
    func survivesMutations(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        let bytes = try plugin(folder, flags: seed == 1 ? [] : ["-Wl,--hash-style=both"])
        let path = try folder.write([], to: "damaged.so")
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        var generator = SeededGenerator(state: seed)
        // Half of the changes go where the structure is: the headers and what the dynamic linker reads.
        let structure = 0..<min(bytes.count, 0x700)
        let values: [UInt8] = [0, 1, 2, 4, 8, 0x7F, 0x80, 0xFE, 0xFF]
        var refused = 0
        // More in `make fuzz`.
        let count = ProcessInfo.processInfo.environment["KEYWAY_FUZZ_COUNT"].flatMap { Int($0) } ?? 5_000
        for index in 0..<count {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(
                    in: Bool.random(using: &generator) ? structure : 0..<bytes.count, using: &generator)
                let width = min([1, 2, 4, 8].randomElement(using: &generator)!, bytes.count - place)
                for index in place..<place + width {
                    damaged[index] =
                        Bool.random(using: &generator)
                        ? values.randomElement(using: &generator)! : UInt8.random(in: 0...255, using: &generator)
                }
            }
            try rewrite(file, damaged)
            let (error, verification) = exercise(path, links: index.isMultiple(of: 10))
            if error != nil || verification?.isLoadable == false { refused += 1 }
        }
        #expect(refused > count / 5)
    }

    @Test("Words of every header and table, set to extremes one by one, neither trap nor hang")
    func survivesExtremes() throws {
        let folder = try TemporaryFolder()
        let bytes = try plugin(folder)
        let path = try folder.write([], to: "extreme.so")
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        var answers = 0
        for place in stride(from: 4, to: 0x600, by: 4) {
            for value in [UInt32(0), 0x7FFF_FFFF, 0xFFFF_FFFF] {
                var damaged = bytes
                for index in 0..<4 { damaged[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index))) }
                try rewrite(file, damaged)
                let (error, verification) = exercise(path)
                if error != nil || verification != nil { answers += 1 }
            }
        }
        #expect(answers == (0x600 - 4) / 4 * 3)
    }

    @Test("A file with billions of section headers is refused before memory is spent on them")
    func refusesBillionsOfSections() throws {
        let folder = try TemporaryFolder()
        var bytes = try plugin(folder)
        // e_shnum 0 sends the reader to the size of the first section header.
        (bytes[60], bytes[61]) = (0, 0)
        let offset = (0..<8).reduce(0) { $0 | Int(bytes[40 + $1]) << (8 * $1) }
        for index in 0..<8 { bytes[offset + 32 + index] = index < 5 ? 0xFF : 0 }
        let error = try #require(readingError(folder.write(bytes, to: "sections.so")))
        #expect(error.findings.map(\.id) == ["S005"])
        #expect(error.what.contains("sections"))
    }

    @Test("A file whose dynamic section lies elsewhere for the linker than for tools is refused")
    func refusesTwoFaces() throws {
        let folder = try TemporaryFolder()
        var bytes = try plugin(folder)
        let table = Int(bytes[32]) | Int(bytes[33]) << 8
        let dynamic = try #require(
            (0..<Int(bytes[56])).map { table + $0 * 56 }.first { bytes[$0] == 2 && bytes[$0 + 1] == 0 })
        bytes[dynamic + 16] &+= 16
        let verification = sharedVerifier.verify(try SharedObject(opening: folder.write(bytes, to: "faces.so")))
        #expect(verification.errorIDs == ["S005"])
        #expect(verification.findings.first?.message.contains("differ") == true)
    }

    @Test("A segment whose pages replace those of another is refused")
    func refusesReplacedPages() throws {
        let folder = try TemporaryFolder()
        var bytes = try plugin(folder)
        let table = Int(bytes[32]) | Int(bytes[33]) << 8
        let loads = (0..<Int(bytes[56])).map { table + $0 * 56 }.filter { bytes[$0] == 1 && bytes[$0 + 1] == 0 }
        let (first, second) = (loads[0], try #require(loads.dropFirst().first))
        func word(_ place: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) } }
        func set(_ place: Int, _ value: UInt64) {
            for index in 0..<8 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        }
        // The second segment now begins where the first ends, within its last page, with bytes of another page.
        let end = word(first + 16) + word(first + 32)
        set(first + 40, word(first + 32))
        set(second + 16, end)
        set(second + 8, end < 4096 ? 4096 + end : end & 4095)
        let verification = sharedVerifier.verify(try SharedObject(opening: folder.write(bytes, to: "pages.so")))
        #expect(verification.errorIDs == ["S005"])
        let words = verification.findings.first?.message ?? ""
        #expect(words.contains("PT_LOAD segment 1 replaces a page of the segment before it"), "\(words)")
    }

    @Test("A manifest of a million brackets, and one above the limit, are refused")
    func refusesHugeManifests() throws {
        for (text, words) in [
            (String(repeating: "[", count: 900_000), "not valid JSON"),
            (String(repeating: " ", count: 1_100_000), "longer than"),
        ] {
            let plugin = PluginFixture(
                manifest: "KW_NOTE_MANIFEST(\"\(text)\");", flags: ["-Wno-overlength-strings"])
            let verification = try plugin.verify()
            #expect(verification.errorIDs == ["N005"])
            #expect(verification.findings.first?.message.contains(words) == true)
        }
    }

    @Test("A file that shrinks while it is open gives an error")
    func survivesShrinking() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(plugin(folder), to: "shrinking.so")
        let image = try FileImage(opening: path)
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.truncate(atOffset: 700)
        var refused = false
        do throws(PluginError) {
            refused = !sharedVerifier.verify(try SharedObject(reading: image)).isLoadable
        } catch {
            refused = true
        }
        #expect(refused)
    }
}
