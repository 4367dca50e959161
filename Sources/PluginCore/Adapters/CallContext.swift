/// What a caller says about one call: who asks, how long it may take, what belongs to it in a trace.
public struct CallContext: Sendable {
    /// The caller's run, for logs; empty if none.
    public var runID: String
    /// W3C trace context (https://www.w3.org/TR/trace-context/), or nil.
    public var traceparent: String?
    public var deadlines: Deadlines
    public var attributes: [String: String]
    /// Id of the plugin on whose behalf the host calls; nil: its own.
    public var caller: String?
    /// Which calls come first where some have to wait: for a worker of the plugin. Whoever has waited for a second counts as one
    /// priority higher, and so on, so that nobody waits for ever.
    public var priority: PluginPriority

    public init(
        runID: String = "", traceparent: String? = nil, deadlines: Deadlines = Deadlines(),
        attributes: [String: String] = [:], priority: PluginPriority = .normal
    ) {
        self.runID = runID
        self.traceparent = traceparent
        self.deadlines = deadlines
        self.attributes = attributes
        self.priority = priority
    }
}

/// Five limits on the time of a call, each from its start except ``betweenChunks``. nil = none.
///
/// The host enforces ``total`` of every call, and ``firstContent`` and ``betweenChunks`` of streams; all five reach the
/// plugin, which alone can see the others.
public struct Deadlines: Sendable, Hashable {
    /// The whole call.
    public var total: Duration?
    /// Until a remote service is connected.
    public var connect: Duration?
    /// Until its response has begun.
    public var headers: Duration?
    /// Until the first content; a reasoning model may think for long before it.
    public var firstContent: Duration?
    /// The longest pause between two pieces of content.
    public var betweenChunks: Duration?

    public init(
        total: Duration? = nil, connect: Duration? = nil, headers: Duration? = nil, firstContent: Duration? = nil,
        betweenChunks: Duration? = nil
    ) {
        self.total = total
        self.connect = connect
        self.headers = headers
        self.firstContent = firstContent
        self.betweenChunks = betweenChunks
    }
}
