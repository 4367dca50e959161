internal import PluginABI
internal import PluginBridge
public import PluginCore

extension HostContext {
    /// Messages to other plugins: `keyway.host.messages/1`.
    /// - Throws: `permissionDenied` if the plugin was not granted it.
    public func messages() throws(PluginError) -> HostMessages {
        HostMessages(service: try HostService(self, "keyway.host.messages/1", permission: "messages"))
    }
}

/// Sends messages; what comes in arrives as ``MessagePlugin/receive(_:_:)``.
public struct HostMessages: Sendable {
    public struct Reply: Sendable, Hashable {
        /// Id of the plugin that answered.
        public var sender: String
        public var type: String
        public var payload: [UInt8]
        /// Media type.
        public var payloadType: String
    }

    let service: HostService<kw_host_messages>

    /// Returns when the receiver's queue has it.
    /// - Parameter to: id of a plugin.
    public func send(
        _ type: String, to receiver: String, _ payload: [UInt8], payloadType: String = "application/json",
        for call: borrowing PluginCall
    ) throws(PluginError) {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        try unsafe service.tell(\.send, "messages.send", call, writer.message(receiver, type, payload, payloadType))
    }

    /// Sends and waits for the answer.
    public func request(
        _ type: String, to receiver: String, _ payload: [UInt8], payloadType: String = "application/json",
        for call: borrowing PluginCall
    ) throws(PluginError) -> Reply {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(
            \.request, "messages.request", call, writer.message(receiver, type, payload, payloadType),
            reply: kw_reply_message.self
        ) { reply, reader throws(PluginError) in
            Reply(
                sender: try unsafe reader.text(reply.sender, "a sender"),
                type: try unsafe reader.text(reply.type, "a type"),
                payload: try unsafe reader.bytes(reply.payload, "a payload"),
                payloadType: try unsafe reader.mediaType(reply.payload_type, "a payload's type"))
        }
    }

    /// Sends to all who subscribed.
    /// - Returns: how many.
    @discardableResult
    public func publish(
        _ type: String, on topic: String, _ payload: [UInt8], payloadType: String = "application/json",
        for call: borrowing PluginCall
    ) throws(PluginError) -> Int {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(
            \.publish, "messages.publish", call, writer.message(topic, type, payload, payloadType), reply: kw_count.self
        ) { reply, _ throws(PluginError) in Int(clamping: reply.count) }
    }

    /// - Parameter topic: a final `*` takes every topic that begins so.
    public func subscribe(to topic: String, for call: borrowing PluginCall) throws(PluginError) {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        try unsafe service.tell(\.subscribe, "messages.subscribe", call, writer.topic(topic))
    }

    /// - Returns: false if it was not subscribed.
    @discardableResult
    public func unsubscribe(from topic: String, for call: borrowing PluginCall) throws(PluginError) -> Bool {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(
            \.unsubscribe, "messages.unsubscribe", call, writer.topic(topic), reply: kw_count.self
        ) { reply, _ throws(PluginError) in reply.count > 0 }
    }
}

extension ABIWriter {
    fileprivate mutating func message(
        _ to: String, _ type: String, _ payload: [UInt8], _ payloadType: String
    ) -> kw_send_message_in {
        unsafe kw_send_message_in(
            h: .of(kw_send_message_in.self), to: string(to), type: string(type), payload_type: string(payloadType),
            payload: bytes(payload))
    }

    fileprivate mutating func topic(_ topic: String) -> kw_subscribe_in {
        unsafe kw_subscribe_in(h: .of(kw_subscribe_in.self), topic: string(topic))
    }
}
