import Foundation
import PluginCore
import Testing

@Suite("keyway inspect and list", .timeLimit(.minutes(10)))
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
                "abi", "buildID", "constructors", "debug", "definedVersions", "destructors", "elf", "exports", "file",
                "findings", "hardening", "imports", "interfaces", "languages", "libraries", "manifest", "minimumGlibc",
                "missingVersions", "needed", "neededVersions", "notes", "package", "permissionsEnforced", "producers",
                "relocations", "rpath",
                "runpath", "score", "sha256", "size", "sizes", "soname", "tls", "trust", "undefined",
            ])
        #expect(Command.keys(json["elf"]) == ["class", "data", "machine", "osabi", "type"])
        #expect(
            Command.keys(json["abi"]) == ["capabilities", "generation", "language", "sdkBuilt", "sdkMax", "sdkMin"])
        let hardening = json["hardening"]?.objectValue ?? [:]
        #expect(hardening["relro"] == "full" && hardening["bindNow"] == true && hardening["nx"] == true)
        #expect(hardening["textrel"] == false && hardening["rwx"] == false)
        #expect(json["undefined"]?.arrayValue?.contains { $0["weak"] == false } == false)
        #expect(json["libraries"]?.arrayValue?.isEmpty == false)
        #expect(json["exports"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["kw_plugin_entry_1"])
        let serious = (json["findings"]?.arrayValue ?? []).filter { $0["severity"] != "info" }
        #expect(serious.isEmpty, "\(serious)")
        let file = try #require(json["file"]?.stringValue)
        let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
        #expect(json["size"] == .int(Int64(try #require(size))))
    }

    @Test("inspect shows a page, a tree, imports and exports, each when it is asked for")
    func pages() async throws {
        func inspect(_ options: [String]) async throws -> String {
            let output = try await Command.run(["inspect", "flat-vectors", "--path", Command.plugins] + options)
            #expect(output.status == 0 && output.stderr.isEmpty)
            return output.stdout
        }
        let page = try await inspect([])
        for words in ["plugin ABI", "RELRO full", "GLIBC 2.", "libc.so.6", "It may be loaded. Score 100 of 100."] {
            #expect(page.contains(words), "\(words) is not in \(page)")
        }
        let tree = try await inspect(["--tree"])
        #expect(tree.contains("└── ") && tree.contains("libm.so.6  /"))
        #expect(tree.split(separator: "\n").first?.hasSuffix("flat-vectors.so") == true)
        let symbols = try await inspect(["--symbols"])
        #expect(symbols.contains("kw_plugin_entry_1") && symbols.contains("global") && !symbols.contains("libm"))
        let imports = try await inspect(["--imports"])
        #expect(imports.contains("pthread_mutex_lock") && imports.contains("libc.so.6"))
        #expect(try await inspect(["--imports", "--symbols"]) == imports + "\n" + symbols)
    }

    @Test("another root is searched in place of this machine's, and what it lacks is said")
    func root() async throws {
        let folder = try TemporaryFolder()
        let output = try await Command.run(
            ["inspect", "flat-vectors", "--path", Command.plugins, "--root", folder.url.path, "--json"])
        #expect(output.status == 0)
        let json = try output.json()
        #expect(json["needed"]?.arrayValue?.isEmpty == false)
        #expect(json["needed"]?.arrayValue?.allSatisfy { $0["path"] == .null } == true)
        let findings = json["findings"]?.arrayValue ?? []
        #expect(findings.contains { $0["id"] == "S030" && $0["severity"] == "error" })
        let missing = try await Command.run([
            "inspect", "flat-vectors", "--path", Command.plugins, "--root", "/no/such",
        ])
        #expect(missing.status == 2 && missing.stderr.contains("/no/such is not a folder"))
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
