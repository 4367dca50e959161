import PluginCore
import Testing

@Suite("A pool of workers: failures, swaps and the end")
struct PoolFailureTests {
    private func driver(_ change: (inout WorkerPoolRules) -> Void = { _ in }) -> PoolDriver {
        var rules = WorkerPoolRules()
        rules.lanes = 1
        change(&rules)
        var driver = PoolDriver(rules)
        driver.send(.tick)
        return driver
    }

    private func rejections(_ actions: [WorkerPoolState.Action]) -> [(call: CallID, error: PluginError)] {
        actions.compactMap { if case .reject(let call, let error) = $0 { (call, error) } else { nil } }
    }

    @Test("a spare takes the place of a lost worker at once, and the calls that wait")
    func spare() {
        var driver = driver()
        driver.ready(1, 2)
        driver.queue(1)
        driver.queue(2)
        #expect(
            driver.send(.ended(worker(1), .crash)) == [
                .lose(call(1), on: worker(1)), .promote(worker(2)), .start(call(2), on: worker(2)),
                .spawn(worker(3), build: "a"),
            ])
    }

    @Test("a worker that the host ended itself is no failure of the plugin")
    func asked() {
        var driver = driver()
        driver.ready(1, 2)
        driver.send(.ended(worker(1), .asked))
        #expect(driver.pool.ledger.failures == 0)
        driver.send(.ended(worker(2), .limit(.memory)))
        #expect(driver.pool.ledger.failures == 1)
    }

    @Test("in a crash loop processes are started at once, then after 100, 200 and 400 ms, until the circuit opens")
    func crashLoop() {
        var driver = driver { ($0.maximum, $0.spares, $0.restart.openFor) = (1, 0, .seconds(20)) }
        var starts: [Duration] = []
        var last: UInt64 = 1
        for _ in 0..<5 {
            driver.ready(last)
            var actions = driver.send(.ended(worker(last), .crash))
            while !actions.contains(.spawn(worker(last + 1), build: "a")), let wake = driver.wake {
                driver.now = wake
                actions = driver.send(.tick)
            }
            last += 1
            starts.append(driver.now)
        }
        #expect(starts == [0, 100, 300, 700, 20_700].map { .milliseconds($0) })
    }

    @Test(
        "an open circuit refuses calls with the time to wait; half open it tries one and refuses others, until its answer closes it"
    )
    func circuit() {
        var driver = driver { ($0.maximum, $0.restart.failures) = (1, 2) }
        driver.ready(1, 2)
        driver.queue(1)
        driver.queue(2)
        driver.send(.ended(worker(1), .crash))
        driver.ready(3)
        driver.queue(3)
        driver.now = .seconds(1)
        // The spare is there, but the circuit opens: nobody gets it.
        let actions = driver.send(.ended(worker(2), .crash))
        #expect(actions.contains(.circuit(.open(until: .seconds(31)))))
        #expect(rejections(actions).map(\.call) == [call(3)])
        driver.now = .seconds(2)
        let refused = rejections(driver.queue(4))
        #expect(refused.map(\.error.code) == [.unavailable] && refused.first?.error.retryAfter == .seconds(29))
        #expect(driver.pool.waiting == 0)

        #expect(driver.run(until: .seconds(31)).map(\.action).contains(.circuit(.halfOpen)))
        #expect(driver.queue(5) == [.start(call(5), on: worker(3))])
        #expect(rejections(driver.queue(6)).map(\.error.code) == [.unavailable])
        let closed = driver.send(.callEnded(call(5), .answered))
        #expect(closed.contains(.circuit(.closed)))
        #expect(driver.queue(7) == [.start(call(7), on: worker(3))])
        #expect(driver.numbers(.starting) == [4])
    }

    @Test(
        "a tried call that kills its worker opens the circuit again, for longer; one that is given up has the next be tried"
    )
    func trial() {
        var driver = driver { ($0.maximum, $0.restart.failures, $0.lanes) = (1, 1, 4) }
        driver.ready(1, 2)
        driver.send(.ended(worker(1), .crash))
        driver.run(until: .seconds(30))
        #expect(driver.queue(1) == [.start(call(1), on: worker(2))])
        #expect(rejections(driver.queue(2)).map(\.call) == [call(2)])
        #expect(driver.send(.callEnded(call(1), .abandoned)) == [])
        #expect(driver.queue(3) == [.start(call(3), on: worker(2))])
        #expect(rejections(driver.queue(4)).map(\.call) == [call(4)])
        let actions = driver.send(.ended(worker(2), .crash))
        #expect(actions.contains(.lose(call(3), on: worker(2))))
        #expect(actions.contains(.circuit(.open(until: .seconds(90)))))
        #expect(driver.run(until: .seconds(90)).map(\.action).contains(.spawn(worker(3), build: "a")))
        #expect(driver.numbers(.starting) == [3])
    }

    /// A circuit in each of its states, and what an event makes of it.
    enum Trial: String, CaseIterable {
        case open, halfOpen, tried

        var refusal: CallRefusal.Cause? { self == .open ? .circuitOpen : .circuitHalfOpen }
    }

    @Test(
        "in each state of the circuit every event lets in, refuses, closes or opens as the table says",
        arguments: Trial.allCases)
    func circuitTable(_ state: Trial) {
        typealias Row = (name: String, event: WorkerPoolState.Event, starts: Bool, after: RestartLedger.Circuit)
        // Of the first half minute: 10 s, then from 31 s on.
        let open = RestartLedger.Circuit.open(until: .seconds(30))
        let again = RestartLedger.Circuit.open(until: .seconds(91))
        let rows: [Row] = [
            (
                "a call", .callQueued(call(9), .critical, deadline: nil), state == .halfOpen,
                state == .open ? open : .halfOpen
            ),
            (
                "the tried call's answer", .callEnded(call(1), .answered), false,
                state == .open ? open : state == .tried ? .closed : .halfOpen
            ),
            ("the tried call given up", .callEnded(call(1), .abandoned), false, state == .open ? open : .halfOpen),
            ("another call's answer", .callEnded(call(8), .answered), false, state == .open ? open : .halfOpen),
            ("work elsewhere", .used(worker(2)), false, state == .open ? open : .halfOpen),
            ("health", .health(worker(2), isWell: true), false, state == .open ? open : .halfOpen),
            ("a crash", .ended(worker(2), .crash), false, state == .open ? open : again),
            ("an end that was asked for", .ended(worker(2), .asked), false, state == .open ? open : .halfOpen),
            ("a wish", .retry, false, .closed), ("time", .tick, false, state == .open ? open : .halfOpen),
        ]
        for row in rows {
            var driver = driver { ($0.maximum, $0.restart.failures, $0.lanes) = (1, 1, 4) }
            driver.ready(1, 2)
            driver.send(.callStarted(call(8), on: worker(2)))
            driver.send(.ended(worker(1), .crash))
            driver.run(until: .seconds(state == .open ? 10 : 31))
            if state == .tried { driver.queue(1) }
            #expect(driver.pool.refusal(at: driver.now)?.cause == state.refusal, "\(row.name)")
            let actions = driver.send(row.event)
            #expect(
                actions.contains { if case .start = $0 { true } else { false } } == row.starts,
                "\(row.name) when \(state)")
            #expect(driver.pool.ledger.circuit == row.after, "\(row.name) when \(state)")
            #expect((driver.pool.refusal(at: driver.now) == nil) == (row.after == .closed), "\(row.name) when \(state)")
        }
    }

    @Test("a build that fails to load is tried three times more, then calls are refused for good until somebody asks")
    func givingUp() {
        var driver = driver { ($0.maximum, $0.spares) = (1, 0) }
        driver.queue(1, deadline: .seconds(9000))
        var actions: [WorkerPoolState.Action] = []
        for number: UInt64 in 1...4 {
            actions = driver.send(.failedToLoad(worker(number)))
            #expect(actions.contains(.retire(worker(number), .load)))
            actions += driver.send(.ended(worker(number), .exit(1)))
            guard number < 4 else { break }
            while driver.numbers(.starting).isEmpty, let wake = driver.wake {
                driver.now = wake
                actions += driver.send(.tick)
            }
            // The call is refused when the circuit opens.
            #expect(driver.numbers(.starting) == [number + 1])
        }
        #expect(actions.contains(.giveUp(build: "a")))
        driver.now += .seconds(10_000)
        driver.send(.tick)
        #expect(driver.numbers(.starting).isEmpty)
        let error = rejections(driver.queue(2)).first?.error
        #expect(error?.code == .unavailable && error?.retryable == false && error?.retryAfter == nil)
        #expect(driver.send(.retry).contains(.spawn(worker(5), build: "a")))
        #expect(driver.queue(3) == [])
    }

    @Test("a worker that is not ready in half a minute is killed, and counts as one that failed to load")
    func loadTimeout() {
        var driver = driver { ($0.maximum, $0.spares) = (1, 0) }
        let actions = driver.run(until: .seconds(30))
        #expect(actions.map(\.action) == [.kill(worker(1), .load)] && driver.pool.ledger.failures == 2)
        driver.send(.ended(worker(1), .signal(9, address: nil)))
        #expect(driver.pool.ledger.failures == 2)
    }

    @Test("an idle worker is asked every minute how it is; after three bad answers or none it is killed")
    func health() {
        var driver = driver { $0.maximum = 1 }
        driver.ready(1, 2)
        var asked: [Duration] = []
        var killed: Duration?
        for round in 0..<4 {
            while killed == nil, let wake = driver.wake {
                driver.now = wake
                let actions = driver.send(.tick)
                if actions.contains(.kill(worker(1), .health)) { killed = driver.now }
                guard actions.contains(.checkHealth(worker(1))) else { continue }
                asked.append(driver.now)
                break
            }
            // Well, then nothing, then ill, then nothing.
            driver.now += .seconds(1)
            if round == 0 { driver.send(.health(worker(1), isWell: true)) }
            if round == 2 { driver.send(.health(worker(1), isWell: false)) }
        }
        while killed == nil, let wake = driver.wake {
            driver.now = wake
            if driver.send(.tick).contains(.kill(worker(1), .health)) { killed = driver.now }
        }
        #expect(asked == [60, 121, 191, 252].map { .seconds($0) })
        #expect(killed == .seconds(262))
        #expect(driver.numbers(.active) == [2] && driver.pool.ledger.failures == 1)
    }

    @Test("a busy worker is not asked, and what it does not answer meanwhile does not count")
    func busyHealth() {
        var driver = driver { ($0.maximum, $0.healthFailures) = (1, 1) }
        driver.ready(1, 2)
        driver.now = .seconds(60)
        #expect(driver.send(.tick) == [.checkHealth(worker(1))])
        driver.queue(1)
        #expect(driver.run(until: .seconds(600)).isEmpty)
        driver.send(.callEnded(call(1), .answered))
        #expect(driver.run(until: .seconds(660)).map(\.time) == [.seconds(660)])
    }

    @Test("a swap loads the new build beside the old; calls go over when it is ready, and old calls end where they are")
    func swap() {
        var driver = driver { ($0.minimum, $0.maximum) = (2, 2) }
        driver.ready(1, 2, 3)
        driver.queue(1)
        driver.queue(2)
        driver.queue(3)
        #expect(driver.send(.swap(build: "b")) == [.retire(worker(3), .swap)])
        #expect(driver.pool.nextBuild == "b")
        #expect(driver.send(.ended(worker(3), .asked)) == [.spawn(worker(4), build: "b")])
        #expect(
            driver.send(.ready(worker(4))) == [
                .swapped(build: "b"), .drain(worker(1), .swap), .drain(worker(2), .swap), .promote(worker(4)),
                .start(call(3), on: worker(4)),
            ])
        #expect(driver.pool.build == "b" && driver.pool.nextBuild == nil)
        #expect(driver.send(.callEnded(call(1), .answered)) == [.retire(worker(1), .swap)])
        // What is left of the old build says nothing about the new one.
        #expect(
            driver.send(.ended(worker(2), .crash)) == [.lose(call(2), on: worker(2)), .spawn(worker(5), build: "b")])
        #expect(driver.pool.ledger.failures == 0)
    }

    @Test("a new build that cannot be loaded leaves the old one as it is", arguments: [true, false])
    func failedSwap(_ isShareable: Bool) {
        var driver = driver { ($0.maximum, $0.isShareable) = (1, isShareable) }
        driver.ready(1, 2)
        driver.send(.swap(build: "b"))
        for status in driver.pool.status where status.phase == .ending { driver.send(.ended(status.id, .asked)) }
        let coming = driver.pool.status.filter { $0.build == "b" }.map(\.id)
        #expect(coming.count == 1)
        let actions = coming.flatMap { driver.send(.ended($0, .crash)) }
        #expect(actions.first == .swapFailed(build: "b"))
        #expect(driver.pool.build == "a" && driver.pool.nextBuild == nil && driver.pool.ledger.failures == 0)
        let isServing = !driver.numbers(.active).isEmpty
        #expect(isServing == isShareable)
        #expect(driver.numbers(.starting).count == 1)
        for number in driver.numbers(.starting) { driver.ready(number) }
        #expect(driver.queue(1).count == 1 && driver.pool.runningCalls == 1)
    }

    @Test("a second swap takes the place of the first, and one to the present build is done at once")
    func swapAgain() {
        var driver = driver { $0.spares = 2 }
        driver.ready(1, 2, 3)
        driver.send(.swap(build: "b"))
        #expect(driver.numbers(.starting) == [4])
        let actions = driver.send(.swap(build: "c"))
        #expect(actions.contains(.swapFailed(build: "b")) && actions.contains(.kill(worker(4), .swap)))
        #expect(actions.contains(.spawn(worker(5), build: "c")))
        #expect(driver.send(.swap(build: "c")) == [])
        let back = driver.send(.swap(build: "a"))
        #expect(back.starts(with: [.swapFailed(build: "c"), .swapped(build: "a")]))
        #expect(back.contains(.kill(worker(5), .swap)) && driver.pool.build == "a")
    }

    @Test("a swap to a build that works ends an open circuit")
    func swapHeals() {
        var driver = driver { ($0.maximum, $0.restart.failures) = (1, 1) }
        driver.ready(1)
        driver.send(.ended(worker(1), .crash))
        #expect(driver.pool.ledger.circuit != .closed)
        driver.send(.swap(build: "b"))
        let coming = driver.pool.status.filter { $0.build == "b" }.map(\.id)
        let actions = coming.flatMap { driver.send(.ready($0)) }
        #expect(actions.contains(.circuit(.closed)) && actions.contains(.swapped(build: "b")))
        #expect(driver.queue(1).count == 1 && driver.pool.runningCalls == 1)
    }

    @Test("a drained pool refuses calls, ends its workers with their calls, and says so once")
    func draining() {
        var driver = driver { ($0.minimum, $0.maximum) = (2, 2) }
        driver.ready(1, 2)
        for number: UInt64 in 1...3 { driver.queue(number) }
        driver.send(.callEnded(call(2), .answered))
        driver.queue(4)
        driver.send(.swap(build: "b"))
        let actions = driver.send(.drain)
        #expect(rejections(actions).map(\.call) == [call(4)])
        #expect(rejections(actions).map(\.error.retryable) == [false])
        #expect(actions.contains(.drain(worker(1), .stop)) && actions.contains(.swapFailed(build: "b")))
        #expect(rejections(driver.queue(5)).map(\.error.code) == [.unavailable])
        #expect(driver.send(.swap(build: "c")) == [.swapFailed(build: "c")])
        var last: [WorkerPoolState.Action] = []
        for running: UInt64 in [1, 3] { driver.send(.callEnded(call(running), .answered)) }
        for status in driver.pool.status { last = driver.send(.ended(status.id, .asked)) }
        #expect(last == [.drained])
        #expect(driver.pool.status.isEmpty && driver.send(.tick) == [] && driver.send(.retry) == [])
    }
}
