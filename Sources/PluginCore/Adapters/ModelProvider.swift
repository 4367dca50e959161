/// Answers messages, whole or as a stream.
public protocol ModelProvider: Plugin {
    /// What is offered, the default first.
    func models(_ context: CallContext) async throws(PluginError) -> [Model]

    /// The answer as it comes. The events obey the contract of ``ModelEvent``.
    func stream(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> EventStream<ModelEvent>

    /// The whole answer at once.
    func generate(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> ModelResponse
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
    }

    public var id: String
    public var description: String?
    public var features: Features
    public var contextTokens: Int?
    public var maxOutputTokens: Int?

    public init(
        id: String, description: String? = nil, features: Features = [], contextTokens: Int? = nil,
        maxOutputTokens: Int? = nil
    ) {
        self.id = id
        self.description = description
        self.features = features
        self.contextTokens = contextTokens
        self.maxOutputTokens = maxOutputTokens
    }
}
