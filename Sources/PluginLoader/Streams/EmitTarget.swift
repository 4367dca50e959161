internal import CPluginCall
internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// What a plugin's `emit` reaches: decodes one event and hands it over. Has to live as long as the call.
@safe
final class EmitTarget: Sendable {
    private let take: @Sendable (borrowing kw_event, _ mayWait: Bool) -> kw_status

    init(_ take: @escaping @Sendable (borrowing kw_event, _ mayWait: Bool) -> kw_status) {
        unsafe self.take = take
    }

    /// - Parameter decode: nil for an event that is skipped.
    init<Raw: Sendable>(
        _ mailbox: Mailbox<Raw>, _ decode: @escaping @Sendable (borrowing kw_event) throws(PluginError) -> Raw?
    ) {
        unsafe take = { event, mayWait in
            do throws(PluginError) {
                guard let raw = try unsafe decode(event) else { return KW_OK }
                switch mailbox.put(raw, mayWait: mayWait) {
                case .taken: return KW_OK
                case .full: return KW_WOULD_BLOCK
                case .cancelled: return KW_CANCELLED
                }
            } catch {
                // The consumer gets the plugin's mistake; the plugin is told to stop.
                mailbox.cancel(error)
                return KW_CANCELLED
            }
        }
    }

    /// For a call that ends before this object does.
    var sink: PluginInstance.Sink {
        unsafe PluginInstance.Sink(
            function: { context, event, flags in
                guard let context = unsafe context, let event = unsafe event else { return KW_INVALID_ARGUMENT }
                let target = unsafe Unmanaged<EmitTarget>.fromOpaque(context).takeUnretainedValue()
                return unsafe target.take(event.pointee, flags & UInt32(KW_EMIT_NOBLOCK) == 0)
            }, context: Unmanaged.passUnretained(self).toOpaque())
    }
}
