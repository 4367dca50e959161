import PluginCore
import Testing

@Suite("A pool of workers: thousands of events by chance")
struct PoolWalkTests {
    private func rules(_ change: (inout WorkerPoolRules) -> Void = { _ in }) -> WorkerPoolRules {
        var rules = WorkerPoolRules()
        (rules.lanes, rules.softMemory) = (2, 110)
        rules.queue = EffectiveLimit(.queue, 12, source: .host)
        change(&rules)
        return rules
    }

    @Test("a shareable plugin's pool keeps its promises", arguments: 1...6 as ClosedRange<UInt64>)
    func shareable(_ seed: UInt64) {
        var world = PoolWorld(seed: seed, rules: rules { $0.concurrency = seed % 2 == 0 ? 5 : nil })
        for step in 0..<6000 { world.step(trouble: step / 500 % 3 == 2 ? 60 : 4) }
        world.finish()
        for name in ["start", "lose", "circuit", "swapped", "drain", "check", "reject overloaded", "reject timeout"] {
            #expect(world.seen[name, default: 0] > 0, "\(name) never happened")
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
