public import PluginCore
public import PluginLoader

/// Plugins by their names, loaded when somebody wants them for the first time.
///
///     let embedder = try await host.embedder("hash-embedder")
///     let vectors = try await embedder.embed(EmbedRequest(["Hello"]))
///
/// An adapter stays what it is: it leads to the plugin's new build after a swap, fails with a reason while the plugin is
/// suspended or after it was stopped, and works again when it is back.
extension PluginHost {
    /// The plugin, loaded with what it needs if it is not yet. First callers at the same time share one load.
    /// - Throws: `notFound` if there is none of the name, `dependency` if what it needs is not there; else what
    ///   ``load(_:as:configuration:dataFolder:_:)`` throws.
    public func activate(_ name: String, _ context: CallContext = CallContext()) async throws(PluginError)
        -> NativePlugin
    {
        if let plugin = fleet.active(name) { return plugin }
        let scan = try await scan(context)
        // Several names may mean one plugin.
        let id = FileName.isPath(name) ? name : scan.entries(named: name).first?.id ?? name
        return try await fleet.sharing(id) { [self] () async throws(PluginError) in
            if let supervisor = fleet.known(name) ?? fleet.known(id) { return try await supervisor.load(context) }
            return try await loadWithDependencies(name, id, scan, context)
        }
    }

    /// - Throws: `unsupported` if the plugin is none; else as ``activate(_:_:)``.
    public func embedder(_ name: String, _ context: CallContext = CallContext()) async throws(PluginError)
        -> any Embedder
    {
        try await adapter(name, "embedder", context, \.embedder)
    }

    /// - Throws: `unsupported` if the plugin is none; else as ``activate(_:_:)``.
    public func vectorBackend(_ name: String, _ context: CallContext = CallContext()) async throws(PluginError)
        -> any VectorBackend
    {
        try await adapter(name, "vector backend", context, \.vectorBackend)
    }

    /// - Throws: `unsupported` if the plugin is none; else as ``activate(_:_:)``.
    public func provider(_ name: String, _ context: CallContext = CallContext()) async throws(PluginError)
        -> any ModelProvider
    {
        try await adapter(name, "model provider", context, \.modelProvider)
    }

    /// - Throws: `unsupported` if the plugin is none; else as ``activate(_:_:)``.
    public func toolExecutor(_ name: String, _ context: CallContext = CallContext()) async throws(PluginError)
        -> any ToolExecutor
    {
        try await adapter(name, "tool executor", context, \.toolExecutor)
    }

    // MARK: - By what they can do

    /// An embedder that can do all of this: one that is loaded, else the first in the search paths.
    /// - Parameters:
    ///   - dims: of the vectors; nil: any.
    ///   - task: that it is made for; nil: any.
    /// - Throws: `notFound` with the plugins that were asked, and why not.
    public func embedder(
        dims: Int? = nil, task: EmbedTask? = nil, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> any Embedder {
        try await first(of: "keyway.embedder/1", "embedder", context) { plugin async throws(PluginError) in
            guard let embedder = plugin.embedder else { return nil }
            let info = try await embedder.info(context)
            let fits = (dims.map(info.offers(dims:)) ?? true) && (task.map(info.tasks.contains) ?? true)
            return fits ? embedder : nil
        }
    }

    /// A vector backend with all of these features: one that is loaded, else the first in the search paths.
    /// - Throws: `notFound` with the plugins that were asked, and why not.
    public func vectorBackend(
        offering features: VectorBackendInfo.Features, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> any VectorBackend {
        try await first(of: "keyway.vector-backend/1", "vector backend", context) {
            plugin async throws(PluginError) in
            guard let backend = plugin.vectorBackend else { return nil }
            return try await backend.info(context).features.isSuperset(of: features) ? backend : nil
        }
    }

    /// A provider that has a model with all of these features, and the model: of those that are loaded, else of the first
    /// plugin in the search paths.
    /// - Throws: `notFound` with the plugins that were asked, and why not.
    public func provider(
        offering features: Model.Features, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> (provider: any ModelProvider, model: Model) {
        try await first(of: "keyway.provider/1", "model provider", context) { plugin async throws(PluginError) in
            guard let provider = plugin.modelProvider else { return nil }
            let model = try await provider.models(context).first { $0.features.isSuperset(of: features) }
            return model.map { (provider, $0) }
        }
    }

    /// A tool executor that enforces all of these fields of a policy: one that is loaded, else the first in the search paths.
    /// - Throws: `notFound` with the plugins that were asked, and why not.
    public func toolExecutor(
        enforcing fields: Set<String>, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> any ToolExecutor {
        try await first(of: "keyway.tool-executor/1", "tool executor", context) {
            plugin async throws(PluginError) in
            guard let executor = plugin.toolExecutor else { return nil }
            let enforced = try await executor.enforceable(context).filter(\.isEnforced).map(\.field)
            return fields.isSubset(of: enforced) ? executor : nil
        }
    }

    // MARK: - Several at once

    /// Loads several plugins, ``Supervision/loadsAtOnce`` of them at a time, those that are named first before the others.
    /// - Returns: what came of each, in the order of the names.
    public func load(all names: [String], _ context: CallContext = CallContext()) async -> [LoadAttempt] {
        await withTaskGroup(of: (Int, LoadAttempt).self) { group in
            var attempts = [LoadAttempt?](repeating: nil, count: names.count)
            for (index, name) in names.enumerated() {
                if index >= max(1, configuration.supervision.loadsAtOnce), let (done, attempt) = await group.next() {
                    attempts[done] = attempt
                }
                group.addTask { [self] in (index, await attempt(name, context)) }
            }
            for await (index, attempt) in group { attempts[index] = attempt }
            return attempts.compactMap(\.self)
        }
    }

    private func attempt(_ name: String, _ context: CallContext) async -> LoadAttempt {
        do throws(PluginError) {
            let plugin = try await activate(name, context)
            return LoadAttempt(name: name, plugin: plugin, manifest: plugin.loaded.manifest, error: nil)
        } catch {
            return LoadAttempt(name: name, plugin: nil, manifest: nil, error: error)
        }
    }

    // MARK: - Implementation

    /// What a plugin of a name offers of one kind.
    private func adapter<Adapter>(
        _ name: String, _ kind: String, _ context: CallContext, _ path: KeyPath<NativePlugin, Adapter?>
    ) async throws(PluginError) -> Adapter {
        let plugin = try await activate(name, context)
        if let adapter = plugin[keyPath: path] { return adapter }
        let offered = plugin.loaded.prepared.object.notes.interfaces
        throw PluginError(
            .unsupported, "\(plugin.id) is no \(kind)",
            remedy: "It offers \(offered.isEmpty ? "nothing" : offered.joined(separator: ", "))",
            facts: .names(offered), plugin: plugin.id, stage: .call)
    }

    /// The first plugin, loaded ones before others, of which the body makes something.
    private func first<Adapter>(
        of interface: String, _ kind: String, _ context: CallContext,
        _ body: (NativePlugin) async throws(PluginError) -> Adapter?
    ) async throws(PluginError) -> Adapter {
        var names = fleet.all.filter { $0.status.state == .active }.map(\.name)
        for entry in try await scan(context).entries(offering: interface) where entry.isLoadable {
            if let id = entry.id, !names.contains(id) { names.append(id) }
        }
        var reasons: [String] = []
        for name in names {
            do throws(PluginError) {
                let plugin = try await activate(name, context)
                guard plugin.loaded.prepared.object.notes.interfaces.contains(interface) else { continue }
                if let adapter = try await body(plugin) { return adapter }
                reasons.append("\(name) cannot do all of it")
            } catch {
                guard error.code != .cancelled else { throw error }
                reasons.append("\(name): \(error.what)")
            }
        }
        throw PluginError(
            .notFound, "there is no \(kind) that can do this",
            remedy: reasons.isEmpty ? "Install one into a search path" : reasons.joined(separator: "; "),
            facts: .names(names))
    }

    /// Loads a plugin behind what it needs, each in the version that fits together.
    private func loadWithDependencies(
        _ name: String, _ id: String, _ scan: RegistryScan, _ context: CallContext
    ) async throws(PluginError) -> NativePlugin {
        let entries = scan.entries
        guard entries.contains(where: { $0.id == id && $0.candidate?.relations.dependencies.isEmpty == false })
        else { return try await load(name, context) }
        // What is loaded already stays what it is.
        var pins: [String: SemanticVersion] = [:]
        for status in fleet.all.map(\.status) where status.isActive { pins[status.id] = status.version }
        let resolver = Resolver(
            entries.filter(\.isLoadable).compactMap(\.candidate), hostSDK: configuration.sdk, pins: pins)
        var wanted: NativePlugin?
        for candidate in try resolver.resolve([.init(id)]).plugins {
            let entry = entries.first { $0.id == candidate.id && $0.digest.map { "sha256:\($0)" } == candidate.digest }
            let plugin = try await fleet.sharing(candidate.id, unless: candidate.id == id) {
                [self] () async throws(PluginError) in
                if let plugin = fleet.active(candidate.id) { return plugin }
                return try await load(entry?.file ?? candidate.id, context)
            }
            if candidate.id == id { wanted = plugin }
        }
        guard let wanted else {
            throw PluginError(.dependency, "\(name) was not chosen by the resolver", plugin: name, stage: .load)
        }
        return wanted
    }
}
