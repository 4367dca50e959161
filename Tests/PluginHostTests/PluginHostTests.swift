import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("The host", .needsCompiler, .timeLimit(.minutes(10)))
struct PluginHostTests {
    private func host(_ folders: [Sample.Folder], data: String? = nil) -> PluginHost {
        var configuration = PluginHost.Configuration()
        configuration.searchPaths = folders.map(\.path)
        configuration.dataFolder = data
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return PluginHost(configuration)
    }

    private func failure<Value>(_ body: () async throws(PluginError) -> Value) async -> PluginError? {
        do throws(PluginError) {
            _ = try await body()
            return nil
        } catch {
            return error
        }
    }

    @Test("loads by name and by path, and shuts every plugin down")
    func life() async throws {
        let folder = try Sample.Folder()
        let path = try Sample.build(in: folder, name: "one")
        try Sample.build(in: folder, name: "two")
        let host = host([folder])
        let order = Pipe()
        let config: JSON = ["destroyed": .int(Int64(order.fileHandleForWriting.fileDescriptor))]
        let one = try await host.load(path, configuration: config)
        let two = try await host.load("two", configuration: config)
        #expect(host.plugins.map(\.loaded.prepared.path) == [path, folder.path + "/two.so"])
        #expect(one.id == "fixture" && one.embedder != nil && one.modelProvider != nil)
        await host.shutdown()
        #expect(host.plugins.isEmpty)
        #expect(try order.fileHandleForReading.read(upToCount: 8)?.count == 8)
        for plugin in [one, two] {
            let error = await failure { () async throws(PluginError) in try await plugin.health(CallContext()) }
            #expect(error?.code == .disabled)
        }
        await host.shutdown()
    }

    @Test("the last loaded is the first to be shut down")
    func order() async throws {
        let folder = try Sample.Folder()
        let path = try Sample.build(in: folder, name: "one")
        let host = host([folder])
        let pipe = Pipe()
        let descriptor = JSON.int(Int64(pipe.fileHandleForWriting.fileDescriptor))
        for tag in 1...3 {
            _ = try await host.load(path, configuration: ["destroyed": descriptor, "tag": .int(Int64(tag))])
        }
        await host.shutdown()
        let told = try #require(try pipe.fileHandleForReading.read(upToCount: 12))
        #expect(Array(told) == [3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0])
    }

    @Test("a failed load leaves the host as it was, and no folder behind")
    func failedLoad() async throws {
        let (folder, data) = (try Sample.Folder(), try Sample.Folder())
        let good = try Sample.build(in: folder, name: "good")
        let lying = try Sample.build(in: folder, name: "lying", macros: ["TABLE_VERSION=\"9.9.9\""])
        let refused = try Sample.build(in: folder, name: "refused", macros: ["NOTE_MIN=2", "NOTE_MAX=2"])
        try Data("text".utf8).write(to: URL(fileURLWithPath: folder.path + "/text.so"))
        let host = host([folder], data: data.path + "/below")
        let plugin = try await host.load(good)
        let made = try FileManager.default.contentsOfDirectory(atPath: data.path + "/below")
        #expect(made == ["fixture"])
        try FileManager.default.removeItem(atPath: data.path + "/below")
        for (name, code) in [
            (lying, PluginError.Code.load), (refused, .validation), ("text", .validation), ("none", .notFound),
            (folder.path + "/missing.so", .notFound),
        ] {
            let error = await failure { () async throws(PluginError) in try await host.load(name) }
            #expect(error?.code == code, "\(name): \(error as Any)")
        }
        #expect(host.plugins.count == 1 && host.plugins.first === plugin)
        #expect(!FileManager.default.fileExists(atPath: data.path + "/below"))
        let error = await failure { () async throws(PluginError) in
            try await host.load(good, configuration: ["do": "refuse"])
        }
        #expect(error?.code == .configuration && error?.stage == .create)
        #expect(host.plugins.count == 1)
        await host.shutdown()
    }

    @Test("tryLoad tells what the file is even where it fails")
    func tryLoad() async throws {
        let folder = try Sample.Folder()
        try Sample.build(in: folder, name: "lying", macros: ["TABLE_ID=\"other\""])
        try Sample.build(in: folder, name: "good")
        let host = host([folder])
        let failed = await host.tryLoad("lying")
        #expect(failed.plugin == nil && failed.manifest?.id == "fixture" && failed.error?.code == .load)
        let missing = await host.tryLoad("none")
        #expect(missing.plugin == nil && missing.manifest == nil && missing.error?.code == .notFound)
        let loaded = await host.tryLoad("good")
        #expect(loaded.plugin != nil && loaded.manifest?.id == "fixture" && loaded.error == nil)
        await host.shutdown()
    }

    @Test("prepare judges and runs nothing")
    func prepare() async throws {
        let folder = try Sample.Folder()
        let witness = folder.path + "/witness"
        try Sample.build(in: folder, name: "one", macros: ["CONSTRUCTOR_FILE=\"\(witness)\""])
        let host = host([folder])
        let prepared = try host.prepare("one")
        #expect(prepared.verification.isLoadable && prepared.manifest?.id == "fixture")
        #expect(!FileManager.default.fileExists(atPath: witness) && host.plugins.isEmpty)
        let plugin = try await host.start(prepared)
        #expect(FileManager.default.fileExists(atPath: witness) && host.plugins.first === plugin)
        await host.shutdown()
    }

    @Test("a name is looked up in the folders in their order, and what is not found lists what there is")
    func locate() async throws {
        let (first, second) = (try Sample.Folder(), try Sample.Folder())
        for path in [first.path + "/b.so", second.path + "/b.so", second.path + "/a.so", second.path + "/note.txt"] {
            try Data().write(to: URL(fileURLWithPath: path))
        }
        let host = host([first, second])
        #expect(try host.locate("b") == first.path + "/b.so")
        #expect(try host.locate("a") == second.path + "/a.so")
        #expect(try host.locate("./x") == "./x")
        #expect(try host.locate("x.so") == "x.so")
        let files = try await host.scan().entries.map(\.file)
        #expect(files == [first.path + "/b.so", second.path + "/a.so", second.path + "/b.so"])
        let error = try #require(await failure { () async throws(PluginError) in try host.locate("c") })
        #expect(error.code == .notFound && error.facts == .names(["a", "b"]))
        #expect(error.message.contains("There are a, b") && error.what.contains(first.path))
        let empty = try #require(
            await failure { () async throws(PluginError) in try PluginHost(PluginHost.Configuration()).locate("c") })
        #expect(empty.facts == .names([]) && empty.message.contains("--path"))
    }

    @Test("a data folder that cannot be made is an error with its path")
    func dataFolder() async throws {
        let folder = try Sample.Folder()
        let path = try Sample.build(in: folder, name: "one")
        try Data().write(to: URL(fileURLWithPath: folder.path + "/file"))
        let host = host([folder])
        for bad in [folder.path + "/file", folder.path + "/file/below"] {
            let error = await failure { () async throws(PluginError) in try await host.load(path, dataFolder: bad) }
            #expect(error?.stage == .create && error?.message.contains(bad) == true, "\(error as Any)")
        }
        #expect(host.plugins.isEmpty)
    }
}
