import Foundation
import PluginCore
import Testing

@Suite("keyway manifest", .timeLimit(.minutes(10)))
struct ManifestCommandTests {
    private static let fixtures = Command.root.appendingPathComponent("Tests/Fixtures/manifests")

    private func check(_ name: String) async throws -> (status: Int32, document: JSON) {
        let output = try await Command.run([
            "manifest", "check", Self.fixtures.appendingPathComponent(name).path, "--json",
        ])
        return (output.status, try output.json())
    }

    private func pointers(_ problems: JSON?) -> [String] {
        (problems?.arrayValue ?? []).compactMap { $0["pointer"]?.stringValue }
    }

    @Test("check prints one document with fixed members")
    func members() async throws {
        let (status, document) = try await check("good/complete.plugin.json")
        #expect(status == 0)
        #expect(
            Command.keys(document) == [
                "errors", "file", "format", "id", "manifest", "name", "valid", "version", "warnings",
            ])
        #expect(document["valid"] == true && document["format"] == "json" && document["id"] == "@acme/word-counter")
        #expect(document["manifest"]?["limits"]?["memory"] == 67_108_864)
        // Its plugin is not there.
        #expect(pointers(document["warnings"]) == ["/main"])
        let bad = try await check("orchestrator.plugin.json").document
        #expect(bad["valid"] == false && bad["manifest"] == nil as JSON && bad["id"] == nil as JSON)
        #expect(Command.keys(bad["errors"]?.arrayValue?.first) == ["column", "line", "message", "pointer"])
    }

    @Test("the manifest that AutoWeave prints can be used: its lifecycle handlers are ignored")
    func autoWeave() async throws {
        let (status, document) = try await check("autoweave.plugin.json")
        #expect(status == 0 && document["id"] == "example-plugin" && document["version"] == "1.0.0")
        let manifest = try #require(document["manifest"])
        #expect(
            manifest["permissions"]?.arrayValue?.compactMap { $0["resource"]?.stringValue } == [
                "/tmp/plugin-data", "/tmp/plugin-data", "api.example.com:443",
            ])
        #expect(manifest["limits"] == ["memory": 256_000_000] && manifest["hooks"] == nil)
        #expect(pointers(document["warnings"]) == ["/entry", "/hooks/onLoad", "/hooks/onUnload", "/hooks/onUSBAttach"])
    }

    @Test("the manifest that Pliers prints can be used: what it asks for without limit is warned about")
    func pliers() async throws {
        let (status, document) = try await check("pliers.plugin.json")
        #expect(status == 0 && document["errors"] == [])
        let manifest = try #require(document["manifest"])
        #expect(
            manifest["permissions"]?.arrayValue?.compactMap { $0["permission"]?.stringValue } == [
                "database", "message.subscribe", "message.publish", "fs.read", "net",
            ])
        #expect(manifest["hooks"]?.arrayValue?.map { $0["priority"] } == [100, 50])
        #expect(manifest["configuration"] == ["schema": "config-schema.json", "defaults": "config-default.json"])
        #expect(
            pointers(document["warnings"]) == [
                "/main", "/types", "/engines/pliers", "/engines/node", "/permissions/database/0",
                "/permissions/network/0", "/permissions/filesystem/0", "/permissions/events/0",
                "/permissions/events/1", "/dependencies/lodash", "/configuration/schema", "/configuration/default",
                "/api/endpoints/0/path", "/api/endpoints/0/handler",
            ])
    }

    @Test(
        "the manifest that Phantom prints is no TOML 1.0: its line is named, and what to write; so written it can be used"
    )
    func phantom() async throws {
        let (status, document) = try await check("phantom.plugin.toml")
        let error = try #require(document["errors"]?.arrayValue?.first)
        #expect(status == 1 && document["format"] == "toml" && error["line"] == 26)
        #expect(error["message"]?.stringValue?.contains("[configuration.properties]") == true)
        let good = try await check("good/phantom.plugin.toml")
        #expect(good.status == 0 && good.document["id"] == "my_custom_plugin")
        let manifest = try #require(good.document["manifest"])
        #expect(manifest["limits"] == ["memory": 100_000_000, "cpu": 30000.0, "time": 10000.0])
        #expect(manifest["tags"] == ["data-processing", "custom"])
        #expect(manifest["permissions"]?.arrayValue?.compactMap { $0["resource"]?.stringValue } == ["data", "output"])
        #expect(manifest["configuration"]?["schema"]?["required"] == ["enabled"])
        #expect(pointers(good.document["warnings"]) == ["/plugin/entry_point", "/dependencies/serde"])
    }

    @Test("the manifest that the orchestrator prints is JavaScript: as JSON it can be used")
    func orchestrator() async throws {
        let (status, document) = try await check("orchestrator.plugin.json")
        let error = try #require(document["errors"]?.arrayValue?.first)
        #expect(status == 1 && error["line"] == 2 && error["column"] == 3)
        #expect(error["message"]?.stringValue?.contains("expected a key in quotes") == true)
        let good = try await check("good/orchestrator.plugin.json")
        #expect(good.status == 0 && good.document["warnings"] == [])
        #expect(good.document["manifest"]?["sdk"] == ["minVersion": 1, "maxVersion": 1])
    }

    @Test("text names file, line, column, severity and pointer, in the order of the file")
    func text() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("{\n  \"version\": \"x\",\n  \"id\": 1,\n  \"licence\": \"MIT\"\n}", to: "a.json")
        let output = try await Command.run(["manifest", "check", "a.json"], in: folder.url)
        #expect(output.status == 1 && output.stderr.isEmpty)
        let lines = output.stdout.split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("a.json:2:3: error: /version "))
        #expect(lines[1].hasPrefix("a.json:3:3: error: /id ") && lines[2].hasPrefix("a.json:4:3: warning: /licence "))
        #expect(try await Command.run(["manifest", "check", file.path + "x"]).status == 1)
        #expect(try await Command.run(["manifest", "check"]).status == 2)
        #expect(try await Command.run(["manifest", "judge", file.path]).status == 2)
    }

    @Test("the documented example prints what the documentation says")
    func documentation() async throws {
        let page = try String(contentsOf: Command.root.appendingPathComponent("docs/manifest.md"), encoding: .utf8)
        let section = try #require(page.components(separatedBy: "## Check a manifest").last)
        let blocks = section.components(separatedBy: "```").enumerated().filter { !$0.offset.isMultiple(of: 2) }
            .map(\.element)
        let folder = try TemporaryFolder()
        try folder.write(String(blocks[0].dropFirst("json\n".count)), to: "word-counter.plugin.json")
        let output = try await Command.run(["manifest", "check", "word-counter.plugin.json"], in: folder.url)
        #expect(output.status == 1 && "text\n" + output.stdout == blocks[2])
        try folder.write(
            Data(contentsOf: URL(fileURLWithPath: "\(Command.plugins)/command-runner.so")), to: "command-runner.so")
        let note = try await Command.run(["manifest", "check", "command-runner.so"], in: folder.url)
        #expect(note.status == 0 && "text\n" + note.stdout == blocks[4])
        let text = try String(contentsOf: Self.fixtures.appendingPathComponent("phantom.plugin.toml"), encoding: .utf8)
        try folder.write(text, to: "plugin.toml")
        let toml = try await Command.run(["manifest", "check", "plugin.toml"], in: folder.url)
        #expect(toml.status == 1 && "text\n" + toml.stdout == blocks[5])
    }

    @Test("a sample's note is checked in its file, and has nothing but wishes without limit to be warned about")
    func samples() async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Command.plugins).filter { $0.hasSuffix(".so") }
        #expect(names.count >= 4)
        for name in names {
            let output = try await Command.run(["manifest", "check", "\(Command.plugins)/\(name)", "--json"])
            let document = try output.json()
            #expect(
                output.status == 0 && document["format"] == "note" && document["valid"] == true, "\(name): \(output)")
            for pointer in pointers(document["warnings"]) { #expect(pointer.hasPrefix("/permissions/"), "\(name)") }
        }
        let none = try await Command.run(["manifest", "check", "/lib64/ld-linux-x86-64.so.2", "--json"])
        let refusal = try none.json()
        #expect(none.status == 1 && refusal["error"]?["code"] == "validation")
    }

    @Test("schema prints the published schema, which takes the samples' manifests and the good ones")
    func schema() async throws {
        let output = try await Command.run(["manifest", "schema"])
        #expect(output.status == 0)
        let file = Command.root.appendingPathComponent("docs/schema/manifest-1.json")
        #expect(try String(contentsOf: file, encoding: .utf8) == output.stdout)
        let schema = try JSONSchema(compiling: JSON(parsing: output.stdout, what: "the schema"))
        let samples = try FileManager.default.contentsOfDirectory(atPath: Command.plugins).filter {
            $0.hasSuffix(".so")
        }
        for path in samples.map({ "\(Command.plugins)/\($0)" }) {
            let manifest = try await Command.run(["manifest", "check", path, "--json"]).json()["manifest"]
            #expect(schema.validate(try #require(manifest)).isEmpty, "\(path)")
        }
    }
}
