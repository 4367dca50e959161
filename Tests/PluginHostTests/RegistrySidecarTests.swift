import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("A manifest beside a plugin", .needsCompiler, .timeLimit(.minutes(10)))
struct RegistrySidecarTests {
    /// A plugin without a manifest note, in the place's folder of plugins.
    private func place() throws -> (place: RegistryPlace, plugin: String, digest: String) {
        let place = try RegistryPlace()
        let path = try Sample.build(in: place.folder, name: "bare", macros: ["NO_MANIFEST_NOTE"])
        let plugin = place.plugins + "/bare.so"
        try FileManager.default.moveItem(atPath: path, toPath: plugin)
        return (place, plugin, try FileImage(opening: plugin).digest())
    }

    private func write(_ text: String, _ name: String, in place: RegistryPlace) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(place.plugins)/\(name)"))
    }

    @Test("in JSON or TOML makes it a plugin if it is bound to the file", arguments: ["json", "toml"])
    func bound(format: String) async throws {
        let (place, plugin, digest) = try place()
        #expect(try place.registry().scan().entries[0].rules == ["N005"])
        let json = #"{"id": "fixture", "version": "1.2.3", "type": "embedder", "sha256": "\#(digest)"}"#
        let toml = "id = \"fixture\"\nversion = \"1.2.3\"\ntype = \"embedder\"\nsha256 = \"sha256:\(digest)\"\n"
        try write(format == "json" ? json : toml, "bare.plugin.\(format)", in: place)
        let scan = try place.registry().scan()
        #expect(scan.entries[0].state == .available && scan.entries[0].id == "fixture")
        #expect(scan.missReasons[plugin] == "a manifest beside it came or went")
        let host = PluginHost()
        let loaded = try await host.load(plugin)
        #expect(loaded.id == "fixture")
        await host.shutdown()
    }

    @Test("that lies about its file, or changes, is judged anew")
    func lies() throws {
        let (place, plugin, digest) = try place()
        let good = #"{"id": "fixture", "version": "1.2.3", "sha256": "\#(digest)"}"#
        try write(good, "bare.plugin.json", in: place)
        try place.settle()
        #expect(try place.registry().scan().entries[0].state == .available)
        try write(
            good.replacingOccurrences(of: digest, with: String(repeating: "0", count: 64)), "bare.plugin.json",
            in: place)
        let scan = try place.registry().scan()
        #expect(scan.entries[0].state == .refused && scan.entries[0].rules == ["M003"])
        #expect(scan.missReasons[plugin]?.contains("bare.plugin.json changed") == true)
        try write(#"{"id": "fixture", "version": "1.2.3"}"#, "bare.plugin.json", in: place)
        #expect(try place.registry().scan().entries[0].rules == ["M003"])
        try write("{ half", "bare.plugin.json", in: place)
        let damaged = try place.registry().scan().entries[0]
        #expect(damaged.rules == ["N005"] && damaged.reason?.contains("bare.plugin.json") == true)
        try FileManager.default.removeItem(atPath: place.plugins + "/bare.plugin.json")
        #expect(try place.registry().scan().entries[0].rules == ["N005"])
    }
}
