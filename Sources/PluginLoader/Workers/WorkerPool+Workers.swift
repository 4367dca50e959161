internal import CPluginWorker
internal import Glibc
internal import Logging
internal import PluginCore

/// What becomes of one worker after the other. All of it waits, and runs on a thread of its own.
extension WorkerPool {
    func spawn(_ id: WorkerID) {
        var made: WorkerProcess?
        do throws(PluginError) {
            let (process, limits) = try factory.make()
            made = process
            process.serve(by: remote)
            let (isWanted, doom) = monitor.withLock { state -> (Bool, UInt32?) in
                guard !state.isEnded else { return (false, nil) }
                state.processes[id] = process
                return (true, state.doomed.removeValue(forKey: id))
            }
            guard isWanted else { return }
            process.observeEnd { [weak self] process in self?.ended(id, process) }
            if let doom { process.kill(doom) }
            try factory.await(process)
            // Who changed them meanwhile did not find a process to change.
            catchUp([process], since: limits)
            tell(.ready, id, process)
            handle(.ready(id))
        } catch {
            failed(id, made, error)
            guard made == nil else { return handle(.failedToLoad(id)) }
            monitor.withLock { $0.doomed[id] = nil }
            handle(.ended(id, .unknown))
        }
    }

    /// Makes the instance in a worker that has loaded the plugin, and lets calls in.
    func promote(_ id: WorkerID, _ process: WorkerProcess) {
        let (instance, isStarted) = monitor.withLock { ($0.instance, $0.isStarted) }
        do throws(PluginError) {
            try factory.makeInstance(in: process, instance, isStarted: isStarted)
            monitor.withLock { state in
                // What was handed over was handed over once.
                state.instance.state = []
                if state.first != nil { state.restarts += 1 }
            }
            // Counted by then: the next answer is its own.
            guard remote.attach(process) else { throw lost }
            settle(.success(()))
            tell(.active, id, process)
        } catch {
            failed(id, process, error)
            handle(.failedToLoad(id))
        }
    }

    /// It is of no use. What ends with the pool, or is not needed any more, has not failed.
    private func failed(_ id: WorkerID, _ process: WorkerProcess?, _ error: PluginError) {
        let isRetired = process?.facts.killed == KWW_KILL_RETIRED
        let isEnded = monitor.withLock { state in
            if !isRetired { state.failure = error }
            return state.isEnded
        }
        settle(.failure(error))
        guard !isEnded, !isRetired else { return }
        factory.host.log(.warning, "worker", error.message)
        tell(.failed, id, process, error.what)
    }

    private func settle(_ result: Result<Void, PluginError>) {
        monitor.withLock { state in if state.first == nil { state.first = result } }
        monitor.signal()
    }

    /// Ends a worker that has no calls, the plugin's own way first.
    func retire(_ process: WorkerProcess) {
        remote.remove(process)
        factory.destroyInstance(in: process)
        process.kill(KWW_KILL_RETIRED)
    }

    func ended(_ id: WorkerID, _ process: WorkerProcess) {
        remote.detach(process)
        // Its calls leave now; whoever frees it waits for them, and not this thread.
        HostThreads.workers.submit { self.remote.remove(process) }
        let end = Self.end(of: process.facts)
        tell(.ended, id, process, Self.reason(of: process.facts) ?? end.reason)
        if factory.options.recovery == .disable, end.isFailure { disable(end.reason ?? "unknown") }
        handle(.ended(id, end))
        monitor.withLock { state in
            state.processes[id] = nil
            state.seen[id] = nil
        }
    }

    /// What ``WorkerEnd`` does not tell apart.
    private static func reason(of facts: kww_facts) -> String? {
        if facts.ended == KWW_END_ZYGOTE { return "the program that starts workers is gone" }
        return facts.killed == KWW_KILL_PROTOCOL ? "it broke the protocol" : nil
    }

    private static func end(of facts: kww_facts) -> WorkerEnd {
        switch facts.killed {
        case KWW_KILL_NONE: break
        case KWW_KILL_WALL, KWW_KILL_DEADLINE: return .limit(.wall)
        case KWW_KILL_CPU: return .limit(.cpu)
        case KWW_KILL_OUTPUT: return .limit(.output)
        case KWW_KILL_EVENTS: return .limit(.events)
        case KWW_KILL_DISK: return .limit(.disk)
        case KWW_KILL_PROTOCOL: return .unknown
        default: return .asked
        }
        // No fault of this plugin's, as far as anybody can know.
        guard facts.ended != KWW_END_ZYGOTE else { return .asked }
        guard facts.ended == KWW_END_EXIT else { return .unknown }
        let signal = facts.status & 0x7F
        guard signal != 0 else { return .exit(facts.status >> 8 & 0xFF) }
        if facts.lacked_memory != 0, signal == SIGKILL { return .limit(.memory) }
        return .signal(signal, address: facts.signal == signal && facts.has_address != 0 ? facts.address : nil)
    }

    /// Asks the plugin, unless all its lanes are taken: then it is not idle, and nobody has to ask.
    func checkHealth(_ id: WorkerID) {
        guard let process = monitor.withLock({ $0.processes[id] }) else { return }
        let state = try? remote.preferring(process) { () throws(PluginError) in try factory.health(of: remote) }
        handle(.health(id, isWell: state != nil && state != .critical && process.facts.ended == 0))
    }

    // MARK: - For those who look

    /// The workers that live, in the order in which they were started.
    var workers: [WorkerStatus] {
        monitor.withLock { state in
            state.decisions.status.compactMap { status in
                guard let process = state.processes[status.id] else { return nil }
                let facts = process.facts
                return WorkerStatus(
                    id: status.id, pid: facts.pid, phase: status.phase, busy: Int(facts.busy), calls: facts.calls,
                    memory: process.memory, processorTime: process.processorTime)
            }
        }
    }

    /// What the plugin is kept from, as the workers that live have said.
    var sandbox: SandboxReport? {
        guard let policy = factory.options.sandbox else {
            return SandboxReport.none(because: "its workers have the rights of the host's user")
        }
        let limits = factory.options.limits
        return monitor.withLock { state in
            state.processes.values.lazy.compactMap { $0.sandboxReport(policy, limits) }.first
        }
    }

    /// Workers that took another's place, or came to help.
    var restarts: Int { monitor.withLock { $0.restarts } }
}

extension WorkerEnd {
    /// For events: "SIGSEGV", "status 3", "the limit wall".
    fileprivate var reason: String? {
        switch self {
        case .asked: nil
        case .limit(let kind): "the limit \(kind.rawValue)"
        case .signal(let number, _): SignalName.of(number)
        case .exit(let status): "status \(status)"
        case .unknown: "unknown"
        }
    }
}
