import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("The lock at load", .needsCompiler, .timeLimit(.minutes(10)))
struct LockTests {
    @Test("exactly what is locked is loaded; another version, other bytes and what is not locked are refused")
    func drift() async throws {
        let (folder, other) = (try Sample.Folder(), try Sample.Folder())
        let path = try Sample.build(in: folder, name: "one", id: "one")
        let free = LockPlace.host(folder.path)
        let lock = Lockfile(try await LockPlace.resolution(free))
        let host = LockPlace.host(folder.path, lock: lock)
        #expect(try await host.load(path).id == "one")
        let witness = other.path + "/ran"
        let newer = try Sample.build(
            in: other, name: "newer", id: "one", version: "1.0.1", constructorFile: witness)
        let changed = try Sample.build(
            in: other, name: "changed", id: "one", ["description": "changed"], constructorFile: witness)
        let stranger = try Sample.build(in: other, name: "stranger", id: "two", constructorFile: witness)
        for (file, word) in [(newer, "1.0.1"), (changed, "sha256:"), (stranger, "not locked")] {
            let error = try #require(await failure { () async throws(PluginError) in try await host.load(file) })
            #expect(error.code == .dependency && error.stage == .verify && error.plugin == file)
            #expect(error.what.contains(word) && error.remedy?.contains("--write-lock") == true, "\(error)")
        }
        #expect(!FileManager.default.fileExists(atPath: witness) && host.plugins.count == 1)
        _ = try await free.load(stranger)
        #expect(FileManager.default.fileExists(atPath: witness))
        await host.shutdown()
        await free.shutdown()
    }

    @Test("a lock file is written whole, read back, and not touched where nothing changed")
    func file() async throws {
        let folder = try Sample.Folder()
        try Sample.build(in: folder, name: "one", id: "one")
        let lock = Lockfile(try await LockPlace.resolution(LockPlace.host(folder.path)))
        let path = folder.path + "/keyway.lock"
        try lock.write(to: path)
        #expect(try Lockfile(reading: path) == lock)
        let first = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        try lock.write(to: path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int == first)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["keyway.lock", "one.so"])
        let missing = #expect(throws: PluginError.self) { try lock.write(to: folder.path + "/none/keyway.lock") }
        #expect(missing?.code == .notFound)
        #expect(#expect(throws: PluginError.self) { try Lockfile(reading: folder.path + "/none") }?.code == .notFound)
        let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        for count in stride(from: 0, to: text.utf8.count - 3, by: 7) {
            try Data(text.utf8.prefix(count)).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: PluginError.self) { try Lockfile(reading: path) }
            #expect(error?.code == .validation && error?.message.contains(path) == true)
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
        #expect(#expect(throws: PluginError.self) { try Lockfile(reading: path) }?.code == .permissionDenied)
    }

    @Test("a resolved set is loaded in its order with each one's configuration")
    func set() async throws {
        let folder = try Sample.Folder()
        try Sample.build(in: folder, name: "a", id: "a", ["dependencies": ["b": "^1"]])
        try Sample.build(in: folder, name: "b", id: "b", ["dependencies": ["c": "^1"]])
        try Sample.build(in: folder, name: "c", id: "c")
        let host = LockPlace.host(folder.path)
        let resolution = try await LockPlace.resolution(host)
        let pipe = Pipe()
        let descriptor = JSON.int(Int64(pipe.fileHandleForWriting.fileDescriptor))
        let tags = ["a": 1, "b": 2, "c": 3].mapValues { tag -> JSON in
            ["destroyed": descriptor, "tag": .int(Int64(tag))]
        }
        let plugins = try await host.load(resolution, configurations: tags)
        #expect(plugins.map(\.id) == ["c", "b", "a"] && host.plugins.map(\.id) == ["c", "b", "a"])
        await host.shutdown()
        #expect(
            Array(try #require(try pipe.fileHandleForReading.read(upToCount: 12))) == [
                1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0,
            ])
    }

    @Test("if one of a set cannot be loaded, those before it are shut down and the host is as it was")
    func setFails() async throws {
        let (folder, elsewhere) = (try Sample.Folder(), try Sample.Folder())
        try Sample.build(in: folder, name: "a", id: "a", ["dependencies": ["b": "^1", "c": "^1"]])
        try Sample.build(in: folder, name: "b", id: "b")
        try Sample.build(in: folder, name: "c", id: "c")
        let other = try Sample.build(in: elsewhere, name: "other", id: "other")
        let host = LockPlace.host(folder.path)
        let kept = try await host.load(other)
        let resolution = try await LockPlace.resolution(host)
        let pipe = Pipe()
        let descriptor = JSON.int(Int64(pipe.fileHandleForWriting.fileDescriptor))
        let error = await failure { () async throws(PluginError) in
            try await host.load(
                resolution,
                configurations: [
                    "a": ["do": "refuse"], "b": ["destroyed": descriptor, "tag": 1],
                    "c": ["destroyed": descriptor, "tag": 2],
                ])
        }
        #expect(error?.code == .configuration)
        // With an end of its own, so that nobody waits for what nobody writes.
        try pipe.fileHandleForWriting.write(contentsOf: Data([9]))
        #expect(Array(pipe.fileHandleForReading.availableData) == [2, 0, 0, 0, 1, 0, 0, 0, 9])
        #expect(host.plugins.count == 1 && host.plugins.first === kept)
        try FileManager.default.removeItem(atPath: folder.path + "/a.so")
        let gone = await failure { () async throws(PluginError) in try await host.load(resolution) }
        #expect(gone?.code == .dependency && gone?.plugin == "a" && host.plugins.count == 1)
        await host.shutdown()
    }
}
