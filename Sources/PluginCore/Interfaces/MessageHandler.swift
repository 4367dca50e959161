/// Takes messages of other plugins and of the host: `keyway.messages/1`.
public protocol MessageHandler: Plugin {
    /// - Returns: the reply; nil if there is none, or none is wanted.
    /// - Throws: `unsupported` if this type of message is not understood.
    func receive(_ message: PluginMessage, _ context: CallContext) async throws(PluginError) -> MessageReply?
}

/// The host writes sender and time; no plugin can forge them.
public struct PluginMessage: Sendable, Hashable {
    public var id: String
    /// Id of the plugin that sent it; nil: the host.
    public var sender: String?
    /// For what was published.
    public var topic: String?
    /// What the payload means, chosen by the sender: "order.placed".
    public var type: String
    /// Media type.
    public var payloadType: String
    public var payload: [UInt8]
    /// Nanoseconds of the Unix clock.
    public var sent: Int64
    public var wantsReply: Bool

    public init(
        id: String, sender: String? = nil, topic: String? = nil, type: String, payload: [UInt8],
        payloadType: String = "application/json", sent: Int64, wantsReply: Bool = false
    ) {
        self.id = id
        self.sender = sender
        self.topic = topic
        self.type = type
        self.payload = payload
        self.payloadType = payloadType
        self.sent = sent
        self.wantsReply = wantsReply
    }
}

public struct MessageReply: Sendable, Hashable {
    public var type: String
    public var payload: [UInt8]
    /// Media type.
    public var payloadType: String

    public init(type: String, payload: [UInt8], payloadType: String = "application/json") {
        self.type = type
        self.payload = payload
        self.payloadType = payloadType
    }
}
