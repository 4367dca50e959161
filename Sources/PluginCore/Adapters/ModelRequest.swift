/// What a model is asked.
///
/// A provider that cannot do one of the wishes says so in a warning, or refuses it with `unsupported` where the answer would
/// be of no use; it never drops a wish in silence.
public struct ModelRequest: Sendable, Hashable {
    public enum ToolChoice: Sendable, Hashable {
        case auto, none, required
        /// Must call one of these.
        case named([String])
        /// May call one of these.
        case allowed([String])
    }

    public enum OutputFormat: Sendable, Hashable {
        case text, json
        /// JSON that conforms to this JSON Schema; strict: exactly, else as well as the model can.
        case schema(JSON, name: String? = nil, isStrict: Bool = false)
        /// Text of a formal grammar, such as "gbnf", "lark" or "regex".
        case grammar(String, syntax: String)
    }

    public struct Reasoning: Sendable, Hashable {
        public enum Effort: String, Sendable, CaseIterable { case none, minimal, low, medium, high }
        public var effort: Effort?
        /// Tokens that may be spent on it.
        public var tokens: Int?
        /// `reasoning` events are wanted.
        public var isShown: Bool

        public init(effort: Effort? = nil, tokens: Int? = nil, isShown: Bool = false) {
            self.effort = effort
            self.tokens = tokens
            self.isShown = isShown
        }
    }

    /// nil = the provider's default.
    public var model: String?
    public var messages: [Message]
    public var tools: [ToolSpecification]
    public var toolChoice: ToolChoice
    /// Several tool calls in one answer; nil = the provider's default.
    public var parallelToolCalls: Bool?
    public var maxToolCalls: Int?
    public var output: OutputFormat
    /// Kinds of output: "text", "audio", "image"; empty = text.
    public var modalities: [String] = []
    /// The answer ends before the first of them.
    public var stop: [String]
    public var maxOutputTokens: Int?
    public var temperature: Double?
    public var topP: Double?
    public var topK: Int?
    public var minP: Double?
    public var presencePenalty: Double?
    public var frequencyPenalty: Double?
    public var repeatPenalty: Double?
    public var seed: Int64?
    /// Added to the logits, by token.
    public var logitBias: [Int64: Double] = [:]
    /// Log-probabilities with so many alternatives a token; nil = none.
    public var logprobs: Int?
    /// Answers wanted.
    public var choices: Int
    public var reasoning: Reasoning?
    /// Groups requests that share a prefix, for a service with a prompt cache.
    public var cacheKey: String?
    /// A conversation that the service keeps.
    public var conversation: String?
    /// ``ModelResponse/continuation`` of an answer that broke off, to go on from there.
    public var continuation: String?
    public var serviceTier: String?
    /// The caller's end user, opaque, for abuse reports.
    public var user: String?
    /// Two requests of one key are one request.
    public var idempotencyKey: String?
    /// For services over HTTP.
    public var headers: [String: String] = [:]
    /// What the service keeps with the answer: an object, or null.
    public var metadata: JSON = .null
    /// Provider-specific settings for the request's body: an object, or null.
    public var extra: JSON
    /// What the service sent is wanted, too.
    public var includesRaw = false
    /// The service may go on when the caller has gone.
    public var isBackground = false

    public init(
        _ messages: [Message], model: String? = nil, tools: [ToolSpecification] = [], toolChoice: ToolChoice = .auto,
        output: OutputFormat = .text, stop: [String] = [], maxOutputTokens: Int? = nil, temperature: Double? = nil,
        topP: Double? = nil, topK: Int? = nil, seed: Int64? = nil, choices: Int = 1, extra: JSON = .null
    ) {
        self.model = model
        self.messages = messages
        self.tools = tools
        self.toolChoice = toolChoice
        self.output = output
        self.stop = stop
        self.maxOutputTokens = maxOutputTokens
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.seed = seed
        self.choices = choices
        self.extra = extra
    }
}

public struct Message: Sendable, Hashable {
    public enum Role: String, Sendable, CaseIterable {
        case system, developer, user, assistant, tool
    }

    public var role: Role
    public var parts: [Part]
    public var name: String?
    /// Positions of the parts at which a service with a prompt cache should end a cached prefix.
    public var cacheBreakpoints: Set<Int>

    public init(_ role: Role, parts: [Part], name: String? = nil, cacheBreakpoints: Set<Int> = []) {
        self.role = role
        self.parts = parts
        self.name = name
        self.cacheBreakpoints = cacheBreakpoints
    }

    public init(_ role: Role, _ text: String) { self.init(role, parts: [.text(text)]) }
}
