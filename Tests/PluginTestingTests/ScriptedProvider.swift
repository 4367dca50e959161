import PluginCore
import Synchronization

/// A provider with one answer, word by word, that does everything right, or one thing wrong.
final class ScriptedProvider: ModelProvider {
    enum Fault: String, Sendable {
        case none
        case twoModelsOfOneName, noStarted, lastWordMissing, emptyAnswer, otherWhole
        case stopIgnored, lengthIgnored, negativeUsage, anyModel, streamsAnyModel, answersNothing
        case choicesIgnored, logprobsIgnored, jsonIgnored, countsNothing, claimsExactCounts
        case notCancelled, otherErrorWhenCancelled, noPartial, hangsWhenCancelled
        case deadAfterCancel, deadAfterAbandonment, mixesCalls
    }

    let id = "scripted-provider"
    let version = SemanticVersion("1.0.0")!
    private let fault: Fault
    private let features: Model.Features
    private let calls = Counter()
    private let isDead = Mutex(false)

    static let words = ["In ", "1883 ", "the ", "harbour ", "company ", "built ", "the ", "lighthouse ", "there."]

    init(_ fault: Fault = .none, features: Model.Features = [.streaming, .deterministic]) {
        self.fault = fault
        self.features = fault == .claimsExactCounts ? features.union(.countTokens) : features
    }

    func health(_ context: CallContext) async throws(PluginError) -> Health { Health(.healthy) }
    func shutdown() async {}

    func models(_ context: CallContext) async throws(PluginError) -> [Model] {
        ["scripted", fault == .twoModelsOfOneName ? "scripted" : "scripted-2"].map { Model(id: $0, features: features) }
    }

    func countTokens(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> TokenCount {
        TokenCount(fault == .countsNothing ? 0 : request.estimatedTokens, isEstimated: true)
    }

    func generate(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> ModelResponse {
        try check(request)
        guard !Task.isCancelled else { throw PluginError(.cancelled, "the call was cancelled") }
        var response = answer(request).response
        if fault == .otherWhole { response.choices[0].parts = [.text("Another answer, of four or five words.")] }
        return response
    }

    func stream(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> EventStream<ModelEvent> {
        if fault != .streamsAnyModel || request.messages.isEmpty { try check(request) }
        guard !isDead.withLock({ $0 }) else {
            throw PluginError(.unavailable, "the provider is dead", retryable: false)
        }
        var events = answer(request).events
        if fault == .noStarted { events.removeFirst() }
        if fault == .lastWordMissing { events.remove(at: events.count - 4) }
        if fault == .mixesCalls, await calls.meetsAnother() {
            events = answer(ModelRequest(request.messages, stop: ["company"])).events
        }
        return EventStream(Script(events, fault) { [self] in isDead.withLock { $0 = true } })
    }

    private func check(_ request: ModelRequest) throws(PluginError) {
        guard !request.messages.isEmpty || fault == .answersNothing else {
            throw PluginError(.invalidArgument, "there are no messages")
        }
        if let model = request.model, !model.hasPrefix("scripted"), fault != .anyModel {
            throw PluginError(.notFound, "there is no model \(model)")
        }
    }

    private func answer(_ request: ModelRequest) -> (events: [ModelEvent], response: ModelResponse) {
        var words = fault == .emptyAnswer ? [] : Self.words
        var stop = StopReason(.stop)
        var warnings: [Warning] = []
        func cannot(_ feature: String) { warnings.append(Warning(feature: feature, message: "it has no effect")) }
        if fault != .stopIgnored, let sequence = request.stop.first,
            let place = words.firstIndex(where: { $0.contains(sequence) })
        {
            words = Array(words[..<place])
            stop = StopReason(.stopSequence, sequence: sequence)
        }
        if fault != .lengthIgnored, let most = request.maxOutputTokens, most < words.count {
            words = Array(words.prefix(most))
            stop = StopReason(.length)
        }
        if request.output == .json {
            if features.contains(.json) {
                words = [#"{"year": "#, "1883}"]
            } else if fault != .jsonIgnored {
                cannot("output")
            }
        }
        let count = features.contains(.choices) ? request.choices : 1
        if request.choices > count, fault != .choicesIgnored { cannot("choices") }
        var tokens: [TokenLogprob] = []
        if request.logprobs != nil, features.contains(.logprobs) {
            tokens = words.map { TokenLogprob(token: Array($0.utf8), logprob: -0.25) }
        } else if request.logprobs != nil, fault != .logprobsIgnored {
            cannot("logprobs")
        }
        let input = request.estimatedTokens
        var usage = Usage(
            input: input, output: count * words.count, total: input + count * words.count, isEstimated: true)
        if fault == .negativeUsage { usage.cacheRead = input + 1 }
        var events: [ModelEvent] =
            [.started(id: "1", model: request.model ?? "scripted")] + warnings.map(ModelEvent.warning)
        for choice in 0..<count {
            events += words.map { .text(choice: choice, block: 0, $0) }
            if !tokens.isEmpty { events.append(.logprobs(choice: choice, tokens)) }
        }
        events.append(.usage(usage))
        events += (0..<count).map { .finished(choice: $0, stop) }
        let choice = ModelResponse.Choice(
            parts: words.isEmpty ? [] : [.text(words.joined())], stop: stop, logprobs: tokens)
        let response = ModelResponse(
            id: "1", model: request.model ?? "scripted", choices: Array(repeating: choice, count: count), usage: usage,
            warnings: warnings)
        return (events + [.completed(response)], response)
    }
}

/// The events of a list; a cancelled consumer gets an error with what it was given.
private final class Script: EventSource {
    private let rest: Mutex<ArraySlice<ModelEvent>>
    private let given = Mutex("")
    private let fault: ScriptedProvider.Fault
    private let die: @Sendable () -> Void
    private let isOver = Mutex(false)

    init(_ events: [ModelEvent], _ fault: ScriptedProvider.Fault, die: @escaping @Sendable () -> Void) {
        rest = Mutex(events[...])
        self.fault = fault
        self.die = die
    }

    deinit {
        if fault == .deadAfterAbandonment, !isOver.withLock({ $0 }) { die() }
    }

    func next() async throws(PluginError) -> ModelEvent? {
        if Task.isCancelled, fault != .notCancelled {
            isOver.withLock { $0 = true }
            if fault == .deadAfterCancel { die() }
            if fault == .hangsWhenCancelled { await never() }
            let code: PluginError.Code = fault == .otherErrorWhenCancelled ? .internal : .cancelled
            var error = PluginError(code, "the consumer was cancelled")
            let text = fault == .noPartial ? "another text" : given.withLock { $0 }
            if !text.isEmpty {
                error.partial = ModelResponse(choices: [.init(parts: [.text(text)], stop: StopReason(.cancelled))])
            }
            throw error
        }
        let event = rest.withLock { $0.popFirst() }
        if case .text(_, _, let text)? = event { given.withLock { $0 += text } }
        if event == nil { isOver.withLock { $0 = true } }
        return event
    }
}
