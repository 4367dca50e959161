import Foundation
import PluginCore
import Testing

@Suite("keyway resolve and tree", .timeLimit(.minutes(2)))
struct ResolveTests {
    /// A plugin that says no more than its notes.
    private func build(_ id: String, _ version: String, _ members: String = "", in folder: TemporaryFolder) throws {
        let manifest = #"{"id":"\#(id)","version":"\#(version)"\#(members)}"#.replacing("\"", with: "\\\"")
        let source = try folder.write(
            """
            #include <keyway/plugin.h>
            KW_NOTE_ABI(1, 1, 0, KW_LANG_C);
            KW_NOTE_MANIFEST("\(manifest)");
            KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
            KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out)
            { (void)host; (void)sdk; (void)out; return KW_INTERNAL; }
            """, to: "\(id)-\(version).c"
        ).path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let root = Command.root.path
        process.arguments = [
            "cc", "-shared", "-fPIC", "-fvisibility=hidden", "-I\(root)/PluginABI/include",
            "-Wl,--version-script=\(root)/PluginABI/plugin.map", "-Wl,-z,relro,-z,now", "-o",
            folder.url.appendingPathComponent("\(id)-\(version).so").path, source,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    private func run(_ verb: String, _ folder: TemporaryFolder, _ options: [String] = []) async throws -> Command.Output
    {
        try await Command.run([verb, "--path", folder.url.path] + options)
    }

    @Test("what others need comes first, the newest that fits, and the tree shows it from both ends")
    func order() async throws {
        let folder = try TemporaryFolder()
        try build("zeta", "1.0.0", in: folder)
        try build("store", "1.4.0", in: folder)
        try build("store", "2.1.0", #","dependencies":{"zeta":"^1"}"#, in: folder)
        try build("app", "1.0.0", #","dependencies":{"store":">=1"}"#, in: folder)
        let output = try await run("resolve", folder, ["--json"])
        #expect(output.status == 0 && output.stderr.isEmpty)
        let json = try output.json()
        #expect(json["order"] == ["zeta", "store", "app"] && json["conflicts"] == [])
        #expect(json["plugins"]?.arrayValue?.compactMap { $0["version"]?.stringValue } == ["1.0.0", "2.1.0", "1.0.0"])
        let pinned = try await run("resolve", folder, ["--json", "--pin", "store=1.4.0"]).json()
        #expect(pinned["plugins"]?.arrayValue?.contains { $0["version"] == "1.4.0" } == true)
        #expect(try await run("resolve", folder, ["--strategy", "strict"]).status == 1)
        let manual = try await run("resolve", folder, ["--strategy", "manual", "--json"])
        #expect(manual.status == 1)
        #expect(try manual.json()["choices"]?.arrayValue?.first?["name"] == "store")
        #expect(try await run("resolve", folder, ["--strategy", "manual", "--pin", "store=2.1.0"]).status == 0)
        #expect(try await run("tree", folder).stdout.contains("app 1.0.0\n  store 2.1.0 (>=1)\n    zeta 1.0.0 (^1)"))
        #expect(try await run("tree", folder, ["--reverse"]).stdout.contains("zeta 1.0.0\n  store 2.1.0"))
    }

    @Test("what cannot be together is explained, and ends with 1")
    func conflicts() async throws {
        let folder = try TemporaryFolder()
        try build("store", "1.4.0", in: folder)
        try build("old", "1.0.0", #","dependencies":{"store":"^1"}"#, in: folder)
        try build("new", "1.0.0", #","dependencies":{"store":"^2"}"#, in: folder)
        let output = try await run("resolve", folder, ["--json"])
        #expect(output.status == 1)
        let conflict = try #require(try output.json()["conflicts"]?.arrayValue?.first)
        for key in ["plugin1", "plugin2", "dependency", "version1", "version2", "severity", "resolution"] {
            #expect(conflict[key] != nil, "\(key) is not in \(conflict)")
        }
        #expect(conflict["dependency"] == "store")
        let text = try await run("resolve", folder)
        #expect(text.status == 1 && text.stderr.hasPrefix("keyway: error: ") && text.stderr.contains("store"))
    }

    @Test("a circle is refused, a refused file takes no part, and a wrong pin is wrong usage")
    func edges() async throws {
        let folder = try TemporaryFolder()
        try build("a", "1.0.0", #","dependencies":{"b":"*"}"#, in: folder)
        try build("b", "1.0.0", #","dependencies":{"a":"*"}"#, in: folder)
        let circle = try await run("resolve", folder, ["--json"])
        #expect(circle.status == 1)
        #expect(try circle.json()["cycle"]?.arrayValue?.count == 3)
        let other = try TemporaryFolder()
        _ = try other.write("text", to: "text.so")
        let output = try await run("resolve", other, ["--json"])
        #expect(output.status == 0)
        #expect(try output.json()["order"] == [])
        #expect(try output.json()["skipped"]?.arrayValue?.count == 1)
        #expect(try await run("resolve", other, ["--pin", "x"]).status == 2)
    }
}
