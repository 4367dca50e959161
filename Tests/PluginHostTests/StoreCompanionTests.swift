import Foundation
import PluginHost
import TestPrograms
import Testing

/// Plugins of stores with files beside them.
@Suite("Plugins of stores in several files", .needsCompiler, .timeLimit(.minutes(10)))
struct StoreCompanionTests {
    /// A folder as a store, with one plugin in a folder of its own, and a cache.
    private struct Place {
        let shelf: Sample.Folder
        var cache: Sample.Folder
        let pack: String

        init() throws {
            (shelf, cache) = (try Sample.Folder(), try Sample.Folder())
            pack = shelf.path + "/pack"
            try FileManager.default.createDirectory(atPath: pack + "/lib", withIntermediateDirectories: true)
        }

        var store: FolderStore { FolderStore(shelf.path) }
        /// Written by the library when it is loaded.
        var witness: String { shelf.path + "/loaded" }

        func host(_ store: (any PluginStore)? = nil) -> PluginHost {
            var configuration = PluginHost.Configuration()
            configuration.cacheFolder = cache.path
            configuration.stores = [store ?? self.store]
            configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return PluginHost(configuration)
        }

        /// Files below the cache's folder for fetched plugins, without the folders of digests.
        var fetched: [String] {
            let names = FileManager.default.subpaths(atPath: cache.path + "/plugins/sha256") ?? []
            let files = names.filter { $0.hasSuffix(".so") || $0.hasSuffix(".json") }
            return files.map { $0.split(separator: "/").dropFirst(2).joined(separator: "/") }.sorted()
        }

        /// Names that no other test loads: a library of a name is loaded once.
        func buildLibrary(_ name: String, in folder: String) throws {
            try RegistryPlace.compile(
                """
                #include <stdio.h>
                __attribute__((constructor)) static void load(void)
                { FILE *file = fopen("\(witness)", "a"); if (file) { fputs("\(name)\\n", file); fclose(file); } }
                int \(name)(void) { return 1; }
                """, to: "\(folder)/lib\(name).so", ["-Wl,-soname,lib\(name).so", "-Wl,-z,relro,-z,now"])
        }

        func buildPlugin(_ libraries: [String], search: String = "$ORIGIN:$ORIGIN/lib") throws {
            let path = try Sample.build(
                in: shelf, name: "reader",
                link: ["-Wl,--no-as-needed"] + libraries + ["-Wl,-rpath,\(search)", "-Wl,--enable-new-dtags"])
            try FileManager.default.moveItem(atPath: path, toPath: pack + "/reader.so")
        }
    }

    @Test(
        "private libraries are fetched with the plugin, keep their places beside it, and are the ones that are loaded")
    func libraries() async throws {
        let place = try Place()
        try place.buildLibrary("storeone", in: place.pack)
        try place.buildLibrary("storetwo", in: place.pack + "/lib")
        try place.buildPlugin([place.pack + "/libstoreone.so", place.pack + "/lib/libstoretwo.so"])
        let stored = try #require(try await place.store.metadata("fixture", CallContext()))
        #expect(stored.files.map(\.name) == ["reader.so", "libstoreone.so", "lib/libstoretwo.so"])
        for file in stored.files {
            let image = try FileImage(opening: "\(place.pack)/\(file.name)")
            #expect(image.digest() == file.digest && image.size == file.size)
        }
        let host = place.host()
        let plugin = try await host.load("fixture")
        let path = plugin.loaded.prepared.path
        #expect(path.hasPrefix(place.cache.path) && path.hasSuffix("/reader.so"))
        #expect(place.fetched == ["lib/libstoretwo.so", "libstoreone.so", "reader.so"])
        let said = try String(contentsOfFile: place.witness, encoding: .utf8)
        #expect(said.split(separator: "\n").sorted() == ["storeone", "storetwo"])
        // What the process has loaded by now does not change what belongs to the plugin.
        #expect(try await place.store.metadata("fixture", CallContext()) == stored)
        // A kept library that was damaged is fetched again.
        let kept = URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("libstoreone.so")
        try FileManager.default.removeItem(at: kept)
        try Data("text".utf8).write(to: kept)
        _ = try await host.load("fixture")
        #expect(try FileImage(opening: kept.path).digest() == stored.companions[0].digest)
        await host.shutdown()
    }

    @Test("the manifest beside a plugin is fetched with it")
    func manifest() async throws {
        let place = try Place()
        let built = try Sample.build(in: place.shelf, name: "bare", macros: ["NO_MANIFEST_NOTE"])
        try FileManager.default.moveItem(atPath: built, toPath: place.pack + "/bare.so")
        let digest = try FileImage(opening: place.pack + "/bare.so").digest()
        try Data(#"{"id": "fixture", "version": "1.2.3", "sha256": "\#(digest)"}"#.utf8).write(
            to: URL(fileURLWithPath: place.pack + "/bare.plugin.json"))
        let host = place.host()
        let plugin = try await host.load("fixture")
        #expect(plugin.loaded.manifest.version.description == "1.2.3" && plugin.loaded.prepared.digest == digest)
        #expect(place.fetched == ["bare.plugin.json", "bare.so"])
        await host.shutdown()
    }

    private static let zeros = String(repeating: "0", count: 64)

    /// A store that changes what another says.
    private struct Untrue: PluginStore {
        let store: FolderStore
        let change: @Sendable (inout StoredPlugin) -> Void
        var name: String { "untrue" }

        func metadata(_ id: String, _ context: CallContext) async throws(PluginError) -> StoredPlugin? {
            guard var plugin = try await store.metadata(id, context) else { return nil }
            change(&plugin)
            return plugin
        }

        func list(limit: Int, after cursor: String?, _ context: CallContext) async throws(PluginError) -> StorePage {
            try await store.list(limit: limit, after: cursor, context)
        }

        /// The right bytes by whatever name was told.
        func fetch(
            _ file: StoredFile, of plugin: StoredPlugin, to path: String, _ context: CallContext
        ) async throws(PluginError) {
            guard let real = try await store.metadata(plugin.manifest.id, context) else { return }
            let source = real.files.first { $0.size == file.size } ?? real.file
            try await store.fetch(source, of: real, to: path, context)
        }
    }

    @Test("a store that lies about what lies beside a plugin is refused, writes nowhere else, and nothing runs")
    func untrue() async throws {
        let place = try Place()
        try place.buildLibrary("storelie", in: place.pack)
        try place.buildPlugin([place.pack + "/libstorelie.so"])
        var cases: [(String, @Sendable (inout StoredPlugin) -> Void, PluginError.Code)] = [
            ("digest", { $0.companions[0].digest = String($0.companions[0].digest.reversed()) }, .dataLoss),
            ("size", { $0.companions[0].size = 1 << 40 }, .resourceExhausted),
            ("twice", { $0.companions.append($0.companions[0]) }, .dataLoss),
            ("left out", { $0.companions = [] }, .dependency),
            ("elsewhere", { $0.companions[0].name = "other/libstorelie.so" }, .dependency),
            (
                "many", { $0.companions = (0..<300).map { .init(name: "f\($0)", digest: Self.zeros, size: 1) } },
                .resourceExhausted
            ),
            ("the plugin's name", { $0.file.name = "a/reader.so" }, .dataLoss),
            ("no plugin's name", { $0.file.name = "reader" }, .dataLoss),
        ]
        for name in ["", ".", "..", "../x.so", "/etc/x.so", "a//x.so", "a/../../x.so", ".x.so", "x\n.so", "reader.so"] {
            cases.append(("name \(name)", { $0.companions[0].name = name }, .dataLoss))
        }
        for (what, change, code) in cases {
            var place = place
            place.cache = try Sample.Folder()
            let host = place.host(Untrue(store: place.store, change: change))
            let error = await failure { () async throws(PluginError) in try await host.load("fixture") }
            #expect(error?.code == code && error?.remedy != nil, "\(what): \(error as Any)")
            #expect(host.plugins.isEmpty)
            let inside = FileManager.default.subpaths(atPath: place.cache.path) ?? []
            #expect(
                inside.allSatisfy { $0 == "plugins" || $0.hasPrefix("plugins/sha256") || $0.hasPrefix("registry-") },
                "\(what): \(inside)")
            if code == .dataLoss { #expect(place.fetched.isEmpty, "\(what): \(place.fetched)") }
        }
        #expect(!FileManager.default.fileExists(atPath: place.witness))
        let host = place.host(Untrue(store: place.store, change: { _ in }))
        _ = try await host.load("fixture")
        #expect(FileManager.default.fileExists(atPath: place.witness))
        await host.shutdown()
    }

    @Test("a library of its own outside the plugin's folder is told, and not left out")
    func outside() async throws {
        let place = try Place()
        let other = place.shelf.path + "/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
        try place.buildLibrary("storeout", in: other)
        try place.buildPlugin([other + "/libstoreout.so"], search: "$ORIGIN/../other")
        let host = place.host()
        let error = await failure { () async throws(PluginError) in try await host.load("fixture") }
        #expect(error?.code == .unsupported && error?.what.contains("libstoreout.so") == true, "\(error as Any)")
        #expect(place.fetched.isEmpty)
        // The others of the store are not touched by it.
        try Sample.build(in: place.shelf, name: "fine", id: "zz-fine")
        let page = try await place.store.list(limit: 1, after: nil, CallContext())
        #expect(page.plugins.map(\.manifest.id) == ["zz-fine"] && page.cursor == nil)
    }
}
