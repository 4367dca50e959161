internal import PluginSDK

/// Composes the answer.
struct Answerer {
    let settings: Settings

    private static let longestResult = 2000
    /// Beside a tool's result, material is quoted only if it surely belongs to the question.
    private static let leastCoverageBesideResult = 0.5

    /// - Parameter checkpoint: called often; what it throws ends the work.
    func answer(
        _ request: ModelRequest, checkpoint: () throws(PluginError) -> Void
    ) throws(PluginError) -> Answer {
        let prompt = try Prompt(request)
        if prompt.toolResults.isEmpty, prompt.isQuestionApart, Self.mayRun(request),
            let command = CommandRequest(question: prompt.question)
        {
            return .toolCall(command.call)
        }
        guard !prompt.question.isEmpty else {
            return .text(["There is no question to answer; ask one after the material."])
        }
        let topic = prompt.toolResults.isEmpty ? prompt.question : CommandRequest.topic(of: prompt.question)
        let ranker = try SentenceRanker(Question(topic), prompt.passages, checkpoint: checkpoint)
        if !prompt.toolResults.isEmpty { return .text(withResults(prompt, ranker)) }
        guard !prompt.passages.isEmpty else {
            return .text([
                "This provider only quotes from material that is given with the question, and none was given."
            ])
        }
        let quotes = quotes(Selection.choose(from: ranker, count: settings.maxSentences), prompt.passages)
        return .text(quotes.isEmpty ? [Self.nothingFound(prompt.passages, ranker)] : quotes)
    }

    private static func mayRun(_ request: ModelRequest) -> Bool {
        guard request.maxToolCalls ?? 1 > 0, request.tools.contains(where: { $0.name == CommandRequest.toolName })
        else {
            return false
        }
        switch request.toolChoice {
        case .none: return false
        case .auto, .required: return true
        case .named(let names), .allowed(let names): return names.contains(CommandRequest.toolName)
        }
    }

    /// The quoted sentences within the limit of characters, then the same with the weakest left out, and so on.
    private func quotes(_ chosen: [Candidate], _ passages: [Passage]) -> [String] {
        var kept: [Candidate] = []
        var length = 0
        for candidate in chosen {
            let count = Quotation.of(candidate.sentence, from: passages[candidate.passage]).count + 1
            // The best is said in any case; one that does not fit leaves room for a shorter one.
            if kept.isEmpty || length + count <= settings.characterLimit {
                kept.append(candidate)
                length += count
            }
        }
        return (0..<kept.count).map { dropped in
            var text = ""
            var isAfterBlock = false
            for candidate in Selection.readingOrder(Array(kept.dropLast(dropped))) {
                let quote = Quotation.of(candidate.sentence, from: passages[candidate.passage])
                let isBlock = quote.contains(where: \.isNewline)
                if !text.isEmpty { text += isBlock || isAfterBlock ? "\n" : " " }
                text += quote
                isAfterBlock = isBlock
            }
            return text
        }
    }

    private static func nothingFound(_ passages: [Passage], _ ranker: SentenceRanker) -> String {
        let nearest = passages[ranker.ranked.first?.candidate.passage ?? 0]
        guard let number = nearest.number else { return "The material that was given does not answer this." }
        let place = nearest.place.isEmpty ? "" : ", \(nearest.place.clipped(to: 200))"
        return "The passages that were given do not answer this. The nearest of them is [\(number)]\(place)."
    }

    private func withResults(_ prompt: Prompt, _ ranker: SentenceRanker) -> [String] {
        let results = prompt.toolResults.map { result in
            let text = String(result.text.trimmed)
            guard !text.isEmpty else {
                return result.isError ? "The tool failed and said nothing." : "The tool said nothing."
            }
            let clipped = text.clipped(to: Self.longestResult)
            return (result.isError ? "The tool failed:\n" : "The tool answered:\n") + Quotation.fenced(clipped)
        }.joined(separator: "\n")
        let chosen = Selection.choose(
            from: ranker, count: settings.maxSentences, leastCoverage: Self.leastCoverageBesideResult)
        return quotes(chosen, prompt.passages).map { "\(results)\n\n\($0)" } + [results]
    }
}
