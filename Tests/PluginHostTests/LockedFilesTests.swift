import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("The lock and what lies beside a plugin", .needsCompiler, .timeLimit(.minutes(10)))
struct LockedFilesTests {
    private func buildLibrary(_ value: Int, in folder: String, witness: String) throws {
        try RegistryPlace.compile(
            """
            #include <stdio.h>
            __attribute__((constructor)) static void load(void)
            { FILE *file = fopen("\(witness)", "a"); if (file) { fputs("\(value)", file); fclose(file); } }
            int locked(void) { return \(value); }
            """, to: "\(folder)/liblocked.so", ["-Wl,-soname,liblocked.so", "-Wl,-z,relro,-z,now"])
    }

    @Test("another private library than the locked one is refused before it runs, alone and in a set")
    func library() async throws {
        let folder = try Sample.Folder()
        let pack = folder.path + "/plugins/pack"
        try FileManager.default.createDirectory(atPath: pack, withIntermediateDirectories: true)
        let witness = folder.path + "/loaded"
        try buildLibrary(1, in: pack, witness: witness)
        let built = try Sample.build(
            in: folder, name: "locked",
            link: ["-Wl,--no-as-needed", pack + "/liblocked.so", "-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags"])
        let path = pack + "/locked.so"
        try FileManager.default.moveItem(atPath: built, toPath: path)
        let resolution = try await LockPlace.resolution(LockPlace.host(folder.path + "/plugins"))
        let lock = Lockfile(resolution)
        #expect(lock["fixture"]?.companions.keys.sorted() == ["liblocked.so"])
        let good = try Data(contentsOf: URL(fileURLWithPath: pack + "/liblocked.so"))
        try buildLibrary(2, in: pack, witness: witness)
        let host = LockPlace.host(folder.path + "/plugins", lock: lock)
        let alone = await failure { () async throws(PluginError) in try await host.load(path) }
        #expect(alone?.code == .dependency && alone?.what.contains("liblocked.so") == true, "\(alone as Any)")
        let set = await failure { () async throws(PluginError) in try await host.load(resolution) }
        #expect(set?.code == .dependency)
        #expect(!FileManager.default.fileExists(atPath: witness) && host.plugins.isEmpty)
        try good.write(to: URL(fileURLWithPath: pack + "/liblocked.so"))
        #expect(try await host.load(path).id == "fixture")
        #expect(try String(contentsOfFile: witness, encoding: .utf8) == "1")
        #expect(try await host.load(resolution).count == 1)
        await host.shutdown()
    }

    @Test("another manifest beside a plugin than the locked one is refused")
    func manifest() async throws {
        let folder = try Sample.Folder()
        let path = try Sample.build(in: folder, name: "bare", macros: ["NO_MANIFEST_NOTE"])
        let digest = try FileImage(opening: path).digest()
        func write(_ more: String) throws {
            try Data(#"{"id": "fixture", "version": "1.2.3", "sha256": "\#(digest)"\#(more)}"#.utf8).write(
                to: URL(fileURLWithPath: folder.path + "/bare.plugin.json"))
        }
        try write("")
        let lock = Lockfile(try await LockPlace.resolution(LockPlace.host(folder.path)))
        #expect(lock["fixture"]?.companions.keys.sorted() == ["bare.plugin.json"])
        let host = LockPlace.host(folder.path, lock: lock)
        #expect(try await host.load(path).id == "fixture")
        try write(#", "description": "another""#)
        let error = await failure { () async throws(PluginError) in try await host.load(path) }
        #expect(error?.code == .dependency && error?.what.contains("bare.plugin.json") == true, "\(error as Any)")
        await host.shutdown()
    }
}
