internal import PluginHost
internal import Retrieval

/// One question, from documents to a cited answer.
struct AskSession {
    struct Options {
        var documents: String
        var question: String
        var allowedTools: [[String]] = []
        /// Passages that are shown and handed to the model.
        var topK = 8
    }

    struct Outcome {
        var answer = ""
        var passages: [CitedPassage] = []
        var notes: [String] = []
    }

    /// Passages that the backend is asked for; the ranking wants many.
    private static let candidates = 200
    /// Turns in which a model may ask for tools before it has to answer.
    private static let toolRounds = 4

    let options: Options
    let embedder: any Embedder
    let embedderDigest: String
    let backend: any VectorBackend
    let provider: any ModelProvider
    let tools: AskTools
    let calls: CallLog
    let progress: Progress
    /// Another backend that keeps nothing, for when a cache that nobody asked for fails; nil: the failure is the answer.
    let withoutCache: (@Sendable () async throws(PluginError) -> any VectorBackend)?

    /// - Parameter onText: receives the answer as it comes.
    func run(onText: (String) -> Void) async throws(PluginError) -> Outcome {
        var outcome = Outcome()
        progress.show("reading \(options.documents)")
        let documents = try DocumentReader.read(options.documents)
        progress.clear()
        outcome.notes = documents.notes
        guard !documents.documents.isEmpty else {
            outcome.notes.append("\(options.documents) has no Markdown or text to search")
            outcome.answer = "There is nothing to answer from: \(options.documents) has no Markdown or text."
            onText(outcome.answer)
            return outcome
        }
        outcome.passages = try await retrieve(documents, &outcome.notes)
        guard !outcome.passages.isEmpty || !options.allowedTools.isEmpty else {
            outcome.answer = "Nothing in \(options.documents) is about this question."
            onText(outcome.answer)
            return outcome
        }
        try await answer(&outcome, onText)
        return outcome
    }

    private func retrieve(_ documents: DocumentReader.Result, _ notes: inout [String]) async throws(PluginError)
        -> [CitedPassage]
    {
        let info = try await calls.measure(embedder.id, "info") { () async throws(PluginError) in
            try await embedder.info(CallContext())
        }
        let dense = try await nearest(documents, info, &notes)
        let index = LexicalIndex(documents.documents)
        let ranked = HybridRanker.rank(options.question, in: index, dense: dense, limit: options.topK)
        let all = documents.documents.flatMap(\.passages)
        return ranked.enumerated().map { place, hit in
            let passage = all[hit.passage]
            return CitedPassage(
                number: place + 1, file: documents.documents[passage.document].path, line: passage.line,
                headings: passage.headings, score: Double(hit.score), text: passage.text)
        }
    }

    /// The dense side of the retrieval, come what may of the cache.
    private func nearest(_ documents: DocumentReader.Result, _ info: EmbedderInfo, _ notes: inout [String])
        async throws(PluginError) -> [HybridRanker.DenseHit]
    {
        do throws(PluginError) {
            return try await nearest(documents, info, backend, &notes)
        } catch {
            guard error.code != .cancelled, let withoutCache else { throw error }
            notes.append("the cache is not used: \(error.what)")
            return try await nearest(documents, info, try await withoutCache(), &notes)
        }
    }

    private func nearest(
        _ documents: DocumentReader.Result, _ info: EmbedderInfo, _ backend: any VectorBackend,
        _ notes: inout [String]
    ) async throws(PluginError) -> [HybridRanker.DenseHit] {
        let store = PassageStore(embedder: embedder, embedderDigest: embedderDigest, backend: backend, calls: calls)
        return try await store.nearest(
            to: options.question, in: documents, root: options.documents, info: info, count: Self.candidates,
            progress: progress
        ) { notes.append($0) }
    }

    private func answer(_ outcome: inout Outcome, _ onText: (String) -> Void) async throws(PluginError) {
        var request = ModelRequest(PassagePrompt.messages(options.question, outcome.passages))
        request.tools = PassagePrompt.tools(options.allowedTools)
        for round in 0...Self.toolRounds {
            if round == Self.toolRounds { request.toolChoice = .none }
            let response = try await stream(request, onText)
            outcome.notes += response.warnings.map(\.message)
            let wishes = (response.choices.first?.parts ?? []).compactMap { part -> ToolCall? in
                if case .toolCall(let call) = part { call } else { nil }
            }
            outcome.answer += response.text
            guard !wishes.isEmpty, round < Self.toolRounds else { return }
            request.messages.append(Message(.assistant, parts: response.choices.first?.parts ?? []))
            var results: [Part] = []
            for wish in wishes {
                let (part, note) = try await tools.run(wish)
                outcome.notes.append(note)
                results.append(part)
            }
            request.messages.append(Message(.tool, parts: results))
        }
    }

    private func stream(_ request: ModelRequest, _ onText: (String) -> Void) async throws(PluginError) -> ModelResponse
    {
        try await calls.measure(provider.id, "stream") { () async throws(PluginError) in
            var response: ModelResponse?
            for try await event in try await provider.stream(request, CallContext()) {
                switch event {
                case .text(0, _, let text): onText(text)
                case .completed(let whole): response = whole
                default: break
                }
            }
            guard let response else {
                throw PluginError(.protocolViolation, "the answer ended without an end", plugin: provider.id)
            }
            return response
        }
    }
}
