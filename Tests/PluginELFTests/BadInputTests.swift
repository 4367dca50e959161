import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

/// What is put in the place of a plugin, the one error that it must have, and what the command makes of it.
struct BadInput: Sendable {
    let name: String
    let id: String
    /// Of the error's message.
    let words: String
    /// Can its ELF header and its program headers be read? Then `inspect` describes the file.
    let isDescribed: Bool
    /// Puts it into a folder and returns its path. The bytes are those of a sound plugin.
    let make: @Sendable (_ folder: TemporaryFolder, _ bytes: [UInt8]) throws -> String

    init(
        _ name: String, _ id: String, _ words: String, isDescribed: Bool = false,
        _ make: @escaping @Sendable (TemporaryFolder, [UInt8]) throws -> String
    ) {
        (self.name, self.id, self.words, self.isDescribed, self.make) = (name, id, words, isDescribed, make)
    }

    /// A plugin that was changed, or something else with its name.
    static func file(
        _ name: String, _ id: String, _ words: String, isDescribed: Bool = true,
        _ change: @escaping @Sendable (inout ObjectPatch) throws -> Void
    ) -> BadInput {
        BadInput(name, id, words, isDescribed: isDescribed) { folder, bytes in
            var patch = ObjectPatch(bytes)
            try change(&patch)
            return try folder.write(patch.bytes, to: "\(name).so")
        }
    }

    /// What a compiler makes of a program.
    static func compiled(_ name: String, _ words: String, _ flags: [String]) -> BadInput {
        BadInput(name, "S003", words, isDescribed: true) { folder, _ in
            let source = try folder.write("int main(void) { return 0; }\n".utf8, to: "\(name).c")
            try Toolchain.run(#require(Toolchain.compiler), flags + ["-o", folder.file(name), source])
            return folder.file(name)
        }
    }

    static let all: [BadInput] = [
        .file("empty", "S002", "empty", isDescribed: false) { $0.bytes = [] },
        .file("text", "S002", "it is text", isDescribed: false) { $0.bytes = Array("hello, world\n".utf8) },
        .file("archive", "S002", "static archive", isDescribed: false) { $0.bytes = Array("!<arch>\nfoo".utf8) },
        BadInput("folder", "S001", "is a directory") { folder, _ in folder.path },
        BadInput("device", "S001", "is a character device") { _, _ in "/dev/null" },
        BadInput("pipe", "S001", "is a named pipe") { folder, _ in
            let path = folder.file("pipe")
            #expect(unsafe mkfifo(path, 0o600) == 0)
            return path
        },
        BadInput("circle", "S001", "in a circle") { folder, _ in
            let path = folder.file("circle.so")
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "circle.so")
            return path
        },
        BadInput("nothing", "S001", "no such file") { folder, _ in folder.file("nothing.so") },
        BadInput("open to all", "S001", "every user of this machine", isDescribed: true) { folder, bytes in
            let path = try folder.write(bytes, to: "open.so")
            #expect(unsafe chmod(path, 0o666) == 0)
            return path
        },
        .file("cut in its header", "S005", "within its ELF header", isDescribed: false) {
            $0.bytes.removeLast($0.bytes.count - 40)
        },
        .file("cut in its middle", "S005", "faults also in PT_LOAD segment") {
            $0.bytes.removeLast($0.bytes.count / 2)
        },
        .file("cut at its end", "S005", "section headers lie outside") { $0.bytes.removeLast() },
        .file("class", "S002", "32-bit") { $0.bytes[4] = 1 },
        .file("no class", "S005", "class 9", isDescribed: false) { $0.bytes[4] = 9 },
        .file("byte order", "S005", "size", isDescribed: false) { $0.bytes[5] = 2 },
        .file("machine", "S002", "riscv") { $0.set(18, 0xF3, 2) },
        .file("core", "S003", "crashed program") { $0.set(16, 4, 2) },
        .compiled("program", "is a program", ["-no-pie"]),
        .compiled("pie", "position-independent program", ["-pie", "-fPIE"]),
        .compiled("object.o", "not linked", ["-c"]),
        .file("overlap", "S005", "overlaps") { $0.set($0.segments(1)[1] + 16, $0.word($0.segments(1)[0] + 16)) },
        .file("far segment", "S005", "outside the file") { $0.set($0.segments(1)[1] + 8, 1 << 40) },
        .file("far headers", "S005", "program headers", isDescribed: false) { $0.set(32, 1 << 40) },
        .file("strings without end", "S005", "no end") { patch in
            let size = try patch.word(patch.dynamic(10))
            try patch.set(patch.dynamic(10), size - 1)
            patch.bytes[try patch.place(patch.word(patch.dynamic(5)) + size - 2)] = 0x41
        },
        .file("billions of sections", "S005", "4294967295 sections", isDescribed: false) { patch in
            patch.set(60, 0, 2)
            patch.set(Int(patch.word(40)) + 32, 0xFFFF_FFFF)
        },
        BadInput("circle of symbols", "S005", "leads in a circle", isDescribed: true) { folder, _ in
            let path = try PluginFixture(flags: ["-Wl,--hash-style=sysv"]).build(in: folder, name: "chains")
            var patch = ObjectPatch(try contents(path))
            let table = try patch.table(4)
            let count = Int(patch.word(table, 4)) + Int(patch.word(table + 4, 4))
            for index in 0..<count { patch.set(table + 8 + index * 4, 1, 4) }
            return try folder.write(patch.bytes, to: "chains.so")
        },
        .file("notes twice", "S005", "another PT_NOTE segment") { patch in
            let (notes, other) = (patch.segments(4).last!, patch.segments(0x6474_E551)[0])
            for index in 0..<56 { patch.bytes[other + index] = patch.bytes[notes + index] }
        },
        .file("notes that overlap", "S005", "does not end within it") { patch in
            patch.set(Int(patch.word(patch.segments(4).last! + 8)) + 4, 0xFFFF_FFF0, 4)
        },
        BadInput("huge note", "N005", "longer than", isDescribed: true) { folder, _ in
            try PluginFixture(
                manifest: "KW_NOTE_MANIFEST(\"\(String(repeating: " ", count: 1_100_000))\");",
                flags: ["-Wno-overlength-strings"]
            ).build(in: folder, name: "huge")
        },
    ]
}

@Suite("Bad input", .needsCompiler, .timeLimit(.minutes(10)))
struct BadInputTests {
    private let folder: TemporaryFolder
    private let paths: [String]

    init() throws {
        folder = try TemporaryFolder()
        let bytes = try contents(PluginFixture(flags: ["-Wl,-soname,sound.so"]).build(in: folder))
        let made = folder
        paths = try BadInput.all.map { try $0.make(made, bytes) }
    }

    @Test("Everything that can stand in the place of a plugin has exactly one error, which says what it is")
    func hasOneError() throws {
        for (input, path) in zip(BadInput.all, paths) {
            var messages: [String] = []
            if let error = readingError(path) {
                messages = [error.what]
                // What cannot even be opened has no finding of a rule.
                #expect(error.findings.map(\.id) == [input.id] || error.stage == .open, "\(input.name)")
            } else {
                let verification = sharedVerifier.verify(try SharedObject(opening: path))
                messages = verification.errors.map(\.message)
                #expect(verification.errorIDs == [input.id], "\(input.name): \(messages)")
            }
            #expect(messages.count == 1 && messages[0].contains(input.words), "\(input.name): \(messages)")
        }
    }

    @Test("The command refuses each of them with that one error, and describes what it can", .needsCommand)
    func commandHasOneError() throws {
        let result = try Toolchain.outcome(KeywayCommand.path, ["validate", "--json"] + paths)
        #expect(result.status == 1)
        let entries = try #require(try JSON(parsing: result.output, what: "the answer").arrayValue)
        #expect(entries.map { $0["file"]?.stringValue } == paths)
        for (input, entry) in zip(BadInput.all, entries) {
            let errors = (entry["findings"]?.arrayValue ?? []).filter { $0["severity"] == "error" }
            #expect(errors.map { $0["id"]?.stringValue } == [input.id], "\(input.name): \(errors)")
            #expect(errors.first?["message"]?.stringValue?.contains(input.words) == true, "\(input.name): \(errors)")
            #expect(errors.first?["remedy"]?.stringValue?.isEmpty == false, "\(input.name)")
            #expect(entry["valid"] == false)
        }
        for (input, path) in zip(BadInput.all, paths) {
            let result = try Toolchain.outcome(KeywayCommand.path, ["inspect", "--json", path])
            let answer = try JSON(parsing: result.output, what: "the answer")
            #expect((result.status == 0) == input.isDescribed && result.status < 2, "\(input.name)")
            #expect((answer["error"] == nil) == input.isDescribed, "\(input.name): \(answer.text)")
        }
    }
}
