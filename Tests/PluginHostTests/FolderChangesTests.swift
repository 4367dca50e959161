import Foundation
import PluginHost
import Testing

@Suite("Changes of folders", .timeLimit(.minutes(10)))
struct FolderChangesTests {
    private let folder: Sample.Folder
    private let clock = ManualClock()
    private var path: String { folder.path }

    init() throws { folder = try Sample.Folder() }

    private func write(_ name: String) throws {
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    /// What is told up to the report that names a file, with time going on whenever somebody waits for it.
    private func told(by changes: FolderChanges, upTo name: String) async -> [WatchReport] {
        let time = Task { await clock.run() }
        defer { time.cancel() }
        var found: [WatchReport] = []
        for await report in changes {
            found.append(report)
            if names([report]).contains(name) { break }
        }
        return found
    }

    private func names(_ reports: [WatchReport]) -> Set<String> {
        reports.reduce(into: []) { names, report in
            guard case .changed(let paths) = report else { return }
            names.formUnion(paths.map { String($0.dropFirst(path.count + 1)) })
        }
    }

    @Test("are told when the time has come, and not before")
    func waits() async throws {
        let changes = try await FolderChanges.start([path], clock: clock)
        let consumer = Task { await told(by: changes, upTo: "b.so") }
        // Nothing is told, so that the consumer's clock is not moved yet.
        #expect(clock.now.offset == .zero)
        // A link, which nobody closes later on.
        #expect(unsafe symlink("nowhere", "\(path)/b.so") == 0)
        #expect(names(await consumer.value) == ["b.so"])
        #expect(clock.now.offset >= .milliseconds(500))
        let start = clock.now
        let next = Task { await changes.first { _ in true } }
        #expect(unsafe rename("\(path)/b.so", "\(path)/c.so") == 0)
        #expect(start.duration(to: await clock.sleeper()) == .milliseconds(500))
        clock.advance(by: .milliseconds(499))
        // Another event postpones it.
        #expect(unsafe rename("\(path)/c.so", "\(path)/b.so") == 0)
        while start.duration(to: await clock.sleeper()) != .milliseconds(999) { await Task.yield() }
        clock.advance(by: .milliseconds(500))
        #expect(await next.value == .changed(["\(path)/b.so", "\(path)/c.so"]))
    }

    @Test("leave out what does not count and what is not whole")
    func leavesOut() async throws {
        let changes = try await FolderChanges.start([path], clock: clock)
        let half = unsafe open("\(path)/half.so", O_CREAT | O_WRONLY, 0o600)
        for name in [".hidden.so", "a.so~", "a.so.tmp", "b.so"] { try write(name) }
        #expect(names(await told(by: changes, upTo: "b.so")) == ["b.so"])
        #expect(unsafe Glibc.write(half, "x", 1) == 1)
        try write("c.so")
        #expect(names(await told(by: changes, upTo: "c.so")).isSubset(of: ["b.so", "c.so"]))
        close(half)
        #expect(names(await told(by: changes, upTo: "half.so")).isSubset(of: ["b.so", "c.so", "half.so"]))
    }

    @Test("of a file that is replaced again and again are few reports, and one after the last")
    func replaced() async throws {
        let changes = try await FolderChanges.start([path], clock: clock)
        for round in 0..<100 {
            try write("next.new")
            #expect(unsafe rename("\(path)/next.new", "\(path)/a.so") == 0)
            if round == 50 { #expect(names(await told(by: changes, upTo: "a.so")) == ["a.so"]) }
        }
        try write("end.so")
        let told = await told(by: changes, upTo: "end.so")
        #expect(names(told) == ["a.so", "end.so"])
        #expect(told.count <= 50)
    }

    @Test("are kept together while nobody asks, in bounded memory")
    func bounded() async throws {
        var rules = WatchRules()
        rules.pathLimit = 10
        let changes = try await FolderChanges.start([path], rules: rules, clock: clock)
        for number in 0..<100 { try write("\(number).so") }
        let time = Task { await clock.run() }
        defer { time.cancel() }
        for await report in changes {
            #expect(report == .everything)
            break
        }
    }

    @Test("end when they are stopped, also for a consumer that waits")
    func ends() async throws {
        let changes = try await FolderChanges.start([path], clock: clock)
        let consumer = Task { await changes.reduce(into: 0) { count, _ in count += 1 } }
        try write("a.so")
        _ = await clock.sleeper()
        changes.stop()
        #expect(await consumer.value == 0)
        for await _ in changes { Issue.record("it has ended") }
    }

    @Test("end for a consumer that is cancelled, and go on for the next")
    func cancelled() async throws {
        let changes = try await FolderChanges.start([path], clock: clock)
        let consumer = Task { await changes.reduce(into: 0) { count, _ in count += 1 } }
        try write("a.so")
        _ = await clock.sleeper()
        consumer.cancel()
        #expect(await consumer.value == 0)
        #expect(names(await told(by: changes, upTo: "a.so")) == ["a.so"])
    }
}
