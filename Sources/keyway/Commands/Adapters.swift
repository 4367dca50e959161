internal import PluginHost

/// The adapters as the commands call them: managed wherever a managed one exists, so that batches of any size, filters of any
/// operation and a second try work from the command line as they do in a server.
extension NativePlugin {
    func requiredEmbedder() throws(PluginError) -> ManagedEmbedder<NativeEmbedder> {
        try embedder.orMissing("embedder", in: self).managed()
    }

    func requiredVectorBackend() throws(PluginError) -> ManagedVectorBackend<NativeVectorBackend> {
        try vectorBackend.orMissing("vector backend", in: self).managed()
    }

    func requiredModelProvider() throws(PluginError) -> ManagedModelProvider<NativeModelProvider> {
        try modelProvider.orMissing("model provider", in: self).managed()
    }

    func requiredToolExecutor() throws(PluginError) -> NativeToolExecutor {
        try toolExecutor.orMissing("tool executor", in: self)
    }
}

extension Optional {
    /// The adapter, or an error that says what the plugin offers instead.
    fileprivate func orMissing(_ interface: String, in plugin: NativePlugin) throws(PluginError) -> Wrapped {
        if let self { return self }
        let offered = plugin.loaded.prepared.object.notes.interfaces
        throw PluginError(
            .unsupported, "\(plugin.id) is no \(interface)",
            remedy: "It offers \(offered.isEmpty ? "nothing" : offered.joined(separator: ", "))",
            facts: .names(offered),
            plugin: plugin.loaded.prepared.path, stage: .call)
    }
}
