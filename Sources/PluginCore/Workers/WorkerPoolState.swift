/// The workers of one plugin and the calls that want them, as a value: what happens next. Does nothing itself; whoever owns it
/// performs the actions and tells what came of them.
///
/// Workers that take calls are *active*. A *spare* has loaded the plugin and waits: it takes the place of a worker that is lost
/// at once, while ``RestartLedger`` says when new processes may be started. The pool has ``wanted`` active workers: more
/// when calls wait for too long, fewer when workers have nothing to do. Times are durations since any one moment, and never
/// go back.
public struct WorkerPoolState: Sendable {
    struct Worker: Sendable {
        let id: WorkerID
        let build: String
        var phase = Status.Phase.starting
        var calls: Set<CallID> = []
        /// Calls that the pool is not told of one by one.
        var untoldCalls = 0
        var memory: Int64?
        /// When it came into its phase, or had its last call.
        var idleSince: Duration
        /// When it was last seen to be well.
        var wellAt: Duration
        /// When it was asked how it is; nil: it has answered.
        var askedAt: Duration?
        var failedChecks = 0
        /// When its time to load, or to end its calls, is over.
        var deadline: Duration?
        /// Why it is to go.
        var reason: Reason?

        var load: Int { calls.count + untoldCalls }
    }

    /// The plugin's name, for errors.
    public let plugin: String
    /// The digest of the build that new calls go to.
    public internal(set) var build: String
    /// The digest of the build that is to take its place.
    public internal(set) var nextBuild: String?
    public internal(set) var rules: WorkerPoolRules
    public internal(set) var ledger: RestartLedger
    /// So many active workers the pool is to have.
    public internal(set) var wanted: Int
    public internal(set) var isDraining = false

    var workers: [WorkerID: Worker] = [:]
    var queue: CallQueue<CallID>
    var tickets: [CallID: CallQueue<CallID>.Ticket] = [:]
    /// By calls that run: their workers.
    var running: [CallID: WorkerID] = [:]
    /// The call by which a circuit that is half open is tried.
    var trial: CallID?
    /// No process is started before.
    var spawnFrom = Duration.zero
    var lastGrowth: Duration?
    /// Since when calls wait that the pool is not told of.
    var untoldWait: Duration?
    var lastWorker: UInt64 = 0
    var scheduled: Duration?
    var isDrained = false
    var actions: [Action] = []

    /// Begins without workers: the first event has it start them.
    public init(plugin: String, build: String, rules: WorkerPoolRules = WorkerPoolRules()) {
        self.plugin = plugin
        self.build = build
        self.rules = rules.normalized
        ledger = RestartLedger(policy: rules.restart)
        queue = CallQueue(limit: rules.queue, ageing: rules.ageing)
        wanted = self.rules.minimum
    }

    /// - Parameter random: from 0 to 1, another one for each event.
    /// - Returns: what is to be done now.
    public mutating func handle(_ event: Event, at now: Duration, random: Double) -> [Action] {
        if let actions = handleQuickly(event, at: now) { return actions }
        let circuit = ledger.circuit
        let build = build
        let hadGivenUp = ledger.hasGivenUp(build: build)
        if let time = scheduled, time <= now { scheduled = nil }
        ledger.update(at: now)
        expireCalls(at: now)
        apply(event, at: now, random: random)
        upkeep(at: now, random: random)
        if ledger.circuit != circuit { actions.append(.circuit(ledger.circuit)) }
        if build == self.build, !hadGivenUp, ledger.hasGivenUp(build: build) { actions.append(.giveUp(build: build)) }
        defer { actions = [] }
        return actions
    }

    /// In the order in which they were started.
    public var status: [Status] {
        workers.values.sorted { $0.id < $1.id }.map {
            Status(id: $0.id, build: $0.build, phase: $0.phase, calls: $0.load, memory: $0.memory)
        }
    }

    /// Calls that wait.
    public var waiting: Int { queue.count }
    /// Calls that workers have.
    public var runningCalls: Int { running.count }

    private mutating func apply(_ event: Event, at now: Duration, random: Double) {
        switch event {
        case .tick: break
        case .ready(let id): ready(id, at: now)
        case .failedToLoad(let id): failedToLoad(id, at: now, random: random)
        case .ended(let id, let end): ended(id, end, at: now, random: random)
        case .memory(let id, let bytes): measured(id, bytes, at: now)
        case .health(let id, let isWell): checked(id, isWell, at: now, random: random)
        case .callQueued(let call, let priority, let deadline): enqueue(call, priority, deadline, at: now)
        case .callStarted(let call, let id): begin(call, on: id)
        case .callEnded(let call, let end): finish(call, end, at: now)
        case .busy(let id, let calls): busy(id, calls, at: now)
        case .used(let id): used(id, at: now)
        case .waiting(let since): untoldWait = since
        case .rules(let rules): adopt(rules, at: now)
        case .swap(let build): swap(to: build)
        case .drain: drainAll(at: now)
        case .retry:
            ledger.reset()
            spawnFrom = .zero
        }
    }
}
