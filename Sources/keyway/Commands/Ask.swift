internal import ArgumentParser
internal import PluginHost

struct Ask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer a question from a folder of documents, with four plugins.",
        discussion: """
            An embedder turns every paragraph into a vector, a vector backend stores and finds them, a provider answers from \
            what was found, and a tool executor runs what --allow-tools names, and nothing else. Vectors are kept in the \
            user's cache folder, so the second question about the same documents is fast.
            """)

    @Argument(help: "The question; - is standard input.")
    var question: String?

    @Option(help: ArgumentHelp("A folder of Markdown or text, or one such file.", valueName: "folder"))
    var docs = "docs"

    @Option(help: ArgumentHelp("The embedder.", valueName: "file|name"))
    var embedder = "hash-embedder"

    @Option(help: ArgumentHelp("The vector backend.", valueName: "file|name"))
    var vectorBackend = "flat-vectors"

    @Option(help: ArgumentHelp("The provider.", valueName: "file|name"))
    var provider = "extractive-provider"

    @Option(help: ArgumentHelp("The tool executor.", valueName: "file|name"))
    var toolExecutor = "command-runner"

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Commands that the provider may have run, by their first words.", valueName: "rule"))
    var allowTools: [String] = []

    @Option(help: "How many passages are found and handed to the provider.")
    var topK = 8

    @Option(help: ArgumentHelp("Where vectors are kept; the user's cache folder by default.", valueName: "folder"))
    var cache: String?

    @Flag(help: "Keep nothing.")
    var noCache = false

    @OptionGroup var host: LoadOptions
    @OptionGroup var output: OutputOptions

    mutating func validate() throws {
        // `--allow-tools date "When?"` takes the question for a rule.
        if question == nil, allowTools.count > 1 { question = allowTools.removeLast() }
        guard question != nil else { throw ValidationError("ask something: keyway ask --docs FOLDER \"How ...?\"") }
        guard cache != "" else { throw ValidationError("--cache names no folder") }
        guard docs != "" else { throw ValidationError("--docs names no folder") }
        guard topK >= 1, topK <= 100 else { throw ValidationError("--top-k must be from 1 to 100") }
    }

    func run() async throws {
        let text = question == "-" ? String(decoding: try InputFile.read("-"), as: UTF8.self) : question ?? ""
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard !words.isEmpty else {
            throw PluginError(.invalidArgument, "the question is empty", remedy: "Ask something")
        }
        let rules = allowTools.map(ToolPolicy.rule).filter { !$0.isEmpty }
        let host = try host.host(runsPrograms: !rules.isEmpty)
        do {
            try await run(words, rules, host)
        } catch {
            await host.shutdown()
            throw error
        }
        await host.shutdown()
    }

    private func run(_ question: String, _ rules: [[String]], _ host: PluginHost) async throws {
        // Links resolved, so that one folder is one key of the cache.
        let documents = try InputFile.resolved(docs)
        let loadedEmbedder = try await host.load(embedder)
        // It goes when the host has ended.
        let scratch = Scratch()
        let (loadedBackend, cacheNote) = try await loadBackend(host, scratch)
        let loadedProvider = try await host.load(provider)
        let loadedExecutor = try await host.load(toolExecutor)
        self.host.noteTiers(in: host, output)
        let calls = CallLog()
        let report = AskReport(
            question: question, plugins: [loadedEmbedder, loadedBackend, loadedProvider, loadedExecutor], calls: calls)
        let session = AskSession(
            options: .init(documents: documents, question: question, allowedTools: rules, topK: topK),
            embedder: try loadedEmbedder.requiredEmbedder(),
            embedderDigest: loadedEmbedder.loaded.prepared.digest,
            backend: try loadedBackend.requiredVectorBackend(),
            provider: try loadedProvider.requiredModelProvider(),
            tools: AskTools(executor: try loadedExecutor.requiredToolExecutor(), allowed: rules, calls: calls),
            calls: calls, progress: Progress(),
            withoutCache: cache == nil ? withoutCache(host, scratch) : nil)
        guard !output.json else {
            var outcome = try await session.run { _ in }
            outcome.notes += cacheNote
            Console.print(json: report.json(outcome))
            return
        }
        for line in report.pluginLines { Console.print(line) }
        Console.print("")
        var outcome = try await session.run { Console.print($0.visibleLines, terminator: "") }
        outcome.notes += cacheNote
        Console.print("\n")
        if !outcome.passages.isEmpty {
            Console.print("Passages, the best of each file first")
            for line in report.passageLines(outcome.passages) { Console.print(line) }
            Console.print("")
        }
        Console.print("Calls")
        for line in report.callLines { Console.print(line) }
        if !outcome.notes.isEmpty {
            Console.print("\nNotes")
            for note in outcome.notes { Console.print("  \(note.visible)") }
        }
    }

    /// The vector backend with its part of the cache. A cache that was not asked for and cannot be made costs time, not the
    /// answer.
    private func loadBackend(
        _ host: PluginHost, _ scratch: Scratch
    ) async throws(PluginError) -> (plugin: NativePlugin, notes: [String]) {
        guard !noCache, let folder = cache ?? Environment.cacheFolder.map({ "\($0)/ask" }) else {
            return (try await Self.load(vectorBackend, host, scratch), [])
        }
        let name = vectorBackend.split(separator: "/").last.map(String.init) ?? "vectors"
        do throws(PluginError) {
            return (try await host.load(vectorBackend, dataFolder: "\(folder)/\(name)"), [])
        } catch {
            guard cache == nil, error.stage == .create else { throw error }
            return (
                try await Self.load(vectorBackend, host, scratch),
                ["nothing is kept for the next question: \(error.what)"]
            )
        }
    }

    /// Keeps nothing. In a worker memory that belongs to no limit is refused, so the vectors are in a file meanwhile.
    private static func load(
        _ backend: String, _ host: PluginHost, _ scratch: Scratch
    ) async throws(PluginError) -> NativePlugin {
        let plugin = try await host.load(backend)
        guard plugin.loaded.tier.isolation != .inProcess else { return plugin }
        await host.shutdown(plugin)
        return try await host.load(backend, dataFolder: try scratch.path())
    }

    private func withoutCache(
        _ host: PluginHost, _ scratch: Scratch
    ) -> @Sendable () async throws(PluginError) -> any VectorBackend {
        let name = vectorBackend
        return { () async throws(PluginError) -> any VectorBackend in
            try await Self.load(name, host, scratch).requiredVectorBackend()
        }
    }
}
