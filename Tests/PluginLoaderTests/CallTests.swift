import Foundation
import Logging
import PluginCore
import PluginLoader
import Synchronization
import TestPrograms
import Testing

@Suite("Calls", .needsCompiler, .timeLimit(.minutes(10)))
struct CallTests {
    @Test(
        "a reply against the contract is an error that names it",
        arguments: [
            ("rows", "wrote 2 rows for 1 text"), ("never", "returned success without a reply"),
            ("twice", "replied twice"), ("nan", "not finite"),
            ("pending", "returned PENDING without declaring the ASYNC capability"),
        ])
    func misuse(text: String, message: String) async throws {
        let plugin = try text == "pending" ? Fixture.plugin(built: ["SYNCHRONOUS"]) : Fixture.plugin()
        let error = try #require(failure { try plugin.embed(text) })
        #expect(error.code == .protocolViolation && error.what.contains(message), "\(error)")
        #expect(error.plugin == "fixture" && error.operation == "embedder.embed")
        // The instance is none the worse.
        #expect(try plugin.embed("abc") == 3)
        await plugin.shutdown()
    }

    @Test("a report that does not fit the request is an error", arguments: ["tokens", "cut", "rows", "nan"])
    func report(text: String) async throws {
        let embedder = try #require(try Fixture.plugin().embedder)
        let error = await failure { () async throws(PluginError) in
            try await embedder.embed(EmbedRequest([text]), dims: 4).report
        }
        #expect(error?.code == .protocolViolation)
        let report = try await embedder.embed(EmbedRequest(["a", "bc"]), dims: 4).report
        #expect(report.tokens.isEmpty && report.totalTokens == nil)
    }

    @Test("a matrix that cannot take the answer is refused before the plugin is asked")
    func matrix() throws {
        let embedder = try #require(try Fixture.plugin().embedder)
        var small = Matrix(rows: 0, dims: 4)
        var flat = Matrix(rows: 1, dims: 0)
        #expect(failure { try embedder.embed("a", into: &small) }?.code == .invalidArgument)
        #expect(failure { try embedder.embed("a", into: &flat) }?.code == .invalidArgument)
        var one = Matrix(rows: 1, dims: 4)
        #expect(failure { try embedder.embed(EmbedRequest(["a", "b"]), into: &one) }?.code == .invalidArgument)
    }

    @Test("what a plugin says of its failure arrives, repaired where it is not UTF-8")
    func failureFacts() throws {
        let error = try #require(failure { try Fixture.plugin().embed("message") })
        #expect(error.code == .rateLimited && error.what == "no \u{FFFD} room" && error.retryable)
        #expect(error.retryAfter == .milliseconds(1500))
        #expect(
            error.facts
                == .plugin(.init(status: 113, vendorCode: 7, httpStatus: 429, details: ["limit": 3])))
    }

    @Test("an operation that the plugin does not have is unsupported")
    func unsupported() async throws {
        let vectors = try #require(try Fixture.plugin().vectorBackend)
        let error = await failure { () async throws(PluginError) in try await vectors.repositories(CallContext()) }
        #expect(error?.code == .unsupported)
        #expect(error?.what == "fixture does not implement vectorBackend.repos")
    }

    @Test("an operation may be completed by another thread")
    func pending() async throws {
        let plugin = try Fixture.plugin(built: ["NOTE_CAPS=(KW_CAP_CONCURRENT|KW_CAP_ASYNC)"])
        for _ in 0..<200 { #expect(try plugin.embed("pending") == 7) }
        await plugin.shutdown()
    }

    @Test("the context's fields and deadlines arrive")
    func context() throws {
        let plugin = try Fixture.plugin()
        let context = CallContext(
            runID: "run-1", traceparent: "00-abc",
            deadlines: Deadlines(
                total: .seconds(100), connect: .seconds(200), headers: .seconds(300), firstContent: .seconds(400),
                betweenChunks: .milliseconds(5)), attributes: ["b": "2", "a": "1"])
        func now() -> Int64 { Int64(clock_gettime_nsec()) }
        let before = now()
        let error = try #require(failure { try plugin.embed("context", context) })
        let after = now()
        let told = try JSON(parsing: error.what, what: "the echo")
        #expect(told["run"] == "run-1" && told["trace"] == "00-abc")
        #expect(told["attributes"] == [["a", "1"], ["b", "2"]])
        let deadlines = try #require(told["deadlines"]?.arrayValue).compactMap(\.intValue)
        for (index, seconds) in [100, 200, 300, 400].enumerated() {
            let nanoseconds = Int64(seconds) * 1_000_000_000
            #expect((before + nanoseconds...after + nanoseconds).contains(deadlines[index]))
        }
        #expect(deadlines[4] == 5_000_000)
        let plain = try JSON(parsing: #require(failure { try plugin.embed("context") }).what, what: "the echo")
        #expect(plain["deadlines"] == [0, 0, 0, 0, 0] && plain["run"] == "" && plain["attributes"] == [])
        #expect(try #require(plain["id"]?.intValue) != #require(told["id"]?.intValue))
    }

    private func clock_gettime_nsec() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    @Test("logs and metrics arrive, and what is no measurement is dropped with a warning")
    func logsAndMetrics() throws {
        let log = Log()
        let metrics = Mutex<[PluginMetric]>([])
        let loader = Fixture.loader(
            logger: Logger(label: "test") { _ in log }, metrics: { metric in metrics.withLock { $0.append(metric) } })
        let plugin = try loader.prepare(Fixture.honest.get().path).load().create()
        try plugin.embed("log")
        #expect(
            metrics.withLock { $0 } == [
                PluginMetric(plugin: "fixture", name: "count", kind: .counter, value: 2, labels: ["k": "v"]),
                PluginMetric(plugin: "fixture", name: "level", kind: .gauge, value: -1.5, labels: [:]),
            ])
        let lines = log.lines.withLock { $0 }
        #expect(
            lines.first
                == "warning a line [component: part, n: 1, plugin: fixture, s: x]")
        #expect(lines.dropFirst().first == "error no \u{FFFD} text [fields: not json, plugin: fixture]")
        #expect(lines.count { $0.contains("was dropped: it is no") } == 3)
        try plugin.embed("call-log", CallContext(runID: "run-1"))
        let line = try #require(log.lines.withLock { $0.last })
        #expect(
            line.hasPrefix("info of a call [call: ")
                && line.hasSuffix(", component: part, n: 1, plugin: fixture, run: run-1]"))
    }

    /// Keeps what is logged.
    private final class Log: LogHandler, Sendable {
        let lines = Mutex<[String]>([])
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        var logLevel: Logger.Level {
            get { .trace }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            lines.withLock { $0.append("\(event.level) \(event.message) [\(metadata.joined(separator: ", "))]") }
        }
    }
}

@Suite("Life of an instance", .needsCompiler, .timeLimit(.minutes(10)))
struct LifeTests {
    @Test("shutting down waits for what runs and refuses what comes")
    func shutdown() async throws {
        let (hold, destroyed) = (Hold(), Channel())
        let plugin = try Fixture.plugin(["destroyed": .int(Int64(destroyed.writing))])
        let running = Task { try await plugin.embedder!.embed(EmbedRequest([hold.text]), dims: 4).report }
        #expect(await hold.arrived.receive().count == 1)
        async let over: Void = plugin.shutdown()
        // It is closed as soon as a call is refused; until then calls get through.
        while failure({ try plugin.embed("x") })?.code != .disabled { await Task.yield() }
        hold.leave.send()
        #expect(try await running.value.tokens.isEmpty)
        await over
        // The number of operations inside when it was destroyed.
        #expect(await destroyed.number() == 0)
        let error = try #require(failure { try plugin.embed("x") })
        #expect(error.code == .disabled && error.what == "fixture was shut down")
        await plugin.shutdown()
    }

    @Test("shutting down from many tasks at once destroys once")
    func shutdownTwice() async throws {
        let destroyed = Channel()
        let plugin = try Fixture.plugin(["destroyed": .int(Int64(destroyed.writing))])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { await plugin.shutdown() } }
        }
        #expect(await destroyed.receive(8).count == 4)
    }

    @Test("an instance that is let go of is destroyed")
    func letGo() async throws {
        let destroyed = Channel()
        do { _ = try Fixture.plugin(["destroyed": .int(Int64(destroyed.writing))]) }
        #expect(await destroyed.receive(8).count == 4)
    }

    @Test("a plugin that is not concurrent never runs two operations at once")
    func notConcurrent() async throws {
        let plugin = try Fixture.plugin(built: ["NOTE_CAPS=0"])
        try await hold(plugin, calls: 4, atOnce: 1)
        #expect(try await plugin.state()["mostInside"] == 1)
        await plugin.shutdown()
    }

    @Test("a plugin that states how many it can take never gets more")
    func limited() async throws {
        let plugin = try Fixture.plugin(built: ["MAX_CONCURRENCY=2"])
        try await hold(plugin, calls: 6, atOnce: 2)
        #expect(try await plugin.state()["mostInside"] == 2)
        await plugin.shutdown()
    }

    @Test("a concurrent plugin runs them all at once")
    func concurrent() async throws {
        let plugin = try Fixture.plugin(built: ["FRESH"])
        try await hold(plugin, calls: 5, atOnce: 5)
        #expect(try await plugin.state()["mostInside"] == 5)
        await plugin.shutdown()
    }

    /// Starts calls that hold inside the plugin, and lets them go as they come: a wave has to be inside together.
    private func hold(_ plugin: NativePlugin, calls: Int, atOnce: Int) async throws {
        let hold = Hold()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<calls {
                group.addTask { _ = try await plugin.embedder!.embed(EmbedRequest([hold.text]), dims: 4).report }
            }
            for _ in 0..<calls / atOnce {
                for _ in 0..<atOnce { #expect(await hold.arrived.receive().count == 1) }
                for _ in 0..<atOnce { hold.leave.send() }
            }
            try await group.waitForAll()
        }
    }

    @Test("cancelling the task resumes it at once, tells the plugin, and leaves its memory to it")
    func cancel() async throws {
        let (plugin, told) = (try Fixture.plugin(), Channel())
        let task = Task { try await plugin.embedder!.embed(EmbedRequest(["cancel:\(told.writing)"]), dims: 4).report }
        #expect(await told.number() == 1)
        task.cancel()
        let error = await failure { () async throws(PluginError) in
            do { return try await task.value } catch { throw error as! PluginError }
        }
        #expect(error?.code == .cancelled)
        #expect(await told.number() == 1)  // the flag as the plugin read it when its descriptor woke it
        await plugin.shutdown()
    }

    @Test("a call whose total time is over ends with a timeout, whatever the plugin does")
    func deadline() async throws {
        let (plugin, hold) = (try Fixture.plugin(), Hold())
        let context = CallContext(deadlines: Deadlines(total: .milliseconds(20)))
        var matrix = Matrix(rows: 1, dims: 4)
        let error: PluginError?
        do throws(PluginError) {
            _ = try await plugin.embedder!.embed(EmbedRequest([hold.text]), into: &matrix, context)
            error = nil
        } catch let thrown {
            error = thrown
        }
        #expect(error?.code == .timeout)
        #expect(error?.facts == .deadline(kind: "total", milliseconds: 20))
        hold.leave.send()
        await plugin.shutdown()
        #expect(matrix.row(0) == [0, 0, 0, 0])  // the late plugin wrote into the rows that it was lent
    }
}
