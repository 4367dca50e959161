import Foundation
import PluginCore
import TestPrograms
import Testing

/// Plugins that must be refused before a byte of them runs: each has a constructor that writes a file, and the file must not
/// be there afterwards.
@Suite("keyway refuses plugins without running them", .timeLimit(.minutes(10)))
struct RefusalTests {
    /// A plugin in C; the macros of the notes and what else is wanted are put in by each case.
    private static let source = """
        #include <fcntl.h>
        #include <unistd.h>
        #include <keyway/plugin.h>
        __attribute__((constructor)) static void leave_a_mark(void) { close(open(WITNESS, O_CREAT | O_WRONLY, 0600)); }
        #ifndef NO_NOTE
        KW_NOTE_ABI(MINIMUM, MAXIMUM, 0, KW_LANG_C);
        KW_NOTE_MANIFEST("{\\"id\\":\\"refused\\",\\"version\\":\\"1.0.0\\"}");
        KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
        #endif
        #ifdef NEEDS
        extern int missing_function(void);
        int (*keep)(void) = missing_function;
        #endif
        #ifndef NO_ENTRY
        KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out)
        { (void)host; (void)sdk; (void)out; return KW_INTERNAL; }
        #endif
        """

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var flags: [String] = []
        var range = (minimum: 1, maximum: 1)
        let code: String
        let words: [String]
        var testDescription: String { name }
    }

    private static let cases = [
        Case(name: "without a note", flags: ["-DNO_NOTE"], code: "validation", words: ["note"]),
        Case(name: "without an entry", flags: ["-DNO_ENTRY"], code: "validation", words: ["kw_plugin_entry_1"]),
        Case(name: "that wants a later SDK than it was built with", range: (7, 9), code: "validation", words: ["7"]),
        Case(name: "with an undefined symbol", flags: ["-DNEEDS"], code: "dependency", words: ["missing_function"]),
        Case(
            name: "with a library that is not there", flags: ["-Wl,--no-as-needed", "-lgone"], code: "dependency",
            words: ["libgone.so"]),
        Case(name: "with an executable stack", flags: ["-Wl,-z,execstack"], code: "validation", words: ["stack"]),
    ]

    private func build(_ refused: Case, in folder: TemporaryFolder, witness: String) throws -> String {
        let source = try folder.write(Self.source, to: "plugin.c").path
        func compile(_ arguments: [String]) throws {
            try Programs.succeed("cc", arguments)
        }
        // The library is there for the linker, and gone when the plugin is looked at.
        let library = folder.url.appendingPathComponent("libgone.so").path
        try compile(["-shared", "-o", library, "-Wl,-soname,libgone.so", "-x", "c", "/dev/null"])
        let plugin = folder.url.appendingPathComponent("refused.so").path
        try compile(
            ["-shared", "-fPIC", "-I", Command.root.appendingPathComponent("PluginABI/include").path]
                + [
                    "-DWITNESS=\"\(witness)\"", "-DMINIMUM=\(refused.range.minimum)",
                    "-DMAXIMUM=\(refused.range.maximum)",
                ]
                + ["-L", folder.url.path, "-o", plugin, source] + refused.flags)
        try FileManager.default.removeItem(atPath: library)
        return plugin
    }

    @Test(
        "a plugin is refused with what is wrong and what to do, exit 1, and its constructor has not run",
        arguments: cases)
    func refused(_ refused: Case) async throws {
        let folder = try TemporaryFolder()
        let witness = folder.url.appendingPathComponent("witness").path
        let plugin = try build(refused, in: folder, witness: witness)
        let arguments = ["call-adapter", "embed", "--plugin", plugin, "--text", "x"]
        let output = try await Command.run(arguments)
        #expect(output.status == 1)
        #expect(output.stdout.isEmpty)
        #expect(output.stderr.hasPrefix("keyway: error: \(plugin): "), "\(output.stderr)")
        for word in refused.words { #expect(output.stderr.contains(word), "\(output.stderr)") }
        let json = try await Command.run(arguments + ["--json"])
        #expect(json.status == 1)
        let error = try json.json()["error"]
        #expect(error?["code"] == .string(refused.code))
        #expect(error?["plugin"] == .string(plugin))
        #expect(!FileManager.default.fileExists(atPath: witness))
        // Inspecting does not run it either, and explains it.
        let inspection = try await Command.run(["inspect", plugin, "--json"])
        #expect(inspection.status == 0)
        let findings = try #require(try inspection.json()["findings"]?.arrayValue)
        #expect(findings.contains { $0["severity"] == "error" })
        #expect(!FileManager.default.fileExists(atPath: witness))
    }

    @Test("an SDK out of reach names both ranges and which side to update")
    func sdkSentence() async throws {
        let folder = try TemporaryFolder()
        let plugin = try build(
            Case(name: "", range: (7, 9), code: "", words: []), in: folder,
            witness: folder.url.appendingPathComponent("witness").path)
        // The note says that it was built with SDK 1 although it wants 7: patched to 8, as a later header would write it.
        var data = try Data(contentsOf: URL(fileURLWithPath: plugin))
        let owner = try #require(data.range(of: Data([1, 0x59, 0x57, 0x4B] + Array("KWY\0".utf8))))
        data[owner.upperBound + 8] = 8
        try data.write(to: URL(fileURLWithPath: plugin))
        let json = try await Command.run(["call-adapter", "embed", "--plugin", plugin, "--text", "x", "--json"])
        let error = try json.json()["error"]
        #expect(error?["code"] == "sdkMismatch")
        #expect(error?["required"] == ["min": 7, "max": 9, "built": 8])
        #expect(error?["host"] == ["min": 1, "max": 1])
        let message = try #require(error?["message"]?.stringValue)
        #expect(message.contains("requires SDK version 7-9, but current SDK version is 1"), "\(message)")
        #expect(message.contains("pdate the host"), "\(message)")
    }

    @Test("the same source without the fault has run its constructor, so the witness can be seen")
    func control() async throws {
        let folder = try TemporaryFolder()
        let witness = folder.url.appendingPathComponent("witness").path
        let plugin = try build(Case(name: "", code: "", words: []), in: folder, witness: witness)
        let output = try await Command.run(["call-adapter", "embed", "--plugin", plugin, "--text", "x", "--json"])
        #expect(output.status == 1)
        #expect(try output.json()["error"]?["stage"] == "load")
        #expect(FileManager.default.fileExists(atPath: witness))
    }
}
