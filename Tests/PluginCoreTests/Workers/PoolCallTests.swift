import PluginCore
import Testing

@Suite("A pool of workers: calls")
struct PoolCallTests {
    /// Two active workers with one lane each, and room for four calls to wait.
    private func driver(_ change: (inout WorkerPoolRules) -> Void = { _ in }) -> PoolDriver {
        var rules = WorkerPoolRules()
        (rules.minimum, rules.maximum, rules.lanes) = (2, 2, 1)
        rules.queue = EffectiveLimit(.queue, 4, source: .plugin)
        change(&rules)
        var driver = PoolDriver(rules)
        driver.send(.tick)
        driver.ready(1, 2, 3)
        return driver
    }

    @Test("a call gets a free lane at once, waits when there is none, and gets the next that is free")
    func lanes() {
        var driver = driver()
        #expect(driver.queue(1) == [.start(call(1), on: worker(1))])
        #expect(driver.queue(2) == [.start(call(2), on: worker(2))])
        #expect(driver.queue(3, .low) == [])
        #expect(driver.queue(4, .high) == [])
        #expect(driver.pool.waiting == 2 && driver.pool.runningCalls == 2)
        #expect(driver.send(.callEnded(call(2), .answered)) == [.start(call(4), on: worker(2))])
        #expect(driver.send(.callEnded(call(1), .abandoned)) == [.start(call(3), on: worker(1))])
        #expect(driver.pool.waiting == 0)
    }

    @Test("a call goes to the worker with the fewest calls, of those to the one that had a call last")
    func choice() {
        var driver = driver { $0.lanes = 2 }
        driver.now = .seconds(1)
        driver.send(.callStarted(call(1), on: worker(2)))
        driver.send(.callEnded(call(1), .answered))
        driver.now = .seconds(2)
        #expect(driver.queue(2) == [.start(call(2), on: worker(2))])
        #expect(driver.queue(3) == [.start(call(3), on: worker(1))])
        #expect(driver.queue(4) == [.start(call(4), on: worker(2))])
    }

    @Test("no more calls run at once than the plugin allows, and such calls do not make the pool grow")
    func concurrency() {
        var driver = driver { ($0.lanes, $0.concurrency, $0.maximum) = (4, 3, 4) }
        for number: UInt64 in 1...5 { driver.queue(number) }
        #expect(driver.pool.runningCalls == 3 && driver.pool.waiting == 2)
        driver.run(until: .seconds(1))
        #expect(driver.numbers(.active) == [1, 2])
        #expect(driver.send(.callEnded(call(1), .answered)).contains(.start(call(4), on: worker(1))))
    }

    @Test("a call beyond the queue is refused with the limit, and one that is given up makes room")
    func overflow() {
        var driver = driver()
        for number: UInt64 in 1...6 { driver.queue(number) }
        let actions = driver.queue(7)
        guard case .reject(let refused, let error)? = actions.first else {
            Issue.record("not refused: \(actions)")
            return
        }
        #expect(actions.count == 1 && refused == call(7) && error.code == .overloaded && error.plugin == "tools")
        #expect(
            error.facts == .resourceLimit(kind: "queue", value: 4, unit: "count", source: "plugin", setBy: "plugin"))
        #expect(driver.send(.callEnded(call(3), .abandoned)) == [])
        #expect(driver.queue(8) == [])
        #expect(driver.pool.waiting == 4)
    }

    @Test("without a queue a call still gets a free lane")
    func noQueue() {
        var driver = driver { $0.queue = EffectiveLimit(.queue, 0, source: .operator) }
        #expect(driver.queue(1) == [.start(call(1), on: worker(1))])
        #expect(driver.queue(2) == [.start(call(2), on: worker(2))])
        guard case .reject(call(3), _)? = driver.queue(3).first else {
            Issue.record("waits, though nothing may")
            return
        }
    }

    @Test("a call whose time is over while it waits is refused at that time; one that has none left, at once")
    func deadlines() {
        var driver = driver()
        for number: UInt64 in 1...2 { driver.queue(number) }
        driver.queue(3, deadline: .seconds(2))
        #expect(driver.wake == .seconds(2))
        let actions = driver.run(until: .seconds(5))
        guard case .reject(call(3), let error)? = actions.first?.action else {
            Issue.record("not refused: \(actions)")
            return
        }
        #expect(actions.count == 1 && actions.first?.time == .seconds(2))
        #expect(error.code == .timeout && error.plugin == "tools")
        driver.send(.callEnded(call(1), .answered))
        guard case .reject(call(4), let late)? = driver.queue(4, deadline: .seconds(5)).first else {
            Issue.record("made, though its time was over")
            return
        }
        #expect(late.code == .timeout)
    }

    @Test("a call that is queued twice is one call")
    func twice() {
        var driver = driver()
        for number: UInt64 in [1, 2, 3, 1, 3] { driver.queue(number) }
        #expect(driver.pool.runningCalls == 2 && driver.pool.waiting == 1)
    }

    @Test("a lane that was taken without asking is taken")
    func withoutAsking() {
        var driver = driver()
        #expect(driver.send(.callStarted(call(1), on: worker(1))) == [])
        #expect(driver.send(.callStarted(call(2), on: worker(2))) == [])
        #expect(driver.queue(3) == [])
        #expect(driver.send(.callEnded(call(1), .answered)) == [.start(call(3), on: worker(1))])
    }
}
