/// Answers messages, whole or as a stream.
public protocol ModelProvider: Plugin {
    /// What is offered, the default first.
    func models(_ context: CallContext) async throws(PluginError) -> [Model]

    /// The answer as it comes. The events obey the contract of ``ModelEvent``.
    func stream(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> EventStream<ModelEvent>

    /// The whole answer at once.
    func generate(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> ModelResponse

    /// How many tokens the request would cost as input.
    func countTokens(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> TokenCount

    /// Loads what a request like this will need, so that the next one begins sooner. A hint; it may do nothing.
    func prewarm(_ request: ModelRequest, _ context: CallContext) async throws(PluginError)
}

/// Tokens of a request, counted or estimated.
public struct TokenCount: Sendable, Hashable {
    public var tokens: Int
    public var isEstimated: Bool

    public init(_ tokens: Int, isEstimated: Bool = false) {
        self.tokens = tokens
        self.isEstimated = isEstimated
    }
}

extension ModelProvider {
    /// The fold of ``stream(_:_:)``.
    public func generate(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> ModelResponse {
        for try await event in try await stream(request, context) {
            if case .completed(let response) = event { return response }
        }
        throw PluginError(
            .protocolViolation, "the stream ended without an answer", plugin: id, stage: .call,
            operation: "provider.stream")
    }
}

extension ModelProvider {
    /// The estimate of ``ModelRequest/estimatedTokens``.
    public func countTokens(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> TokenCount {
        TokenCount(request.estimatedTokens, isEstimated: true)
    }

    public func prewarm(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) {}
}

extension ModelRequest {
    /// Tokens of the request by rule of thumb, for models whose tokenizer nobody knows: four bytes of UTF-8 a token, and
    /// four tokens a message for its frame. Media count nothing.
    public var estimatedTokens: Int {
        func bytes(_ parts: [Part]) -> Int {
            parts.reduce(0) { sum, part in
                switch part {
                case .text(let text), .reasoning(let text, _), .refusal(let text): sum + text.utf8.count
                case .toolCall(let call): sum + call.name.utf8.count + call.arguments.utf8.count
                case .toolResult(let result): sum + result.text.utf8.count + bytes(result.parts)
                case .citation(_, let quotation, _): sum + quotation.utf8.count
                case .sealedReasoning, .media, .approvalRequest, .approval, .custom: sum
                }
            }
        }
        let tools = tools.reduce(0) { sum, tool in
            sum + tool.name.utf8.count + (tool.description?.utf8.count ?? 0) + tool.inputSchema.text.utf8.count
        }
        return messages.reduce((tools + 3) / 4) { $0 + 4 + (bytes($1.parts) + 3) / 4 }
    }
}

/// A model that a provider offers.
public struct Model: Sendable, Hashable {
    public struct Features: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        public static let streaming = Features(rawValue: 1)
        public static let tools = Features(rawValue: 2)
        public static let parallelTools = Features(rawValue: 4)
        public static let json = Features(rawValue: 8)
        public static let jsonSchema = Features(rawValue: 16)
        public static let imagesIn = Features(rawValue: 32)
        public static let audioIn = Features(rawValue: 64)
        public static let reasoning = Features(rawValue: 128)
        public static let seed = Features(rawValue: 256)
        public static let deterministic = Features(rawValue: 512)
        public static let grammar = Features(rawValue: 0x400)
        public static let logprobs = Features(rawValue: 0x800)
        /// Several answers to one request.
        public static let choices = Features(rawValue: 0x1000)
        public static let promptCache = Features(rawValue: 0x2000)
        /// Runs tools of its own.
        public static let providerTools = Features(rawValue: 0x4000)
        /// Counts tokens exactly.
        public static let countTokens = Features(rawValue: 0x8000)
        public static let conversation = Features(rawValue: 0x10000)
        /// Takes up an answer that broke off.
        public static let continuation = Features(rawValue: 0x20000)
        public static let videoIn = Features(rawValue: 0x40000)
        public static let filesIn = Features(rawValue: 0x80000)
        public static let imagesOut = Features(rawValue: 0x100000)
        public static let audioOut = Features(rawValue: 0x200000)
    }

    public enum Latency: String, Sendable, CaseIterable { case fast, medium, slow }

    /// US dollars per million tokens; nil = not known.
    public struct Prices: Sendable, Hashable {
        public var input: Double?
        public var output: Double?
        public var cacheRead: Double?
        public var cacheWrite: Double?

        public init(
            input: Double? = nil, output: Double? = nil, cacheRead: Double? = nil, cacheWrite: Double? = nil
        ) {
            self.input = input
            self.output = output
            self.cacheRead = cacheRead
            self.cacheWrite = cacheWrite
        }
    }

    public var id: String
    public var description: String?
    public var features: Features
    public var contextTokens: Int?
    public var maxOutputTokens: Int?
    public var latency: Latency?
    public var maxChoices: Int?
    public var prices: Prices

    public init(
        id: String, description: String? = nil, features: Features = [], contextTokens: Int? = nil,
        maxOutputTokens: Int? = nil, latency: Latency? = nil, maxChoices: Int? = nil, prices: Prices = Prices()
    ) {
        self.id = id
        self.description = description
        self.features = features
        self.contextTokens = contextTokens
        self.maxOutputTokens = maxOutputTokens
        self.latency = latency
        self.maxChoices = maxChoices
        self.prices = prices
    }
}
