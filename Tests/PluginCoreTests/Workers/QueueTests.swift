import PluginCore
import Testing

@Suite("Calls that wait")
struct QueueTests {
    private func queue(_ limit: Int64 = 1000) -> CallQueue<String> {
        CallQueue(limit: EffectiveLimit(.queue, limit, source: .plugin), ageing: .seconds(1))
    }

    @Test("higher priorities come first, and equal ones in the order of their arrival")
    func order() throws {
        var queue = queue()
        for priority in PluginPriority.allCases.reversed() {
            for number in 1...2 { _ = try queue.append("\(priority) \(number)", priority: priority, at: .zero) }
        }
        var calls: [String] = []
        while let call = queue.pop(at: .milliseconds(1)) { calls.append(call) }
        #expect(calls == PluginPriority.allCases.flatMap { ["\($0) 1", "\($0) 2"] })
        #expect(queue.isEmpty && queue.pop(at: .seconds(9)) == nil)
    }

    @Test("a call rises by one priority a second")
    func ageing() throws {
        var queue = queue()
        _ = try queue.append("low at 0", priority: .low, at: .zero)
        _ = try queue.append("normal at 0.9", priority: .normal, at: .milliseconds(900))
        _ = try queue.append("normal at 1.1", priority: .normal, at: .milliseconds(1100))
        _ = try queue.append("critical at 2.9", priority: .critical, at: .milliseconds(2900))
        _ = try queue.append("critical at 3.1", priority: .critical, at: .milliseconds(3100))
        var calls: [String] = []
        while let call = queue.pop(at: .milliseconds(3100)) { calls.append(call) }
        #expect(calls == ["normal at 0.9", "critical at 2.9", "low at 0", "normal at 1.1", "critical at 3.1"])
    }

    @Test("a full queue turns calls away with its limit, and takes one again when another has left")
    func overflow() throws {
        var queue = queue(2)
        let first = try queue.append("a", at: .zero)
        _ = try queue.append("b", priority: .low, at: .zero)
        let error = #expect(throws: PluginError.self) { try queue.append("c", priority: .critical, at: .zero) }
        #expect(error?.code == .overloaded && error?.retryable == true)
        #expect(
            error?.facts == .resourceLimit(kind: "queue", value: 2, unit: "count", source: "plugin", setBy: "plugin"))
        #expect(error?.message.contains("2 calls wait for a worker already: the plugin's limit is queue=2.") == true)
        #expect(queue.remove(first) == "a")
        #expect(queue.remove(first) == nil)
        _ = try queue.append("d", at: .zero)
        // A lower limit turns nobody away who waits.
        queue.limit = EffectiveLimit(.queue, 0, source: .operator)
        #expect(queue.count == 2)
        #expect(queue.pop(at: .zero) == "d")
        #expect(throws: PluginError.self) { try queue.append("e", at: .zero) }
    }

    @Test("a call whose time is over leaves with an error that says how long it waited, and is never made")
    func expiry() throws {
        var queue = queue()
        _ = try queue.append("soon", priority: .critical, deadline: .seconds(3), at: .seconds(1))
        _ = try queue.append("later", deadline: .seconds(9), at: .seconds(1))
        _ = try queue.append("never", priority: .low, at: .seconds(1))
        #expect(queue.nextDeadline == .seconds(3) && queue.oldestArrival == .seconds(1))
        let early = queue.popExpired(at: .milliseconds(2999))
        #expect(early == nil)
        // Whatever is asked first.
        #expect(queue.pop(at: .seconds(3)) == "later")
        #expect(queue.count == 2)
        let left = queue.popExpired(at: .milliseconds(3500))
        let expired = try #require(left)
        #expect(expired.element == "soon")
        #expect(expired.error.code == .timeout)
        #expect(expired.error.facts == .deadline(kind: "wall", milliseconds: 2500))
        let more = queue.popExpired(at: .seconds(100))
        #expect(more == nil)
        #expect(queue.nextDeadline == nil)
        #expect(queue.pop(at: .seconds(100)) == "never")
        #expect(queue.oldestArrival == nil)
    }

    @Test("all leave in the order of their arrival")
    func removingAll() throws {
        var queue = queue()
        for (name, priority) in [("a", PluginPriority.low), ("b", .critical), ("c", .normal)] {
            _ = try queue.append(name, priority: priority, deadline: .seconds(5), at: .zero)
        }
        #expect(queue.removeAll() == ["a", "b", "c"])
        #expect(queue.isEmpty && queue.nextDeadline == nil && queue.oldestArrival == nil && queue.pop(at: .zero) == nil)
    }

    /// What waits, in a plain array: slow, and plain to see that it is right.
    private struct Model {
        struct Call {
            let number: Int
            let rank: Int
            let arrival: Duration
            let deadline: Duration?
            let ticket: CallQueue<Int>.Ticket
        }
        var calls: [Call] = []

        mutating func take(_ index: Int?) -> Int? { index.map { calls.remove(at: $0).number } }

        func next(at now: Duration) -> Int? {
            func place(_ index: Int) -> (Duration, Int) {
                (calls[index].arrival + .seconds(calls[index].rank), calls[index].number)
            }
            return calls.indices.filter { calls[$0].deadline.map { $0 > now } ?? true }.min { place($0) < place($1) }
        }

        func expired(at now: Duration) -> Int? {
            calls.indices.filter { calls[$0].deadline.map { $0 <= now } ?? false }.min {
                (calls[$0].deadline ?? .zero, calls[$0].number) < (calls[$1].deadline ?? .zero, calls[$1].number)
            }
        }
    }

    @Test("over thousands of steps it does what a sorted array would do", arguments: [1, 2, 3] as [UInt64])
    func walk(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        var queue = CallQueue<Int>(limit: EffectiveLimit(.queue, 40, source: .host), ageing: .seconds(1))
        var model = Model()
        var now = Duration.zero
        var number = 0
        var turnedAway = 0
        for _ in 0..<8000 {
            now += .milliseconds(random.next(below: 400))
            switch random.next(below: 10) {
            case 0..<5:
                number += 1
                let rank = random.next(below: 5)
                let deadline = random.next(below: 3) == 0 ? nil : now + .milliseconds(random.next(below: 6000))
                do {
                    let ticket = try queue.append(
                        number, priority: PluginPriority.allCases[rank], deadline: deadline, at: now)
                    model.calls.append(
                        Model.Call(number: number, rank: rank, arrival: now, deadline: deadline, ticket: ticket))
                } catch {
                    #expect(model.calls.count == 40)
                    turnedAway += 1
                }
            case 5..<8: #expect(queue.pop(at: now) == model.take(model.next(at: now)))
            case 8: #expect(queue.popExpired(at: now)?.element == model.take(model.expired(at: now)))
            default:
                guard let call = model.calls.randomElement(using: &random) else { continue }
                #expect(queue.remove(call.ticket) == call.number)
                model.calls.removeAll { $0.number == call.number }
            }
            #expect(queue.count == model.calls.count)
            #expect(queue.nextDeadline == model.calls.compactMap(\.deadline).min())
            #expect(queue.oldestArrival == model.calls.map(\.arrival).min())
        }
        #expect(number > 3000 && turnedAway > 0)
    }

    @Test("a call of the lowest priority waits for no call that arrives four seconds after it, whatever the load")
    func starvation() throws {
        // A new critical call arrives for every call that is made, for ever.
        var queue = queue()
        _ = try queue.append("cleanup", priority: .cleanup, at: .seconds(100))
        for step in 0... {
            let now = Duration.seconds(100) + .milliseconds(10 * step)
            _ = try queue.append("critical", priority: .critical, at: now)
            guard queue.pop(at: now) == "cleanup" else { continue }
            #expect(step == 400)
            return
        }
    }
}
