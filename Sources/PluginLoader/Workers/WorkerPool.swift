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
    struct State {
        var decisions: WorkerPoolState
        var processes: [WorkerID: WorkerProcess] = [:]
        /// Those that are to be killed, and why, before there is a process.
        var doomed: [WorkerID: UInt32] = [:]
        /// What new workers are made with.
        var instance: InstanceOptions
        /// Do the instances in the workers work, or are they quiesced?
        var isStarted = true
        /// What the first worker came to.
        var first: Result<Void, PluginError>?
        /// Why calls are refused, as calls know it.
        var refusal: CallRefusal?
        /// How the plugin broke that is to be disabled then.
        var breach: String?
        /// Calls that the decisions have let in, with their workers.
        var started: [CallID: WorkerID] = [:]
        var lastCall: UInt64 = 0
        /// Why the latest that failed did.
        var failure: PluginError?
        var timer: Task<Void, Never>?
        /// When the decisions want to be asked next.
        var due: Duration?
        /// Calls that each worker had when it was last looked at.
        var seen: [WorkerID: UInt64] = [:]
        /// Since when calls wait.
        var waitingSince: Duration?
        /// Workers that took another's place.
        var restarts = 0
        /// How often workers were replaced because of other limits.
        var renewals = 0
        var isLookingAtDisk = false
        var isEnded = false
    }

    /// How often workers are looked at while calls are made.
    static let sampling = Duration.seconds(5)

    let factory: WorkerFactory
    let remote: RemoteInstance
    let watch: WorkerWatch
    let monitor: Monitor<State>
    /// What the plugin has on disk; nil: it writes nothing.
    let disk: DiskAccount?
    /// Time since the pool was made.
    private let clock: @Sendable () -> Duration

    /// Makes the first worker's instance, and has the others made behind it.
    init(_ factory: WorkerFactory, _ instance: InstanceOptions, _ context: CallContext) throws(PluginError) {
        self.factory = factory
        let options = factory.options
        clock = Self.stopwatch(options.clock)
        watch = WorkerWatch(build: factory.build, host: factory.host, clock: clock)
        remote = try RemoteInstance(options, watch: watch, host: factory.host, interfaces: factory.interfaces)
        let rules = Self.rules(factory)
        disk = DiskAccount(options, dataFolder: instance.dataFolder)
        monitor = Monitor(
            State(
                decisions: WorkerPoolState(plugin: factory.manifest.id, build: factory.build, rules: rules),
                instance: instance))
        watch.observe(
            WorkerWatch.Observer(
                waitingChanged: { [weak self] in self?.waitingChanged() },
                isJudging: { [weak remote] isJudging in remote?.setJudging(isJudging) }))
        // The first is wanted before there is a call, also where the others are not.
        handle(rules.minimum == 0 ? .waiting(since: .zero) : .tick)
        let first = monitor.wait { $0.first }
        if rules.minimum == 0 { handle(.waiting(since: nil)) }
        guard case .failure(let error) = first else { return }
        end()
        throw error
    }

    static func rules(_ factory: WorkerFactory) -> WorkerPoolRules {
        let options = factory.options
        return options.rules
            ?? WorkerPoolRules(
                limits: options.limits, health: options.health, recovery: options.recovery,
                isShareable: factory.isShareable)
    }

    // MARK: - Decisions

    var now: Duration { clock() }

    private static func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let began = clock.now
        return { began.duration(to: clock.now) }
    }

    /// Tells what happened, and does what follows from it. Any thread.
    func handle(_ event: WorkerPoolState.Event) {
        change { state in advance(event, &state) }
    }

    /// Changes the state, and tells of it when the lock is free.
    func change(_ body: (inout State) -> [WorkerEvent]) {
        let told = monitor.withLock { state -> [WorkerEvent] in
            guard !state.isEnded else { return [] }
            let told = body(&state)
            passOnRefusal(&state)
            return told
        }
        monitor.signal()
        for event in told { factory.options.observer(event) }
    }

    func advance(_ event: WorkerPoolState.Event, _ state: inout State) -> [WorkerEvent] {
        var told: [WorkerEvent] = []
        if let due = state.due, due <= now { state.due = nil }
        let looks = look(&state)
        let isLively = looks.contains { look in
            switch look {
            case .used: true
            case .busy(_, let calls): calls > 0 && watchesDisk
            default: false
            }
        }
        if isLively { lookAtDisk(&state) }
        defer { setTimer(&state, isLively: isLively) }
        for seen in looks + [event] {
            for action in state.decisions.handle(seen, at: now, random: .random(in: 0...1)) {
                if let event = perform(action, &state) { told.append(event) }
            }
        }
        return told
    }

    /// What calls have done since this was last asked: they do not come by here.
    private func look(_ state: inout State) -> [WorkerPoolState.Event] {
        var events: [WorkerPoolState.Event] = []
        for (id, process) in state.processes {
            let facts = process.facts
            events.append(.busy(id, calls: Int(facts.busy)))
            guard state.seen.updateValue(facts.calls, forKey: id) != facts.calls else { continue }
            events.append(.used(id))
            if let memory = process.memory { events.append(.memory(id, bytes: memory)) }
        }
        let isWaiting = remote.waiting > 0
        if isWaiting != (state.waitingSince != nil) {
            state.waitingSince = isWaiting ? now : nil
            events.append(.waiting(since: state.waitingSince))
        }
        return events
    }

    /// The first call waits, or none does any more. On that call's thread, which does not wait for more than this.
    private func waitingChanged() { HostThreads.workers.submit { self.handle(.tick) } }

    /// Nothing here waits: what does is done on a thread of its own.
    private func perform(_ action: WorkerPoolState.Action, _ state: inout State) -> WorkerEvent? {
        func event(_ kind: WorkerEvent.Kind, _ id: WorkerID?, _ reason: String? = nil) -> WorkerEvent {
            WorkerEvent(kind: kind, worker: id, pid: id.flatMap { state.processes[$0]?.pid } ?? 0, reason: reason)
        }
        switch action {
        case .spawn(let id, _): HostThreads.workers.submit { self.spawn(id) }
        case .promote(let id):
            guard let process = state.processes[id] else { return nil }
            HostThreads.workers.submit { self.promote(id, process) }
        case .drain(let id, let reason):
            if let process = state.processes[id] { remote.detach(process) }
            return event(.draining, id, reason.rawValue)
        case .retire(let id, let reason):
            guard let process = state.processes[id] else { return nil }
            HostThreads.workers.submit { self.retire(process) }
            return event(.draining, id, reason.rawValue)
        case .kill(let id, let reason):
            let why = reason == .load ? KWW_KILL_LOAD : KWW_KILL_RETIRED
            if let process = state.processes[id] { process.kill(why) } else { state.doomed[id] = why }
            return event(.draining, id, reason.rawValue)
        case .checkHealth(let id): HostThreads.workers.submit { self.checkHealth(id) }
        case .circuit(.open(let until)):
            return event(.circuitOpened, nil, CallRefusal.circuitOpen(for: until - now).reason)
        case .circuit(.closed): return event(.circuitClosed, nil)
        case .giveUp:
            let why = state.failure?.what ?? "its workers do not become ready"
            if state.first == nil { state.first = .failure(state.failure ?? lost) }
            return event(.gaveUp, nil, why)
        case .start(let call, let id): state.started[call] = id
        case .schedule(let time): state.due = time
        // Calls wait in the remote, those that are tried do not, and a swap is another pool's beginning.
        case .circuit(.halfOpen), .reject, .lose, .swapped, .swapFailed, .drained: break
        }
        return nil
    }

    /// - Parameter isLively: whether calls were made: then workers are looked at even if nothing is due.
    private func setTimer(_ state: inout State, isLively: Bool) {
        state.timer?.cancel()
        let sampling = watchesDisk ? Self.diskSampling : Self.sampling
        let times = [state.due, isLively ? now + sampling : nil].compactMap(\.self)
        guard let time = times.min() else { return }
        let wait = max(.zero, time - now)
        let clock = factory.options.clock
        state.timer = Task { [weak self] in
            try? await clock.sleep(for: wait)
            if !Task.isCancelled { self?.handle(.tick) }
        }
    }

    func tell(_ kind: WorkerEvent.Kind, _ id: WorkerID, _ process: WorkerProcess?, _ reason: String? = nil) {
        factory.options.observer(WorkerEvent(kind: kind, worker: id, pid: process?.pid ?? 0, reason: reason))
    }

    var lost: PluginError {
        PluginError(
            .workerLost, "no worker of \(factory.manifest.id) became ready", remedy: "Try it again",
            plugin: factory.manifest.id, stage: .create, retryable: true)
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
            state.timer = nil
            defer { state.processes = [:] }
            return Array(state.processes.values)
        }
        remote.refuse(InstanceSlot.shutDown(factory.manifest.id))
        for process in processes {
            process.kill(KWW_KILL_RETIRED)
            remote.remove(process)
        }
    }
}
