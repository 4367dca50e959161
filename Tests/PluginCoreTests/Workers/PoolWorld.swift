import PluginCore
import Testing

/// The world around a pool: processes and calls, as the pool's actions make them. Whatever breaks a promise is an issue.
struct PoolWorld {
    typealias Action = WorkerPoolState.Action

    struct Process {
        let build: String
        var isReady = false
        var isPromoted = false
        var isLeaving = false
        var calls: Set<CallID> = []
        /// Calls that the pool is told of by their number only.
        var untold = 0
    }

    struct Waiting {
        let arrival: Duration
        let key: Duration
        let deadline: Duration?
    }

    var pool: WorkerPoolState
    var now = Duration.zero
    var wake: Duration?
    var random: SeededRandom
    var processes: [WorkerID: Process] = [:]
    var waiting: [CallID: Waiting] = [:]
    var running: [CallID: WorkerID] = [:]
    var lastCall: UInt64 = 0
    var asked: Set<WorkerID> = []
    /// How often each kind of thing happened, so that a walk that does nothing is no success.
    var seen: [String: Int] = [:]
    var lastFailure = Duration.zero
    var drained = 0

    init(seed: UInt64, rules: WorkerPoolRules) {
        random = SeededRandom(seed)
        pool = WorkerPoolState(plugin: "tools", build: "0", rules: rules)
    }

    mutating func send(_ event: WorkerPoolState.Event) {
        if let time = wake, time <= now { wake = nil }
        switch event {
        case .callQueued(let call, let priority, let deadline):
            let rank = PluginPriority.allCases.firstIndex(of: priority) ?? 0
            waiting[call] = Waiting(arrival: now, key: now + .seconds(rank), deadline: deadline)
        case .callEnded(let call, _):
            waiting[call] = nil
            if let id = running.removeValue(forKey: call) { processes[id]?.calls.remove(call) }
        case .ended(let id, let end):
            guard processes[id] != nil else { return }
            if end != .asked { lastFailure = now }
        case .failedToLoad: lastFailure = now
        default: break
        }
        // What a process has when it ends is lost by actions, which come with the event.
        var dying: Process?
        if case .ended(let id, _) = event { dying = processes.removeValue(forKey: id) }
        for action in pool.handle(event, at: now, random: Double.random(in: 0...1, using: &random)) {
            perform(action, &dying)
        }
        #expect(dying?.calls.isEmpty ?? true, "calls of a dead worker are forgotten")
        check()
    }

    private mutating func count(_ name: String) { seen[name, default: 0] += 1 }

    private mutating func perform(_ action: Action, _ dying: inout Process?) {
        switch action {
        case .spawn(let id, let build):
            #expect(processes[id] == nil)
            processes[id] = Process(build: build)
            #expect(processes.count <= pool.rules.processes || seen["rules"] != nil)
            count("spawn")
        case .promote(let id):
            #expect(processes[id]?.isReady == true && processes[id]?.isPromoted == false)
            #expect(processes[id]?.isLeaving == false && processes[id]?.build == pool.build)
            processes[id]?.isPromoted = true
            count("promote")
        case .drain(let id, _):
            #expect(processes[id].map { !$0.isLeaving && $0.calls.count + $0.untold > 0 } == true)
            processes[id]?.isLeaving = true
            count("drain")
        case .retire(let id, let reason):
            #expect(processes[id].map { $0.calls.isEmpty && $0.untold == 0 } == true, "retired with calls: \(reason)")
            processes[id]?.isLeaving = true
            count("retire \(reason)")
        case .kill(let id, let reason):
            #expect(processes[id] != nil)
            processes[id]?.isLeaving = true
            if reason == .health || reason == .load { lastFailure = now }
            count("kill \(reason)")
        case .checkHealth(let id):
            #expect(processes[id]?.isPromoted == true && processes[id]?.isLeaving == false)
            asked.insert(id)
            count("check")
        case .start(let call, let id):
            start(call, on: id)
            count("start")
        case .reject(let call, let error):
            #expect(waiting.removeValue(forKey: call) != nil, "refused, though it does not wait")
            #expect(error.plugin == "tools")
            count("reject \(error.code)")
        case .lose(let call, let id):
            #expect(running.removeValue(forKey: call) == id)
            dying?.calls.remove(call)
            count("lose")
        case .circuit(let circuit):
            #expect(pool.ledger.circuit == circuit)
            count("circuit")
        case .giveUp: count("giveUp")
        case .swapped(let build):
            #expect(pool.build == build)
            count("swapped")
        case .swapFailed: count("swapFailed")
        case .drained:
            #expect(processes.isEmpty && waiting.isEmpty && running.isEmpty)
            drained += 1
        case .schedule(let time):
            #expect(time > now, "a tick for the past")
            wake = time
        }
    }

    private mutating func start(_ call: CallID, on id: WorkerID) {
        guard let wish = waiting.removeValue(forKey: call) else {
            Issue.record("started, though it does not wait")
            return
        }
        #expect(wish.deadline.map { $0 > now } ?? true, "started after its time")
        let isNext = waiting.allSatisfy { other, it in
            (wish.key, call) < (it.key, other) || (it.deadline.map { $0 <= now } ?? false)
        }
        #expect(isNext, "another call's turn")
        #expect(processes[id]?.isPromoted == true && processes[id]?.isLeaving == false)
        processes[id]?.calls.insert(call)
        running[call] = id
        #expect(processes[id].map { $0.calls.count + $0.untold <= pool.rules.lanes } == true)
        #expect(running.count <= pool.rules.concurrency ?? .max)
    }

    /// What holds after every event.
    private func check() {
        let rules = pool.rules
        let status = pool.status
        #expect(pool.waiting == waiting.count && pool.runningCalls == running.count)
        #expect(Set(status.map(\.id)) == Set(processes.keys))
        for worker in status {
            let process = processes[worker.id]
            #expect(process.map { $0.calls.count + $0.untold } == worker.calls)
            #expect((worker.phase == .active) == (process?.isPromoted == true && process?.isLeaving == false))
        }
        let active = status.filter { $0.phase == .active }
        #expect(active.count <= rules.maximum)
        if !rules.isShareable { #expect(status.count <= 1) }
        #expect(waiting.values.allSatisfy { $0.deadline.map { $0 > now } ?? true }, "a call waits after its time")

        let ledger = pool.ledger
        let isOpen = ledger.circuit == .closed
        if isOpen, !waiting.isEmpty, running.count < rules.concurrency ?? .max {
            #expect(active.allSatisfy { $0.calls >= rules.lanes }, "a call waits beside a free lane")
        }
        // The longest delay after a failure is 36 s.
        let isHealthy = isOpen && !ledger.hasGivenUp(build: pool.build) && lastFailure + .seconds(36) < now
        let hasRoom = processes.count < rules.processes && (rules.isShareable || pool.nextBuild == nil)
        if isHealthy, hasRoom, !pool.isDraining {
            let serving = status.count { [.active, .spare, .starting].contains($0.phase) }
            #expect(serving >= rules.minimum, "fewer workers than the least number")
        }
        let isMoving =
            wake != nil || !running.isEmpty
            || processes.values.contains { !$0.isReady || $0.isLeaving || $0.untold > 0 }
        #expect(waiting.isEmpty || isMoving, "a call waits for nothing")
    }

    // MARK: - What happens by chance

    mutating func step(trouble: Int) {
        advance(by: .milliseconds(random.next(below: random.next(below: 40) == 0 ? 90_000 : 60)))
        let id = processes.keys.sorted().randomElement(using: &random) ?? WorkerID(rawValue: 0)
        let call = running.keys.sorted().randomElement(using: &random)
        switch random.next(below: 100) {
        case 0..<40:
            lastCall += 1
            let priority = PluginPriority.allCases[random.next(below: 5)]
            let isUrgent = random.next(below: 2) == 0
            let deadline = isUrgent ? now + .milliseconds(random.next(below: 4000)) : nil
            send(.callQueued(CallID(rawValue: lastCall), priority, deadline: deadline))
        case 40..<70: if let call { send(.callEnded(call, random.next(below: 9) == 0 ? .abandoned : .answered)) }
        case 70:
            let call = waiting.keys.sorted().randomElement(using: &random)
            if let call { send(.callEnded(call, .abandoned)) }
        case 71..<85: live(id)
        case 85..<90:
            if let id = asked.sorted().first {
                asked.remove(id)
                send(.health(id, isWell: random.next(below: 100) >= trouble))
            }
        case 90..<93: send(.memory(id, bytes: Int64(random.next(below: 120))))
        case 93: if random.next(below: 20) == 0 { send(.swap(build: String(random.next(below: 50)))) }
        case 94: if random.next(below: 8) == 0 { send(.retry) }
        case 95: send(.tick)
        case 96:
            if random.next(below: 2) == 0 {
                send(.waiting(since: random.next(below: 2) == 0 ? now : nil))
            } else if processes[id] != nil {
                send(.used(id))
                setUntold(id, max(0, random.next(below: 6) - 3))
            }
        default: if random.next(below: 100) < trouble { die(id) }
        }
    }

    /// A process that comes is ready, or cannot; one that is to go, goes.
    private mutating func live(_ id: WorkerID) {
        guard let process = processes[id] else { return }
        if process.isLeaving {
            if process.untold > 0 { setUntold(id, 0) }
            if process.calls.isEmpty { send(.ended(id, .asked)) }
        } else if !process.isReady {
            if random.next(below: 60) == 0 {
                send(.failedToLoad(id))
            } else {
                processes[id]?.isReady = true
                send(.ready(id))
            }
        }
    }

    private mutating func setUntold(_ id: WorkerID, _ calls: Int) {
        // Only a worker that takes calls can get more of them.
        guard let process = processes[id], calls <= process.untold || process.isPromoted && !process.isLeaving
        else { return }
        processes[id]?.untold = calls
        send(.busy(id, calls: calls))
    }

    private mutating func die(_ id: WorkerID) {
        guard processes[id] != nil else { return }
        count("death")
        send(.ended(id, random.next(below: 4) == 0 ? .asked : .crash))
    }

    /// Time goes on, with the ticks that were asked for.
    mutating func advance(by duration: Duration) {
        let end = now + duration
        var ticks = 0
        while let time = wake, time <= end, ticks < 10_000 {
            now = max(now, time)
            send(.tick)
            ticks += 1
        }
        #expect(ticks < 10_000, "ticks without end")
        now = end
    }

    mutating func changeRules() {
        var rules = pool.rules
        rules.maximum = 1 + random.next(below: 6)
        rules.minimum = random.next(below: 3)
        rules.spares = random.next(below: 3)
        rules.lanes = 1 + random.next(below: 4)
        count("rules")
        send(.rules(rules))
    }

    /// Without trouble every call is made or refused, and then everything comes to its end.
    mutating func finish() {
        for _ in 0..<200 where !waiting.isEmpty {
            for call in running.keys.sorted() { send(.callEnded(call, .answered)) }
            for id in processes.keys.sorted() {
                setUntold(id, 0)
                if processes[id]?.isLeaving == true {
                    send(.ended(id, .asked))
                } else if processes[id]?.isReady == false {
                    processes[id]?.isReady = true
                    send(.ready(id))
                }
            }
            advance(by: .seconds(1))
        }
        #expect(waiting.isEmpty, "a call waits for ever")
        send(.drain)
        for call in running.keys.sorted() { send(.callEnded(call, .answered)) }
        for id in processes.keys.sorted() { send(.ended(id, .asked)) }
        advance(by: .seconds(3600))
        #expect(drained == 1 && waiting.isEmpty && running.isEmpty && pool.status.isEmpty)
    }
}
