import PluginCore
import PluginTesting
import Testing

/// A rule and events that break it; everything before the last step is right.
struct BrokenStream: Sendable, CustomTestStringConvertible {
    let rule: ModelStreamCheck.Rule
    let events: [ModelEvent]
    var end = End.none
    var testDescription: String { rule.rawValue }

    enum End: Sendable {
        case none, end
        case error(PluginError)
        /// An error, then the events.
        case errorBefore(PluginError)
    }

    static let started = ModelEvent.started(id: "a", model: "m")
    static let hello = ModelEvent.text(choice: 0, block: 0, "Hello")
    static let finished = ModelEvent.finished(choice: 0, StopReason(.stop))
    static let tool = ModelEvent.toolStart(choice: 0, index: 0, id: "c", name: "f")

    static func completed(
        _ parts: [Part] = [.text("Hello")], stop: StopReason.Kind = .stop,
        _ change: (inout ModelResponse) -> Void = { _ in }
    ) -> ModelEvent {
        var response = ModelResponse(id: "a", model: "m", choices: [.init(parts: parts, stop: StopReason(stop))])
        change(&response)
        return .completed(response)
    }

    static func call(_ arguments: String, name: String = "f") -> ModelEvent {
        .toolEnd(choice: 0, ToolCall(id: "c", name: name, arguments: arguments, index: 0))
    }

    static let all: [BrokenStream] = [
        BrokenStream(rule: .startedFirst, events: [hello]),
        BrokenStream(rule: .startedFirst, events: [.heartbeat]),
        BrokenStream(rule: .startedOnce, events: [started, hello, started]),
        BrokenStream(rule: .toolOrder, events: [started, .toolDelta(choice: 0, index: 0, "{}")]),
        BrokenStream(rule: .toolOrder, events: [started, tool, .toolDelta(choice: 0, index: 1, "{}")]),
        BrokenStream(rule: .toolOrder, events: [started, tool, call("{}"), .toolDelta(choice: 0, index: 0, "{}")]),
        BrokenStream(rule: .toolOrder, events: [started, tool, tool]),
        BrokenStream(rule: .toolOrder, events: [started, tool, call("{}"), call("{}")]),
        BrokenStream(rule: .toolArguments, events: [started, tool, .toolDelta(choice: 0, index: 0, "{"), call("{}")]),
        BrokenStream(rule: .toolArguments, events: [started, tool, call("")]),
        BrokenStream(rule: .toolArguments, events: [started, tool, call("{}", name: "g")]),
        BrokenStream(rule: .toolOpen, events: [started, tool, finished]),
        BrokenStream(
            rule: .partOnce,
            events: [started, .part(choice: 0, block: 0, .refusal("no")), .part(choice: 0, block: 0, .refusal("no"))]),
        BrokenStream(rule: .usageFell, events: [started, .usage(Usage(output: 2)), .usage(Usage(output: 1))]),
        BrokenStream(rule: .usageFell, events: [started, .usage(Usage(input: 2)), .usage(Usage(output: 1))]),
        BrokenStream(rule: .afterFinished, events: [started, hello, finished, hello]),
        BrokenStream(rule: .afterFinished, events: [started, hello, finished, finished]),
        BrokenStream(rule: .finishedMissing, events: [started, hello, completed()]),
        BrokenStream(rule: .completedMissing, events: [started, hello, finished], end: .end),
        BrokenStream(rule: .completedMissing, events: [], end: .end),
        BrokenStream(rule: .completedParts, events: [started, hello, finished, completed([.text("Hell")])]),
        BrokenStream(
            rule: .completedParts,
            events: [
                started, hello, .reasoning(choice: 0, block: 0, "because", signature: nil), finished,
                completed([.reasoning("because", signature: nil), .text("Hello")]),
            ]),
        BrokenStream(
            rule: .completedParts,
            events: [
                started, hello, finished, .text(choice: 1, block: 0, "x"), .finished(choice: 1, StopReason(.stop)),
                completed(),
            ]),
        BrokenStream(rule: .completedParts, events: [started, completed([]) { $0.choices = [] }]),
        BrokenStream(rule: .completedStop, events: [started, hello, finished, completed(stop: .length)]),
        BrokenStream(
            rule: .completedUsage,
            events: [started, hello, .usage(Usage(output: 2)), finished, completed { $0.usage.output = 1 }]),
        BrokenStream(
            rule: .completedWarnings,
            events: [started, .warning(Warning(feature: "seed", message: "ignored")), hello, finished, completed()]),
        BrokenStream(
            rule: .completedLogprobs,
            events: [
                started, hello, .logprobs(choice: 0, [TokenLogprob(token: [1], logprob: -1)]), finished, completed(),
            ]),
        BrokenStream(
            rule: .completedRateLimits,
            events: [started, .rateLimits([RateLimit(name: "tokens", remaining: 1)]), hello, finished, completed()]),
        BrokenStream(rule: .afterCompleted, events: [started, hello, finished, completed(), .heartbeat]),
        BrokenStream(
            rule: .afterCompleted, events: [started, hello, finished, completed()],
            end: .error(PluginError(.internal, "late"))),
        BrokenStream(rule: .afterError, events: [started], end: .errorBefore(PluginError(.internal, "early"))),
        BrokenStream(rule: .partial, events: [started, hello], end: .error(PluginError(.transport, "cut"))),
        BrokenStream(
            rule: .partial, events: [started, .usage(Usage(output: 3))],
            end: .error(error(partial: ModelResponse(choices: [])))),
    ]

    static func error(_ code: PluginError.Code = .transport, partial: ModelResponse?) -> PluginError {
        var error = PluginError(code, "the connection was cut")
        error.partial = partial
        return error
    }
}

@Suite struct ModelStreamCheckTests {
    @Test(arguments: BrokenStream.all) func reportsTheFirstBreach(_ stream: BrokenStream) {
        var check = ModelStreamCheck()
        if case .errorBefore(let error) = stream.end { #expect(check.end(with: error) == nil) }
        for event in stream.events.dropLast() { #expect(check.accept(event) == nil) }
        let breach: ModelStreamCheck.Breach?
        switch stream.end {
        case .none, .errorBefore: breach = stream.events.last.flatMap { check.accept($0) }
        case .end:
            for event in stream.events.suffix(1) { #expect(check.accept(event) == nil) }
            breach = check.end()
        case .error(let error):
            for event in stream.events.suffix(1) { #expect(check.accept(event) == nil) }
            breach = check.end(with: error)
        }
        #expect(breach?.rule == stream.rule)
        #expect(check.breach == breach)
        // The first one stays.
        #expect(check.accept(.text(choice: 99, block: 0, "later")) == breach)
    }

    @Test func everyRuleIsBroken() {
        #expect(Set(BrokenStream.all.map(\.rule)) == Set(ModelStreamCheck.Rule.allCases))
    }

    /// All kinds of events, two interleaved tool calls, two choices, an estimate that becomes exact.
    static let right: [ModelEvent] = {
        let call = ToolCall(id: "c", name: "f", arguments: #"{"a":1}"#, index: 0)
        let empty = ToolCall(id: "d", name: "g", arguments: "{}", index: 1, signature: [7])
        let token = TokenLogprob(token: [72], logprob: -0.5)
        var estimate = Usage(input: 9, output: 9, isEstimated: true)
        estimate.isEstimated = true
        let usage = Usage(input: 4, output: 6, total: 10)
        let warning = Warning(feature: "seed", message: "ignored")
        let limit = RateLimit(name: "tokens", remaining: 1)
        var response = ModelResponse(
            id: "a2", model: "m",
            choices: [
                .init(
                    parts: [
                        .text("Hello, you"), .toolCall(call), .reasoning("hm", signature: [1]), .toolCall(empty),
                        .refusal("no"),
                    ], stop: StopReason(.toolCalls), logprobs: [token, token]),
                .init(parts: [.text("Hi")], stop: StopReason(.stop)),
            ], usage: usage, warnings: [warning, Warning(feature: "topK", message: "only in the reply")])
        response.rateLimits = [limit]
        return [
            .started(id: "a", model: nil), .heartbeat, .text(choice: 0, block: 0, "Hello"), .usage(estimate),
            .toolStart(choice: 0, index: 0, id: "c", name: "f"), .text(choice: 1, block: 0, "H"),
            .toolDelta(choice: 0, index: 0, #"{"a""#), .reasoning(choice: 0, block: 0, "h", signature: nil),
            .toolStart(choice: 0, index: 1, id: "d", name: "g"), .toolDelta(choice: 0, index: 0, ":1}"),
            .toolEnd(choice: 0, empty), .toolEnd(choice: 0, call), .text(choice: 0, block: 0, ", you"),
            .reasoning(choice: 0, block: 0, "m", signature: [1]), .part(choice: 0, block: 0, .refusal("no")),
            .logprobs(choice: 0, [token]), .logprobs(choice: 0, [token]), .warning(warning), .raw([1]),
            .finished(choice: 0, StopReason(.toolCalls)), .rateLimits([limit]), .text(choice: 1, block: 0, "i"),
            .usage(usage), .finished(choice: 1, StopReason(.stop)), .completed(response),
        ]
    }()

    @Test func acceptsARightStreamAndFoldsIt() throws {
        var check = ModelStreamCheck()
        for event in Self.right { #expect(check.accept(event) == nil) }
        #expect(check.end() == nil)
        #expect(check.count == Self.right.count)
        guard case .completed(let response)? = Self.right.last else { return }
        #expect(check.folded.choices == response.choices)
        #expect(check.folded.usage == response.usage)
    }

    /// Cut anywhere, with the fold so far as partial, it is right as well.
    @Test func acceptsAnErrorWithTheFoldSoFar() {
        for length in 0..<Self.right.count {
            var check = ModelStreamCheck()
            for event in Self.right.prefix(length) { check.accept(event) }
            #expect(check.end(with: BrokenStream.error(partial: check.folded)) == nil, "cut after \(length)")
        }
    }

    @Test func theWrapperPassesEverythingOn() async throws {
        let stream = EventStream(ListedEvents(Self.right)).checked()
        var seen: [ModelEvent] = []
        for try await event in stream { seen.append(event) }
        #expect(seen == Self.right)
    }

    @Test func theWrapperEndsWithTheBreach() async throws {
        let events = [BrokenStream.started, BrokenStream.hello, BrokenStream.started, BrokenStream.hello]
        let source = ListedEvents(events)
        let iterator = EventStream(source).checked().makeAsyncIterator()
        var own = iterator
        #expect(try await own.next() == events[0])
        #expect(try await own.next() == events[1])
        do throws(PluginError) {
            _ = try await own.next()
            Issue.record("the second started passed")
        } catch {
            #expect(error.code == .protocolViolation)
            #expect((error.underlying as? ModelStreamCheck.Breach)?.rule == .startedOnce)
            #expect(error.partial?.text == "Hello")
        }
        #expect(try await own.next() == nil)
    }

    @Test func theWrapperPassesARightErrorOn() async throws {
        let failure = BrokenStream.error(.overloaded, partial: nil)
        var iterator = EventStream(ListedEvents([BrokenStream.started], then: failure)).checked().makeAsyncIterator()
        _ = try await iterator.next()
        await #expect(throws: failure) { _ = try await iterator.next() }
    }
}
