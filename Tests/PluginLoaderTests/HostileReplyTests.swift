import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// Replies that no honest plugin gives: each is an error that names plugin and operation, and nothing else suffers.
@Suite("Hostile replies", .needsCompiler, .timeLimit(.minutes(10)))
struct HostileReplyTests {
    private let request = ModelRequest([Message(.user, "?")])

    private func generate(_ words: [String]) async throws {
        let request = request
        try await Hostile.breaks("provider.generate", words) { plugin, context throws(PluginError) in
            _ = try await plugin.modelProvider!.generate(request, context)
        }
    }

    @Test("an answer of the wrong size, twice, or never")
    func replies() async throws {
        try await generate([
            "reply-size", "reply-must", "null", "twice", "never", "bad-error", "no-choice", "index", "usage-twice",
        ])
    }

    @Test(
        "an answer with a spoiled span or element, at each level",
        arguments: ["choices", "parts", "inner", "logprobs", "others", "usage", "warnings", "limits"])
    func spans(name: String) async throws { try await generate(Hostile.span(name)) }

    @Test("an answer with text that is none, in each field")
    func texts() async throws {
        try await generate(
            Hostile.texts(
                [
                    "id", "model", "continuation", "tier", "raw", "stop", "sequence", "part", "call-id", "inner",
                    "feature", "warning", "limit", "usage",
                ]) + ["token-bytes", "data-bytes"])
    }

    @Test("an answer with numbers that are none")
    func numbers() async throws {
        try await generate(
            [
                "logprob-nan", "logprob-positive", "logprob-infinite", "cost-nan", "cost-infinite", "cost-negative",
            ])
    }

    @Test("an answer with JSON that is none")
    func json() async throws { try await generate(["raw-json", "usage-json", "part-json"]) }

    @Test(
        "a host that checks replies refuses memory that is not the call's",
        arguments: ["kept-text", "kept-span", "beyond-arena", "own-heap"])
    func escapedMemory(word: String) async throws {
        let plugin = try Hostile.plugin(checksReplies: true)
        let provider = try #require(plugin.modelProvider)
        #expect(try await provider.generate(request, Mirror.does("keep")).id?.utf8.count == 1 << 16)
        let error = await failure { () async throws(PluginError) in
            _ = try await provider.generate(request, Mirror.does(word))
        }
        #expect(error?.code == .protocolViolation && error?.operation == "provider.generate", "\(error as Any)")
        #expect(error?.what.contains("neither the call's, nor leased, nor static") == true, "\(error as Any)")
        #expect(try await provider.generate(request, Mirror.does("static")).id == "of the plugin's file")
        await plugin.shutdown()
    }

    @Test(
        "what a later or an earlier SDK writes is no breach",
        arguments: [
            "reply-longer", "reply-short", "choices-longer", "parts-longer", "inner-longer", "usage-longer", "stop-99",
        ])
    func otherSDK(word: String) async throws {
        let provider = try #require(try Hostile.plugin().modelProvider)
        let response = try await provider.generate(request, Mirror.does(word))
        #expect(response.choices.count == 1)
        #expect(response.choices[0].stop.kind == (word == "stop-99" ? .other : .stop))
        #expect(response.usage.cost == (word == "reply-short" ? nil : 1))
    }

    @Test("models")
    func models() async throws {
        let words = Hostile.span("models") + Hostile.texts(["id", "description"])
        try await Hostile.breaks("provider.models", words) { plugin, context throws(PluginError) in
            _ = try await plugin.modelProvider!.models(context)
        }
        // A price that is no number is not known, and a latency of no name neither.
        let model = try #require(try await Hostile.plugin().modelProvider!.models(Mirror.does("latency")).first)
        #expect(model.prices == Model.Prices(cacheRead: 0, cacheWrite: 0) && model.latency == nil)
    }

    @Test("an embedding: rows and report")
    func embed() async throws {
        var request = EmbedRequest(["x"])
        (request.wantsSparse, request.wantsTokenVectors) = (true, true)
        let wanted = request
        let words = [
            "row-nan", "row-infinite", "rows-0", "rows-huge", "cut-foreign", "cut-twice", "sparse-none",
            "sparse-values",
            "sparse-order", "sparse-nan", "vectors-none", "vectors-size", "vectors-stride", "vectors-overflow",
            "vectors-null", "cost-nan",
        ]
        let spans = Hostile.values("tokens") + Hostile.span("sparse").dropLast() + Hostile.span("vectors").dropLast()
        try await Hostile.breaks("embedder.embed", words + spans) { plugin, context throws(PluginError) in
            _ = try await plugin.embedder!.embed(wanted, dims: 4, context).report
        }
    }

    @Test("an embedder's description and its counts")
    func embedder() async throws {
        let words =
            Hostile.texts(["id", "model"]) + Hostile.values("allowed") + ["dims-0", "media-text", "prefix-text"]
        try await Hostile.breaks("embedder.info", words) { plugin, context throws(PluginError) in
            let embedder: any Embedder = plugin.embedder!
            _ = try await embedder.info(context)
        }
        let counts = Hostile.values("tokens") + ["tokens-fewer"]
        try await Hostile.breaks("embedder.count_tokens", counts) { plugin, context throws(PluginError) in
            _ = try await plugin.embedder!.countTokens(["a", "b"], context)
        }
    }

    @Test("hits and items")
    func vectors() async throws {
        let hits =
            Hostile.span("results") + Hostile.span("hits") + Hostile.texts(["id", "metadata", "hit", "group", "index"])
            + ["results-none", "score-nan", "distance-nan", "element", "metadata-json", "group-json"]
        try await Hostile.breaks("vectorBackend.query", hits) { plugin, context throws(PluginError) in
            let backend: any VectorBackend = plugin.vectorBackend!
            _ = try await backend.query([VectorQuery([1], topK: 1)], in: "r", context)
        }
        let items = Hostile.span("items") + Hostile.texts(["item"]) + ["item-foreign", "items-none", "item-json"]
        try await Hostile.breaks("vectorBackend.get", items) { plugin, context throws(PluginError) in
            _ = try await plugin.vectorBackend!.items(["i"], in: "r", including: [], context)
        }
    }

    @Test("a vector with a number that is not finite")
    func vectorNumbers() async throws {
        try await Hostile.breaks("vectorBackend.query", ["vector-nan"]) { plugin, context throws(PluginError) in
            let backend: any VectorBackend = plugin.vectorBackend!
            _ = try await backend.query([VectorQuery([1], topK: 1)], in: "r", context)
        }
    }

    @Test("decisions, hooks, functions, endpoints, health")
    func others() async throws {
        let policy = ToolPolicy()
        let decisions = Hostile.texts(["rule", "reason"]) + ["verdict"]
        try await Hostile.breaks("toolExecutor.evaluate", decisions) { plugin, context throws(PluginError) in
            _ = try await plugin.toolExecutor!.evaluate(ToolRunRequest(.argv(["x"])), under: policy, context)
        }
        let hooks = Hostile.span("hooks") + Hostile.texts(["name"]) + ["no-name", "no-mode"]
        try await Hostile.breaks("hooks.list", hooks) { plugin, context throws(PluginError) in
            _ = try await plugin.hookHandler!.hooks(context)
        }
        let answers = Hostile.texts(["metadata"]) + ["action", "payload"]
        try await Hostile.breaks("hooks.on_hook", answers) { plugin, context throws(PluginError) in
            let event = HookEvent("h", mode: .filter, payload: [], executionID: "e")
            _ = try await plugin.hookHandler!.handle(event, context)
        }
        let functions =
            Hostile.span("functions") + Hostile.texts(["signature"])
            + ["address-null", "address-data", "address-host", "address-libc", "address-wild", "signature", "names"]
        try await Hostile.breaks("functions.list", functions) { plugin, context throws(PluginError) in
            _ = try await plugin.functionSet!.functions(context)
        }
        let endpoints = Hostile.values("endpoints") + ["path", "method"]
        try await Hostile.breaks("endpoints.list", endpoints) { plugin, context throws(PluginError) in
            _ = try await plugin.endpointSet!.endpoints(context)
        }
        let health = Hostile.texts(["message", "details"]) + ["state", "no-state", "details-json"]
        try await Hostile.breaks("plugin.health", health) { plugin, context throws(PluginError) in
            _ = try await plugin.health(context)
        }
    }
}
