import PluginCore
import Testing

@Suite("A pool of workers: calls that it is not told of one by one")
struct PoolUntoldTests {
    private func driver(_ change: (inout WorkerPoolRules) -> Void = { _ in }) -> PoolDriver {
        var rules = WorkerPoolRules()
        change(&rules)
        var driver = PoolDriver(rules)
        driver.send(.tick)
        driver.ready(1, 2)
        return driver
    }

    @Test("calls that wait elsewhere for 50 ms have the pool grow, until none waits")
    func growth() {
        var driver = driver()
        driver.now = .seconds(1)
        driver.send(.waiting(since: .seconds(1)))
        #expect(driver.wake == .milliseconds(1050))
        #expect(
            driver.run(until: .milliseconds(1050)).map(\.action) == [
                .promote(worker(2)), .spawn(worker(3), build: "a"),
            ])
        driver.send(.waiting(since: nil))
        driver.ready(3)
        driver.run(until: .seconds(9))
        #expect(driver.numbers(.active) == [1, 2] && driver.numbers(.spare) == [3])
        driver.send(.waiting(since: .seconds(9)))
        driver.run(until: .seconds(10))
        #expect(driver.numbers(.active) == [1, 2, 3])
    }

    @Test("a pool without workers starts one for a call that waits elsewhere")
    func onDemand() {
        var driver = PoolDriver(WorkerPoolRules(limits: EffectiveLimits(), recovery: .ignore))
        #expect(driver.send(.tick) == [])
        #expect(driver.send(.waiting(since: .zero)) == [.spawn(worker(1), build: "a")])
        #expect(driver.send(.ready(worker(1))) == [.promote(worker(1))])
    }

    @Test("a worker with such calls does not end, nor is it asked how it is; without them it does after five minutes")
    func idle() {
        var driver = driver { ($0.minimum, $0.spares) = (0, 0) }
        driver.send(.waiting(since: .zero))
        driver.ready(1)
        driver.send(.waiting(since: nil))
        driver.send(.busy(worker(1), calls: 3))
        #expect(driver.run(until: .seconds(4000)).isEmpty)
        #expect(driver.pool.status.first?.calls == 3)
        driver.send(.used(worker(1)))
        driver.send(.busy(worker(1), calls: 0))
        #expect(driver.run(until: .seconds(4299)).allSatisfy { $0.action == .checkHealth(worker(1)) })
        #expect(driver.run(until: .seconds(4300)).last?.action == .retire(worker(1), .idle))
    }

    @Test("a worker that answers such calls is neither idle nor asked how it is, and that closes no circuit")
    func used() {
        var driver = driver { ($0.maximum, $0.restart.failures) = (1, 1) }
        for second in 0..<20 {
            #expect(driver.run(until: .seconds(second * 59)).isEmpty)
            driver.send(.used(worker(1)))
        }
        driver.send(.ended(worker(1), .crash))
        driver.run(until: driver.now + .seconds(30))
        #expect(driver.pool.ledger.circuit == .halfOpen)
        // They began before it was opened, or they are those that are tried, of which the pool is told.
        #expect(driver.send(.used(worker(2))) == [])
        #expect(driver.pool.ledger.circuit == .halfOpen)
    }

    @Test("a worker that is to go ends when it has none of them any more")
    func draining() {
        var driver = driver { $0.softMemory = 100 }
        driver.send(.busy(worker(1), calls: 2))
        #expect(driver.send(.memory(worker(1), bytes: 101)).first == .drain(worker(1), .memory))
        #expect(driver.send(.busy(worker(1), calls: 1)) == [])
        #expect(driver.send(.busy(worker(1), calls: 0)) == [.retire(worker(1), .memory)])
    }

    @Test("a promoted worker that cannot make its instance counts as one that failed to load")
    func failedInstance() {
        var driver = driver { ($0.maximum, $0.spares) = (1, 0) }
        #expect(driver.send(.failedToLoad(worker(1))) == [.retire(worker(1), .load)])
        #expect(driver.send(.ended(worker(1), .asked)) == [])
        #expect(driver.pool.ledger.failures == 2)
        let actions = driver.run(until: .seconds(1))
        #expect(actions.map(\.action) == [.spawn(worker(2), build: "a")])
        #expect(actions.first?.time == .milliseconds(100))
    }
}
