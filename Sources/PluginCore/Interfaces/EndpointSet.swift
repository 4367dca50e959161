/// HTTP endpoints that a server offers on a plugin's behalf: `keyway.endpoints/1`.
public protocol EndpointSet: Plugin {
    /// What is offered. Constant between two configurations.
    func endpoints(_ context: CallContext) async throws(PluginError) -> [Endpoint]

    /// Answers one request; the first event is `head`.
    func handle(_ request: EndpointRequest, _ context: CallContext) async throws(PluginError)
        -> EventStream<EndpointEvent>
}

public struct Endpoint: Sendable, Hashable {
    public struct Traits: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        /// Asks for no authentication; the host's policy decides.
        public static let isPublic = Traits(rawValue: 1)
        public static let streams = Traits(rawValue: 2)
    }

    /// At most so many requests within so long.
    public struct Rate: Sendable, Hashable {
        public var requests: Int
        public var window: Duration

        public init(requests: Int, window: Duration) {
            self.requests = requests
            self.window = window
        }
    }

    public var method: String
    /// Below the plugin's own prefix: "/items/{id}"; `{name...}` takes the rest.
    public var path: String
    public var summary: String?
    /// JSON Schemas, or null.
    public var bodySchema: JSON = .null
    public var querySchema: JSON = .null
    public var parametersSchema: JSON = .null
    public var responseSchema: JSON = .null
    /// Names of the host's.
    public var middleware: [String] = []
    /// nil = no limit.
    public var rateLimit: Rate?
    /// Bytes; nil = the host's.
    public var maxBody: Int?
    public var traits: Traits
    /// Of whom the host admits; one is enough, none = everybody.
    public var roles: [String] = []
    /// What the principal needs, all of them.
    public var permissions: [String] = []

    public init(_ method: String, _ path: String, summary: String? = nil, traits: Traits = []) {
        self.method = method
        self.path = path
        self.summary = summary
        self.traits = traits
    }
}

/// A name and a value; names may repeat.
public struct NamedValue: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

public struct EndpointRequest: Sendable, Hashable {
    /// Position in what ``EndpointSet/endpoints(_:)`` replied.
    public var endpoint: Int
    public var method: String
    /// Percent-decoded, below the plugin's prefix.
    public var path: String
    /// Of `{name}` in the path.
    public var parameters: [NamedValue]
    public var query: [NamedValue]
    /// Names in lower case.
    public var headers: [NamedValue]
    public var body: [UInt8]
    public var remoteAddress: String?
    /// Who is authenticated.
    public var principal: String?
    public var requestID: String?

    public init(
        endpoint: Int, method: String, path: String, parameters: [NamedValue] = [], query: [NamedValue] = [],
        headers: [NamedValue] = [], body: [UInt8] = [], remoteAddress: String? = nil, principal: String? = nil,
        requestID: String? = nil
    ) {
        self.endpoint = endpoint
        self.method = method
        self.path = path
        self.parameters = parameters
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        self.principal = principal
        self.requestID = requestID
    }
}

public struct EndpointResponse: Sendable, Hashable {
    /// 100-599
    public var status: Int
    public var headers: [NamedValue]
    public var body: [UInt8]

    public init(status: Int = 200, headers: [NamedValue] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

public enum EndpointEvent: Sendable, Hashable {
    /// Status and headers, first.
    case head(status: Int, headers: [NamedValue])
    /// The next bytes of the body.
    case chunk([UInt8])
}
