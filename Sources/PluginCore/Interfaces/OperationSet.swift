/// Named jobs that take a document and give one: `keyway.operations/1`.
public protocol OperationSet: Plugin {
    /// What is offered. Constant between two configurations.
    func operations(_ context: CallContext) async throws(PluginError) -> [OperationDescription]

    /// Runs one; the last event is `completed`.
    /// - Throws: `notFound` if there is no operation of that name.
    func run(_ request: OperationRequest, _ context: CallContext) async throws(PluginError)
        -> EventStream<OperationEvent>
}

extension OperationSet {
    /// The whole output at once.
    public func output(of request: OperationRequest, _ context: CallContext = CallContext())
        async throws(PluginError) -> OperationOutput
    {
        for try await event in try await run(request, context) {
            if case .completed(let output) = event { return output }
        }
        throw PluginError(
            .protocolViolation, "the operation ended without an output", plugin: id, stage: .call,
            operation: "operations.run")
    }
}

public struct OperationDescription: Sendable, Hashable {
    public struct Traits: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        /// May be repeated after a failure.
        public static let idempotent = Traits(rawValue: 1)
        /// Changes nothing outside the plugin.
        public static let readOnly = Traits(rawValue: 2)
        /// Its output comes in pieces.
        public static let streams = Traits(rawValue: 4)
        /// Same input, same output.
        public static let cacheable = Traits(rawValue: 8)
    }

    public var name: String
    public var description: String?
    /// JSON Schema, or null.
    public var inputSchema: JSON
    public var outputSchema: JSON
    /// Media types; the first is the default.
    public var inputFormats: [String]
    public var outputFormats: [String]
    /// What it can be found by.
    public var capabilities: [String]
    public var traits: Traits
    /// An array of `{"input", "output"}`, or null.
    public var examples: JSON
    /// Kinds of agents that it runs.
    public var agentTypes: [String] = []

    public init(
        name: String, description: String? = nil, inputSchema: JSON = .null, outputSchema: JSON = .null,
        inputFormats: [String] = ["application/json"], outputFormats: [String] = ["application/json"],
        capabilities: [String] = [], traits: Traits = [], examples: JSON = .null
    ) {
        self.name = name
        self.description = description
        self.inputSchema = inputSchema
        self.outputSchema = outputSchema
        self.inputFormats = inputFormats
        self.outputFormats = outputFormats
        self.capabilities = capabilities
        self.traits = traits
        self.examples = examples
    }
}

public struct OperationRequest: Sendable, Hashable {
    public var name: String
    public var input: [UInt8]
    /// Media type.
    public var inputFormat: String
    /// Wanted; nil = the operation's default.
    public var outputFormat: String?
    /// The caller's name for this run, or nil.
    public var executionID: String?
    /// Settings of this run: an object, or null.
    public var settings: JSON
    /// Say what would be done, do nothing.
    public var isDryRun: Bool
    /// Every step is told as `progress`.
    public var isVerbose: Bool
    /// One of the operation's ``OperationDescription/agentTypes``, or nil.
    public var agentType: String?
    /// The caller's: an object, or null.
    public var metadata: JSON = .null

    public init(
        _ name: String, input: [UInt8], inputFormat: String = "application/json", outputFormat: String? = nil,
        executionID: String? = nil, settings: JSON = .null, isDryRun: Bool = false, isVerbose: Bool = false
    ) {
        self.name = name
        self.input = input
        self.inputFormat = inputFormat
        self.outputFormat = outputFormat
        self.executionID = executionID
        self.settings = settings
        self.isDryRun = isDryRun
        self.isVerbose = isVerbose
    }

    public init(_ name: String, _ input: JSON) { self.init(name, input: Array(input.text.utf8)) }
}

public enum OperationEvent: Sendable, Hashable {
    /// The next bytes of the output.
    case chunk([UInt8])
    case progress(fraction: Double?, String)
    case warning(Warning)
    /// With the whole output, also if it came in pieces.
    case completed(OperationOutput)
}

public struct OperationOutput: Sendable, Hashable {
    public var bytes: [UInt8]
    /// Media type.
    public var format: String
    /// An object, or null.
    public var metadata: JSON
    public var warnings: [Warning]

    public init(
        _ bytes: [UInt8], format: String = "application/json", metadata: JSON = .null, warnings: [Warning] = []
    ) {
        self.bytes = bytes
        self.format = format
        self.metadata = metadata
        self.warnings = warnings
    }

    public init(_ json: JSON) { self.init(Array(json.text.utf8)) }
}
