import PluginHost
import Testing

@Suite("The debouncer of watched folders")
struct WatchDebouncerTests {
    private static let error = PluginError(.unavailable, "no")

    /// What it tells, and after how many milliseconds, if nothing more happens.
    private func story(_ debouncer: inout WatchDebouncer, from start: Int) -> [String] {
        var now = Duration.milliseconds(start)
        var told: [String] = []
        while true {
            switch debouncer.next(at: now) {
            case .wait(nil): return told
            case .wait(let date?):
                #expect(date > now)
                now = date
            case .report(let report):
                let what =
                    switch report {
                    case .changed(let paths): paths.sorted().joined(separator: "+")
                    case .everything: "everything"
                    case .failed: "failed"
                    }
                told.append("\(what)@\(Int(now.milliseconds))")
            }
        }
    }

    enum Before: String, CaseIterable {
        case nothing, isWritten, isWhole, isWrittenAgain, isLost

        var events: [(FileEvent, Int)] {
            switch self {
            case .nothing: []
            case .isWritten: [(.file("/f/a", .writing), 0)]
            case .isWhole: [(.file("/f/a", .whole), 0)]
            case .isWrittenAgain: [(.file("/f/a", .whole), 0), (.file("/f/a", .writing), 50)]
            case .isLost: [(.lost, 0)]
            }
        }
    }

    static let events: [FileEvent] =
        FileEvent.Change.allCases.map { .file("/f/a", $0) } + [
            .file("/f/b", .whole), .folderGone("/f"), .lost, .failed(error),
        ]

    /// Each state with each event, which comes at 100 ms, in the order of `events`.
    static let stories: [Before: [[String]]] = [
        .nothing: [
            [], ["/f/a@600"], ["/f/a@600"], ["/f/a@600"], ["/f/b@600"], ["/f@600"], ["everything@600"], ["failed@100"],
        ],
        .isWritten: [
            [], ["/f/a@600"], [], ["/f/a@600"], ["/f/b@600"], ["/f@600"], ["everything@600"], ["failed@100"],
        ],
        .isWhole: [
            [], ["/f/a@600"], ["/f/a@600"], ["/f/a@600"], ["/f/a@500", "/f/b@600"], ["/f@600"], ["everything@600"],
            ["failed@100", "/f/a@500"],
        ],
        .isWrittenAgain: [
            [], ["/f/a@600"], [], ["/f/a@600"], ["/f/b@600"], ["/f@600"], ["everything@600"], ["failed@100"],
        ],
        .isLost: [
            ["everything@500"], ["everything@500"], ["everything@500"], ["everything@500"], ["everything@500"],
            ["everything@500"], ["everything@600"], ["failed@100", "everything@500"],
        ],
    ]

    @Test("tells the right thing at the right time in every state after every event", arguments: Before.allCases)
    func everyStateAndEvent(before: Before) throws {
        let expected = try #require(Self.stories[before])
        #expect(expected.count == Self.events.count)
        for (event, story) in zip(Self.events, expected) {
            var debouncer = WatchDebouncer(rules: WatchRules())
            for (event, time) in before.events { debouncer.record(event, at: .milliseconds(time)) }
            debouncer.record(event, at: .milliseconds(100))
            #expect(self.story(&debouncer, from: 100) == story, "\(before), then \(event)")
            // None of the states is a trap. What was whole once and has not been told of is overdue.
            debouncer.record(.file("/f/a", .whole), at: .seconds(10))
            let last = self.story(&debouncer, from: 10_000)
            #expect(last == ["/f/a@10500"] || last == ["/f/a@10000"], "\(before), then \(event)")
        }
    }

    @Test("keeps a file back that is written for an hour, until it is whole")
    func longWriting() {
        var debouncer = WatchDebouncer(rules: WatchRules())
        debouncer.record(.file("/f/a", .whole), at: .zero)
        for second in 0..<3600 {
            debouncer.record(.file("/f/a", .writing), at: .seconds(second))
            #expect(debouncer.next(at: .seconds(second)) == .wait(until: nil))
        }
        debouncer.record(.file("/f/a", .gone), at: .seconds(3600))
        #expect(debouncer.next(at: .seconds(3600)) == .report(.changed(["/f/a"])))
    }

    @Test("tells of a file that is replaced 100 times a second at least every two seconds", arguments: [false, true])
    func replaced(inPlace: Bool) {
        var debouncer = WatchDebouncer(rules: WatchRules())
        var told: [Int] = []
        for time in stride(from: 0, to: 20_000, by: 10) {
            if inPlace {
                debouncer.record(.file("/f/a", .writing), at: .milliseconds(time))
                #expect(debouncer.next(at: .milliseconds(time)) == .wait(until: nil), "it is half written")
            }
            debouncer.record(.file("/f/a", .whole), at: .milliseconds(time))
            if debouncer.next(at: .milliseconds(time)) == .report(.changed(["/f/a"])) { told.append(time) }
        }
        #expect(told.first == 2000 && told.count == 9)
        #expect(zip(told, told.dropFirst()).allSatisfy { $1 - $0 <= 2010 })
    }

    @Test("tells of files by themselves: one that does not come to rest holds no other back")
    func apart() {
        var debouncer = WatchDebouncer(rules: WatchRules())
        debouncer.record(.file("/f/a", .whole), at: .zero)
        for time in stride(from: 0, through: 500, by: 100) {
            debouncer.record(.file("/f/b", .whole), at: .milliseconds(time))
        }
        #expect(story(&debouncer, from: 500) == ["/f/a@500", "/f/b@1000"])
    }

    @Test(
        "passes over names that do not count", arguments: [".a.so", "a.so~", "a.tmp", ".a.so.swp", "a.part", "a.new"])
    func ignored(name: String) {
        for change in FileEvent.Change.allCases {
            var debouncer = WatchDebouncer(rules: WatchRules())
            debouncer.record(.file("/f.tmp/\(name)", change), at: .zero)
            #expect(debouncer.next(at: .seconds(5)) == .wait(until: nil))
            debouncer.record(.file("/f.tmp/a.so", .whole), at: .seconds(5))
            #expect(debouncer.next(at: .seconds(6)) == .report(.changed(["/f.tmp/a.so"])))
        }
    }

    @Test("tells of a folder that is gone whatever its name")
    func ignoredFolder() {
        var debouncer = WatchDebouncer(rules: WatchRules())
        debouncer.record(.folderGone("/home/me/.plugins"), at: .zero)
        #expect(story(&debouncer, from: 0) == ["/home/me/.plugins@500"])
    }

    @Test("takes other patterns and times", arguments: ["*.bak", "b?.so", "b[0-9].so", "b1.so"])
    func rules(pattern: String) {
        var rules = WatchRules()
        rules.ignored = [pattern]
        rules.debounce = .milliseconds(10)
        var debouncer = WatchDebouncer(rules: rules)
        debouncer.record(.file("/f/\(pattern == "*.bak" ? "a.bak" : "b1.so")", .whole), at: .zero)
        debouncer.record(.file("/f/a.tmp", .whole), at: .zero)
        #expect(story(&debouncer, from: 0) == ["/f/a.tmp@10"])
    }

    @Test("keeps a bounded number of files apart, whole or not", arguments: [FileEvent.Change.whole, .writing])
    func bounded(change: FileEvent.Change) {
        var rules = WatchRules()
        rules.pathLimit = 3
        var debouncer = WatchDebouncer(rules: rules)
        for number in 0..<3 { debouncer.record(.file("/f/\(number)", change), at: .zero) }
        var within = debouncer
        #expect(story(&within, from: 0) == (change == .whole ? ["/f/0+/f/1+/f/2@500"] : []))
        debouncer.record(.file("/f/3", change), at: .zero)
        #expect(story(&debouncer, from: 0) == ["everything@500"])
    }

    @Test("tells a failure once as long as nobody has asked")
    func failures() {
        var debouncer = WatchDebouncer(rules: WatchRules())
        debouncer.record(.failed(Self.error), at: .zero)
        debouncer.record(.failed(Self.error), at: .zero)
        debouncer.record(.failed(PluginError(.unavailable, "no", facts: .file(path: "/f"))), at: .zero)
        #expect(story(&debouncer, from: 0) == ["failed@0", "failed@0"])
    }
}
