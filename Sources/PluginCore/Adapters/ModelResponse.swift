/// A whole answer.
public struct ModelResponse: Sendable, Hashable {
    public struct Choice: Sendable, Hashable {
        public var parts: [Part]
        public var stop: StopReason

        public init(parts: [Part], stop: StopReason) {
            self.parts = parts
            self.stop = stop
        }
    }

    public var id: String?
    public var model: String?
    public var choices: [Choice]
    public var usage: Usage
    public var warnings: [Warning]

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

    public init(_ kind: Kind, raw: String? = nil) {
        self.kind = kind
        self.raw = raw
    }
}

/// Tokens. nil is "not known", which is not zero.
public struct Usage: Sendable, Hashable {
    public var input: Int?
    public var output: Int?
    public var total: Int?
    public var cacheRead: Int?
    public var cacheWrite: Int?
    public var reasoning: Int?
    public var isEstimated: Bool

    public init(
        input: Int? = nil, output: Int? = nil, total: Int? = nil, cacheRead: Int? = nil, cacheWrite: Int? = nil,
        reasoning: Int? = nil, isEstimated: Bool = false
    ) {
        self.input = input
        self.output = output
        self.total = total
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.reasoning = reasoning
        self.isEstimated = isEstimated
    }
}

/// Something that was not done as asked.
public struct Warning: Sendable, Hashable {
    public var feature: String
    public var message: String

    public init(feature: String, message: String) {
        self.feature = feature
        self.message = message
    }
}

/// One event of an answer.
///
/// Contract: exactly one `started`, first; the deltas of a tool call only between its `toolStart` and `toolEnd`, whose
/// arguments are the deltas joined; `usage` is cumulative; one `finished` a choice; then `completed`, whose content is
/// the fold of everything before it. After an error nothing comes, and the error's `partial` is the fold so far.
public enum ModelEvent: Sendable, Hashable {
    case started(id: String?, model: String?)
    case text(choice: Int, block: Int, String)
    case reasoning(choice: Int, block: Int, String, signature: [UInt8]?)
    case toolStart(choice: Int, index: Int, id: String, name: String)
    case toolDelta(choice: Int, index: Int, String)
    case toolEnd(choice: Int, ToolCall)
    case usage(Usage)
    case warning(Warning)
    case heartbeat
    case finished(choice: Int, StopReason)
    case completed(ModelResponse)
}
