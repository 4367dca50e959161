import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

@Suite("Files that are verified together", .needsCompiler)
struct PairTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func ids(_ verifications: [Verification], _ severity: Finding.Severity) -> [[String]] {
        verifications.map { $0.findings.filter { $0.severity == severity }.map(\.id) }
    }

    private func verify(_ paths: [String], with verifier: Verifier = sharedVerifier) throws -> [Verification] {
        verifier.verify(try paths.map { try SharedObject(opening: $0) })
    }

    @Test("Two plugins that export one name are both warned about, and each names the other")
    func sameExport() throws {
        let plugin = PluginFixture(extra: "KW_EXPORT int assist(void) { return 1; }", script: "")
        let verifications = try verify([
            plugin.build(in: folder, name: "one"), plugin.build(in: folder, name: "two"),
            PluginFixture().build(in: folder, name: "three"),
        ])
        #expect(ids(verifications, .warning) == [["S013", "S018"], ["S013", "S018"], []])
        #expect(verifications[0].finding("S018")?.message.contains("two.so exports assist") == true)
        #expect(verifications[1].finding("S018")?.message.contains("one.so exports assist") == true)
    }

    @Test("Two plugins of one SONAME are a warning, and one file under two names is none")
    func samePluginName() throws {
        let plugin = PluginFixture(flags: ["-Wl,-soname,shared.so"])
        let one = try plugin.build(in: folder, name: "one")
        let two = try plugin.build(in: folder, name: "two")
        #expect(ids(try verify([one, two]), .warning) == [[], ["S019"]])
        try FileManager.default.linkItem(atPath: one, toPath: folder.file("again.so"))
        #expect(ids(try verify([one, folder.file("again.so")]), .warning) == [[], []])
    }

    @Test("Different private libraries of one name are an error, and equal ones are none")
    func privateLibraries() throws {
        func build(_ name: String, _ answer: Int) throws -> (TemporaryFolder, String) {
            let folder = try TemporaryFolder()
            let library = PluginFixture.Companion(
                name: "libprivate.so", source: "int companion(void) { return \(answer); }")
            return (folder, try PluginFixture(companions: [library]).build(in: folder, name: name))
        }
        let (first, second, third) = (try build("one", 1), try build("two", 2), try build("three", 1))
        let different = try verify([first.1, second.1])
        #expect(ids(different, .error) == [[], ["S019"]])
        let message = different[1].findings.first?.message ?? ""
        #expect(message.contains("one.so brings another file of that name"), "\(message)")
        #expect(ids(try verify([first.1, third.1]), .error) == [[], []])
    }

    @Test("Two files with one build id are a warning")
    func sameBuildID() throws {
        var plugin = PluginFixture(flags: ["-Wl,--build-id=0x0123456789abcdef"])
        let one = try plugin.build(in: folder, name: "one")
        plugin.extra = "__attribute__((used)) static char filler[10000] = { 1 };"
        let verifications = try verify([one, plugin.build(in: folder, name: "two")])
        #expect(ids(verifications, .warning) == [[], ["S047"]])
    }

    @Test("Each file gets the manifest that lies beside it")
    func sidecars() throws {
        let plugin = PluginFixture(manifest: "")
        let paths = [try plugin.build(in: folder, name: "one"), try plugin.build(in: folder, name: "two")]
        let digest = String(repeating: "0a", count: 32)
        let sidecar = SidecarManifest(
            path: folder.file("two.plugin.json"),
            document: ["id": "two", "version": "1.0.0", "type": "embedder", "sha256": .string(digest)],
            fileDigest: digest)
        let objects = try paths.map { try SharedObject(opening: $0) }
        let verifications = sharedVerifier.verify(objects, sidecars: [paths[1]: sidecar])
        #expect(ids(verifications, .error) == [["N005"], []])
        #expect(verifications.map(\.manifest?.id) == [nil, "two"])
    }

    @Test("A file that a gate refuses is not compared, and the others keep their places")
    func skipsRefused() throws {
        let plugin = PluginFixture(flags: ["-Wl,-soname,shared.so"])
        var foreign = plugin
        foreign.edit = { $0.write(0xF3, 18, 2) }
        let verifications = try verify([
            foreign.build(in: folder, name: "foreign"), plugin.build(in: folder, name: "one"),
            plugin.build(in: folder, name: "two"),
        ])
        #expect(ids(verifications, .error) == [["S002"], [], []])
        #expect(ids(verifications, .warning) == [[], [], ["S019"]])
        #expect(verifications[0].score == nil && verifications[1].score?.total == 100)
    }
}
