import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("Stores", .needsCompiler, .timeLimit(.minutes(10)))
struct StoreTests {
    /// Folders of a test: a search path, a store and a cache.
    private struct Place {
        let installed: Sample.Folder
        let shelf: Sample.Folder
        var cache: Sample.Folder

        init() throws { (installed, shelf, cache) = (try Sample.Folder(), try Sample.Folder(), try Sample.Folder()) }

        var store: FolderStore { FolderStore(shelf.path) }

        func host(_ stores: [any PluginStore], cached: Bool = true, imageLimit: UInt64 = 256 << 20) -> PluginHost {
            var configuration = PluginHost.Configuration()
            configuration.searchPaths = [installed.path]
            configuration.cacheFolder = cached ? cache.path : nil
            configuration.stores = stores
            configuration.imageLimit = imageLimit
            configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return PluginHost(configuration)
        }

        /// Files below the cache's folder for fetched plugins.
        var fetched: [String] {
            let folder = cache.path + "/plugins/sha256"
            let names = FileManager.default.subpaths(atPath: folder) ?? []
            return names.filter { $0.contains("/") }.map { "\(folder)/\($0)" }.sorted()
        }
    }

    @Test("what is in no search path is taken from a store, checked, and kept under its digest")
    func fetch() async throws {
        let place = try Place()
        let original = try Sample.build(in: place.shelf, name: "file-name", id: "far")
        let host = place.host([place.store])
        let plugin = try await host.load("far")
        let digest = plugin.loaded.prepared.digest
        let path = "\(place.cache.path)/plugins/sha256/\(digest.prefix(2))/\(digest).so"
        #expect(plugin.id == "far" && plugin.loaded.prepared.path == path && place.fetched == [path])
        #expect(FileManager.default.contents(atPath: path) == FileManager.default.contents(atPath: original))
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o444)
        let again = await host.tryLoad("far")
        #expect(again.plugin != nil && place.fetched == [path])
        #expect(
            try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int == attributes[
                .systemFileNumber] as? Int)
        await host.shutdown()
        let unknown = try #require(await failure { () async throws(PluginError) in try await host.load("none") })
        #expect(unknown.code == .notFound)
    }

    @Test("a search path comes before stores, and the first store before the next")
    func order() async throws {
        let place = try Place()
        let second = try Sample.Folder()
        try Sample.build(in: place.shelf, name: "a", id: "both", version: "1.0.0")
        try Sample.build(in: second, name: "b", id: "both", version: "3.0.0")
        try Sample.build(in: second, name: "c", id: "late", version: "3.1.0")
        let host = place.host([place.store, FolderStore(second.path)])
        #expect(try await host.metadata("both").version.description == "1.0.0")
        #expect(try await host.metadata("late").version.description == "3.1.0")
        #expect(try await host.exists("late"))
        #expect(try await !host.exists("none"))
        #expect(await failure { () async throws(PluginError) in try await host.metadata("none") }?.code == .notFound)
        try Sample.build(in: place.installed, name: "both", id: "both", version: "0.1.0")
        #expect(try await host.load("both").loaded.manifest.version.description == "0.1.0")
        #expect(place.fetched.isEmpty)
        // One that is installed and refused is not replaced by another of its name.
        try Data("text".utf8).write(to: URL(fileURLWithPath: place.installed.path + "/late.so"))
        #expect(try await !host.exists("late"))
        #expect(await failure { () async throws(PluginError) in try await host.load("late") }?.code == .validation)
        await host.shutdown()
    }

    @Test("the newest version of a store is taken, and of its files only those that may be loaded")
    func versions() async throws {
        let place = try Place()
        try Sample.build(in: place.shelf, name: "a", id: "one", version: "1.0.0")
        try Sample.build(in: place.shelf, name: "b", id: "one", version: "1.10.0")
        try Sample.build(in: place.shelf, name: "c", id: "one", version: "1.9.0")
        try Data("text".utf8).write(to: URL(fileURLWithPath: place.shelf.path + "/text.so"))
        let page = try await place.store.list(limit: 10, after: nil, CallContext())
        #expect(page.plugins.map(\.manifest.version.description) == ["1.10.0"] && page.cursor == nil)
        let host = place.host([place.store])
        #expect(try await host.load("one").loaded.manifest.version.description == "1.10.0")
        #expect(await failure { () async throws(PluginError) in try await host.load("text") }?.code == .notFound)
        await host.shutdown()
    }

    @Test(
        "a list goes through search paths and stores, a page at a time, whatever the size of a page", arguments: 1...7)
    func pages(limit: Int) async throws {
        let place = try Place()
        let second = try Sample.Folder()
        let built = try Sample.build(in: second, name: "z", id: "fixture")
        for (folder, ids) in [
            (place.installed.path, ["inst-01", "inst-02"]), (place.shelf.path, ["near-01", "near-02", "near-03"]),
        ] {
            for id in ids { try PluginCopies.copy(built, to: "\(folder)/\(id).so", id: id) }
        }
        let host = place.host([place.store, FolderStore(second.path)])
        var ids: [String] = []
        var cursor: String?
        repeat {
            let page = try await host.list(limit: limit, after: cursor)
            #expect(page.entries.count + page.stored.count <= limit)
            #expect(page.cursor == nil || page.entries.count + page.stored.count == limit)
            ids += page.entries.compactMap(\.id) + page.stored.map(\.plugin.manifest.id)
            cursor = page.cursor
        } while cursor != nil
        #expect(ids == ["inst-01", "inst-02", "near-01", "near-02", "near-03", "fixture"])
        for bad in ["", "x", "store", "store:", "store:2", "store:-1:x"] {
            let error = await failure { () async throws(PluginError) in try await host.list(after: bad) }
            #expect(error?.code == .invalidArgument, "\(bad)")
        }
    }

    // MARK: - Untrue stores

    /// A store that changes what another says.
    private struct Untrue: PluginStore {
        let store: FolderStore
        var change: @Sendable (inout StoredPlugin) -> Void = { _ in }
        var failure: PluginError?
        var page: StorePage?
        var spoil: @Sendable (String) throws -> Void = { _ in }

        var name: String { "untrue" }

        func metadata(_ id: String, _ context: CallContext) async throws(PluginError) -> StoredPlugin? {
            if let failure { throw failure }
            guard var plugin = try await store.list(limit: 1, after: nil, context).plugins.first else { return nil }
            change(&plugin)
            return plugin
        }

        func list(limit: Int, after cursor: String?, _ context: CallContext) async throws(PluginError) -> StorePage {
            if let page { return page }
            return try await store.list(limit: limit, after: cursor, context)
        }

        func fetch(
            _ file: StoredFile, of plugin: StoredPlugin, to path: String, _ context: CallContext
        ) async throws(PluginError) {
            let real = try await store.list(limit: 1, after: nil, context).plugins[0]
            try await store.fetch(real.file, of: real, to: path, context)
            do { try spoil(path) } catch { throw PluginError(.internal, "\(error)") }
        }
    }

    @Test("a store that lies is refused, and nothing of the file runs or is left half-written")
    func untrue() async throws {
        let place = try Place()
        let witness = place.shelf.path + "/ran"
        let original = try Sample.build(
            in: place.shelf, name: "far", id: "far", ["permissions": ["threads"]], constructorFile: witness)
        let store = place.store
        let cases: [(String, Untrue, PluginError.Code)] = [
            ("digest", Untrue(store: store, change: { $0.file.digest = String($0.file.digest.reversed()) }), .dataLoss),
            ("no digest", Untrue(store: store, change: { $0.file.digest = "../../../../tmp/x" }), .dataLoss),
            ("upper case", Untrue(store: store, change: { $0.file.digest = $0.file.digest.uppercased() }), .dataLoss),
            ("other id", Untrue(store: store, change: { $0.manifest.id = "other" }), .validation),
            ("version", Untrue(store: store, change: { $0.manifest.version = SemanticVersion("9.9.9")! }), .validation),
            ("permissions", Untrue(store: store, change: { $0.manifest.permissions = [] }), .validation),
            ("too large", Untrue(store: store, change: { $0.file.size = 1 << 40 }), .resourceExhausted),
            (
                "cut", Untrue(store: store, spoil: { try Data("cut".utf8).write(to: URL(fileURLWithPath: $0)) }),
                .dataLoss
            ),
            ("no file", Untrue(store: store, spoil: { try FileManager.default.removeItem(atPath: $0) }), .dataLoss),
            (
                "a folder",
                Untrue(
                    store: store,
                    spoil: { path in
                        try FileManager.default.removeItem(atPath: path)
                        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                    }), .dataLoss
            ),
            (
                "a link",
                Untrue(
                    store: store,
                    spoil: { path in
                        try FileManager.default.removeItem(atPath: path)
                        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: original)
                    }), .unavailable
            ),
        ]
        for (what, store, code) in cases {
            var place = place
            place.cache = try Sample.Folder()
            let host = place.host([store])
            let error = await failure { () async throws(PluginError) in try await host.load("far") }
            #expect(error?.code == code && error?.remedy != nil, "\(what): \(error as Any)")
            #expect(host.plugins.isEmpty)
            // What only the manifest tells is seen in the kept file, which is what its name says.
            #expect(
                place.fetched.count == (["version", "permissions"].contains(what) ? 1 : 0), "\(what): \(place.fetched)")
        }
        #expect(!FileManager.default.fileExists(atPath: witness))
        let host = place.host([store])
        _ = try await host.load("far")
        #expect(FileManager.default.fileExists(atPath: witness))
        await host.shutdown()
    }

    @Test("a store whose pages have no end, or are too long, is an error")
    func endless() async throws {
        let place = try Place()
        try Sample.build(in: place.shelf, name: "far", id: "far")
        let far = try #require(try await place.store.metadata("far", CallContext()))
        for page in [StorePage(plugins: [], cursor: "on"), StorePage(plugins: [far, far, far], cursor: nil)] {
            let host = place.host([Untrue(store: place.store, page: page)])
            let error = await failure { () async throws(PluginError) in try await host.list(limit: 2) }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test("a store that is down is an error, and not a reason to ask the next one")
    func down() async throws {
        let place = try Place()
        try Sample.build(in: place.shelf, name: "far", id: "far")
        let down = Untrue(store: place.store, failure: PluginError(.unavailable, "the store is down"))
        let host = place.host([down, place.store])
        #expect(await failure { () async throws(PluginError) in try await host.load("far") }?.code == .unavailable)
        #expect(await failure { () async throws(PluginError) in try await host.exists("far") }?.code == .unavailable)
        let gone = FolderStore(place.shelf.path + "/none")
        let error = await failure { () async throws(PluginError) in try await gone.exists("far", CallContext()) }
        #expect(error?.code == .unavailable)
        let uncached = place.host([place.store], cached: false)
        #expect(
            await failure { () async throws(PluginError) in try await uncached.load("far") }?.code == .configuration)
    }

    // MARK: - The cache

    @Test("a kept file that was damaged is fetched again")
    func damaged() async throws {
        let place = try Place()
        try Sample.build(in: place.shelf, name: "far", id: "far")
        let host = place.host([place.store])
        let first = try await host.load("far")
        let path = try #require(place.fetched.first)
        for spoil in [Data(), Data("text".utf8)] {
            try FileManager.default.removeItem(atPath: path)
            try spoil.write(to: URL(fileURLWithPath: path))
            #expect(try await host.load("far").loaded.prepared.digest == first.loaded.prepared.digest)
        }
        #expect(place.fetched == [path])
        await host.shutdown()
    }

    @Test("concurrent loads of one plugin all succeed, and leave one file")
    func concurrent() async throws {
        let place = try Place()
        try Sample.build(in: place.shelf, name: "far", id: "far")
        let hosts = (0..<4).map { _ in place.host([place.store]) }
        let errors = await withTaskGroup(of: PluginError?.self) { group in
            for number in 0..<16 {
                group.addTask {
                    await failure { () async throws(PluginError) in try await hosts[number % 4].load("far") }
                }
            }
            return await group.reduce(into: [PluginError]()) { errors, error in if let error { errors.append(error) } }
        }
        #expect(errors.isEmpty && place.fetched.count == 1)
        for host in hosts { await host.shutdown() }
    }

    @Test("permissions and the lock hold for what comes from a store")
    func judged() async throws {
        let place = try Place()
        let witness = place.shelf.path + "/ran"
        try Sample.build(
            in: place.shelf, name: "far", id: "far", ["permissions": ["fs.read:/etc", "threads"]],
            constructorFile: witness)
        var configuration = place.host([place.store]).configuration
        configuration.permissions = .granted(GrantPolicy())
        let careful = PluginHost(configuration)
        let error = await failure { () async throws(PluginError) in try await careful.load("far") }
        #expect(error?.code == .permissionDenied && error?.plugin == "far")
        configuration.permissions = .unenforced
        configuration.lock = try Lockfile(["version": 1, "plugins": []])
        let locked = PluginHost(configuration)
        #expect(await failure { () async throws(PluginError) in try await locked.load("far") }?.code == .dependency)
        #expect(!FileManager.default.fileExists(atPath: witness))
    }
}
