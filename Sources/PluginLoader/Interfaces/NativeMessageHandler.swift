internal import PluginABI
internal import PluginBridge
public import PluginCore

/// A receiver of messages whose code is in this process: `keyway.messages/1` over a vtable.
public final class NativeMessageHandler: MessageHandler, Sendable {
    let port: InterfacePort<MessagesInterface>

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<MessagesInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

    public func receive(_ message: PluginMessage, _ context: CallContext) async throws(PluginError) -> MessageReply? {
        unsafe try await port.run(
            "messages.on_message", \.on_message, context, reply: kw_message_out.self
        ) {
            inputs in
            unsafe inputs.message(message)
        } read: { reply, reader throws(PluginError) in
            unsafe message.wantsReply ? try MessageReply(reply, reader) : nil
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }
}
