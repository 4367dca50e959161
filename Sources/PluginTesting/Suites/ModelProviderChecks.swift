internal import PluginCore

struct ModelProviderChecks<Base: ModelProvider>: Sendable {
    let provider: Base
    let settings: ModelProviderConformance
    private let context = CallContext(runID: "conformance")

    init(provider: Base, settings: ModelProviderConformance) {
        self.provider = provider
        self.settings = settings
    }

    func run(_ check: ModelProviderConformance.Check) async throws -> String {
        switch check {
        case .models: try await models()
        case .stream: try await stream()
        case .generate: try await generate()
        case .generateEqualsStream: try await generateEqualsStream()
        case .stopSequence: try await stopSequence()
        case .maxOutputTokens: try await maxOutputTokens()
        case .usage: try await usage()
        case .unknownModel: try await unknownModel()
        case .emptyMessages: try await emptyMessages()
        case .choices: try await choices()
        case .logprobs: try await logprobs()
        case .json: try await json()
        case .countTokens: try await countTokens()
        case .cancellation: try await cancellation()
        case .reuse: try await reuse()
        case .abandonment: try await abandonment()
        case .concurrency: try await concurrency()
        }
    }

    // MARK: - Models

    private func models() async throws -> String {
        let models = try await provider.models(context)
        try require(!models.isEmpty, "a model", seen: "none")
        try require(models.allSatisfy { !$0.id.isEmpty }, "models with ids", seen: excerpt(models.map(\.id)))
        try require(Set(models.map(\.id)).count == models.count, "ids that differ", seen: excerpt(models.map(\.id)))
        for model in models {
            for number in [model.contextTokens, model.maxOutputTokens, model.maxChoices] {
                try require(number.map { $0 > 0 } ?? true, "positive limits of \(model.id), or nil", seen: "\(model)")
            }
        }
        try requireEqual(try await provider.models(context), models, "the same models when asked again")
        return excerpt(models.map(\.id))
    }

    private func unknownModel() async throws -> String {
        var request = settings.request
        request.model = "no-such-model-\(provider.id)"
        try await requireError(.notFound, when: "a model that is not offered is to generate") {
            _ = try await provider.generate(request, context)
        }
        try await requireError(.notFound, when: "a model that is not offered is to stream") {
            _ = try await streamed(request)
        }
        return "refused"
    }

    // MARK: - Answers

    private func stream() async throws -> String {
        var counts: [String] = []
        for model in try await provider.models(context).prefix(4) {
            var request = settings.request
            request.model = model.id
            let (_, events) = try await streamed(request)
            counts.append("\(model.id): \(events) events")
        }
        return counts.joined(separator: ", ")
    }

    private func generate() async throws -> String {
        let response = try await provider.generate(settings.request, context)
        try require(
            response.choices.count == 1 && response.choices[0].parts.contains { $0 != .text("") },
            "one choice with content", seen: excerpt(response.choices))
        try require(
            ![.cancelled, .error].contains(response.choices[0].stop.kind), "an answer that was not broken off",
            seen: "\(response.choices[0].stop)")
        return "\(response.choices[0].parts.count) parts, \(response.choices[0].stop.kind)"
    }

    private func generateEqualsStream() async throws -> String {
        guard try await isDeterministic() else { throw NotApplicable(reason: "the model is not deterministic") }
        let whole = try await provider.generate(settings.request, context)
        let (fold, _) = try await streamed(settings.request)
        try requireEqual(whole.choices.map(\.parts), fold.choices.map(\.parts), "the parts of the stream")
        try requireEqual(whole.choices.map(\.stop), fold.choices.map(\.stop), "the stop reasons of the stream")
        try requireEqual(whole.usage, fold.usage, "the usage of the stream")
        let again = try await provider.generate(settings.request, context)
        try requireEqual(again.choices, whole.choices, "the same choices again")
        return "equal, twice"
    }

    // MARK: - Wishes

    private func stopSequence() async throws -> String {
        let whole = try await provider.generate(settings.request, context).text
        // A word of the middle, so that there is something before it and behind it.
        let words = whole.split { !$0.isLetter }.filter { $0.count >= 3 }
        guard words.count >= 3 else {
            throw NotApplicable(reason: "the answer to the suite's request has fewer than three words")
        }
        let word = String(words[words.count / 2])
        let response = try await asked { $0.stop = [word] }
        guard let response else { return "refused" }
        if response.warns(of: "stop") { return "warned" }
        try require(
            !response.text.contains(word), "an answer that ends before \"\(word)\"", seen: excerpt(response.text))
        if try await isDeterministic() {
            let expected = String(whole[..<(whole.firstRange(of: word)?.lowerBound ?? whole.endIndex)])
            try require(
                response.text == expected
                    || expected.hasPrefix(response.text)
                        && expected.dropFirst(response.text.count)
                            .allSatisfy(\.isWhitespace),
                "the text before \"\(word)\": \(expected)", seen: response.text)
            try requireEqual(response.choices[0].stop.kind, .stopSequence, "the stop reason")
        }
        return "ends before \"\(word)\""
    }

    private func maxOutputTokens() async throws -> String {
        let whole = try await provider.generate(settings.request, context)
        let response = try await asked { $0.maxOutputTokens = 2 }
        guard let response else { return "refused" }
        if response.warns(of: "maxOutputTokens") { return "warned" }
        try require(
            response.text.count < whole.text.count, "a text shorter than the whole of \(whole.text.count) characters",
            seen: "\(response.text.count) characters")
        if let output = response.usage.output {
            try require(output <= 2, "at most 2 tokens of output", seen: "\(output)")
        }
        try requireEqual(response.choices[0].stop.kind, .length, "the stop reason")
        return "\(response.text.count) of \(whole.text.count) characters"
    }

    private func choices() async throws -> String {
        let response = try await asked { $0.choices = 2 }
        guard let response else { return "refused" }
        if try await model().features.contains(.choices) || !response.warns(of: "choices") {
            try requireEqual(response.choices.count, 2, "two answers, or a warning about choices")
        }
        return response.choices.count == 2 ? "2 answers" : "warned"
    }

    private func logprobs() async throws -> String {
        let response = try await asked { $0.logprobs = 2 }
        guard let response else { return "refused" }
        if try await !model().features.contains(.logprobs), response.warns(of: "logprobs") { return "warned" }
        let tokens = response.choices[0].logprobs
        try require(!tokens.isEmpty, "log-probabilities, a warning about logprobs, or a refusal", seen: "none of them")
        try require(
            tokens.allSatisfy { $0.logprob <= 0 && $0.others.count <= 2 },
            "logarithms of at most 0 with at most 2 others",
            seen: excerpt(tokens))
        return "\(tokens.count) tokens"
    }

    private func json() async throws -> String {
        let response: ModelResponse?
        do {
            response = try await asked { $0.output = .json }
        } catch let error as PluginError {
            // A host that asks in words says so when the model answers in prose.
            guard error.code == .validation else { throw error }
            return "asked for, and the answer was refused as no JSON"
        }
        guard let response else { return "refused" }
        if try await model().features.isDisjoint(with: [.json, .jsonSchema]), response.warns(of: "output") {
            return "warned"
        }
        do {
            _ = try JSON(parsing: response.text, what: "the answer")
        } catch {
            throw CheckFailure(expected: "JSON, a warning about output, or a refusal", seen: excerpt(response.text))
        }
        return "JSON"
    }

    // MARK: - Numbers

    private func usage() async throws -> String {
        let usage = try await provider.generate(settings.request, context).usage
        guard usage != Usage() else { throw NotApplicable(reason: "it does not know its usage") }
        let counts = [
            usage.input, usage.output, usage.total, usage.cacheRead, usage.cacheWrite, usage.reasoning,
            usage.audioInput,
            usage.audioOutput, usage.toolPrompt,
        ]
        try require(counts.allSatisfy { $0 ?? 0 >= 0 } && usage.cost ?? 0 >= 0, "no negative numbers", seen: "\(usage)")
        if let input = usage.input, let output = usage.output {
            try require(output > 0, "output tokens for an answer with content", seen: "\(output)")
            if let total = usage.total {
                try require(total >= input + output, "a total of at least \(input) + \(output)", seen: "\(total)")
            }
            try require(
                usage.cacheRead ?? 0 <= input && usage.reasoning ?? 0 <= output, "parts no larger than their wholes",
                seen: "\(usage)")
        }
        return "input \(usage.input.map(String.init) ?? "?"), output \(usage.output.map(String.init) ?? "?")"
    }

    private func countTokens() async throws -> String {
        let count = try await provider.countTokens(settings.request, context)
        try require(count.tokens > 0, "tokens in a request with text", seen: "\(count.tokens)")
        var longer = settings.request
        longer.messages += longer.messages
        let more = try await provider.countTokens(longer, context)
        try require(
            more.tokens > count.tokens, "more tokens for twice the messages than \(count.tokens)",
            seen: "\(more.tokens)")
        if try await model().features.contains(.countTokens) {
            try require(!count.isEstimated, "exact numbers, as the model claims", seen: "an estimate")
        }
        return "\(count.tokens)\(count.isEstimated ? ", estimated" : "")"
    }

    // MARK: - Calls

    private func emptyMessages() async throws -> String {
        var request = settings.request
        request.messages = []
        try await requireError(.invalidArgument, when: "there are no messages to answer") {
            _ = try await provider.generate(request, context)
        }
        try await requireError(.invalidArgument, when: "there are no messages to stream an answer to") {
            _ = try await streamed(request)
        }
        return "refused"
    }

    private func cancellation() async throws -> String {
        let seen = try await cancelledStream()
        _ = try await inCancelledTask { _ = try await provider.generate(settings.request, context) }
        return seen
    }

    private func reuse() async throws -> String {
        for _ in 0..<3 { _ = try? await cancelledStream() }
        let (response, events) = try await streamed(settings.request)
        try require(!response.choices.isEmpty, "an answer after three cancelled ones", seen: "none")
        return "\(events) events after three cancelled streams"
    }

    private func abandonment() async throws -> String {
        for _ in 0..<3 {
            for try await _ in try await provider.stream(settings.request, context) { break }
        }
        let (_, events) = try await streamed(settings.request)
        return "\(events) events after three abandoned streams"
    }

    private func concurrency() async throws -> String {
        let expected = try await isDeterministic() ? try await streamed(settings.request).0 : nil
        try await concurrently(settings.parallelCalls) { call in
            let (response, _) = try await streamed(settings.request)
            guard let expected else { return }
            try requireEqual(response.choices, expected.choices, "call \(call) at the same time as alone")
        }
        return "\(settings.parallelCalls) streams"
    }

    // MARK: - Means

    private func model() async throws -> Model {
        let models = try await provider.models(context)
        guard let model = settings.request.model.map({ id in models.first { $0.id == id } }) ?? models.first else {
            throw CheckFailure(expected: "the model of the request among the models", seen: excerpt(models.map(\.id)))
        }
        return model
    }

    private func isDeterministic() async throws -> Bool { try await model().features.contains(.deterministic) }

    /// The answer to a stream that obeys its contract.
    private func streamed(_ request: ModelRequest) async throws -> (ModelResponse, events: Int) {
        var check = ModelStreamCheck()
        var response: ModelResponse?
        do {
            for try await event in try await provider.stream(request, context) {
                if let breach = check.accept(event) { throw broken(breach) }
                if case .completed(let whole) = event { response = whole }
            }
        } catch let error as PluginError {
            if let breach = check.end(with: error) { throw broken(breach) }
            throw error
        }
        if let breach = check.end() { throw broken(breach) }
        guard let response else { throw CheckFailure(expected: "completed", seen: "none") }
        return (response, check.count)
    }

    private func broken(_ breach: ModelStreamCheck.Breach) -> CheckFailure {
        CheckFailure(expected: "a stream that obeys the contract of ModelEvent", seen: "\(breach)")
    }

    /// Takes the first event, is cancelled, and goes on.
    private func cancelledStream() async throws -> String {
        try await Task {
            var check = ModelStreamCheck()
            do {
                for try await event in try await provider.stream(settings.request, context) {
                    if let breach = check.accept(event) { throw broken(breach) }
                    unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                }
            } catch let error as PluginError {
                try requireEqual(error.code, .cancelled, "the error of a cancelled consumer")
                if let breach = check.end(with: error) { throw broken(breach) }
                return "cancelled after \(check.count) events"
            }
            throw CheckFailure(
                expected: "cancelled", seen: "all \(check.count) events came after the consumer was cancelled")
        }.value
    }

    /// The answer to the request with a wish; nil if it was refused.
    private func asked(_ change: (inout ModelRequest) -> Void) async throws -> ModelResponse? {
        var request = settings.request
        change(&request)
        let response: ModelResponse
        do throws(PluginError) {
            response = try await provider.generate(request, context)
        } catch {
            guard error.code == .unsupported else { throw error }
            return nil
        }
        guard !response.choices.isEmpty else { throw CheckFailure(expected: "a choice", seen: "none") }
        return response
    }
}

extension ModelResponse {
    /// Providers name features by the request's members, some more exactly: "output.json".
    fileprivate func warns(of feature: String) -> Bool {
        warnings.contains { $0.feature == feature || $0.feature.hasPrefix(feature + ".") }
    }
}
