import PluginCore
import Testing

@Suite("A pool of workers: every phase and every event")
struct PoolTableTests {
    typealias Event = WorkerPoolState.Event
    typealias Action = WorkerPoolState.Action
    typealias Phase = WorkerPoolState.Status.Phase

    /// Where a worker is, and whether it has a call.
    enum Place: String, CaseIterable {
        case starting, spare, active, busy, draining, ending

        /// The number of the worker that is there after ``path``.
        var subject: UInt64 { self == .spare ? 2 : 1 }

        var phase: Phase {
            switch self {
            case .starting: .starting
            case .spare: .spare
            case .active, .busy: .active
            case .draining: .draining
            case .ending: .ending
            }
        }

        /// How a worker comes there: the pool has one active worker and one spare, and room for a third.
        var path: [Event] {
            switch self {
            case .starting: [.tick]
            case .active: [.tick, .ready(worker(1))]
            case .spare: Place.active.path + [.ready(worker(2))]
            case .busy: Place.active.path + [.callQueued(call(1), .normal, deadline: nil)]
            case .draining: Place.busy.path + [.memory(worker(1), bytes: 101)]
            case .ending: Place.draining.path + [.callEnded(call(1), .answered)]
            }
        }

        func events() -> [(name: String, event: Event)] {
            let id = worker(subject)
            return [
                ("ready", .ready(id)), ("failedToLoad", .failedToLoad(id)), ("ended", .ended(id, .asked)),
                ("crashed", .ended(id, .crash)), ("memory", .memory(id, bytes: 101)),
                ("used", .used(id)), ("well", .health(id, isWell: true)), ("ill", .health(id, isWell: false)),
            ]
        }
    }

    /// What each event makes of a worker in each place, and what is done. What is not here changes nothing.
    static let table: [Place: [String: (Phase?, [Action])]] = [
        .starting: [
            "ready": (.active, [.promote(worker(1))]),
            "failedToLoad": (.ending, [.retire(worker(1), .load)]),
            "ended": (nil, [.spawn(worker(3), build: "a")]),
            // Counts twice: the next is started after 100 ms.
            "crashed": (nil, []),
        ],
        .spare: [
            "ended": (nil, [.spawn(worker(3), build: "a")]), "crashed": (nil, [.spawn(worker(3), build: "a")]),
        ],
        .active: [
            "failedToLoad": (.ending, [.retire(worker(1), .load)]),
            "ended": (nil, [.spawn(worker(3), build: "a")]), "crashed": (nil, [.spawn(worker(3), build: "a")]),
            "memory": (.ending, [.retire(worker(1), .memory), .spawn(worker(3), build: "a")]),
        ],
        .busy: [
            "failedToLoad": (.ending, [.kill(worker(1), .load)]),
            "ended": (nil, [.lose(call(1), on: worker(1)), .spawn(worker(3), build: "a")]),
            "crashed": (nil, [.lose(call(1), on: worker(1)), .spawn(worker(3), build: "a")]),
            "memory": (.draining, [.drain(worker(1), .memory), .spawn(worker(3), build: "a")]),
        ],
        .draining: [
            "ended": (nil, [.lose(call(1), on: worker(1))]), "crashed": (nil, [.lose(call(1), on: worker(1))]),
        ],
        .ending: ["ended": (nil, []), "crashed": (nil, [])],
    ]

    @Test("every event in every phase does what the table says, or nothing", arguments: Place.allCases)
    func exhaustive(_ place: Place) throws {
        for (name, event) in place.events() {
            var rules = WorkerPoolRules()
            (rules.maximum, rules.softMemory) = (2, 100)
            var driver = PoolDriver(rules)
            for event in place.path { driver.send(event) }
            try #require(driver.phase(place.subject) == place.phase)
            let (phase, actions) = Self.table[place]?[name] ?? (place.phase, [])
            #expect(driver.send(event) == actions, "\(name) when \(place)")
            #expect(driver.phase(place.subject) == phase, "\(name) when \(place)")
        }
    }

    @Test("what is said of workers and calls that nobody knows does nothing")
    func strangers() {
        var driver = PoolDriver()
        driver.send(.tick)
        driver.ready(1, 2)
        let before = driver.pool.status
        for (_, event) in Place.starting.events() {
            guard case .ready = event else { continue }
            #expect(driver.send(event) == [])
        }
        for event: Event in [
            .ready(worker(9)), .failedToLoad(worker(9)), .ended(worker(9), .crash), .used(worker(9)),
            .busy(worker(9), calls: 1), .memory(worker(9), bytes: .max), .health(worker(9), isWell: false),
            .callEnded(call(9), .answered), .callEnded(call(9), .abandoned),
        ] {
            #expect(driver.send(event) == [])
        }
        #expect(driver.pool.status == before)
        #expect(driver.send(.callStarted(call(1), on: worker(9))) == [.lose(call(1), on: worker(9))])
        #expect(driver.pool.runningCalls == 0)
    }
}
