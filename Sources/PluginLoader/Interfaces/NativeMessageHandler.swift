internal import PluginABI
internal import PluginBridge
public import PluginCore

/// A receiver of messages whose code is in this process: `keyway.messages/1` over a vtable.
public final class NativeMessageHandler: MessageHandler, Sendable {
    let instance: PluginInstance
    private let table: InterfaceTable<kw_messages>

    init(instance: PluginInstance, table: InterfaceTable<kw_messages>) {
        self.instance = instance
        self.table = table
    }

    public var id: String { instance.id }
    public var version: SemanticVersion { instance.version }

    public func receive(_ message: PluginMessage, _ context: CallContext) async throws(PluginError) -> MessageReply? {
        unsafe try await instance.run(
            "messages.on_message", table.slot(\.on_message), context, reply: kw_message_out.self
        ) {
            inputs in
            unsafe inputs.message(message)
        } read: { reply, reader throws(PluginError) in
            unsafe message.wantsReply ? try MessageReply(reply, reader) : nil
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await instance.health(context)
    }

    public func shutdown() async { await instance.shutdownFromTask() }
}
