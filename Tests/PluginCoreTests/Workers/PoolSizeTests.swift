import PluginCore
import Testing

@Suite("A pool of workers: how many there are")
struct PoolSizeTests {
    private func driver(_ change: (inout WorkerPoolRules) -> Void = { _ in }) -> PoolDriver {
        var rules = WorkerPoolRules()
        rules.lanes = 1
        change(&rules)
        return PoolDriver(rules)
    }

    @Test("a pool begins with the least number and a spare; who is ready first takes calls")
    func beginning() {
        var driver = driver()
        #expect(driver.send(.tick) == [.spawn(worker(1), build: "a"), .spawn(worker(2), build: "a")])
        #expect(driver.queue(1) == [])
        #expect(driver.send(.ready(worker(2))) == [.promote(worker(2)), .start(call(1), on: worker(2))])
        #expect(driver.send(.ready(worker(1))) == [])
        #expect(driver.numbers(.active) == [2] && driver.numbers(.spare) == [1])
    }

    @Test("a call that waits for 50 ms has the pool grow by its spare, one worker at a time up to the most")
    func growth() {
        var driver = driver()
        driver.send(.tick)
        driver.ready(1, 2)
        for number: UInt64 in 1...20 { driver.queue(number) }
        #expect(driver.wake == .milliseconds(50))
        let actions = driver.run(until: .milliseconds(50)).map(\.action)
        #expect(
            actions == [.promote(worker(2)), .start(call(2), on: worker(2)), .spawn(worker(3), build: "a")])
        // It wants a third, and not a fourth before that one is there.
        #expect(driver.run(until: .seconds(1)).map(\.action) == [.spawn(worker(4), build: "a")])
        driver.ready(3)
        driver.run(until: .seconds(2))
        driver.ready(4)
        driver.run(until: .seconds(3))
        driver.ready(5)
        driver.run(until: .seconds(20))
        #expect(driver.numbers(.active) == [1, 2, 3, 4] && driver.numbers(.spare) == [5])
        #expect(driver.pool.status.count == 5 && driver.pool.waiting == 16)
    }

    @Test("workers above the least number end when they had no call for five minutes, the idlest first")
    func shrinking() {
        var driver = driver { $0.minimum = 2 }
        driver.send(.tick)
        driver.ready(1, 2, 3)
        for number: UInt64 in 1...8 { driver.queue(number) }
        driver.run(until: .seconds(1))
        driver.ready(4)
        driver.run(until: .seconds(2))
        driver.ready(5)
        driver.run(until: .seconds(3))
        #expect(driver.numbers(.active) == [1, 2, 3, 4])
        for (second, number) in [UInt64](1...8).enumerated() {
            driver.now = .seconds(10 + second)
            driver.send(.callEnded(call(number), .answered))
        }
        let ends = driver.run(until: .seconds(900)).filter {
            if case .retire(_, .idle) = $0.action { true } else { false }
        }
        // Calls 5 and 6 were the last of their workers.
        #expect(ends.map(\.time) == [.seconds(314), .seconds(315)])
        #expect(driver.numbers(.active).count == 2 && driver.numbers(.spare) == [5])
        #expect(driver.pool.wanted == 2)
    }

    @Test("a pool without a least number starts its first worker for a call, and has none again later")
    func onDemand() {
        var driver = driver { ($0.minimum, $0.spares) = (0, 0) }
        #expect(driver.send(.tick) == [])
        #expect(driver.queue(1) == [.spawn(worker(1), build: "a")])
        #expect(driver.send(.ready(worker(1))) == [.promote(worker(1)), .start(call(1), on: worker(1))])
        // One that fails is not replaced before a call needs it.
        #expect(driver.send(.ended(worker(1), .crash)) == [.lose(call(1), on: worker(1))])
        #expect(driver.queue(2) == [.spawn(worker(2), build: "a")])
        driver.ready(2)
        driver.send(.callEnded(call(2), .answered))
        #expect(driver.run(until: .seconds(299)).allSatisfy { $0.action == .checkHealth(worker(2)) })
        #expect(driver.run(until: .seconds(300)).last?.action == .retire(worker(2), .idle))
    }

    @Test("a worker with too much memory is replaced when its calls have ended, and only one at a time")
    func memory() {
        var driver = driver { ($0.minimum, $0.maximum, $0.softMemory) = (2, 2, 100) }
        driver.send(.tick)
        driver.ready(1, 2, 3)
        driver.queue(1)
        driver.queue(2)
        #expect(driver.send(.memory(worker(1), bytes: 100)) == [])
        #expect(
            driver.send(.memory(worker(1), bytes: 101)) == [.drain(worker(1), .memory), .promote(worker(3))])
        #expect(driver.send(.memory(worker(2), bytes: 500)) == [])
        #expect(driver.pool.status.map(\.memory) == [101, 500, nil])
        #expect(driver.send(.callEnded(call(1), .answered)) == [.retire(worker(1), .memory)])
        #expect(driver.send(.ended(worker(1), .asked)) == [.spawn(worker(4), build: "a")])
        #expect(driver.send(.memory(worker(2), bytes: 500)) == [.drain(worker(2), .memory)])
    }

    @Test("a worker whose calls do not end in half a minute is killed, and they are lost")
    func drainTimeout() {
        var driver = driver { $0.softMemory = 100 }
        driver.send(.tick)
        driver.ready(1, 2)
        driver.queue(1)
        driver.send(.memory(worker(1), bytes: 101))
        driver.ready(3)
        let actions = driver.run(until: .seconds(30)).filter { $0.action != .checkHealth(worker(2)) }
        #expect(actions.map(\.action) == [.kill(worker(1), .drainTimeout)])
        #expect(actions.first?.time == .seconds(30))
        #expect(driver.send(.ended(worker(1), .signal(9, address: nil))) == [.lose(call(1), on: worker(1))])
        #expect(driver.pool.ledger.failures == 0)
    }

    @Test("fewer workers by new rules: those with the fewest calls go; more: they come when they are needed")
    func newRules() {
        var driver = driver { ($0.minimum, $0.maximum, $0.lanes) = (3, 4, 2) }
        driver.send(.tick)
        driver.ready(1, 2, 3, 4)
        for number: UInt64 in 1...4 { driver.queue(number) }
        driver.send(.callEnded(call(1), .answered))
        let busy = driver.pool.status.filter { $0.calls > 0 }.map(\.id)
        #expect(busy.count == 3)
        driver.send(.callEnded(call(2), .answered))
        var rules = driver.pool.rules
        (rules.minimum, rules.maximum, rules.spares) = (1, 1, 0)
        let actions = driver.send(.rules(rules))
        #expect(driver.numbers(.active).count == 1)
        #expect(actions.contains(.retire(worker(4), .surplus)))
        #expect(driver.pool.runningCalls == 2)
        (rules.minimum, rules.maximum) = (2, 2)
        driver.send(.rules(rules))
        #expect(driver.numbers(.starting).isEmpty)
        for status in driver.pool.status where status.phase == .ending { driver.send(.ended(status.id, .asked)) }
        #expect(driver.numbers(.starting) == [5])
    }

    @Test("a plugin whose state is not shareable has one worker, no spare, and none beside one that ends")
    func exclusive() {
        var driver = driver { ($0.isShareable, $0.minimum, $0.maximum, $0.spares) = (false, 3, 8, 2) }
        #expect(driver.send(.tick) == [.spawn(worker(1), build: "a")])
        driver.ready(1)
        for number: UInt64 in 1...5 { driver.queue(number) }
        #expect(driver.run(until: .seconds(9)).isEmpty)
        #expect(driver.send(.swap(build: "b")) == [.drain(worker(1), .swap)])
        #expect(driver.send(.callEnded(call(1), .answered)) == [.retire(worker(1), .swap)])
        #expect(driver.send(.ended(worker(1), .asked)) == [.spawn(worker(2), build: "b")])
        #expect(
            driver.send(.ready(worker(2))) == [
                .swapped(build: "b"), .promote(worker(2)), .start(call(2), on: worker(2)),
            ])
        #expect(driver.pool.rules.processes == 1)
    }

    @Test("rules come from a manifest's limits and health, and what contradicts itself is made possible")
    func rules() {
        var manifest = ResourceLimits()
        (manifest.workers, manifest.concurrency, manifest.memory) = (2, 7, 1000)
        var health = ManifestHealth()
        (health.interval, health.failures) = (.seconds(3), 1)
        let limits = EffectiveLimits(plugin: LimitSet(manifest))
        let rules = WorkerPoolRules(limits: limits, health: health)
        #expect(rules.minimum == 1 && rules.maximum == 2 && rules.spares == 1 && rules.concurrency == 7)
        #expect(rules.softMemory == 800 && rules.queue == EffectiveLimit(.queue, 256, source: .host))
        #expect(rules.healthInterval == .seconds(3) && rules.healthTimeout == .seconds(3) && rules.healthFailures == 1)
        let ignoring = WorkerPoolRules(limits: limits, recovery: .ignore)
        #expect(ignoring.minimum == 0 && ignoring.spares == 0)
        #expect(WorkerPoolRules(limits: EffectiveLimits()).maximum == 4)
        var wrong = WorkerPoolRules()
        (wrong.minimum, wrong.maximum, wrong.spares, wrong.lanes) = (9, 0, -1, 0)
        (wrong.concurrency, wrong.healthInterval, wrong.healthFailures) = (0, .zero, 0)
        let normal = wrong.normalized
        #expect(normal.minimum == 1 && normal.maximum == 1 && normal.spares == 0 && normal.lanes == 1)
        #expect(normal.concurrency == 1 && normal.healthInterval == .milliseconds(1) && normal.healthFailures == 1)
        #expect(normal.normalized == normal && normal.processes == 2)
    }
}
