import PluginCore
import PluginLoader
import Testing

/// The plugin of Tests/Fixtures/mirror: it tells every field that it is given, or replies with every field set.
enum Mirror {
    private static let built: Result<(path: String, folder: Folder), any Error> = Result {
        let folder = try Folder()
        let path = "\(folder.path)/mirror.so"
        let fixtures = "\(Fixture.repository)/Tests/Fixtures"
        let sources = [
            "mirror/plugin", "mirror/mirror", "mirror/replies", "mirror/provider", "mirror/embedder", "mirror/vectors",
            "mirror/executor", "mirror/interfaces", "json",
        ]
        try Fixture.compile(
            [
                "-std=gnu11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O0", "-fPIC", "-shared",
                "-fvisibility=hidden", "-pthread", "-I\(Fixture.repository)/PluginABI/include", "-o", path,
            ] + sources.map { "\(fixtures)/\($0).c" }
                + [
                    "-Wl,--version-script=\(Fixture.repository)/PluginABI/plugin.map", "-Wl,-z,relro", "-Wl,-z,now",
                ])
        return (path, folder)
    }

    /// Under the stricter host: what it replies lies where it may.
    static func plugin() throws -> NativePlugin {
        try Fixture.loader(checksReplies: true).prepare(built.get().path).load(in: Fixture.tier.get()).create()
    }

    /// A call that does what the word says: "tell" fails with what the plugin was given.
    static func does(_ word: String) -> CallContext { CallContext(attributes: ["do": word]) }

    /// What the plugin was given: the operation fails with it.
    static func told<Value>(_ body: (CallContext) async throws(PluginError) -> Value) async throws -> JSON {
        do throws(PluginError) {
            _ = try await body(does("tell"))
        } catch {
            guard error.code == .unavailable else { throw error }
            return try JSON(parsing: error.what, what: "what the mirror was given")
        }
        throw Fixture.Failure(description: "the mirror did not tell")
    }

    /// The parts of `replies.c`; the tool call has the slot that its reader gives it.
    static let parts: [Part] = [
        .text("text é"), .reasoning("why", signature: [7]), .sealedReasoning([0, 255]),
        .toolCall(
            ToolCall(
                id: "call-1", name: "look", arguments: "{broken", index: 0, isProviderExecuted: true, signature: [9])),
        .toolResult(
            ToolResult(
                callID: "call-2", text: "failed", parts: [.text("inner"), .data([1, 2], mediaType: "image/gif")],
                isError: true)),
        .toolResult(ToolResult(callID: "call-3", isDenied: true)),
        picture,
        .url("https://x/a", mediaType: "audio"), .refusal("no"),
        .citation(id: "doc", quotation: "quoted", place: ["page": 3]),
        .approval(callID: "call-4", isApproved: false, reason: "too risky"),
        .approvalRequest(callID: "call-5", question: "May it?"),
        .custom(kind: 0x10005, text: "own", json: [1]),
    ]

    static let picture = Part.media(
        Media(
            .bytes([0x89, 0x50, 0x4E, 0x47]), mediaType: "image/png", name: "a.png", settings: ["detail": "high"]))

    static let usage = {
        var usage = Usage(
            input: 101, output: 102, total: 203, cacheRead: 11, cacheWrite: 12, reasoning: 13, isEstimated: true)
        usage.audioInput = 14
        usage.toolPrompt = 0
        usage.cost = 0.125
        usage.raw = ["prompt": 101]
        return usage
    }()

    static let warnings = [
        Warning(feature: "seed", message: "was ignored"), Warning(feature: "stop", message: "was cut to 4"),
    ]

    static let tools = [
        ToolSpecification(
            name: "look", title: "Look up", description: "Looks something up",
            inputSchema: ["type": "object", "required": ["q"]], outputSchema: ["type": "array"],
            examples: [["q": "x"]], provider: ["type": "web_search"], hints: [.readOnly, .openWorld, .notDestructive],
            isStrict: true),
        ToolSpecification(name: "bare", hints: [.destructive, .idempotent, .closedWorld]),
    ]
}
