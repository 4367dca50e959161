internal import PluginCore
internal import PluginLoader

/// What a plugin's workers tell, as events of the host.
extension PluginSupervisor {
    /// A plugin in this process answers itself, or the host is gone with it.
    func lendFallback() {
        guard let plugin else { return }
        plugin.lend(plugin.loaded.tier.isolation == .inProcess ? nil : services.fallback(self))
    }

    /// Limits may have been changed since the generation that serves now was begun.
    func adoptLimits() {
        guard let plugin, let present = plugin.limits else { return }
        let limits = services.tiers.change(LimitSet(), for: plugin.loaded.manifest, named: name)
        if limits != present { _ = plugin.adopt(limits) }
    }

    nonisolated func tell(_ event: WorkerEvent) {
        let status = status
        var told = HostEvent(
            time: Clock.realtime(), kind: event.kind.event, plugin: name, generation: status.generation,
            state: status.state, version: status.version, reason: event.reason, error: nil)
        told.worker = event.worker
        told.process = event.pid
        told.resource = event.resource
        services.events.tell(told)
    }

    nonisolated func tell(_ use: Fallback.Use, by fallback: String) {
        let status = status
        let outcome = use.failure.map { "\(fallback) failed, too: \($0.what)" } ?? "\(fallback) answered"
        var told = HostEvent(
            time: Clock.realtime(), kind: .fellBack, plugin: name, generation: status.generation,
            state: status.state, version: status.version, reason: "\(use.operation): \(outcome)", error: use.cause)
        told.fallback = fallback
        services.events.tell(told)
    }
}

extension WorkerEvent.Kind {
    fileprivate var event: HostEvent.Kind {
        switch self {
        case .ready: .workerReady
        case .active: .workerActive
        case .draining: .workerDraining
        case .ended: .workerEnded
        case .failed: .workerFailed
        case .circuitOpened: .circuitOpened
        case .circuitClosed: .circuitClosed
        case .gaveUp: .workersGaveUp
        case .permissionDenied: .permissionDenied
        }
    }
}
