import PluginCore
import Testing

@Suite("A pool of workers: thousands of events by chance")
struct PoolWalkTests {
    private func rules(_ change: (inout WorkerPoolRules) -> Void = { _ in }) -> WorkerPoolRules {
        var rules = WorkerPoolRules()
        (rules.lanes, rules.softMemory) = (2, 110)
        // Time goes on in steps of up to 90 s.
        (rules.loadTimeout, rules.healthTimeout) = (.seconds(120), .seconds(120))
        (rules.idleTimeout, rules.healthInterval, rules.healthFailures) = (.seconds(20), .seconds(20), 1)
        rules.queue = EffectiveLimit(.queue, 12, source: .host)
        change(&rules)
        return rules
    }

    @Test("a shareable plugin's pool keeps its promises")
    func shareable() {
        var seen: [String: Int] = [:]
        for seed: UInt64 in 1...6 {
            var world = PoolWorld(seed: seed, rules: rules { $0.concurrency = seed % 2 == 0 ? 5 : nil })
            for step in 0..<6000 { world.step(trouble: step / 500 % 3 == 2 ? 60 : 4) }
            world.finish()
            seen.merge(world.seen, uniquingKeysWith: +)
        }
        #expect(seen["start", default: 0] > 10_000, "\(seen)")
        for name in [
            "lose", "circuit", "giveUp", "swapped", "swapFailed", "drain", "check", "reject overloaded",
            "reject timeout", "reject unavailable", "retire memory", "retire idle", "kill drainTimeout", "kill load",
            "kill health",
        ] {
            #expect(seen[name, default: 0] > 0, "\(name) never happened: \(seen)")
        }
    }

    @Test("a plugin's pool of at most one worker keeps them too", arguments: 11...13 as ClosedRange<UInt64>)
    func exclusive(_ seed: UInt64) {
        var world = PoolWorld(seed: seed, rules: rules { $0.isShareable = false })
        for step in 0..<6000 { world.step(trouble: step / 500 % 3 == 2 ? 60 : 4) }
        world.finish()
        #expect(world.seen["start", default: 0] > 500 && world.seen["swapped", default: 0] > 0)
    }

    @Test("a pool whose rules change all the time keeps them too", arguments: 21...23 as ClosedRange<UInt64>)
    func changing(_ seed: UInt64) {
        var world = PoolWorld(seed: seed, rules: rules())
        for step in 0..<6000 {
            world.step(trouble: 4)
            if step % 50 == 0 { world.changeRules() }
        }
        world.finish()
        #expect(world.seen["retire surplus", default: 0] > 0 && world.seen["rules", default: 0] == 120)
    }
}
