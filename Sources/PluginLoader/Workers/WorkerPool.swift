internal import CPluginLinux
internal import CPluginWorker
internal import Logging
internal import PluginABI
internal import PluginBridge
internal import PluginCore
internal import Synchronization

/// The workers of one instance: performs what ``WorkerPoolState`` decides.
///
/// Calls do not come by here. They take a free worker by themselves (``RemoteInstance``); the pool sees to it that there are
/// workers to take.
final class WorkerPool: Sendable {
    private struct State {
        var decisions: WorkerPoolState
        var processes: [WorkerID: WorkerProcess] = [:]
        /// What new workers are made with.
        var instance: InstanceOptions
        /// Do the instances in the workers work, or are they quiesced?
        var isStarted = true
        /// What the first worker came to.
        var first: Result<Void, PluginError>?
        /// Why the latest that failed did.
        var failure: PluginError?
        var timer: Task<Void, Never>?
        var isEnded = false
    }

    let factory: WorkerFactory
    let remote: RemoteInstance
    private let monitor: Monitor<State>
    private let began = kwl_monotonic_ns()

    /// Makes the first worker's instance, and has the others made behind it.
    init(_ factory: WorkerFactory, _ instance: InstanceOptions, _ context: CallContext) throws(PluginError) {
        self.factory = factory
        let options = factory.options
        remote = try RemoteInstance(options.limits, grace: options.grace)
        let rules = options.rules
            ?? WorkerPoolRules(limits: options.limits, health: options.health, isShareable: factory.isShareable)
        monitor = Monitor(
            State(
                decisions: WorkerPoolState(plugin: factory.manifest.id, build: factory.build, rules: rules),
                instance: instance))
        handle(.tick)
        let first = monitor.wait { $0.first }
        guard case .failure(let error) = first else { return }
        end()
        throw error
    }

    // MARK: - Decisions

    private var now: Duration { .nanoseconds(kwl_monotonic_ns() - began) }

    /// Tells what happened, and does what follows from it. Any thread.
    private func handle(_ event: WorkerPoolState.Event) {
        monitor.withLock { state in
            for action in state.decisions.handle(event, at: now, random: .random(in: 0...1)) {
                perform(action, &state)
            }
        }
        monitor.signal()
    }

    /// Nothing here waits: what does is done on a thread of its own.
    private func perform(_ action: WorkerPoolState.Action, _ state: inout State) {
        switch action {
        case .spawn(let id, _): HostThreads.workers.submit { self.spawn(id) }
        case .promote(let id):
            guard let process = state.processes[id] else { return }
            HostThreads.workers.submit { self.promote(process) }
        case .drain(let id, _):
            if let process = state.processes[id] { remote.detach(process) }
        case .retire(let id, _):
            guard let process = state.processes[id] else { return }
            HostThreads.workers.submit { self.retire(process) }
        case .kill(let id, let reason):
            state.processes[id]?.kill(reason == .load ? KWW_KILL_LOAD : KWW_KILL_RETIRED)
        case .checkHealth(let id): HostThreads.workers.submit { self.checkHealth(id) }
        case .circuit(.open(let until)):
            remote.refuse(
                PluginError(
                    .unavailable, "its workers fail again and again, so that calls are refused for now",
                    retryAfter: until - now))
        case .circuit: remote.refuse(nil)
        case .giveUp:
            remote.refuse(PluginError(.unavailable, state.failure?.what ?? "its workers do not become ready"))
            if state.first == nil { state.first = .failure(state.failure ?? lost) }
        case .schedule(let time):
            let wait = time - now
            state.timer?.cancel()
            state.timer = Task { [weak self] in
                try? await Task.sleep(for: wait)
                if !Task.isCancelled { self?.handle(.tick) }
            }
        // Calls wait in the remote, and a swap is another pool's beginning.
        case .start, .reject, .lose, .swapped, .swapFailed, .drained: break
        }
    }

    private var lost: PluginError {
        PluginError(
            .workerLost, "no worker of \(factory.manifest.id) became ready", remedy: "Try it again",
            plugin: factory.manifest.id, stage: .create, retryable: true)
    }

    // MARK: - Workers

    private func spawn(_ id: WorkerID) {
        do throws(PluginError) {
            let process = try factory.make()
            let isWanted = monitor.withLock { state in
                guard !state.isEnded else { return false }
                state.processes[id] = process
                return true
            }
            guard isWanted else { return }
            process.observeEnd { [weak self] process in self?.ended(id, process) }
            try factory.await(process)
            handle(.ready(id))
        } catch {
            let process = monitor.withLock { state in
                state.failure = error
                return state.processes[id]
            }
            factory.host.log(.warning, "worker", error.message)
            settle(.failure(error))
            // One that has ended says so itself.
            if process == nil { handle(.ended(id, .unknown)) } else { handle(.failedToLoad(id)) }
        }
    }

    /// Makes the instance in a worker that has loaded the plugin, and lets calls in.
    private func promote(_ process: WorkerProcess) {
        let (instance, isStarted, isFirst) = monitor.withLock { ($0.instance, $0.isStarted, $0.first == nil) }
        do throws(PluginError) {
            try factory.makeInstance(in: process, instance, isStarted: isStarted)
            // What was handed over was handed over once.
            monitor.withLock { $0.instance.state = [] }
            guard remote.attach(process) else { throw lost }
            if isFirst { settle(.success(())) }
        } catch {
            factory.host.log(.warning, "worker", error.message)
            monitor.withLock { $0.failure = error }
            if isFirst { settle(.failure(error)) }
            process.kill(KWW_KILL_LOAD)
        }
    }

    private func settle(_ result: Result<Void, PluginError>) {
        monitor.withLock { state in if state.first == nil { state.first = result } }
        monitor.signal()
    }

    /// Ends a worker that has no calls, the plugin's own way first.
    private func retire(_ process: WorkerProcess) {
        remote.remove(process)
        factory.destroyInstance(in: process)
        process.kill(KWW_KILL_RETIRED)
    }

    private func ended(_ id: WorkerID, _ process: WorkerProcess) {
        remote.detach(process)
        // Its calls leave now; whoever frees it waits for them, and not this thread.
        HostThreads.workers.submit { self.remote.remove(process) }
        _ = monitor.withLock { $0.processes.removeValue(forKey: id) }
        handle(.ended(id, Self.end(of: process.facts)))
    }

    private static func end(of facts: kww_facts) -> WorkerEnd {
        switch facts.killed {
        case KWW_KILL_NONE: break
        case KWW_KILL_WALL, KWW_KILL_DEADLINE: return .limit(.wall)
        case KWW_KILL_CPU: return .limit(.cpu)
        case KWW_KILL_OUTPUT: return .limit(.output)
        case KWW_KILL_EVENTS: return .limit(.events)
        case KWW_KILL_PROTOCOL: return .unknown
        default: return .asked
        }
        guard facts.ended == KWW_END_EXIT else { return .unknown }
        let signal = facts.status & 0x7F
        guard signal != 0 else { return .exit(facts.status >> 8 & 0xFF) }
        return .signal(signal, address: facts.signal == signal && facts.has_address != 0 ? facts.address : nil)
    }

    private func checkHealth(_ id: WorkerID) {
        guard let process = monitor.withLock({ $0.processes[id] }) else { return }
        handle(.health(id, isWell: process.facts.ended == 0))
        if let memory = process.memory { handle(.memory(id, bytes: memory)) }
    }

    // MARK: - What the instance's owner did to all workers

    func started() { monitor.withLock { $0.isStarted = true } }

    func quiesced() { monitor.withLock { $0.isStarted = false } }

    func configured(_ configuration: JSON) { monitor.withLock { $0.instance.configuration = configuration } }

    /// Ends all workers. The instance in them is destroyed, or of no interest any more.
    func end() {
        let processes = monitor.withLock { state in
            state.isEnded = true
            state.timer?.cancel()
            defer { state.processes = [:] }
            return Array(state.processes.values)
        }
        remote.refuse(InstanceSlot.shutDown(factory.manifest.id))
        for process in processes {
            process.kill(KWW_KILL_RETIRED)
            remote.remove(process)
        }
    }

    // MARK: - For those who look

    /// The workers that live, in the order in which they were started.
    var workers: [(status: WorkerPoolState.Status, process: WorkerProcess)] {
        monitor.withLock { state in
            state.decisions.status.compactMap { status in
                state.processes[status.id].map { (status, $0) }
            }
        }
    }
}
