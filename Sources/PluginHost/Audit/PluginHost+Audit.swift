internal import PluginCore
internal import PluginLoader

extension Auditor {
    func note(_ verdict: NetworkVerdict, of plugin: String) {
        let action: AccessRecord.Action =
            switch verdict.kind {
            case .connect: .connect
            case .listen: .listen
            case .resolve: .resolve
            }
        note(action, verdict.resource, of: plugin, isAllowed: verdict.isAllowed, verdict.reason)
    }
}

extension PluginHost {
    /// Tells of departures from profiles as events, and puts the plugins into quarantine if that is wanted.
    static func auditor(of fleet: Fleet, _ configuration: Configuration) -> Auditor {
        Auditor(configuration.audit, now: { Clock.realtime() }) { [weak fleet] record in
            guard let fleet else { return }
            let what = "\(record.action.rawValue) \(record.resource)"
            let reason = "it departs from its profile: \(what)"
            for supervisor in fleet.all where supervisor.id == record.plugin {
                let status = supervisor.status
                var event = HostEvent(
                    time: record.time, kind: .departed, plugin: supervisor.name, generation: status.generation,
                    state: status.state, version: status.version, reason: reason, error: nil)
                event.resource = what
                fleet.events.tell(event)
                guard configuration.audit.quarantinesDepartures else { continue }
                Task { await quarantine(supervisor, because: reason, configuration) }
            }
        }
    }

    private static func quarantine(
        _ supervisor: PluginSupervisor, because reason: String, _ configuration: Configuration
    ) async {
        if let folder = configuration.stateFolder {
            let store = QuarantineStore(stateFolder: folder, clock: configuration.clock)
            let id = supervisor.id
            do throws(PluginError) {
                _ = try await HostThread.run("quarantine.add", of: id, CallContext()) { () throws(PluginError) in
                    try store.add(id, reason: reason, for: nil)
                }
            } catch {
                configuration.logger.error("\(id) cannot be put into quarantine for good: \(error.what)")
            }
        }
        await supervisor.stop(reason, quarantined: true)
    }
}
