import Foundation
import PluginCore
import PluginELF
import PluginLoader
import TestPrograms
import Testing

@Suite("Loading", .needsCompiler, .timeLimit(.minutes(10)))
struct LoadingTests {
    @Test("an honest plugin is loaded, made and called")
    func honest() async throws {
        let plugin = try Fixture.plugin(["a": 1])
        #expect(plugin.id == "fixture" && plugin.version.description == "1.2.3" && plugin.loaded.sdk == 1)
        #expect(try plugin.embed("seven c") == 7)
        let state = try await plugin.state()
        #expect(state["config"] == #"{"a":1}"# && state["dataDir"] == "" && state["name"] == "fixture")
        let info = try #require(plugin.embedder).info()
        #expect(info.id == "fixture-space" && info.dims == 4)
        await plugin.shutdown()
    }

    @Test("the folder and the name that the host gives reach the plugin")
    func createInputs() async throws {
        let loaded = try Fixture.loader().prepare(Fixture.honest.get().path).load()
        let plugin = try loaded.create(dataFolder: "/somewhere", packageFolder: "/package", name: "second")
        let state = try await plugin.state()
        #expect(state["packageDir"] == "/package")
        #expect(state["dataDir"] == "/somewhere" && state["name"] == "second" && state["config"] == "{}")
        await plugin.shutdown()
    }

    @Test(
        "a table that says other than the notes is refused",
        arguments: [
            ("TABLE_ID=\"other\"", "its table says that it is \"other\""),
            ("TABLE_VERSION=\"9.9.9\"", "version 9.9.9"), ("TABLE_SDK_MAX=0", "differ in SDK range or capabilities"),
            ("TABLE_CAPS=KW_CAP_ASYNC", "differ in SDK range or capabilities"),
            ("TABLE_IFACES=3", "its table offers"), ("ENTRY_STATUS=KW_INTERNAL", "its entry refused SDK 1"),
            ("NO_TABLE", "its entry gave no plugin table"), ("TABLE_MAGIC=7", "magic number"),
            ("FOREIGN_CREATE", "operation create is not code of the plugin itself"),
            ("VTABLE=0", "has no table"),
        ])
    func lies(macro: String, message: String) throws {
        let folder = try Folder()
        let prepared = try Fixture.loader().prepare(Fixture.build([macro], in: folder))
        #expect(prepared.verification.isLoadable)
        let error = try #require(failure { try prepared.load() })
        #expect(error.code == .load && error.what.contains(message), "\(error)")
        #expect(error.plugin == prepared.path && error.stage == .load && error.remedy != nil)
    }

    @Test("an entry that refuses the SDK that its note promises is an SDK mismatch")
    func entryRefusesSDK() throws {
        let folder = try Folder()
        let prepared = try Fixture.loader().prepare(Fixture.build(["ENTRY_STATUS=KW_SDK_MISMATCH"], in: folder))
        #expect(failure { try prepared.load() }?.code == .sdkMismatch)
    }

    @Test("an operation of an interface that is no code of the plugin is refused")
    func foreignSlot() throws {
        let error = failure { try Fixture.plugin(built: ["VTABLE=&fixture_foreign_embedder"]) }
        #expect(
            error?.code == .load && error?.what.contains("keyway.embedder/1 is not code") == true, "\(error as Any)")
    }

    @Test(
        "a create that goes wrong says so",
        arguments: [
            ("refuse", .configuration, "it was told to refuse. Tell it otherwise"),
            ("silent", .protocolViolation, "returned success without a reply"),
            ("null", .protocolViolation, "replied no instance"),
        ] as [(String, PluginError.Code, String)])
    func create(word: String, code: PluginError.Code, message: String) throws {
        let error = try #require(failure { try Fixture.plugin(["do": .string(word)]) })
        #expect(error.code == code && error.what.contains(message) && error.stage == .create, "\(error)")
    }

    @Test("an instance that does not start is destroyed")
    func startFails() async throws {
        let destroyed = Channel()
        let error = try #require(
            failure { try Fixture.plugin(["do": "nostart", "destroyed": .int(Int64(destroyed.writing))]) })
        #expect(error.code == .unavailable && error.stage == .start)
        #expect(await destroyed.receive(4).count == 4)
    }

    @Test("a configuration that is no object never reaches the plugin")
    func configuration() throws {
        let error = try #require(failure { try Fixture.plugin([1]) })
        #expect(error.code == .configuration && error.what.contains("array"))
    }

    @Test("nothing of a refused file runs, its constructors included")
    func constructor() throws {
        let folder = try Folder()
        let witness = folder.path + "/witness"
        let macros = ["CONSTRUCTOR_FILE=\"\(witness)\"", "NOTE_MIN=2", "NOTE_MAX=2", "TABLE_SDK_MAX=2"]
        let refused = try Fixture.loader().prepare(Fixture.build(macros, in: folder, name: "refused"))
        let error = try #require(failure { try refused.load() })
        #expect(error.stage == .verify && !refused.verification.isLoadable)
        #expect(!FileManager.default.fileExists(atPath: witness))
        // The same constructor in a sound plugin does run, so that the test can tell.
        let sound = try Fixture.loader().prepare(Fixture.build([macros[0]], in: folder, name: "sound"))
        #expect(!FileManager.default.fileExists(atPath: witness))
        _ = try sound.load()
        #expect(FileManager.default.fileExists(atPath: witness))
    }

    @Test("what was judged is what is loaded, whatever happens to the file meanwhile", arguments: [true, false])
    func replaced(truncate: Bool) async throws {
        let folder = try Folder()
        let path = try Fixture.build(in: folder)
        let prepared = try Fixture.loader().prepare(path)
        let digest = prepared.digest
        if truncate {
            #expect(unsafe Foundation.truncate(path, 100) == 0)
        } else {
            _ = try Fixture.build(["TABLE_ID=\"other\""], in: folder)
        }
        let plugin = try prepared.load().create()
        #expect(try plugin.embed("abc") == 3)
        #expect(prepared.digest == digest)
        await plugin.shutdown()
    }

    @Test("each load of a file is an image of its own, with static data of its own")
    func generations() async throws {
        let prepared = try Fixture.loader().prepare(Fixture.honest.get().path)
        let first = try prepared.load()
        let (one, two) = (try first.create(), try first.create())
        #expect(try await two.state()["created"] == 2)
        let second = try prepared.load().create()
        #expect(try await second.state()["created"] == 1)
        let third = try Fixture.loader().prepare(prepared.path).load().create()
        #expect(try await third.state()["created"] == 1)
        for plugin in [one, two, second, third] { await plugin.shutdown() }
    }

    @Test("a file name as long as the file system allows can be loaded")
    func longName() async throws {
        let folder = try Folder()
        let path = "\(folder.path)/\(String(repeating: "n", count: 252)).so"
        try FileManager.default.copyItem(atPath: Fixture.honest.get().path, toPath: path)
        let plugin = try Fixture.loader().prepare(path).load().create()
        #expect(try plugin.embed("abc") == 3)
        await plugin.shutdown()
    }

    @Test("a file larger than the limit is refused before it is copied")
    func limit() throws {
        var loader = Fixture.loader()
        loader.imageLimit = 1000
        let error = try #require(failure { try loader.prepare(Fixture.honest.get().path) })
        #expect(error.code == .resourceExhausted)
    }

    @Test("loading from many threads at once gives each its own image")
    func concurrently() async throws {
        let path = try Fixture.honest.get().path
        let states = try await withThrowingTaskGroup(of: JSON?.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    let plugin = try Fixture.loader().prepare(path).load().create()
                    let state = try await plugin.state()
                    await plugin.shutdown()
                    return state["created"]
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(states == Array(repeating: JSON.int(1), count: 16))
    }
}

@Suite("Private libraries", .needsCompiler, .timeLimit(.minutes(10)))
struct PrivateLibraryTests {
    /// Builds a plugin with its private library, whose function answers a number; returns the plugin's path.
    private func build(soname: String, answer: Int, in folder: Folder, below: String = "") throws -> String {
        let place = folder.path + below
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let source = folder.path + "/private.c"
        try "int private_answer(void) { return \(answer); }\n".write(toFile: source, atomically: true, encoding: .utf8)
        try Fixture.compile(
            ["-shared", "-fPIC", "-Wl,-soname,\(soname)", "-Wl,-z,now", "-o", "\(place)/\(soname)", source])
        return try Fixture.build(
            ["PRIVATE_LIBRARY"], in: folder,
            link: ["-L\(place)", "-l:\(soname)", "-Wl,-rpath,$ORIGIN\(below)", "-Wl,--enable-new-dtags"])
    }

    @Test("a library beside the plugin is found through $ORIGIN", arguments: ["", "/lib"])
    func origin(below: String) async throws {
        let folder = try Folder()
        let soname = "libkeyway-own\(below.count).so.1"
        let path = try build(soname: soname, answer: 41, in: folder, below: below)
        let prepared = try Fixture.loader().prepare(path)
        let plugin = try prepared.load().create()
        #expect(try await plugin.state()["private"] == 41, "\(prepared.verification.findings)")
        await plugin.shutdown()
    }

    @Test("another library of the same SONAME is refused, the same one is shared", arguments: ["", "/lib"])
    func conflict(below: String) async throws {
        let soname = "libkeyway-clash\(below.count).so.1"
        let (first, second, third) = (try Folder(), try Folder(), try Folder())
        let one = try Fixture.loader().prepare(build(soname: soname, answer: 1, in: first, below: below)).load()
            .create()
        #expect(try await one.state()["private"] == 1)
        let other = try build(soname: soname, answer: 2, in: second, below: below)
        let error = try #require(failure { try Fixture.loader().prepare(other).load() })
        #expect(error.code == .dependency, "\(error)")
        #expect(
            error.message.contains(soname) && error.message.contains(first.path) && error.message.contains(second.path))
        let same = try build(soname: soname, answer: 1, in: third, below: below)
        let two = try Fixture.loader().prepare(same).load().create()
        #expect(try await two.state()["private"] == 1)
        await one.shutdown()
        await two.shutdown()
    }
}
