import PluginCore

/// A pool with a clock that somebody moves.
struct PoolDriver {
    var pool: WorkerPoolState
    var now = Duration.zero
    /// When the pool wants its next tick.
    var wake: Duration?

    init(_ rules: WorkerPoolRules = WorkerPoolRules()) {
        pool = WorkerPoolState(plugin: "tools", build: "a", rules: rules)
    }

    /// - Returns: the actions, without those that ask for ticks.
    @discardableResult
    mutating func send(_ event: WorkerPoolState.Event) -> [WorkerPoolState.Action] {
        if let time = wake, time <= now { wake = nil }
        return pool.handle(event, at: now, random: 0.5).filter {
            guard case .schedule(let time) = $0 else { return true }
            wake = time
            return false
        }
    }

    /// Lets time go on, with the ticks that the pool asks for. Workers that are asked say that they are well.
    /// - Returns: the actions with their times.
    @discardableResult
    mutating func run(until end: Duration) -> [(time: Duration, action: WorkerPoolState.Action)] {
        var actions: [(Duration, WorkerPoolState.Action)] = []
        while let time = wake, time <= end {
            now = max(now, time)
            for action in send(.tick) {
                if case .checkHealth(let id) = action { send(.health(id, isWell: true)) }
                actions.append((now, action))
            }
        }
        now = end
        return actions
    }

    /// Has the workers with these numbers be ready.
    mutating func ready(_ numbers: UInt64...) {
        for number in numbers { send(.ready(worker(number))) }
    }

    @discardableResult
    mutating func queue(
        _ number: UInt64, _ priority: PluginPriority = .normal, deadline: Duration? = nil
    ) -> [WorkerPoolState.Action] {
        send(.callQueued(call(number), priority, deadline: deadline))
    }

    /// The workers that are in a phase.
    func numbers(_ phase: WorkerPoolState.Status.Phase) -> [UInt64] {
        pool.status.filter { $0.phase == phase }.map(\.id.rawValue)
    }

    func phase(_ number: UInt64) -> WorkerPoolState.Status.Phase? {
        pool.status.first { $0.id == worker(number) }?.phase
    }
}

func worker(_ number: UInt64) -> WorkerID { WorkerID(rawValue: number) }
func call(_ number: UInt64) -> CallID { CallID(rawValue: number) }

extension WorkerEnd {
    static let crash = WorkerEnd.signal(11, address: 0)
}
