import Foundation
import PluginHost
import Synchronization
import TestPrograms
import Testing

@Suite("Hot swap", .needsCompiler, .timeLimit(.minutes(10)))
struct SwapTests {
    @Test("calls go to the new build, adapters stay, and the old instance is ended")
    func swaps() async throws {
        let place = try SwapPlugin()
        let (first, second) = (try place.build(1), try place.build(2))
        let host = place.host()
        var events = host.events.makeAsyncIterator()
        let embedder = try #require(try await host.load(first, configuration: place.configuration).embedder)
        #expect(try SwapPlugin.ask(embedder).build == 1)
        let result = try await host.swap("counter", to: second)
        #expect(result.hasChanged && result.generation == 2 && result.version.description == "1.0.2")
        #expect(try SwapPlugin.ask(embedder).build == 2 && embedder.version.description == "1.0.2")
        #expect(try await embedder.info(CallContext()).model == "1.0.2")
        while let event = await events.next(), event.kind != .retired {}
        #expect(try await place.told(6) == "cscsqd")
        let status = try #require(host.status.first)
        #expect(status.generation == 2 && status.state == .active && status.retiring == 0 && status.inFlight == 0)
        #expect(status.version?.description == "1.0.2" && status.file == second && status.errors == 0)
        // embed, embed, info, and the question how it is.
        #expect(status.calls == 3)
        await host.shutdown()
        #expect(try await place.told(2) == "qd")
    }

    @Test("no call of many threads fails or is lost while a plugin is swapped again and again")
    func underLoad() async throws {
        let place = try SwapPlugin()
        let builds = [try place.build(1), try place.build(2)]
        let host = place.host()
        let embedder = try #require(try await host.load(builds[0]).embedder)
        let isOver = Flag()
        let callers = (0..<3).map { _ in
            Task.detached { () -> [Int: Int] in
                var seen: [Int: Int] = [:]
                var matrix = Matrix(rows: 1, dims: 2)
                while !isOver.isSet {
                    try embedder.embed("?", into: &matrix)
                    seen[Int(matrix.row(0)[0]), default: 0] += 1
                    let row = try await embedder.embed(EmbedRequest(["?"])).matrix.row(0)
                    seen[Int(row[0]), default: 0] += 1
                }
                return seen
            }
        }
        for number in 1...20 {
            let before = host.status[0].calls
            let result = try await host.swap("counter", to: builds[number % 2])
            #expect(result.generation == number + 1)
            // Every generation serves.
            while host.status[0].calls < before + 20 { await Task.yield() }
        }
        isOver.set()
        var seen: [Int: Int] = [:]
        for caller in callers { seen.merge(try await caller.value) { $0 + $1 } }
        #expect(seen.keys.sorted() == [1, 2])
        #expect(host.status[0].errors == 0)
        await host.shutdown()
    }

    @Test("a call that runs ends in the build where it began, however long it takes")
    func drains() async throws {
        let place = try SwapPlugin()
        let host = place.host()
        let embedder = try #require(
            try await host.load(try place.build(1), configuration: place.configuration).embedder)
        #expect(try await place.told(2) == "cs")
        let held = try await SwapPlugin.Held(embedder)
        try await host.swap("counter", to: place.build(2))
        #expect(try SwapPlugin.ask(embedder).build == 2)
        #expect(host.status[0].retiring == 1 && host.status[0].inFlight == 1)
        #expect(try await held.end().build == 1)
        #expect(try await place.told(4) == "csqd")
        await host.shutdown()
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let macros: [String]
        let code: PluginError.Code
        let word: String
        var testDescription: String { "\(macros)" }
    }

    @Test(
        "a build that is not fit leaves the old one serving, and says why",
        arguments: [
            Refusal(macros: ["ID=\"other\""], code: .conflict, word: "other"),
            Refusal(macros: ["NARROW"], code: .conflict, word: "operation 3 of keyway.embedder/1"),
            Refusal(macros: ["FAIL_CREATE"], code: .configuration, word: "no configuration"),
            Refusal(macros: ["FAIL_START"], code: .unavailable, word: "does not start"),
            Refusal(macros: ["HANG_START"], code: .timeout, word: "plugin.start took longer"),
            Refusal(macros: ["HEALTH=KW_HEALTH_CRITICAL"], code: .unavailable, word: "as built"),
            Refusal(macros: ["CONSTRUCTOR_CRASH"], code: .load, word: "another process"),
        ])
    func refused(_ refusal: Refusal) async throws {
        let place = try SwapPlugin()
        let scanner = try PluginScanner.locate()
        let host = place.host { configuration in
            configuration.scanner = scanner
            // Only the one that hangs needs its end.
            if refusal.macros == ["HANG_START"] { configuration.supervision.loadTimeout = .seconds(45) }
        }
        let embedder = try #require(
            try await host.load(try place.build(1), configuration: place.configuration).embedder)
        let error = try await #require(throws: PluginError.self) {
            try await host.swap("counter", to: place.build(2, refusal.macros))
        }
        #expect(error.code == refusal.code && error.message.contains(refusal.word), "\(error)")
        #expect(try SwapPlugin.ask(embedder).build == 1)
        let status = host.status[0]
        #expect(status.generation == 1 && status.state == .active && status.version?.description == "1.0.1")
        await host.shutdown()
    }

    @Test("files that are no plugin, or gone, are refused")
    func badFiles() async throws {
        let place = try SwapPlugin()
        let host = place.host()
        let first = try place.build(1)
        let embedder = try #require(try await host.load(first).embedder)
        let text = "\(place.folder.path)/text.so"
        try Data("no plugin".utf8).write(to: URL(fileURLWithPath: text))
        for (file, code) in [(text, PluginError.Code.validation), (place.folder.path + "/none.so", .notFound)] {
            let error = try await #require(throws: PluginError.self) { try await host.swap("counter", to: file) }
            #expect(error.code == code, "\(error)")
        }
        // Half of it is there.
        try FileManager.default.removeItem(atPath: text)
        try Data(contentsOf: URL(fileURLWithPath: first)).prefix(3000).write(to: URL(fileURLWithPath: text))
        let half = try await #require(throws: PluginError.self) { try await host.swap("counter", to: text) }
        #expect(half.code == .validation)
        let none = try await #require(throws: PluginError.self) { try await host.swap("nobody", to: first) }
        #expect(none.code == .notFound && none.facts == .names(["counter"]))
        #expect(try SwapPlugin.ask(embedder).build == 1)
        await host.shutdown()
    }

    @Test("the same bytes with the same configuration are no change")
    func unchanged() async throws {
        let place = try SwapPlugin()
        let host = place.host()
        _ = try await host.load(try place.build(1), configuration: place.configuration)
        let same = try await host.swap("counter")
        #expect(!same.hasChanged && same.generation == 1)
        // The file is another one by now.
        try place.build(2, as: "build1")
        let result = try await host.swap("counter")
        #expect(result.hasChanged && result.version.description == "1.0.2")
        await host.shutdown()
    }

    static let handingOver = "MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"loading\\\":{\\\"handsOver\\\":true}\""

    @Test("what a plugin hands over reaches the next build; calls wait meanwhile and none fails")
    func handsOver() async throws {
        let place = try SwapPlugin()
        let host = place.host()
        let embedder = try #require(
            try await host.load(try place.build(1, [Self.handingOver]), configuration: place.configuration).embedder)
        for _ in 1...5 { _ = try SwapPlugin.ask(embedder) }
        let held = try await SwapPlugin.Held(embedder)
        let second = try place.build(2, [Self.handingOver])
        let swap = Task { try await host.swap("counter", to: second) }
        // The swap waits for the call, and this one for the swap.
        let waiting = Task.detached { try SwapPlugin.ask(embedder) }
        #expect(try await held.end() == (1, 6))
        #expect(try await swap.value.hasChanged)
        let (build, call) = try await waiting.value
        // It came before the swap began to hold calls, or after.
        #expect((build, call) == (2, 7) || (build, call) == (1, 7))
        #expect(try SwapPlugin.ask(embedder) == (2, 8))
        #expect(try await place.told(6) == "cswcsd")
        await host.shutdown()
    }

    @Test("a plugin that handed over and has no heir goes on with what it had")
    func givesBack() async throws {
        let place = try SwapPlugin()
        let host = place.host()
        let embedder = try #require(
            try await host.load(try place.build(1, [Self.handingOver]), configuration: place.configuration).embedder)
        _ = try SwapPlugin.ask(embedder)
        let error = try await #require(throws: PluginError.self) {
            try await host.swap("counter", to: place.build(2, [Self.handingOver, "FAIL_START"]))
        }
        #expect(error.code == .unavailable)
        #expect(try SwapPlugin.ask(embedder) == (1, 2))
        // Created and started; handed over; the other one created and, unstarted, destroyed; started again.
        #expect(try await place.told(7).hasPrefix("cswc"))
        await host.shutdown()
    }

    /// Whether code of a file is in this process.
    private func isMapped(_ name: String) throws -> Bool {
        let maps = try #require(try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/maps")).readToEnd())
        return String(decoding: maps, as: UTF8.self).contains("\(name).so")
    }

    @Test("the code of a build that can leave nothing behind goes with it; any other stays")
    func unmaps() async throws {
        let place = try SwapPlugin()
        let caps = "CAPS=KW_CAP_CONCURRENT|KW_CAP_UNLOADABLE"
        let names = (1...20).map { "going-\($0)-\(UUID().uuidString.prefix(8))" }
        let host = place.host()
        var events = host.events.makeAsyncIterator()
        let first = try place.build(1, as: names[0], [caps])
        let embedder = try #require(try await host.load(first).embedder)
        for (number, name) in names.enumerated().dropFirst() {
            try await host.swap("counter", to: place.build(number + 1, as: name, [caps]))
            #expect(try SwapPlugin.ask(embedder).build == number + 1)
            while let event = await events.next(), event.kind != .retired {}
            #expect(try isMapped(name))
            // It goes with the last that knows it, which may be the task that told of its end.
            while try isMapped(names[number - 1]) { await Task.yield() }
        }
        // What promises nothing, could start threads, or says that some are left, stays.
        var before = names[19]
        for (name, macros) in [
            ("plain", []), ("starting", [caps, "STARTS_THREADS"]), ("leaving", [caps, "THREADS_LEFT=1"]), ("last", []),
        ] {
            let name = "\(name)-\(UUID().uuidString.prefix(8))"
            try await host.swap("counter", to: place.build(99, as: name, macros))
            while let event = await events.next(), event.kind != .retired {}
            if before.hasPrefix("going") { while try isMapped(before) { await Task.yield() } }
            #expect(try isMapped(before) != before.hasPrefix("going"), "\(before)")
            before = name
        }
        await host.shutdown()
        #expect(throws: PluginError.self) { try SwapPlugin.ask(embedder) }
    }

    @Test("shutting down gives up a swap that hangs, and ends the old build")
    func shutdownDuringSwap() async throws {
        let place = try SwapPlugin()
        let host = place.host()
        let embedder = try #require(
            try await host.load(try place.build(1), configuration: place.configuration).embedder)
        let hanging = try place.build(2, ["HANG_START"])
        let swap = Task { try await host.swap("counter", to: hanging) }
        #expect(try await place.told(4) == "csch")
        await host.shutdown()
        let error = await #expect(throws: PluginError.self) { try await swap.value }
        #expect(error?.code == .cancelled)
        #expect(host.status.isEmpty)
        let after = #expect(throws: PluginError.self) { try SwapPlugin.ask(embedder) }
        #expect(after?.code == .disabled)
    }
}

/// Something that has happened, for threads and tasks alike.
final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
