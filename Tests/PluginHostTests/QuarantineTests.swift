import PluginHost
import Testing

@Suite("A quarantine")
struct QuarantineTests {
    private let hour: Int64 = 3600
    private let day: Int64 = 86400
    private let one = QuarantineInputs(digest: "11")
    private let two = QuarantineInputs(digest: "22")
    private let crash = QuarantineFailure(
        code: "crashed", reason: "crashed in its constructors by SIGSEGV", phase: "load")

    private func fail(_ quarantine: inout Quarantine, _ inputs: QuarantineInputs, at now: Int64) -> QuarantineRecord {
        quarantine.record(crash, of: "p", file: "/plugins/p.so", inputs: inputs, by: .probe, now: now)
    }

    private enum Answer { case clear, suspect, quarantined }

    private func answer(
        _ quarantine: Quarantine, _ inputs: QuarantineInputs?, at now: Int64, _ names: [String] = ["p", "file"]
    ) -> Answer {
        switch quarantine.status(of: names, inputs: inputs, now: now) {
        case .clear: .clear
        case .suspect: .suspect
        case .quarantined: .quarantined
        }
    }

    @Test("makes a plugin suspect first, then holds it for an hour, a day, and seven days each")
    func backoff() {
        var quarantine = Quarantine()
        #expect(answer(quarantine, one, at: 0) == .clear)
        #expect(fail(&quarantine, one, at: 0).until == nil)
        #expect(answer(quarantine, one, at: 1) == .suspect)
        var now: Int64 = 10
        for time in [hour, day, 7 * day, 7 * day] {
            #expect(fail(&quarantine, one, at: now).until == now + time)
            #expect(answer(quarantine, one, at: now + time - 1) == .quarantined)
            #expect(answer(quarantine, one, at: now + time) == .suspect)
            now += time
        }
        #expect(quarantine.records.count == 1 && quarantine.records[0].attempts == 5)
    }

    @Test("says of a record whether it holds now, and of one that is over that it is")
    func states() {
        var quarantine = Quarantine()
        _ = fail(&quarantine, one, at: 0)
        #expect(quarantine.records[0].state(at: 0) == .suspect && quarantine.records[0].state(at: day) == .suspect)
        let held = fail(&quarantine, one, at: 0)
        #expect(held.state(at: hour - 1) == .active && held.state(at: hour) == .expired)
        let timed = quarantine.add("q", reason: "asked", until: hour, now: 0)
        #expect(timed.state(at: hour - 1) == .active && timed.state(at: hour) == .expired)
        let open = quarantine.add("r", reason: "asked", until: nil, now: 0)
        #expect(open.state(at: .max) == .active)
        #expect(held.json(at: 0)["state"] == "active" && held.json(at: hour)["state"] == "expired")
        #expect(held.json(at: hour)["until"] == .int(hour))
    }

    @Test("a record's error has commands that a shell takes as they stand")
    func commands() {
        var quarantine = Quarantine()
        let error = quarantine.add("My plugin's *", reason: "asked", until: nil, now: 0).error
        #expect(error.remedy?.contains("`keyway quarantine show 'My plugin'\\''s *'`") == true, "\(error)")
    }

    @Test("forgets a failure after a success, and after a month")
    func forgets() {
        var quarantine = Quarantine()
        _ = fail(&quarantine, one, at: 0)
        _ = fail(&quarantine, one, at: 0)
        quarantine.recordSuccess(of: "p", file: "/plugins/p.so", inputs: one)
        #expect(quarantine.records.isEmpty && answer(quarantine, one, at: 1) == .clear)
        #expect(fail(&quarantine, one, at: 0).attempts == 1)
        #expect(fail(&quarantine, one, at: 30 * day).attempts == 2)
        #expect(fail(&quarantine, one, at: 60 * day + hour).attempts == 3)
        #expect(fail(&quarantine, one, at: 91 * day + hour).attempts == 4)
        #expect(fail(&quarantine, one, at: 200 * day).attempts == 1)
    }

    @Test("holds for the bytes and the host that failed; others start anew, and take the old one's place")
    func inputs() {
        var quarantine = Quarantine()
        _ = fail(&quarantine, one, at: 0)
        _ = fail(&quarantine, one, at: 0)
        let later = QuarantineInputs(digest: "11", sdk: SDKRange(minimum: 1, maximum: 2))
        #expect(answer(quarantine, one, at: 1) == .quarantined)
        for other in [two, later] { #expect(answer(quarantine, other, at: 1) == .clear) }
        #expect(answer(quarantine, nil, at: 1) == .clear)
        #expect(answer(quarantine, one, at: 1, ["q"]) == .clear)
        quarantine.record(crash, of: "p", file: "/elsewhere/p.so", inputs: later, by: .runtime, now: 0)
        #expect(quarantine.records.count == 2)
        #expect(fail(&quarantine, two, at: 1).attempts == 1)
        #expect(quarantine.records.map(\.inputs) == [two, later])
        quarantine.recordSuccess(of: "p", file: "/elsewhere/p.so", inputs: one)
        #expect(quarantine.records.map(\.inputs) == [two])
    }

    @Test("holds what an operator names, by any name and whatever its bytes, until it is over or cleared")
    func operators() {
        var quarantine = Quarantine()
        quarantine.add("file", reason: "under review", until: nil, now: 0)
        quarantine.add("q", reason: "for now", until: 100, now: 0)
        for inputs in [one, two, nil] { #expect(answer(quarantine, inputs, at: 1000 * day) == .quarantined) }
        #expect(answer(quarantine, one, at: 99, ["q"]) == .quarantined)
        #expect(answer(quarantine, one, at: 100, ["q"]) == .clear)
        quarantine.recordSuccess(of: "file", file: nil, inputs: one)
        quarantine.record(crash, of: "file", file: nil, inputs: one, by: .probe, now: 0)
        #expect(quarantine.records.filter { $0.plugin == "file" }.map(\.origin) == [.operator, .probe])
        quarantine.add("file", reason: "still", until: nil, now: 5)
        #expect(quarantine.records.first { $0.origin == .operator && $0.plugin == "file" }?.failure.reason == "still")
        let (first, again) = (quarantine.clear("file"), quarantine.clear("file"))
        #expect(first.count == 2 && again.isEmpty)
        #expect(answer(quarantine, one, at: 1) == .clear)
        quarantine.add("r", reason: "x", until: nil, now: 200)
        #expect(quarantine.records.map(\.plugin) == ["r"])
    }

    @Test("explains itself to who wants the plugin")
    func error() {
        var quarantine = Quarantine()
        _ = fail(&quarantine, one, at: 0)
        let error = fail(&quarantine, one, at: 0).error
        #expect(error.code == .quarantined && error.plugin == "p" && error.facts == .file(path: "/plugins/p.so"))
        #expect(error.message.contains("SIGSEGV") && error.message.contains("keyway quarantine retry"))
    }

    @Test("a record says the same after it was written and read", arguments: [true, false])
    func json(full: Bool) throws {
        var failure = QuarantineFailure(code: "crashed", reason: "a \"reason\"", phase: full ? "entry" : nil)
        if full {
            (failure.signal, failure.address, failure.exitStatus) = (11, .max, 3)
            (failure.backtrace, failure.output) = (["a", "b"], "\u{1}\n\u{FFFD}")
        }
        var quarantine = Quarantine()
        let range = SDKRange(minimum: 1, maximum: full ? 4 : nil)
        let record = quarantine.record(
            failure, of: "p", file: full ? "/f" : nil, inputs: QuarantineInputs(digest: "11", sdk: range), by: .runtime,
            now: 77)
        let folder = try Sample.Folder()
        let store = QuarantineStore(stateFolder: "\(folder.path)/state") { 77 }
        try store.record(failure, of: "p", file: record.file, inputs: try #require(record.inputs), by: .runtime)
        try store.add("q", reason: "r", for: full ? 5 : nil)
        #expect(try store.list().first == record)
        #expect(try store.list().last?.until == (full ? 82 : nil))
        #expect(try store.clear("q").count == 1)
    }
}
