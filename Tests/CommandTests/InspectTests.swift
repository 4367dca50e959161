import Foundation
import PluginCore
import Testing

@Suite("keyway inspect and list", .timeLimit(.minutes(2)))
struct InspectTests {
    @Test(
        "inspect prints the contract's members",
        arguments: [
            "hash-embedder", "flat-vectors", "command-runner", "extractive-provider",
        ])
    func contract(name: String) async throws {
        let output = try await Command.run(["inspect", name, "--path", Command.plugins, "--json"])
        #expect(output.status == 0)
        let json = try output.json()
        #expect(
            Command.keys(json) == [
                "abi", "buildID", "constructors", "elf", "exports", "file", "findings", "hardening", "imports",
                "interfaces", "manifest", "needed", "runpath", "sha256", "size", "soname",
            ])
        #expect(Command.keys(json["elf"]) == ["class", "data", "machine", "osabi", "type"])
        #expect(
            Command.keys(json["abi"]) == ["capabilities", "generation", "language", "sdkBuilt", "sdkMax", "sdkMin"])
        #expect(Command.keys(json["hardening"]) == ["bindNow", "nx", "relro", "rwx", "textrel"])
        #expect(json["exports"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["kw_plugin_entry_1"])
        #expect(json["hardening"] == ["bindNow": true, "nx": true, "relro": "full", "rwx": false, "textrel": false])
        let serious = (json["findings"]?.arrayValue ?? []).filter { $0["severity"] != "info" }
        #expect(serious.isEmpty, "\(serious)")
        let file = try #require(json["file"]?.stringValue)
        let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
        #expect(json["size"] == .int(Int64(try #require(size))))
    }

    @Test("inspect explains any ELF file and exits 0, whatever it finds")
    func notAPlugin() async throws {
        let output = try await Command.run(["inspect", "/bin/sh", "--json"])
        #expect(output.status == 0)
        let json = try output.json()
        #expect(json["abi"] == .null)
        #expect(json["manifest"] == .null)
        let findings = try #require(json["findings"]?.arrayValue)
        #expect(!findings.isEmpty)
    }

    @Test("what is no ELF file exits 1, with what it is and what to do")
    func notELF() async throws {
        let folder = try TemporaryFolder()
        let text = try folder.write("#!/bin/sh\n", to: "text.so").path
        let empty = try folder.write("", to: "empty.so").path
        for path in [text, empty, folder.url.path + "/", folder.url.appendingPathComponent("none.so").path] {
            let output = try await Command.run(["inspect", path])
            #expect(output.status == 1, "\(path)")
            #expect(output.stdout.isEmpty)
            #expect(output.stderr.hasPrefix("keyway: error: \(path): "), "\(output.stderr)")
            let json = try await Command.run(["inspect", path, "--json"])
            #expect(json.status == 1)
            #expect(try json.json()["error"]?["message"]?.stringValue?.isEmpty == false)
        }
    }

    @Test("list has every plugin of the folder with what it is")
    func list() async throws {
        let output = try await Command.run(["list", "--path", Command.plugins, "--json"])
        #expect(output.status == 0)
        let entries = try #require(try output.json().arrayValue)
        let names = entries.compactMap { $0["id"]?.stringValue }
        #expect(names == ["command-runner", "extractive-provider", "flat-vectors", "hash-embedder", "text-statistics"])
        for entry in entries {
            #expect(entry["loadable"] == true)
            #expect(entry["sdk"]?["negotiated"] == 1)
        }
    }

    @Test("a refused plugin is listed with the reason, and the others stay")
    func listRefused() async throws {
        let folder = try TemporaryFolder()
        try folder.write("not a plugin", to: "broken.so")
        let embedder = URL(fileURLWithPath: Command.plugins).appendingPathComponent("hash-embedder.so")
        try FileManager.default.copyItem(at: embedder, to: folder.url.appendingPathComponent("good.so"))
        let output = try await Command.run(["list", "--path", folder.url.path, "--json"])
        let entries = try #require(try output.json().arrayValue)
        let broken = entries.first { $0["name"] == "broken" }
        #expect(broken?["loadable"] == false)
        #expect(broken?["error"]?["message"]?.stringValue?.isEmpty == false)
        #expect(entries.contains { $0["id"] == "hash-embedder" && $0["loadable"] == true })
    }
}
