/// Watches, changes or forbids what a host does at named points: `keyway.hooks/1`.
public protocol HookHandler: Plugin {
    /// Where it wants to be called. Constant between two configurations.
    func hooks(_ context: CallContext) async throws(PluginError) -> [Hook]

    /// One hook point was reached.
    func handle(_ event: HookEvent, _ context: CallContext) async throws(PluginError) -> HookReply
}

/// One wish to be called.
public struct Hook: Sendable, Hashable {
    public struct Modes: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        /// Sees.
        public static let observe = Modes(rawValue: 1)
        /// May replace the payload.
        public static let filter = Modes(rawValue: 2)
        /// May stop what is about to happen.
        public static let veto = Modes(rawValue: 4)
    }

    /// "before.vector.upsert"; a final `*` takes every point that begins so.
    public var name: String
    /// Higher comes first.
    public var priority: Int32
    public var modes: Modes
    /// nil = the host's.
    public var timeout: Duration?
    /// Media type or schema it understands; nil = any.
    public var payloadType: String?
    /// Calls after a failed one, at most.
    public var retries: Int
    /// The work need not wait for it; with mode `observe` only.
    public var isAsynchronous: Bool

    public init(
        _ name: String, modes: Modes, priority: Int32 = 0, timeout: Duration? = nil, payloadType: String? = nil,
        retries: Int = 0, isAsynchronous: Bool = false
    ) {
        self.name = name
        self.modes = modes
        self.priority = priority
        self.timeout = timeout
        self.payloadType = payloadType
        self.retries = retries
        self.isAsynchronous = isAsynchronous
    }
}

public struct HookEvent: Sendable, Hashable {
    public var name: String
    /// What the reply may do: one mode.
    public var mode: Hook.Modes
    /// As it is now, after the hooks before this one.
    public var payload: [UInt8]
    /// Media type.
    public var payloadType: String
    /// As it was at first.
    public var original: [UInt8]
    /// Of the work that the hook point belongs to; its state is shared by all its hooks.
    public var executionID: String
    /// When that work began: nanoseconds of the monotonic and of the Unix clock.
    public var started: Int64
    public var startedUnix: Int64
    public var userID: String?
    public var sessionID: String?
    /// Id of the plugin whose work it is; nil: the host's.
    public var source: String?
    public var attributes: [String: String]

    public init(
        _ name: String, mode: Hook.Modes, payload: [UInt8], payloadType: String = "application/json",
        original: [UInt8]? = nil, executionID: String, started: Int64 = 0, startedUnix: Int64 = 0,
        userID: String? = nil, sessionID: String? = nil, source: String? = nil, attributes: [String: String] = [:]
    ) {
        self.name = name
        self.mode = mode
        self.payload = payload
        self.payloadType = payloadType
        self.original = original ?? payload
        self.executionID = executionID
        self.started = started
        self.startedUnix = startedUnix
        self.userID = userID
        self.sessionID = sessionID
        self.source = source
        self.attributes = attributes
    }
}

public struct HookReply: Sendable, Hashable {
    public enum Action: Sendable, Hashable {
        case proceed
        /// The payload from now on; in mode `filter`.
        case replace([UInt8])
        /// What was about to happen does not; in mode `veto`.
        case stop(reason: String)
    }

    public var action: Action
    /// For the hook's log: an object, or null.
    public var metadata: JSON

    public init(_ action: Action = .proceed, metadata: JSON = .null) {
        self.action = action
        self.metadata = metadata
    }
}
