/// A piece of a message or an answer.
public enum Part: Sendable, Hashable {
    case text(String)
    case reasoning(String, signature: [UInt8]?)
    /// Reasoning that only the service can read; given back as it came.
    case sealedReasoning([UInt8])
    case toolCall(ToolCall)
    case toolResult(ToolResult)
    /// An image, sound, film or file.
    case media(Media)
    case refusal(String)
    case citation(id: String, quotation: String, place: JSON)
    /// The question whether a tool call may run.
    case approvalRequest(callID: String, question: String)
    /// The answer to a question whether a tool call may run.
    case approval(callID: String, isApproved: Bool, reason: String)
    /// A kind that this version does not know, kept as it came.
    case custom(kind: UInt32, text: String, json: JSON)
}

extension Part {
    public static func toolResult(callID: String, text: String, isError: Bool) -> Part {
        .toolResult(ToolResult(callID: callID, text: text, isError: isError))
    }

    public static func data(_ bytes: [UInt8], mediaType: String, name: String? = nil) -> Part {
        .media(Media(.bytes(bytes), mediaType: mediaType, name: name))
    }

    public static func url(_ url: String, mediaType: String, name: String? = nil) -> Part {
        .media(Media(.url(url), mediaType: mediaType, name: name))
    }
}

/// A model's wish to have a tool run.
public struct ToolCall: Sendable, Hashable {
    public var id: String
    public var name: String
    /// The arguments as sent: JSON, unless the model broke it; never a reason to throw an answer away.
    public var arguments: String
    /// Slot in the answer, from 0.
    public var index: Int
    /// The service runs it itself.
    public var isProviderExecuted: Bool
    /// The service's seal, given back as it came.
    public var signature: [UInt8]?

    public init(
        id: String, name: String, arguments: String, index: Int, isProviderExecuted: Bool = false,
        signature: [UInt8]? = nil
    ) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.index = index
        self.isProviderExecuted = isProviderExecuted
        self.signature = signature
    }
}

/// What came of a tool call, for the model.
public struct ToolResult: Sendable, Hashable {
    public var callID: String
    public var text: String
    /// Instead of the text, or besides it: images and the like. Results in results are not passed on.
    public var parts: [Part]
    /// The tool failed; the text says how.
    public var isError: Bool
    /// It never ran.
    public var isDenied: Bool

    public init(
        callID: String, text: String = "", parts: [Part] = [], isError: Bool = false, isDenied: Bool = false
    ) {
        self.callID = callID
        self.text = text
        self.parts = parts
        self.isError = isError
        self.isDenied = isDenied
    }
}

/// Bytes of a media type, or where they are.
public struct Media: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        case bytes([UInt8])
        case url(String)
    }

    public var source: Source
    public var mediaType: String
    /// Of the file, or nil.
    public var name: String?
    /// What a service wants to know besides, such as `{"detail": "high"}`: an object, or null.
    public var settings: JSON

    public init(_ source: Source, mediaType: String, name: String? = nil, settings: JSON = .null) {
        self.source = source
        self.mediaType = mediaType
        self.name = name
        self.settings = settings
    }
}
