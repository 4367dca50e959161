public import PluginCore
internal import PluginLoader

/// What came of a swap.
public struct SwapResult: Sendable, Hashable {
    /// Whether calls go to another generation now; false if what was to be loaded is what is loaded.
    public let hasChanged: Bool
    /// The number of the generation that serves calls.
    public let generation: Int
    public let version: SemanticVersion

    public var json: JSON {
        [
            "changed": .bool(hasChanged), "generation": .int(Int64(generation)),
            "version": .string(version.description),
        ]
    }
}

/// Hot swap: another generation is made ready beside the present one, and takes its place while calls go on.
extension PluginSupervisor {
    /// Swaps the plugin for another build of it. If anything is wrong with the other one, the present one goes on as if
    /// nothing had been.
    /// - Throws: why the other one was refused.
    /// - Parameters:
    ///   - configuration: as the plugin gets it.
    ///   - explicit: what the program says of it.
    func swap(
        to prepared: PreparedPlugin, configuration: ResolvedConfiguration, explicit: JSON, _ context: CallContext
    ) async throws(PluginError) -> SwapResult {
        try await exclusively { supervisor async throws(PluginError) in
            try await supervisor.performSwap(to: prepared, configuration, explicit, context)
        }
    }

    private func performSwap(
        to prepared: PreparedPlugin, _ configuration: ResolvedConfiguration, _ explicit: JSON, _ context: CallContext
    ) async throws(PluginError) -> SwapResult {
        let plugin = try living()
        var next = request
        next.prepared = prepared
        next.options.configuration = configuration.value
        next.explicit = explicit
        next.redaction = configuration.redaction
        let limits = limited(services.supervision.loadTimeout, context)
        do throws(PluginError) {
            next.trust = try await judged(prepared, limits)
        } catch {
            throw refused(error)
        }
        let isSame =
            prepared.digest == request.prepared.digest && prepared.manifest == request.prepared.manifest
            && next.options.configuration == request.options.configuration && next.trust?.tier == request.trust?.tier
        if isSame {
            request.trust = next.trust
            publish()
            tell(.unchanged)
            return SwapResult(hasChanged: false, generation: generation, version: plugin.version)
        }
        tell(.swapping, reason: "to \(prepared.path)")
        do throws(PluginError) {
            try requireSuccessor(prepared)
            let loaded = try await loadCode(next, limits)
            try await replace(plugin, with: loaded, next, limits)
        } catch {
            throw refused(configuration.redaction.error(error))
        }
        return SwapResult(hasChanged: true, generation: generation, version: plugin.version)
    }

    /// Gives the plugin a new configuration: the living instance, if it takes one; else a new instance of the same code
    /// takes its place.
    /// - Parameter explicit: what the program says of it.
    /// - Returns: what the plugin said about it, if it was asked.
    /// - Throws: `configuration` with what is wrong, without secrets. The old one holds then.
    func configure(
        _ configuration: ResolvedConfiguration, explicit: JSON, _ context: CallContext
    ) async throws(PluginError) -> [ConfigurationIssue] {
        try await exclusively { supervisor async throws(PluginError) in
            try await supervisor.performConfigure(configuration, explicit, context)
        }
    }

    private func performConfigure(
        _ configuration: ResolvedConfiguration, _ explicit: JSON, _ context: CallContext
    ) async throws(PluginError) -> [ConfigurationIssue] {
        let plugin = try living()
        guard configuration.value != request.options.configuration else {
            request.explicit = explicit
            tell(.unchanged)
            return []
        }
        do throws(PluginError) {
            let issues = try await apply(configuration.value, to: plugin, context)
            request.options.configuration = configuration.value
            request.explicit = explicit
            request.redaction = configuration.redaction
            tell(.configured)
            return issues.map { issue in
                var issue = issue
                issue.pointer = configuration.redaction.text(issue.pointer)
                issue.message = configuration.redaction.text(issue.message)
                return issue
            }
        } catch {
            throw refusedConfiguration(error, configuration.redaction)
        }
    }

    /// The error without secrets, told to those who listen.
    func refusedConfiguration(_ error: PluginError, _ redaction: Redaction) -> PluginError {
        var error = redaction.error(error)
        error.plugin = name
        tell(.configurationRefused, reason: error.what, error: error)
        return error
    }

    private func apply(
        _ configuration: JSON, to plugin: NativePlugin, _ context: CallContext
    ) async throws(PluginError) -> [ConfigurationIssue] {
        let limits = limited(services.supervision.stepTimeout, context)
        let isHotReloadable = plugin.loaded.manifest.configuration.isHotReloadable
        if isHotReloadable, plugin.canConfigure {
            let issues = try await plugin.configure(configuration, dryRun: true, limits)
            try Self.requireAccepted(issues, name)
            let applied = try await plugin.configure(configuration, dryRun: false, limits)
            try Self.requireAccepted(applied, name)
            return applied
        }
        var next = request
        next.options.configuration = configuration
        try await replace(plugin, with: plugin.loaded, next, limited(services.supervision.loadTimeout, context))
        return []
    }

    private static func requireAccepted(_ issues: [ConfigurationIssue], _ name: String) throws(PluginError) {
        let errors = issues.filter { $0.severity == .error }
        guard let first = errors.first else { return }
        throw PluginError(
            .configuration,
            errors.map { "\($0.pointer.isEmpty ? "the configuration" : $0.pointer): \($0.message)" }.joined(
                separator: "; "),
            remedy: "Correct it; the plugin goes on with its old configuration", facts: .pointer(first.pointer),
            plugin: name, stage: .call, operation: "plugin.configure")
    }

    // MARK: - Steps

    private func living() throws(PluginError) -> NativePlugin {
        guard state == .active, let plugin else {
            throw PluginError(
                .conflict, "it cannot be changed: it is \(state.rawValue)",
                remedy: state == .suspended ? "Resume it first" : "Load it first", plugin: name)
        }
        return plugin
    }

    private func requireSuccessor(_ prepared: PreparedPlugin) throws(PluginError) {
        try prepared.verification.requireLoadable()
        guard let manifest = prepared.manifest, manifest.id == id else {
            throw PluginError(
                .conflict,
                "\(prepared.path) is \(prepared.manifest?.id ?? "no plugin"), and \(name) can only be swapped for \(id)",
                remedy: "Load it as a plugin of its own", facts: .file(path: prepared.path), plugin: name,
                stage: .verify)
        }
    }

    /// Makes an instance of the code, looks whether it is well, and lets it take the place of the present one.
    private func replace(
        _ plugin: NativePlugin, with loaded: LoadedPlugin, _ next: Request, _ context: CallContext
    ) async throws(PluginError) {
        let old = plugin.generation
        var options = next.options
        let handsOver = loaded.manifest.loading.handsOver && old.loaded.manifest.loading.handsOver
        if handsOver { options.state = try await takeState(of: plugin, old) }
        do throws(PluginError) {
            let new = try await makeGeneration(of: loaded, options, context)
            try await requireFit(new, after: old)
            _ = plugin.replace(with: new)
        } catch {
            if handsOver { try await giveBack(plugin, old) }
            throw error
        }
        retire(old)
        generation += 1
        request = next
        lendFallback()
        adoptLimits()
        publish()
        tell(.swapped, reason: next.prepared.path)
    }

    /// The new generation must do all that the old one does, and be well. If not, it is ended.
    private func requireFit(_ new: PluginGeneration, after old: PluginGeneration) async throws(PluginError) {
        let limits = limited(services.supervision.stepTimeout, CallContext())
        do throws(PluginError) {
            let missing = new.missing(comparedWith: old)
            guard missing.isEmpty else {
                throw PluginError(
                    .conflict, "the other build does not have \(missing.joined(separator: ", "))",
                    remedy: "Stop the plugin and load the other build: adapters that callers have would break",
                    facts: .names(missing), plugin: name, stage: .load)
            }
            let health = try await new.health(limits)
            guard health.isHealthy else {
                throw PluginError(
                    .unavailable, "the other build is not well: \(health.message ?? "it says that it does not work")",
                    remedy: "See its log", plugin: name, stage: .start, retryable: false)
            }
        } catch {
            // It has served nobody, so it can go at once; also if whoever wanted the swap has gone.
            await Task { try? await new.destroy(limits) }.value
            throw error
        }
    }

    /// Has calls wait, and the present generation end its work and hand over what it has.
    private func takeState(of plugin: NativePlugin, _ old: PluginGeneration) async throws(PluginError) -> [UInt8] {
        plugin.hold()
        guard await drained(old) else {
            plugin.open()
            let limit = services.supervision.drainTimeout
            throw PluginError(
                Task.isCancelled ? .cancelled : .timeout,
                "its calls did not end within \(limit.milliseconds) ms, so that nothing can be handed over",
                remedy: "Cancel them, or allow more time",
                facts: .deadline(kind: "drain", milliseconds: limit.milliseconds), plugin: name, stage: .stop)
        }
        do throws(PluginError) {
            return try await old.quiesce(
                forSuccessor: true, limited(services.supervision.stepTimeout, CallContext()))
        } catch {
            try await giveBack(plugin, old)
            throw error
        }
    }

    /// Lets the old generation go on, also if whoever wanted the swap has gone.
    private func giveBack(_ plugin: NativePlugin, _ old: PluginGeneration) async throws(PluginError) {
        let limits = limited(services.supervision.stepTimeout, CallContext())
        let failure = await Task { () -> PluginError? in
            do throws(PluginError) {
                try await old.resume(limits)
                return nil
            } catch {
                return error
            }
        }.value
        if let failure {
            await fail(failure)
            throw failure
        }
        plugin.open()
    }

    /// Tells those who listen that there was no swap.
    func refused(_ error: PluginError) -> PluginError {
        var error = error
        error.plugin = name
        tell(.swapRefused, reason: error.what, error: error)
        return error
    }
}
