public import PluginCore
public import PluginLoader

/// What can be done with the plugins of a host while calls go on. Plugins are named as the host knows them: by their ids,
/// unless they were given other names.
extension PluginHost {
    /// What happens to plugins, from now on.
    ///
    /// Telling never waits for listeners: whoever is more than a thousand events behind loses the oldest.
    public var events: AsyncStream<HostEvent> { fleet.events.listen(limit: 1024) }

    /// How every plugin is, in the order in which they were loaded. Never waits.
    public var status: [PluginStatus] { fleet.all.map(\.status) }

    /// Numbers of all plugins together, those that are gone not among them.
    public var statistics: HostStatistics { HostStatistics(status) }

    /// A plugin that is loaded.
    /// - Throws: `notFound` with the names that there are.
    public func plugin(_ name: String) throws(PluginError) -> NativePlugin {
        guard let plugin = try supervisor(name).adapters else {
            throw PluginError(
                .unavailable, "\(name) is not loaded yet", remedy: "Wait until it is", plugin: name, retryable: true)
        }
        return plugin
    }

    /// Swaps a plugin for another build of it, while calls go on. Adapters that callers have lead to the new one.
    ///
    /// The other build is judged, loaded beside the present one, started, and asked how it is. Then new calls go to it;
    /// those that run end where they began, streams too, and the old instance is ended behind them. If anything is wrong
    /// with the other build, the present one goes on.
    /// - Parameters:
    ///   - file: the other build; nil: the file that it was loaded from, which may be another one by now.
    ///   - configuration: nil keeps the present one.
    /// - Throws: why the other build was refused.
    @discardableResult
    public func swap(
        _ name: String, to file: String? = nil, configuration: JSON? = nil, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> SwapResult {
        let supervisor = try supervisor(name)
        let path = file ?? supervisor.status.file ?? name
        let explicit: JSON
        if let configuration { explicit = configuration } else { explicit = await supervisor.request.explicit }
        let (prepared, resolved): (PreparedPlugin, ResolvedConfiguration)
        do throws(PluginError) {
            prepared = try await HostThread.run("plugin.prepare", of: name, context) {
                [self] () throws(PluginError) in try prepare(path)
            }
            resolved = try await resolve(explicit, for: prepared, context)
        } catch {
            throw await supervisor.refused(error)
        }
        return try await supervisor.swap(to: prepared, configuration: resolved, explicit: explicit, context)
    }

    /// Gives a plugin a new configuration: its instance, if it takes one while it lives; else a new instance takes the old
    /// one's place as in ``swap(_:to:configuration:_:)``.
    ///
    /// What operators' files and variables say is read anew, and checked with it.
    /// - Parameter configuration: what the program says, over everything else; nil: what it said before.
    /// - Returns: warnings of the plugin.
    /// - Throws: `configuration` with what is wrong. The old one holds then.
    @discardableResult
    public func configure(
        _ name: String, _ configuration: JSON? = nil, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> [ConfigurationIssue] {
        let supervisor = try supervisor(name)
        let request = await supervisor.request
        let explicit = configuration ?? request.explicit
        let resolved: ResolvedConfiguration
        do throws(PluginError) {
            resolved = try await resolve(explicit, for: request.prepared, context)
        } catch {
            throw await supervisor.refusedConfiguration(error, .none)
        }
        return try await supervisor.configure(resolved, explicit: explicit, context)
    }

    /// Has a plugin rest: new calls are refused, those that run may end.
    /// - Parameter reason: what callers are told.
    /// - Throws: `timeout` if calls do not end in time; the plugin goes on then.
    public func suspend(_ name: String, reason: String? = nil) async throws(PluginError) {
        try await supervisor(name).suspend(reason)
    }

    /// Lets a plugin that rests go on; or one whose workers get no calls be called again, with its failures forgotten.
    public func resume(_ name: String) async throws(PluginError) {
        try await supervisor(name).resume()
        // What changed meanwhile was for a plugin that could not take it.
        if configuration.watch != nil { await takeUpChanges(of: name) }
    }

    /// Ends a plugin. Adapters that callers have fail from now on, with the reason.
    public func stop(_ name: String, reason: String? = nil) async throws(PluginError) {
        let supervisor = try supervisor(name)
        fleet.noteStopped(supervisor.id)
        await supervisor.stop(reason)
        fleet.remove(supervisor)
    }

    /// Ends a plugin and turns it off until it is enabled again (`keyway registry enable`), also after the host has ended.
    /// - Throws: `configuration` without a state folder.
    public func disable(_ name: String, reason: String? = nil) async throws(PluginError) {
        let supervisor = try supervisor(name)
        guard let folder = configuration.stateFolder else {
            throw PluginError(
                .configuration, "it cannot be kept that \(name) is disabled: the host has no state folder",
                remedy: "Set stateFolder in the host's configuration, or stop it only", plugin: name)
        }
        let (id, now) = (supervisor.id, configuration.clock())
        try await HostThread.run("plugin.disable", of: name, CallContext()) { () throws(PluginError) in
            try DisabledPlugins(stateFolder: folder).disable(.init(name: id, reason: reason, since: now))
        }
        await supervisor.stop(reason ?? "it was disabled")
        fleet.remove(supervisor)
    }

    /// Ends a plugin and keeps it from being loaded until somebody lets it out of quarantine; also after the host has ended, if
    /// it has a state folder.
    /// - Parameter isRecorded: whether that is written down already.
    public func quarantine(
        _ name: String, reason: String? = nil, isRecorded: Bool = false
    ) async throws(PluginError) {
        let supervisor = try supervisor(name)
        let why = reason ?? "an operator put it into quarantine"
        if !isRecorded, let folder = configuration.stateFolder {
            let (store, id) = (QuarantineStore(stateFolder: folder, clock: configuration.clock), supervisor.id)
            _ = try await HostThread.run("quarantine.add", of: name, CallContext()) { () throws(PluginError) in
                try store.add(id, reason: why, for: nil)
            }
        }
        await supervisor.stop(why, quarantined: true)
    }

    /// Lets a plugin out of quarantine, so that it can be loaded again; also what is written down against it goes.
    public func release(_ name: String) async throws(PluginError) {
        let supervisor = try supervisor(name)
        if let folder = configuration.stateFolder {
            let (store, id) = (QuarantineStore(stateFolder: folder, clock: configuration.clock), supervisor.id)
            _ = try await HostThread.run("quarantine.clear", of: name, CallContext()) { () throws(PluginError) in
                try store.clear(id)
            }
        }
        try await supervisor.release()
        fleet.remove(supervisor)
    }

    // MARK: - Implementation

    /// The configuration of a plugin from all its sources, checked, with its secrets.
    func resolve(
        _ explicit: JSON, for prepared: PreparedPlugin, _ context: CallContext
    ) async throws(PluginError) -> ResolvedConfiguration {
        // A file that is refused says why when it is loaded.
        guard prepared.verification.isLoadable, let manifest = prepared.manifest else {
            return ResolvedConfiguration(value: explicit, redaction: .none)
        }
        let (configurator, secrets) = (configuration.configurator, configuration.secrets)
        do throws(PluginError) {
            return try await HostThread.run("plugin.configuration", of: manifest.id, context) {
                () throws(PluginError) in
                try configurator.effective(manifest, package: Folders.parent(of: prepared.path), explicit: explicit)
                    .resolved(by: secrets)
            }
        } catch {
            var error = error
            error.stage = .create
            throw error
        }
    }

    func supervisor(_ name: String) throws(PluginError) -> PluginSupervisor {
        if let supervisor = fleet.named(name) { return supervisor }
        let names = fleet.all.map(\.name)
        throw PluginError(
            .notFound, "the host has no plugin \(name)",
            remedy: names.isEmpty ? "Load it first" : "There are \(names.joined(separator: ", "))",
            facts: .names(names), plugin: name)
    }

    /// Not the host itself: it has the supervisors, and lets go of them when nobody has it any more.
    var services: PluginSupervisor.Services {
        var probe: (@Sendable (PreparedPlugin) async throws(PluginError) -> Void)?
        if let scanner = configuration.scanner {
            probe = { prepared async throws(PluginError) in try await Self.probe(prepared, with: scanner) }
        }
        return PluginSupervisor.Services(
            supervision: configuration.supervision, timer: configuration.timer, gate: fleet.gate,
            events: fleet.events,
            admit: { [weak self] prepared, dataFolder throws(PluginError) in
                guard let self else {
                    throw PluginError(.cancelled, "the host is gone", plugin: prepared.path, stage: .load)
                }
                try self.admit(prepared, dataFolder)
            },
            offered: { [weak self] prepared, dataFolder throws(PluginError) in
                try self?.services(for: prepared, dataFolder: dataFolder) ?? HostServices()
            },
            sandbox: { [weak self] prepared, options throws(PluginError) in
                try self?.sandbox(for: prepared, options) ?? SandboxPolicy()
            }, tiers: tiers, probe: probe,
            fallback: { [weak self] supervisor in self?.fallback(for: supervisor) },
            quarantine: { [weak self] prepared, error in self?.quarantine(prepared, error) })
    }

    private func admit(_ prepared: PreparedPlugin, _ dataFolder: String?) throws(PluginError) {
        try registry.requireEnabled(prepared)
        try configuration.lock?.require(prepared)
        try requirePermissions(prepared, dataFolder: dataFolder)
    }

    /// - Throws: `load` if the plugin does not survive it.
    private static func probe(_ prepared: PreparedPlugin, with scanner: PluginScanner) async throws(PluginError) {
        // A file that is refused says why when it is loaded.
        guard prepared.verification.isLoadable else { return }
        guard let result = try await scanner.probe([prepared]).first, !result.hasPassed else { return }
        throw PluginError(
            .load, "\(result.reason), when it was tried in another process",
            remedy: "Report this to the plugin's author; keyway quarantine retry shows it again",
            facts: .file(path: prepared.path), plugin: prepared.manifest?.id ?? prepared.path, stage: .load)
    }

    /// Is it a limit that whoever made the host has set, and no fault of the plugin?
    private func isOfCaller(_ error: PluginError) -> Bool {
        if case .resourceLimit(_, _, _, _, let owner) = error.facts { return owner == LimitSource.call.rawValue }
        // What a plugin does that finds no memory or no descriptor is not known by its error.
        let limits = configuration.workers.callLimits
        return limits[.memory] != nil || limits[.openFiles] != nil
    }

    private func quarantine(_ prepared: PreparedPlugin, _ error: PluginError) {
        // What is lost with the program that starts workers, or cannot be had here, is no fault of the plugin's.
        let isOfMachine = [PluginError.Code.workerLost, .sandboxUnavailable].contains(error.code)
        guard let folder = configuration.stateFolder, !isOfCaller(error), !isOfMachine else { return }
        let store = QuarantineStore(stateFolder: folder, clock: configuration.clock)
        let failure = QuarantineFailure(
            code: error.code.rawValue, reason: error.what, phase: error.stage?.rawValue)
        let inputs = QuarantineInputs(digest: prepared.digest, sdk: configuration.sdk)
        let id = prepared.manifest?.id ?? prepared.path
        do throws(PluginError) {
            // Several attempts have failed: it is beyond suspicion of a first failure.
            for _ in 0..<2 {
                try store.record(failure, of: id, file: prepared.path, inputs: inputs, by: .runtime)
            }
        } catch {
            configuration.logger.error(
                "the quarantine could not be written", metadata: ["plugin": .string(id), "error": "\(error)"])
        }
    }
}
