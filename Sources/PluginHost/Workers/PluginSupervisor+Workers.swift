internal import PluginCore
internal import PluginLoader

/// What a plugin's workers tell, as events of the host.
extension PluginSupervisor {
    nonisolated func tell(_ event: WorkerEvent) {
        let status = status
        var told = HostEvent(
            time: Clock.realtime(), kind: event.kind.event, plugin: name, generation: status.generation,
            state: status.state, version: status.version, reason: event.reason, error: nil)
        told.worker = event.worker
        told.process = event.pid
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
        }
    }
}
