import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// What belongs to no interface: configuration, health, errors, the context, calls of a plugin's own.
@Suite("Round trips: the plugin itself", .needsCompiler, .timeLimit(.minutes(10)))
struct MirrorLifeTests {
    @Test("a configuration arrives, and what is wrong with it comes back")
    func configure() async throws {
        let plugin = try Mirror.plugin()
        let told = try await Mirror.told { context async throws(PluginError) in
            try await plugin.configure(["a": [1]], dryRun: true, context)
        }
        #expect(told == ["config_json": #"{"a":[1]}"#, "flags": 1])
        let applying = try await Mirror.told { context async throws(PluginError) in
            try await plugin.configure([:], context)
        }
        #expect(applying == ["config_json": "{}"])
        #expect(
            try await plugin.configure([:]) == [
                ConfigurationIssue(pointer: "/a/0", message: "is no number", code: "type"),
                ConfigurationIssue(pointer: "", message: "is too small", severity: .warning),
            ])
        #expect(try await plugin.configure([:], Mirror.does("accept")).isEmpty)
        let fixed = try Fixture.plugin()
        let error = await failure { () async throws(PluginError) in try await fixed.configure([:]) }
        #expect(error?.code == .unsupported && error?.operation == "plugin.configure" && error?.remedy != nil)
    }

    @Test("each state of health arrives with its message and details")
    func health() async throws {
        let plugin = try Mirror.plugin()
        for state in Health.State.allCases {
            let health = try await plugin.health(Mirror.does(state.rawValue))
            #expect(health == Health(state, message: "said", details: ["d": 1]))
            #expect(health.isHealthy == (state != .critical))
        }
    }

    @Test("every field of an error arrives, and the plugin's word on another try counts")
    func error() async throws {
        let plugin = try Mirror.plugin()
        let error = try #require(
            await failure { () async throws(PluginError) in try await plugin.health(Mirror.does("error")) })
        #expect(error.code == .overloaded && error.what == "too much" && !error.retryable)
        #expect(
            error.retryAfter == .milliseconds(2500) && error.plugin == "mirror" && error.operation == "plugin.health")
        #expect(
            error.facts
                == .plugin(
                    .init(
                        status: 114, vendorCode: -8, domain: "openai", httpStatus: 529, requestID: "req-1",
                        details: ["queue": 9], backtrace: "at 0x1")))
    }

    @Test("an error that the host saw arrives with every field")
    func notice() async throws {
        let plugin = try Mirror.plugin()
        let seen = PluginError(
            .overloaded, "too much", remedy: "Ask later",
            facts: .plugin(
                .init(
                    status: 114, vendorCode: -8, domain: "openai", httpStatus: 529, requestID: "req-1",
                    details: ["queue": 9], backtrace: "at 0x1")), operation: "embedder.embed", retryAfter: .seconds(1))
        let told = try await Mirror.told { context async throws(PluginError) in
            try await plugin.notify(of: seen, callID: 7, executionID: "run-1", context)
        }
        var members = try #require(told.objectValue)
        #expect(try #require(members.removeValue(forKey: "at_unix_ns")?.intValue) > 1_700_000_000_000_000_000)
        #expect(
            JSON.object(members) == [
                "status": 114, "operation": "embedder.embed", "message": "too much", "call": 7,
                "execution_id": "run-1", "recovery": "Ask later",
                "error": [
                    [
                        "status": 114, "vendor_code": -8, "http_status": 529, "retry": 1,
                        "retry_after_ns": 1_000_000_000, "message": "too much. Ask later.",
                        "details_json": #"{"queue":9}"#, "domain": "openai", "request_id": "req-1",
                        "backtrace": "at 0x1",
                    ]
                ],
            ])
        try await plugin.notify(of: seen)
        // A plugin that does not want to know is not asked.
        try await Fixture.plugin().notify(of: seen)
    }

    @Test("the caller arrives with the rest of the context")
    func context() async throws {
        let plugin = try Mirror.plugin()
        var context = Mirror.does("context")
        (context.runID, context.traceparent, context.caller) = ("run", "00-1", "other-plugin")
        context.deadlines.betweenChunks = .milliseconds(5)
        let asked = context
        let error = try #require(await failure { () async throws(PluginError) in try await plugin.health(asked) })
        #expect(
            try JSON(parsing: error.what, what: "the context") == [
                "run_id": "run", "traceparent": "00-1", "caller": "other-plugin", "attributes": [["do", "context"]],
                "between_chunks_ns": 5_000_000,
            ])
    }

    @Test("a plugin's thread may open calls of its own: memory and errors, but no events and no reply")
    func ownCalls() async throws {
        let plugin = try Mirror.plugin()
        for _ in 0..<3 {
            let error = try #require(
                await failure { () async throws(PluginError) in try await plugin.health(Mirror.does("thread")) })
            #expect(
                try JSON(parsing: error.what, what: "what the thread saw") == [
                    "deadline": 1, "memory": 1, "fail": 5, "status": 5, "message": "not there", "reply": 9, "emit": 12,
                    "second": 1, "no_error": 1,
                ])
        }
    }
}
