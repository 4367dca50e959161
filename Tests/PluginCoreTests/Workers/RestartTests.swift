import Foundation
import PluginCore
import Testing

@Suite("Replacing workers that fail")
struct RestartTests {
    /// A policy whose circuit does not open, for the delays.
    static let patient = RestartPolicy(failures: .max, loadRetries: .max)

    @Test("the first failure is made good at once, then the delay doubles from 100 ms to 30 s")
    func delays() {
        let policy = RestartPolicy()
        let expected: [Int64] = [0, 0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]
        for (failures, milliseconds) in expected.enumerated() {
            #expect(policy.delay(afterFailures: failures, random: 0.5) == .milliseconds(milliseconds))
        }
        #expect(policy.delay(afterFailures: 1 << 20, random: 0.5) == .seconds(30))
    }

    @Test("a delay varies by a fifth to either side", arguments: [(0.0, 80.0), (0.25, 90), (0.5, 100), (1, 120)])
    func jitter(_ random: Double, _ milliseconds: Double) {
        let delay = RestartPolicy().delay(afterFailures: 2, random: random)
        #expect(abs(delay.milliseconds - milliseconds) < 1e-6)
        #expect(RestartPolicy().delay(afterFailures: 1, random: random) == .zero)
    }

    @Test("failures in a row are counted until a worker has been well for a minute")
    func health() {
        var ledger = RestartLedger(policy: Self.patient)
        #expect(ledger.failed(.running, build: "a", at: .seconds(1), random: 0.5) == .replace(from: .seconds(1)))
        ledger.ready(at: .seconds(2))
        #expect(
            ledger.failed(.running, build: "a", at: .milliseconds(61_999), random: 0.5)
                == .replace(from: .milliseconds(61_999) + .milliseconds(100)))
        #expect(ledger.failures == 2)
        ledger.ready(at: .seconds(63))
        #expect(ledger.failed(.running, build: "a", at: .seconds(123), random: 0.5) == .replace(from: .seconds(123)))
        #expect(ledger.failures == 1)
        // Without a worker nothing is healthy, however long it takes.
        #expect(ledger.failed(.running, build: "a", at: .seconds(900), random: 0.5) != .replace(from: .seconds(900)))
    }

    @Test("an answer after a minute forgets failures too")
    func answers() {
        var ledger = RestartLedger(policy: Self.patient)
        _ = ledger.failed(.running, build: "a", at: .zero, random: 0.5)
        ledger.ready(at: .zero)
        ledger.wasWell(at: .seconds(59))
        #expect(ledger.failures == 1)
        ledger.wasWell(at: .seconds(60))
        #expect(ledger.failures == 0)
    }

    @Test(
        "five failures in a minute open the circuit; it is half open after half a minute, and a tried call's answer closes it"
    )
    func circuit() {
        var ledger = RestartLedger()
        for second in 0..<4 {
            guard case .replace = ledger.failed(.running, build: "a", at: .seconds(second), random: 0.5) else {
                Issue.record("open after \(second + 1) failures")
                return
            }
        }
        let end = Duration.milliseconds(89_900)
        #expect(ledger.failed(.running, build: "a", at: end - .seconds(30), random: 0.5) == .wait(until: end))
        #expect(ledger.circuit == .open(until: end))
        // Others that die meanwhile do not prolong it, answers do not shorten it.
        #expect(ledger.failed(.running, build: "a", at: .seconds(70), random: 0.5) == .wait(until: end))
        ledger.trialAnswered(at: .seconds(80))
        ledger.update(at: .milliseconds(89_800))
        #expect(ledger.circuit == .open(until: end))
        ledger.update(at: end)
        #expect(ledger.circuit == .halfOpen)
        // For twice as long, each time that the tried call fails.
        #expect(ledger.failed(.running, build: "a", at: .seconds(90), random: 0.5) == .wait(until: .seconds(150)))
        ledger.update(at: .seconds(150))
        #expect(ledger.failed(.running, build: "a", at: .seconds(150), random: 0.5) == .wait(until: .seconds(270)))
        // What says nothing of new calls does not close it.
        ledger.wasWell(at: .seconds(270))
        #expect(ledger.circuit == .halfOpen)
        ledger.trialAnswered(at: .seconds(270))
        #expect(ledger.circuit == .closed)
        // The failures before are forgotten by the circuit, though not by the delays.
        guard case .replace(let from) = ledger.failed(.running, build: "a", at: .seconds(271), random: 0.5) else {
            Issue.record("open at the first failure after it was closed")
            return
        }
        #expect(from == .seconds(271) + .milliseconds(100 * 128))
    }

    @Test("an open circuit lasts half a minute, twice as long after each tried call that fails, at most five minutes")
    func openTimes() {
        let policy = RestartPolicy()
        #expect((0..<6).map { policy.openTime(afterTrials: $0) } == [30, 60, 120, 240, 300, 300].map { .seconds($0) })
        // The wish for a long one is not cut by a limit that nobody thought of.
        #expect(RestartPolicy(openFor: .seconds(900)).openTime(afterTrials: 3) == .seconds(900))
    }

    @Test("failures of more than a minute ago do not open the circuit")
    func window() {
        var ledger = RestartLedger()
        for second in [0, 1, 2, 3, 60] {
            _ = ledger.failed(.running, build: "a", at: .seconds(second), random: 0.5)
            #expect(ledger.circuit == .closed)
        }
        _ = ledger.failed(.running, build: "a", at: .seconds(60), random: 0.5)
        #expect(ledger.circuit == .open(until: .seconds(90)))
    }

    @Test("a failure before a worker is ready counts twice")
    func loading() {
        var ledger = RestartLedger()
        let delays = [Duration.milliseconds(100), .milliseconds(400)]
        #expect(ledger.failed(.loading, build: "a", at: .zero, random: 0.5) == .replace(from: delays[0]))
        #expect(ledger.failures == 2)
        let second = Duration.seconds(1)
        #expect(ledger.failed(.loading, build: "a", at: second, random: 0.5) == .replace(from: second + delays[1]))
        #expect(ledger.failed(.running, build: "a", at: .seconds(2), random: 0.5) == .wait(until: .seconds(32)))
    }

    @Test("a build that fails before it is ready is tried again three times, then only another build is")
    func givingUp() {
        var ledger = RestartLedger()
        for attempt in 0..<4 {
            #expect(!ledger.hasGivenUp(build: "a"))
            let decision = ledger.failed(.loading, build: "a", at: .seconds(attempt * 100), random: 0.5)
            #expect((decision == .giveUp) == (attempt == 3))
        }
        #expect(ledger.hasGivenUp(build: "a"))
        #expect(!ledger.hasGivenUp(build: "b"))
        var other = ledger
        #expect(other.failed(.loading, build: "b", at: .seconds(900), random: 0.5) != .giveUp)
        ledger.reset()
        #expect(ledger == RestartLedger())
        // A minute of health between two failures begins anew.
        for attempt in 0..<9 {
            _ = ledger.failed(.loading, build: "a", at: .seconds(attempt * 100), random: 0.5)
            ledger.ready(at: .seconds(attempt * 100 + 1))
            #expect(!ledger.hasGivenUp(build: "a"))
        }
    }

    @Test("a ledger comes back from JSON as it went")
    func coding() throws {
        var ledger = RestartLedger()
        for _ in 0..<5 { _ = ledger.failed(.running, build: "a", at: .seconds(7), random: 0.5) }
        #expect(ledger.circuit == .open(until: .seconds(37)))
        #expect(try JSONDecoder().decode(RestartLedger.self, from: JSONEncoder().encode(ledger)) == ledger)
    }
}
