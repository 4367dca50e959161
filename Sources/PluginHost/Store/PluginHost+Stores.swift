internal import PluginCore
internal import PluginLoader

extension PluginHost {
    /// ``prepare(_:)``, and for a name that is in no search path the first store that has it.
    func prepareAnywhere(_ fileOrName: String, _ context: CallContext) async throws(PluginError) -> PreparedPlugin {
        if !configuration.stores.isEmpty, !FileName.isPath(fileOrName),
            try await scan(context).entries(named: fileOrName).isEmpty,
            let (plugin, store) = try await stored(fileOrName, context)
        {
            return try await prepare(plugin, from: store, context)
        }
        return try await HostThread.run("plugin.prepare", of: fileOrName, context) {
            [self] () throws(PluginError) in try prepare(fileOrName)
        }
    }

    /// What the first store that has a plugin says of it; nil if none has one.
    func stored(
        _ id: String, _ context: CallContext
    ) async throws(PluginError) -> (plugin: StoredPlugin, store: any PluginStore)? {
        for store in configuration.stores {
            guard let plugin = try await store.metadata(id, context) else { continue }
            guard plugin.manifest.id == id else {
                throw Self.untrue(id, store, "asked for \(id), it answers with \(plugin.manifest.id)")
            }
            return (plugin, store)
        }
        return nil
    }

    private func prepare(
        _ plugin: StoredPlugin, from store: any PluginStore, _ context: CallContext
    ) async throws(PluginError) -> PreparedPlugin {
        let id = plugin.manifest.id
        guard let cacheFolder = configuration.cacheFolder else {
            throw PluginError(
                .configuration, "there is no cache folder in which to keep what the store \(store.name) has",
                remedy: "Set cacheFolder in the host's configuration", facts: .pointer("/cacheFolder"), plugin: id,
                stage: .open)
        }
        let cache = FetchedPlugins(cacheFolder: cacheFolder, sizeLimit: configuration.imageLimit)
        let file = try await cache.file(of: plugin, from: store, context)
        let prepared = try await HostThread.run("plugin.prepare", of: id, context) {
            [self] () throws(PluginError) in try prepare(file)
        }
        guard prepared.digest == plugin.file.digest else {
            throw PluginError(
                .dataLoss, "\(file) was changed after it was fetched", remedy: "Load it again", plugin: id,
                stage: .open)
        }
        // A refused file says why when it is loaded.
        if let manifest = prepared.manifest, manifest != plugin.manifest {
            throw Self.untrue(
                id, store,
                "it has \(id) \(plugin.manifest.version) with another manifest than the file, which is \(manifest.id) "
                    + "\(manifest.version)")
        }
        return prepared
    }

    private static func untrue(_ id: String, _ store: any PluginStore, _ problem: String) -> PluginError {
        PluginError(
            .validation, "the store \(store.name) cannot be believed: \(problem)", remedy: "Repair the store's index",
            plugin: id, stage: .verify)
    }
}
