internal import Glibc
public import PluginCore
internal import PluginLoader

extension PluginHost {
    /// Some plugins: the installed ones in the order of their files' paths, then those of the stores.
    public struct Page: Sendable {
        public let entries: [RegistryEntry]
        /// Plugins of stores, each with the store's name. Installed ones of the same id come before them in a load.
        public let stored: [(plugin: StoredPlugin, store: String)]
        /// What to pass for the next page; nil if this is the last.
        public let cursor: String?
    }

    /// Looks at everything in the search paths and says what may be loaded. Runs nothing of it.
    /// - Throws: if the decisions of operators cannot be read; or `cancelled`.
    public func scan(
        trusting trust: Registry.Trust = .stamps, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> RegistryScan {
        let registry = registry
        return try await HostThread.run("registry.scan", of: "", context) { () throws(PluginError) in
            try registry.scan(trusting: trust)
        }
    }

    /// Is there a plugin of this name that can be loaded, in a search path, or if none has the name in a store?
    public func exists(_ name: String, _ context: CallContext = CallContext()) async throws(PluginError) -> Bool {
        let entries = try await scan(context).entries(named: name)
        guard entries.isEmpty else { return entries.contains(where: \.isLoadable) }
        for store in configuration.stores where try await store.exists(name, context) { return true }
        return false
    }

    /// What a plugin says about itself. It is not loaded.
    /// - Throws: `notFound` if there is no plugin of the name, `validation` if it has no sound manifest.
    public func metadata(
        _ name: String, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> Manifest {
        let scan = try await scan(context)
        guard let entry = scan.entries(named: name).first else {
            if let (plugin, _) = try await stored(name, context) { return plugin.manifest }
            throw unknown(name, scan)
        }
        if let manifest = entry.manifest { return manifest }
        throw PluginError(
            .validation, entry.reason ?? "it has no sound manifest", remedy: entry.remedy, plugin: entry.file,
            stage: .inspect)
    }

    /// The installed plugins, then those of the stores, a page at a time; installed ones that cannot be loaded are among
    /// them and say why.
    ///
    /// - Parameter cursor: of the page before. It stays good if plugins come and go meanwhile.
    public func list(
        limit: Int = 100, after cursor: String? = nil, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> Page {
        guard limit > 0 else {
            throw PluginError(
                .invalidArgument, "a page of \(limit) plugins cannot be", remedy: "Ask for at least one",
                facts: .pointer("/limit"))
        }
        let start = try PageCursor(cursor, storeCount: configuration.stores.count)
        var entries: [RegistryEntry] = []
        var stored: [(plugin: StoredPlugin, store: String)] = []
        var next: PageCursor? = start
        if case .file(let path) = start {
            let sorted = try await scan(context).entries.sorted { $0.file < $1.file }
            let rest = sorted.drop { entry in path.map { entry.file <= $0 } ?? false }
            entries = Array(rest.prefix(limit))
            next = rest.count > limit ? .file(entries.last?.file) : .store(0, nil)
        }
        while case .store(let index, let place) = next, entries.count + stored.count < limit {
            guard index < configuration.stores.count else { break }
            let store = configuration.stores[index]
            let count = limit - entries.count - stored.count
            let page = try await store.list(limit: count, after: place, context)
            guard page.plugins.count <= count, page.cursor == nil || !page.plugins.isEmpty else {
                throw PluginError(
                    .protocolViolation,
                    "the store \(store.name) gave \(page.plugins.count) plugins as a page of \(count) with more to come",
                    remedy: "Repair the store")
            }
            stored += page.plugins.map { ($0, store.name) }
            next = page.cursor.map { .store(index, $0) } ?? .store(index + 1, nil)
        }
        if case .store(let index, nil) = next, index >= configuration.stores.count { next = nil }
        return Page(entries: entries, stored: stored, cursor: next?.text)
    }

    /// The path of a file, or of the plugin of that name in the search paths: its id, or its file's name without ".so".
    /// A name with a slash, or that ends in ".so", is a path. Blocks while folders are read.
    /// - Throws: `notFound` with the names that there are.
    public func locate(_ fileOrName: String) throws(PluginError) -> String {
        if FileName.isPath(fileOrName) { return fileOrName }
        let scan = try registry.scan()
        // One that cannot be loaded is found as well: loading it says why.
        guard let entry = scan.entries(named: fileOrName).first else { throw unknown(fileOrName, scan) }
        return entry.file
    }

    private func unknown(_ name: String, _ scan: RegistryScan) -> PluginError {
        let known = Set(scan.entries.map { FileName.stem($0.file) }).sorted()
        let folders = configuration.searchPaths
        return PluginError(
            .notFound,
            "no plugin \"\(name)\" in \(folders.isEmpty ? "any folder: none was named" : folders.joined(separator: ", "))",
            remedy: known.isEmpty
                ? "Name a folder of plugins with --path, or the plugin's file"
                : "There are \(known.prefix(50).joined(separator: ", ")); or name the plugin's file",
            facts: .names(known), plugin: name, stage: .open)
    }
}
