import PluginCore
import Testing

/// Who may carry how much when, by a clock that the tests invent.
@Suite("Limits on traffic") struct TrafficShaperTests {
    private static let quantum = TrafficShaper<Int>.quantum

    /// Has flows that always have more carry what they may, looking as often as they are told to.
    /// - Returns: what was carried when, and by whom.
    private func carry(
        _ shaper: inout TrafficShaper<Int>, _ flows: [Int], from begin: Duration, until end: Duration,
        use: (Int) -> Int = { $0 }
    ) -> [(time: Duration, flow: Int, bytes: Int)] {
        var (now, carried) = (begin, [(time: Duration, flow: Int, bytes: Int)]())
        for flow in flows { shaper.want(flow) }
        while now < end {
            while let turn = shaper.next(at: now) {
                let bytes = use(turn.bytes)
                shaper.putBack(turn.bytes - bytes)
                carried.append((now, turn.flow, bytes))
                shaper.want(turn.flow)
                // Without a limit there is always another turn.
                if shaper.wait(at: now) == .zero, carried.count > 10_000 { return carried }
            }
            now += max(.microseconds(1), shaper.wait(at: now) ?? .seconds(1))
        }
        return carried
    }

    /// The most that was carried beyond the limit in any time between two turns.
    private func excess(_ carried: [(time: Duration, flow: Int, bytes: Int)], _ limit: Int) -> Double {
        // Of all that begin with a turn the worst so far, as in the largest sum of neighbours.
        var (worst, running, last) = (0.0, 0.0, carried.first?.time ?? .zero)
        for turn in carried {
            running = max(0, running - (turn.time - last).milliseconds / 1000 * Double(limit)) + Double(turn.bytes)
            (worst, last) = (max(worst, running), turn.time)
        }
        return worst
    }

    @Test(
        "never more than the burst and the limit times the time, in any time",
        arguments: [1, 7, 999, 16_384, 100_000, 1 << 20, 1 << 30])
    func bound(_ limit: Int) {
        var shaper = TrafficShaper<Int>(limit: limit, at: .seconds(3))
        let turns = carry(&shaper, [1, 2, 3], from: .seconds(3), until: .seconds(3) + .seconds(limit < 100 ? 60 : 2))
        let carried = turns.reduce(0) { $0 + $1.bytes }
        #expect(excess(turns, limit) <= Double(TrafficShaper<Int>.burst(limit)) + 1)
        // And it is used: no less than nine tenths.
        #expect(Double(carried) > 0.9 * Double(limit) * (limit < 100 ? 60 : 2), "\(carried)")
    }

    @Test("what a turn has not carried is left for others, and a rest is no credit") func unused() {
        var shaper = TrafficShaper<Int>(limit: 100_000, at: .zero)
        // Each carries a tenth of what it may.
        let turns = carry(&shaper, [1, 2], from: .zero, until: .seconds(2)) { max(1, $0 / 10) }
        #expect(excess(turns, 100_000) <= 10_001)
        #expect(turns.reduce(0) { $0 + $1.bytes } > 180_000)
        // After an hour in which nobody carried anything there is a burst, and no hour's worth.
        shaper.forget(1)
        shaper.forget(2)
        let later = carry(&shaper, [1], from: .seconds(3600), until: .seconds(3601))
        #expect(excess(later, 100_000) <= 10_001)
    }

    @Test("flows have equal shares, those that come later too, and who is gone has none") func fairness() {
        var shaper = TrafficShaper<Int>(limit: 1 << 20, at: .zero)
        let flows = Array(1...200)
        let turns = carry(&shaper, flows, from: .zero, until: .seconds(20))
        var shares: [Int: Int] = [:]
        for turn in turns { shares[turn.flow, default: 0] += turn.bytes }
        let (least, most) = (flows.map { shares[$0] ?? 0 }.min() ?? 0, shares.values.max() ?? 0)
        #expect(least > 0 && most - least <= Self.quantum, "\(least) \(most)")
        for flow in flows.dropFirst(2) { shaper.forget(flow) }
        shaper.forget(1000)
        let few = carry(&shaper, [1000], from: .seconds(20), until: .seconds(24))
        #expect(Set(few.map(\.flow)) == [1, 2, 1000])
        let counts = [1, 2, 1000].map { flow in few.count { $0.flow == flow } }
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1, "\(counts)")
    }

    @Test("one that asks often has no more than one turn") func impatience() {
        var shaper = TrafficShaper<Int>(limit: nil, at: .zero)
        for _ in 0..<10 { shaper.want(1) }
        shaper.want(2)
        #expect(shaper.next(at: .zero)?.flow == 1)
        #expect(shaper.next(at: .zero)?.flow == 2)
        #expect(shaper.next(at: .zero) == nil && shaper.wait(at: .zero) == nil)
    }

    @Test("a limit that changes holds at once, and none is none") func change() {
        var shaper = TrafficShaper<Int>(limit: 1 << 20, at: .zero)
        _ = carry(&shaper, [1], from: .zero, until: .seconds(1))
        shaper.change(limit: 1000, at: .seconds(1))
        let slow = carry(&shaper, [1], from: .seconds(1), until: .seconds(11))
        #expect(excess(slow, 1000) <= 101)
        shaper.change(limit: 1 << 20, at: .seconds(11))
        let fast = carry(&shaper, [1], from: .seconds(11), until: .seconds(12))
        #expect(excess(fast, 1 << 20) <= Double(1 << 20) / 10 + 1)
        #expect(fast.reduce(0) { $0 + $1.bytes } > 900_000)
        shaper.change(limit: nil, at: .seconds(12))
        let free = carry(&shaper, [1], from: .seconds(12), until: .seconds(13))
        #expect(free.count > 10_000 && free.allSatisfy { $0.time == .seconds(12) && $0.bytes == Self.quantum })
        // A limit after none begins with a burst.
        shaper.change(limit: 1000, at: .seconds(13))
        #expect(excess(carry(&shaper, [1], from: .seconds(13), until: .seconds(15)), 1000) <= 101)
        // The largest number that can be written.
        shaper.change(limit: .max, at: .seconds(15))
        shaper.want(1)
        #expect(shaper.next(at: .seconds(16))?.bytes == Self.quantum)
    }
}
