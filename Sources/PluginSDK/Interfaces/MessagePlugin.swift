internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Takes messages of other plugins and of the host: `keyway.messages/1`. Sending is ``HostMessages``.
public protocol MessagePlugin: PluginImplementation {
    /// - Returns: the reply; nil if there is none, or none is wanted (``PluginMessage/wantsReply``).
    /// - Throws: `unsupported` if this type of message is not understood.
    func receive(_ message: PluginMessage, _ call: borrowing PluginCall) throws(PluginError) -> MessageReply?
}

enum MessageOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_messages>? {
        guard type is any MessagePlugin.Type else { return nil }
        var table = zeroed(kw_messages.self)
        table.h = .of(kw_messages.self)
        unsafe table.on_message = { instance, call, input in
            unsafe Operation.answer("messages.on_message", call, input) {
                call, input, reader, writer throws(PluginError) in
                let messages = try unsafe Instance.of(instance, "messages.on_message").pointee.messages!
                return unsafe writer.messageReply(try messages.pointee.receive(PluginMessage(input, reader), call))
            }
        }
        return unsafe permanent(table)
    }
}
