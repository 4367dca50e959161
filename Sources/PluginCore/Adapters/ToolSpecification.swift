/// A tool that a model may call.
public struct ToolSpecification: Sendable, Hashable {
    /// What a tool claims about itself. Hints, never a reason to skip a policy.
    public struct Hints: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        public static let readOnly = Hints(rawValue: 1)
        public static let destructive = Hints(rawValue: 2)
        public static let idempotent = Hints(rawValue: 4)
        /// Reaches beyond this machine.
        public static let openWorld = Hints(rawValue: 8)
        public static let notDestructive = Hints(rawValue: 16)
        /// Stays on this machine.
        public static let closedWorld = Hints(rawValue: 32)
    }

    public var name: String
    /// For people.
    public var title: String?
    public var description: String?
    /// JSON Schema of the arguments.
    public var inputSchema: JSON
    /// JSON Schema of the result, or null.
    public var outputSchema: JSON
    /// An array of argument objects, or null.
    public var examples: JSON
    /// For a tool that a service runs itself: the service's own description, or null.
    public var provider: JSON
    public var hints: Hints
    /// The arguments must match the schema exactly.
    public var isStrict: Bool

    public init(
        name: String, title: String? = nil, description: String? = nil, inputSchema: JSON = ["type": "object"],
        outputSchema: JSON = .null, examples: JSON = .null, provider: JSON = .null, hints: Hints = [],
        isStrict: Bool = false
    ) {
        self.name = name
        self.title = title
        self.description = description
        self.inputSchema = inputSchema
        self.outputSchema = outputSchema
        self.examples = examples
        self.provider = provider
        self.hints = hints
        self.isStrict = isStrict
    }
}
