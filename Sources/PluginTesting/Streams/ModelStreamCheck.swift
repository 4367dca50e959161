public import PluginCore

/// Checks the events of one answer, one by one, against the contract of ``ModelEvent``.
///
///     var check = ModelStreamCheck()
///     for try await event in try await provider.stream(request, context) {
///         if let breach = check.accept(event) { fatalError(breach.description) }
///     }
///     if let breach = check.end() { fatalError(breach.description) }
///
/// A value without side effects: it reports the first breach and goes on reporting that one. Where a stream should fail by
/// itself instead, put ``PluginCore/EventStream/checked()`` between provider and consumer.
///
/// The id, the model, the service tier and the like may be known at the end only, so `completed` may say them first. Its
/// usage may exceed the last `usage` event, its warnings may be more than those of the stream, and log-probabilities and rate
/// limits that were never streamed may come with it; whatever was streamed has to be in it.
public struct ModelStreamCheck: Sendable {
    /// What can be broken.
    public enum Rule: String, Sendable, CaseIterable {
        /// `started` comes before everything else.
        case startedFirst
        /// There is one `started`.
        case startedOnce
        /// A tool call is begun once, and its deltas and its end come while it is open.
        case toolOrder
        /// `toolEnd` says what `toolStart` said, and its arguments are the deltas joined, or "{}".
        case toolArguments
        /// A tool call is ended before its choice is, and before the stream.
        case toolOpen
        /// A whole part comes once.
        case partOnce
        /// `usage` is cumulative: no number falls, and what was known stays known. The first exact usage after an estimate may
        /// be lower.
        case usageFell
        /// A choice has one `finished`, and nothing of it comes after that.
        case afterFinished
        /// Every choice has a `finished` before `completed`.
        case finishedMissing
        /// The stream ends with `completed` or with an error.
        case completedMissing
        /// Parts by choice, in the order in which they first appeared.
        case completedParts
        case completedStop
        case completedUsage
        case completedWarnings
        case completedLogprobs
        case completedRateLimits
        /// Nothing comes after `completed`.
        case afterCompleted
        /// Nothing comes after an error.
        case afterError
        /// An error's `partial` is the fold of what came before it.
        case partial
    }

    public struct Breach: Error, Sendable, Hashable, CustomStringConvertible {
        public let rule: Rule
        /// Of the event, from 0; as many as there were events if the end of the stream is what is wrong.
        public let position: Int
        public let reason: String

        public var description: String { "event \(position): \(reason) (\(rule.rawValue))" }
    }

    private enum Phase { case open, completed, failed, ended }

    /// The first one.
    public private(set) var breach: Breach?
    /// Events accepted so far.
    public private(set) var count = 0
    private var fold = ModelFold()
    private var hasStarted = false
    private var phase = Phase.open

    public init() {}

    /// What the events add up to so far.
    public var folded: ModelResponse { fold.response }

    /// - Returns: the first breach, be it of this event or of an earlier one.
    @discardableResult
    public mutating func accept(_ event: ModelEvent) -> Breach? {
        guard breach == nil else { return breach }
        do throws(Violation) {
            try check(event)
            fold.add(event)
            count += 1
        } catch {
            report(error)
        }
        return breach
    }

    /// The stream ended without an error.
    @discardableResult
    public mutating func end() -> Breach? {
        guard breach == nil else { return breach }
        if phase == .open {
            report(Violation(.completedMissing, "the stream ended without a completed"))
        }
        phase = .ended
        return breach
    }

    /// The stream ended with an error.
    @discardableResult
    public mutating func end(with error: PluginError) -> Breach? {
        guard breach == nil else { return breach }
        do throws(Violation) {
            switch phase {
            case .open: try checkPartial(error)
            case .completed: throw Violation(.afterCompleted, "an error came after completed: \(error.code)")
            case .failed, .ended:
                throw Violation(.afterError, "an error came after the stream had ended: \(error.code)")
            }
        } catch {
            report(error)
        }
        phase = .failed
        return breach
    }

    // MARK: - Rules

    private struct Violation: Error {
        let rule: Rule
        let reason: String

        init(_ rule: Rule, _ reason: String) {
            self.rule = rule
            self.reason = reason
        }
    }

    private mutating func report(_ violation: Violation) {
        breach = Breach(rule: violation.rule, position: count, reason: violation.reason)
    }

    private mutating func check(_ event: ModelEvent) throws(Violation) {
        switch phase {
        case .open: break
        case .completed: throw Violation(.afterCompleted, "\(event.name) came after completed")
        case .failed, .ended: throw Violation(.afterError, "\(event.name) came after the stream had ended")
        }
        if case .started = event {
            guard !hasStarted else { throw Violation(.startedOnce, "a second started") }
            hasStarted = true
            return
        }
        guard hasStarted else { throw Violation(.startedFirst, "\(event.name) came before started") }
        if let choice = event.choice, fold.finished[choice] != nil {
            throw Violation(.afterFinished, "\(event.name) of choice \(choice) came after its end")
        }
        switch event {
        case .toolStart(let choice, let index, _, _):
            guard !fold.hasBegun(.tool(choice: choice, index: index)) else {
                throw Violation(.toolOrder, "tool call \(index) of choice \(choice) was begun twice")
            }
        case .toolDelta(let choice, let index, _): try checkOpen(choice, index, "arguments came")
        case .toolEnd(let choice, let call): try checkEnd(choice, call)
        case .part(let choice, let block, _):
            guard !fold.hasBegun(.part(choice: choice, block: block)) else {
                throw Violation(.partOnce, "part \(block) of choice \(choice) came twice")
            }
        case .usage(let usage):
            if let what = usage.fall(from: fold.usage) { throw Violation(.usageFell, "usage fell: \(what)") }
        case .finished(let choice, _): try checkClosed { $0.choice == choice }
        case .completed(let response):
            try checkClosed { _ in true }
            try check(response)
            phase = .completed
        case .started, .text, .reasoning, .logprobs, .rateLimits, .warning, .raw, .heartbeat: break
        }
    }

    private func checkOpen(_ choice: Int, _ index: Int, _ what: String) throws(Violation) {
        guard fold.openTools.contains(.tool(choice: choice, index: index)) else {
            throw Violation(.toolOrder, "\(what) for tool call \(index) of choice \(choice), which is not open")
        }
    }

    private func checkEnd(_ choice: Int, _ call: ToolCall) throws(Violation) {
        try checkOpen(choice, call.index, "an end came")
        let slot = ModelFold.Slot.tool(choice: choice, index: call.index)
        guard let begun = fold.call(of: slot), begun.id == call.id, begun.name == call.name else {
            throw Violation(
                .toolArguments, "tool call \(call.index) was begun with another id or name than it ended with")
        }
        let joined = begun.arguments.isEmpty ? "{}" : begun.arguments
        guard call.arguments == joined else {
            throw Violation(
                .toolArguments,
                "tool call \(call.index) ended with the arguments \(excerpt(call.arguments)), its deltas are \(excerpt(joined))"
            )
        }
    }

    private func checkClosed(_ isMeant: (ModelFold.Slot) -> Bool) throws(Violation) {
        guard let open = fold.openTools.first(where: isMeant), let call = fold.call(of: open) else { return }
        throw Violation(.toolOpen, "tool call \(call.index) (\(call.name)) was begun and not ended")
    }

    private func check(_ response: ModelResponse) throws(Violation) {
        let choices = response.choices.indices
        guard !choices.isEmpty else { throw Violation(.completedParts, "completed has no choices") }
        if let missing = fold.choices.first(where: { !choices.contains($0) }) {
            throw Violation(.completedParts, "choice \(missing) was streamed, and completed lacks it")
        }
        for (index, choice) in response.choices.enumerated() {
            guard let stop = fold.finished[index] else {
                throw Violation(.finishedMissing, "choice \(index) has no finished before completed")
            }
            guard choice.parts == fold.parts(of: index) else {
                throw Violation(
                    .completedParts,
                    "completed has \(excerpt(choice.parts)) for choice \(index), the events are \(excerpt(fold.parts(of: index)))"
                )
            }
            guard choice.stop == stop else {
                throw Violation(
                    .completedStop,
                    "completed says that choice \(index) stopped by \(choice.stop), finished said \(stop)")
            }
            if let tokens = fold.logprobs[index], choice.logprobs != tokens {
                throw Violation(
                    .completedLogprobs, "completed has other log-probabilities for choice \(index) than came")
            }
        }
        if let what = response.usage.fall(from: fold.usage) {
            throw Violation(.completedUsage, "completed has less usage than the last usage event: \(what)")
        }
        if let lost = fold.warnings.first(where: { !response.warnings.contains($0) }) {
            throw Violation(.completedWarnings, "completed lacks the warning about \(lost.feature)")
        }
        guard fold.rateLimits.isEmpty || !response.rateLimits.isEmpty else {
            throw Violation(.completedRateLimits, "completed lacks the rate limits that came")
        }
    }

    private func checkPartial(_ error: PluginError) throws(Violation) {
        // Choices of which nothing came but an end say nothing in a partial answer.
        let expected = fold.choices.map(fold.parts(of:)).filter { !$0.isEmpty }
        let seen = error.partial?.choices.map(\.parts).filter { !$0.isEmpty } ?? []
        guard seen == expected else {
            throw Violation(
                .partial,
                "the partial of the error \(error.code) has \(excerpt(seen)), the events are \(excerpt(expected))")
        }
        if let what = (error.partial?.usage ?? Usage()).fall(from: fold.usage) {
            throw Violation(.partial, "the partial of the error \(error.code) has less usage than the events: \(what)")
        }
    }
}

extension Usage {
    /// What is less here than it was, or no longer known; nil: nothing is.
    fileprivate func fall(from old: Usage) -> String? {
        // An estimate may have been too high.
        if old.isEstimated, !isEstimated, self != Usage() { return nil }
        let counts: [(String, KeyPath<Usage, Int?>)] = [
            ("input", \.input), ("output", \.output), ("total", \.total), ("cacheRead", \.cacheRead),
            ("cacheWrite", \.cacheWrite), ("reasoning", \.reasoning), ("audioInput", \.audioInput),
            ("audioOutput", \.audioOutput), ("toolPrompt", \.toolPrompt),
        ]
        for (name, path) in counts {
            guard let before = old[keyPath: path] else { continue }
            guard let now = self[keyPath: path] else { return "\(name) was \(before) and is not known any more" }
            if now < before { return "\(name) was \(before) and is \(now)" }
        }
        if let before = old.cost, cost.map({ $0 < before }) ?? true {
            return "cost was \(before) and is \(cost.map(String.init(describing:)) ?? "not known any more")"
        }
        return nil
    }
}

extension ModelEvent {
    /// The choice whose content the event is, or whose end.
    fileprivate var choice: Int? {
        switch self {
        case .text(let choice, _, _), .reasoning(let choice, _, _, _), .toolStart(let choice, _, _, _),
            .toolDelta(let choice, _, _), .toolEnd(let choice, _), .part(let choice, _, _), .logprobs(let choice, _),
            .finished(let choice, _):
            choice
        case .started, .usage, .rateLimits, .warning, .raw, .heartbeat, .completed: nil
        }
    }

    fileprivate var name: String {
        switch self {
        case .started: "started"
        case .text: "text"
        case .reasoning: "reasoning"
        case .toolStart: "toolStart"
        case .toolDelta: "toolDelta"
        case .toolEnd: "toolEnd"
        case .part: "part"
        case .logprobs: "logprobs"
        case .usage: "usage"
        case .rateLimits: "rateLimits"
        case .warning: "warning"
        case .raw: "raw"
        case .heartbeat: "heartbeat"
        case .finished: "finished"
        case .completed: "completed"
        }
    }
}
