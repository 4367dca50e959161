internal import PluginCore
internal import PluginLoader

/// Plugins that answer when others cannot.
extension PluginHost {
    /// Loads the plugin that answers the calls of another when that cannot, and sees that it can.
    /// - Throws: `configuration`, which says what is wrong with the choice.
    func requireFallback(
        of name: String, _ prepared: PreparedPlugin, _ context: CallContext
    ) async throws(PluginError) {
        // A file that is refused says why when it is loaded.
        guard prepared.verification.isLoadable, let manifest = prepared.manifest,
            case .fallback(let other) = configuration.workers.recovery(of: name, manifest.id),
            try await tier(of: prepared, name, context) != .inProcess
        else { return }
        func refuse(_ what: String, _ remedy: String, _ names: [String]) -> PluginError {
            PluginError(
                .configuration, "\(other) cannot answer in place of \(name): \(what)", remedy: remedy,
                facts: .names(names), plugin: name, stage: .load)
        }
        let chain = fallbackChain(from: name, manifest.id)
        guard chain.count == 1 || chain.last != name else {
            throw refuse(
                chain.joined(separator: " falls back to "), "Have one of them fall back to nobody", chain)
        }
        guard try await !needs(other, name, manifest.id, context) else {
            throw refuse("it needs \(manifest.id) itself", "Choose one that does not", [other])
        }
        let plugin: NativePlugin
        do throws(PluginError) {
            plugin = try await activate(other, context)
        } catch {
            guard error.code != .cancelled else { throw error }
            throw refuse(
                error.what, "Choose another plugin, or correct this: \(error.remedy ?? "see its log")", [other])
        }
        let offered = plugin.loaded.prepared.object.notes.interfaces
        let missing = prepared.object.notes.interfaces.filter { !offered.contains($0) }
        guard missing.isEmpty else {
            throw refuse(
                "it does not have \(missing.joined(separator: ", "))",
                "Choose a plugin that has the interfaces of \(name)", missing)
        }
    }

    private func tier(
        of prepared: PreparedPlugin, _ name: String, _ context: CallContext
    ) async throws(PluginError) -> IsolationTier {
        let tiers = tiers
        return try await HostThread.run("plugin.trust", of: name, context) { () throws(PluginError) in
            try tiers.verdict(on: prepared).tier
        }
    }

    /// Who falls back to whom, from a plugin on; ends with a name that was there before if they go round.
    private func fallbackChain(from name: String, _ id: String) -> [String] {
        var chain = [name]
        var next = configuration.workers.recovery(of: name, id)
        while case .fallback(let other) = next {
            if other == id { return chain + [name] }
            if chain.contains(other) { return chain + [other] }
            chain.append(other)
            next = configuration.workers.recovery(of: other, fleet.known(other)?.id ?? other)
        }
        return chain
    }

    /// Does a plugin need another to be loaded?
    private func needs(
        _ plugin: String, _ name: String, _ id: String, _ context: CallContext
    ) async throws(PluginError) -> Bool {
        guard fleet.known(plugin) == nil else { return false }
        let scan = try await scan(context)
        var (open, seen) = ([plugin], Set<String>())
        while let next = open.popLast() {
            guard seen.insert(next).inserted, let entry = scan.entries(named: next).first else { continue }
            let needed = entry.candidate?.relations.dependencies.filter { $0.kind == .plugin }.map(\.name) ?? []
            if needed.contains(id) || needed.contains(name) { return true }
            open += needed
        }
        return false
    }

    /// Who answers a plugin's calls when it cannot; nil: nobody.
    func fallback(for supervisor: PluginSupervisor) -> Fallback? {
        guard case .fallback(let other) = configuration.workers.recovery(of: supervisor.name, supervisor.id)
        else { return nil }
        let (name, metrics) = (supervisor.name, configuration.metrics)
        return Fallback(
            name: other,
            find: { [weak fleet] in fleet?.active(other) },
            tell: { [weak supervisor] use in
                supervisor?.tell(use, by: other)
                metrics(
                    PluginMetric(
                        plugin: name, name: "keyway.fallbacks", kind: .counter, value: 1,
                        labels: [
                            "fallback": other, "operation": use.operation,
                            "outcome": use.failure == nil ? "answered" : "failed",
                        ]))
            })
    }
}
