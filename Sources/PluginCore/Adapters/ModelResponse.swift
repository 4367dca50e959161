/// A whole answer.
public struct ModelResponse: Sendable, Hashable {
    public struct Choice: Sendable, Hashable {
        public var parts: [Part]
        public var stop: StopReason
        public var logprobs: [TokenLogprob]

        public init(parts: [Part], stop: StopReason, logprobs: [TokenLogprob] = []) {
            self.parts = parts
            self.stop = stop
            self.logprobs = logprobs
        }
    }

    public var id: String?
    public var model: String?
    public var choices: [Choice]
    public var usage: Usage
    public var warnings: [Warning]
    public var rateLimits: [RateLimit] = []
    /// Takes this answer up again: ``ModelRequest/continuation``.
    public var continuation: String?
    /// The one that was used.
    public var serviceTier: String?
    /// The service's whole reply, if it was asked for; else null.
    public var raw: JSON = .null

    public init(
        id: String? = nil, model: String? = nil, choices: [Choice] = [], usage: Usage = Usage(),
        warnings: [Warning] = []
    ) {
        self.id = id
        self.model = model
        self.choices = choices
        self.usage = usage
        self.warnings = warnings
    }

    /// The text parts of the first choice, joined.
    public var text: String {
        choices.first?.parts.reduce(into: "") { text, part in
            if case .text(let piece) = part { text += piece }
        } ?? ""
    }
}

/// Why an answer ended: a kind that programs can act on, and the service's own word.
public struct StopReason: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case stop, stopSequence, length, contextOverflow, toolCalls, contentFilter, refusal, pause, cancelled, error
        case other
    }

    public var kind: Kind
    public var raw: String?
    /// Which of ``ModelRequest/stop`` was met.
    public var sequence: String?

    public init(_ kind: Kind, raw: String? = nil, sequence: String? = nil) {
        self.kind = kind
        self.raw = raw
        self.sequence = sequence
    }
}

/// One event of an answer.
///
/// Contract: exactly one `started`, first; the deltas of a tool call only between its `toolStart` and `toolEnd`, whose
/// arguments are the deltas joined; `usage` is cumulative; one `finished` a choice, after which nothing more of that choice
/// comes; then `completed`, whose content is the fold of everything before it. After an error nothing comes, and the
/// error's `partial` is the fold so far. ``ModelStreamCheck`` checks it.
public enum ModelEvent: Sendable, Hashable {
    case started(id: String?, model: String?)
    case text(choice: Int, block: Int, String)
    case reasoning(choice: Int, block: Int, String, signature: [UInt8]?)
    case toolStart(choice: Int, index: Int, id: String, name: String)
    case toolDelta(choice: Int, index: Int, String)
    case toolEnd(choice: Int, ToolCall)
    /// A whole part of another kind: an image, a citation, a refusal.
    case part(choice: Int, block: Int, Part)
    case logprobs(choice: Int, [TokenLogprob])
    case usage(Usage)
    case rateLimits([RateLimit])
    case warning(Warning)
    /// What the service sent, if ``ModelRequest/includesRaw``.
    case raw([UInt8])
    case heartbeat
    case finished(choice: Int, StopReason)
    case completed(ModelResponse)
}
