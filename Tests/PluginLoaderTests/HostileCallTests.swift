import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// Events against the contract, leases, and calls that end as they must not.
@Suite("Hostile calls", .needsCompiler, .timeLimit(.minutes(10)))
struct HostileCallTests {
    private let request = ModelRequest([Message(.user, "?")])

    @Test("events of a model")
    func modelEvents() async throws {
        let request = request
        let words =
            Hostile.texts(["event"])
            + [
                "event-size", "event-must", "event-null", "event-kind-must", "bare-usage", "bare-part", "bare-finished",
                "event-part", "event-payload-must", "event-logprob", "event-limit-count", "event-twice-finished",
                "event-choice", "event-name", "event-signature",
            ]
        try await Hostile.breaks("provider.stream", words) { plugin, context throws(PluginError) in
            for try await _ in try await plugin.modelProvider!.stream(request, context) {}
        }
    }

    @Test("events of a run, and its result")
    func runEvents() async throws {
        let words =
            Hostile.texts(["progress", "detail", "path"]) + Hostile.values("leftover")
            + [
                "progress-nan", "progress-2", "output", "violation-text", "approval-verdict", "kind-must", "end-0",
                "end-99",
            ]
        try await run(words)
    }

    @Test("events of a run that lack what they are of")
    func bareEvents() async throws {
        try await run(["bare-violation", "bare-process", "bare-approval", "progress-size"])
    }

    @Test("a run's result with JSON that is none")
    func runJSON() async throws { try await run(["structured-json"]) }

    private func run(_ words: [String]) async throws {
        let policy = ToolPolicy()
        try await Hostile.breaks("toolExecutor.execute", words) { plugin, context throws(PluginError) in
            let run = ToolRunRequest(.argv(["x"]))
            for try await _ in try await plugin.toolExecutor!.execute(run, under: policy, context) {}
        }
    }

    @Test("events of a scan")
    func scanEvents() async throws {
        let words = Hostile.texts(["id"]) + ["payload-null", "payload-count", "payload-size", "kind-must"]
        try await Hostile.breaks("vectorBackend.scan", words) { plugin, context throws(PluginError) in
            for try await _ in try await plugin.vectorBackend!.scan("r", .all, after: nil, including: [], context) {}
        }
    }

    @Test("outputs of operations and endpoints")
    func outputs() async throws {
        let operations = Hostile.texts(["format", "metadata"]) + ["output", "chunk"]
        try await Hostile.breaks("operations.run", operations) { plugin, context throws(PluginError) in
            _ = try await plugin.operationSet!.output(of: OperationRequest("o", [:]), context)
        }
        let endpoints = [
            "status-99", "status-600", "head-status", "bare-head", "head-twice", "early-chunk", "body-after-head",
            "body",
        ]
        try await Hostile.breaks("endpoints.handle", endpoints) { plugin, context throws(PluginError) in
            let request = EndpointRequest(endpoint: 0, method: "GET", path: "/")
            for try await _ in try await plugin.endpointSet!.handle(request, context) {}
        }
    }

    @Test(
        "the borrowed stream, too, refuses what must be understood and what has no memory",
        arguments: [
            "event-kind-must", "event-no-text", "event-size",
        ])
    func borrowed(word: String) async throws {
        let plugin = try Hostile.plugin()
        let provider = try #require(plugin.modelProvider)
        let error = failure { try provider.stream(request, Mirror.does(word)) { _ in .proceed } }
        #expect(error?.code == .protocolViolation && error?.plugin == "hostile", "\(error as Any)")
        #expect(failure { try provider.stream(request) { _ in .proceed } } == nil)
        await plugin.shutdown()
    }

    // MARK: - Leases

    @Test("a lease is released exactly once, however the call ends")
    func leases() async throws {
        let plugin = try Hostile.plugin()
        func released() async throws -> Int64 { try #require(try await plugin.state()["released"]?.intValue) }
        let outcomes: [(String, PluginError.Code?)] = [
            ("lease", nil), ("lease-twice", nil), ("lease-fails", .unavailable), ("lease-never", .protocolViolation),
            ("lease-replies-twice", .protocolViolation),
        ]
        var expected = try await released()
        for (word, code) in outcomes {
            let error = await failure { () async throws(PluginError) in
                try await plugin.embedder!.embed(EmbedRequest(["x"]), dims: 4, Mirror.does(word)).report
            }
            #expect(error?.code == code, "\(word): \(error as Any)")
            expected += 1
            #expect(try await released() == expected, "\(word)")
        }
        await plugin.shutdown()
    }

    // MARK: - Calls that go on

    private func embed(_ plugin: NativePlugin, _ context: CallContext) async -> PluginError? {
        await failure { () async throws(PluginError) in
            try await plugin.embedder!.embed(EmbedRequest(["x"]), dims: 4, context).report
        }
    }

    @Test("a thread that a constructor made may complete calls")
    func constructorThread() async throws {
        let plugin = try Hostile.plugin()
        for _ in 0..<100 { #expect(await embed(plugin, Mirror.does("pending-thread")) == nil) }
        await plugin.shutdown()
    }

    @Test("a call that is completed twice, without a reply, or with what is no end")
    func completions() async throws {
        let plugin = try Hostile.plugin()
        for (word, code) in [
            ("pending-twice", .protocolViolation), ("pending-mute", .protocolViolation), ("pending-pending", .internal),
        ] as [(String, PluginError.Code)] {
            let error = await embed(plugin, Mirror.does(word))
            #expect(error?.code == code, "\(word): \(error as Any)")
            #expect(error?.plugin == "hostile" && error?.operation == "embedder.embed")
            #expect(await embed(plugin, CallContext()) == nil)
        }
        await plugin.shutdown()
    }

    @Test(
        "a call that nobody completes lets its caller go, at the deadline or when cancelled", arguments: [false, true])
    func never(isCancelled: Bool) async throws {
        let (plugin, neighbour, told) = (try Hostile.plugin(), try Mirror.plugin(), Channel())
        var context = CallContext(attributes: ["do": "pending-never", "tell": "\(told.writing)"])
        if !isCancelled { context.deadlines.total = .milliseconds(50) }
        let asked = context
        let task = Task { await embed(plugin, asked) }
        #expect(await told.receive().count == 1)
        if isCancelled { task.cancel() }
        let error = await task.value
        #expect(error?.code == (isCancelled ? .cancelled : .timeout) && error?.plugin == "hostile")
        // The plugin still holds the call; nobody else waits for it.
        #expect(await embed(plugin, CallContext()) == nil)
        #expect(try await neighbour.health(CallContext()).isHealthy)
        await neighbour.shutdown()
        // The instance cannot be freed under a call that may yet be completed: shutting down waits for that.
        #expect(try await plugin.health(Mirror.does("finish")).isHealthy)
        await plugin.shutdown()
        #expect(await embed(plugin, CallContext())?.code == .disabled)
    }
}
