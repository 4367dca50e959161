/// What a model is asked.
public struct ModelRequest: Sendable, Hashable {
    public enum ToolChoice: Sendable, Hashable {
        case auto, none, required
        /// One of these.
        case named([String])
    }

    public enum OutputFormat: Sendable, Hashable {
        case text, json
        /// JSON that conforms to this JSON Schema.
        case schema(JSON)
    }

    /// nil = the provider's default.
    public var model: String?
    public var messages: [Message]
    public var tools: [ToolSpecification]
    public var toolChoice: ToolChoice
    public var output: OutputFormat
    /// The answer ends before the first of them.
    public var stop: [String]
    public var maxOutputTokens: Int?
    public var temperature: Double?
    public var topP: Double?
    public var topK: Int?
    public var seed: Int64?
    /// Answers wanted.
    public var choices: Int
    /// Provider-specific settings: an object, or null.
    public var extra: JSON

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

    public init(_ role: Role, parts: [Part], name: String? = nil) {
        self.role = role
        self.parts = parts
        self.name = name
    }

    public init(_ role: Role, _ text: String) { self.init(role, parts: [.text(text)]) }
}

/// A piece of a message or an answer.
public enum Part: Sendable, Hashable {
    case text(String)
    case reasoning(String, signature: [UInt8]?)
    case toolCall(ToolCall)
    case toolResult(callID: String, text: String, isError: Bool)
    case data([UInt8], mediaType: String)
    case url(String, mediaType: String)
    case refusal(String)
    case citation(id: String, quotation: String, place: JSON)
    /// A kind that this version does not know, kept as it came.
    case custom(kind: UInt32, text: String, json: JSON)
}

/// A model's wish to have a tool run.
public struct ToolCall: Sendable, Hashable {
    public var id: String
    public var name: String
    /// The arguments as sent: JSON, unless the model broke it; never a reason to throw an answer away.
    public var arguments: String
    /// Slot in the answer, from 0.
    public var index: Int

    public init(id: String, name: String, arguments: String, index: Int) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.index = index
    }
}

/// A tool that a model may call.
public struct ToolSpecification: Sendable, Hashable {
    public var name: String
    public var description: String?
    /// JSON Schema of the arguments.
    public var inputSchema: JSON

    public init(name: String, description: String? = nil, inputSchema: JSON = ["type": "object"]) {
        self.name = name
        self.description = description
        self.inputSchema = inputSchema
    }
}
