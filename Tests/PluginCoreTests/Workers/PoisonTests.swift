import Foundation
import PluginCore
import Testing

@Suite("Calls that kill workers")
struct PoisonTests {
    private func worker(_ number: UInt64) -> WorkerID { WorkerID(rawValue: number) }

    @Test("a call that kills two workers within ten minutes is refused for an hour")
    func refusal() throws {
        var ledger = PoisonLedger()
        #expect(ledger.isEmpty)
        #expect(ledger.died(worker(1), of: "k", at: .zero) == nil)
        #expect(!ledger.isEmpty)
        #expect(ledger.refusal(of: "k", at: .seconds(1)) == nil)
        #expect(ledger.died(worker(2), of: "k", at: .seconds(599)) == .seconds(4199))
        #expect(ledger.refusal(of: "k", at: .seconds(4198)) == .seconds(4199))
        #expect(ledger.refusal(of: "other", at: .seconds(4198)) == nil)
        let refusal = ledger.error(of: "k", at: .milliseconds(4_198_500), plugin: "tools", operation: "run")
        let error = try #require(refusal)
        #expect(error.code == .poisoned)
        #expect(error.retryAfter == .milliseconds(500))
        #expect(error.facts == .names(["k"]))
        #expect(error.message.contains("killed 2 workers; it is refused for another 500ms"))
        #expect(ledger.error(of: "k", at: .seconds(4199)) == nil)
        #expect(ledger.isEmpty)
        // It starts from the beginning.
        #expect(ledger.died(worker(3), of: "k", at: .seconds(4200)) == nil)
    }

    @Test("deaths ten minutes apart are two accidents, and one worker dies once")
    func accidents() {
        var ledger = PoisonLedger()
        ledger.died(worker(1), of: "k", at: .zero)
        #expect(ledger.died(worker(1), of: "k", at: .seconds(1)) == nil)
        #expect(ledger.died(worker(2), of: "k", at: .seconds(601)) == nil)
        #expect(ledger.died(worker(3), of: "k", at: .seconds(1200)) == .seconds(4800))
        // While it is refused, a call that was made before does not prolong it.
        #expect(ledger.died(worker(4), of: "k", at: .seconds(1300)) == .seconds(4800))
    }

    @Test("at most so many calls are kept; the one that was not asked for the longest goes")
    func capacity() {
        var ledger = PoisonLedger(rules: PoisonLedger.Rules(capacity: 3))
        for (number, key) in ["a", "b", "c"].enumerated() {
            ledger.died(worker(UInt64(number)), of: key, at: .zero)
        }
        _ = ledger.refusal(of: "a", at: .seconds(1))
        ledger.died(worker(10), of: "d", at: .seconds(2))
        #expect(ledger.list(at: .seconds(2)).map(\.key) == ["a", "c", "d"])
        // What is over goes before what is not, whenever it was asked for.
        ledger.died(worker(11), of: "c", at: .seconds(3))
        ledger.died(worker(12), of: "d", at: .seconds(3))
        _ = ledger.refusal(of: "a", at: .seconds(599))
        ledger.died(worker(13), of: "e", at: .seconds(600))
        #expect(ledger.list(at: .seconds(600)).map(\.key) == ["c", "d", "e"])
    }

    @Test("at most 1,024 are kept unless somebody says otherwise")
    func defaultCapacity() {
        var ledger = PoisonLedger()
        for number in 0..<1100 { ledger.died(worker(UInt64(number)), of: "key \(number)", at: .seconds(1)) }
        let kept = ledger.list(at: .seconds(1)).map(\.key)
        #expect(kept.count == 1024)
        #expect(!kept.contains("key 75"))
        #expect(kept.contains("key 76"))
    }

    @Test("the list shows refused calls first, and one or all can be cleared")
    func clearing() {
        var ledger = PoisonLedger()
        ledger.died(worker(1), of: "a", at: .zero)
        ledger.died(worker(2), of: "b", at: .zero)
        ledger.died(worker(3), of: "b", at: .seconds(1))
        let list = ledger.list(at: .seconds(1))
        #expect(list.map(\.key) == ["b", "a"])
        #expect(list.map(\.refusedUntil) == [.seconds(3601), nil])
        #expect(list.first?.deaths.map(\.worker) == [worker(2), worker(3)])
        #expect(ledger.clear("b") == true)
        #expect(ledger.clear("b") == false)
        #expect(ledger.refusal(of: "b", at: .seconds(2)) == nil)
        ledger.clearAll()
        #expect(ledger.isEmpty)
    }

    @Test("a ledger comes back from JSON as it went")
    func coding() throws {
        var ledger = PoisonLedger()
        ledger.died(worker(1), of: "a", at: .zero)
        ledger.died(worker(2), of: "a", at: .zero)
        #expect(try JSONDecoder().decode(PoisonLedger.self, from: JSONEncoder().encode(ledger)) == ledger)
    }
}
