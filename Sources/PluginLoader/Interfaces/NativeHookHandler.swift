internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Hooks whose code is in this process: `keyway.hooks/1` over a vtable.
public final class NativeHookHandler: HookHandler, Sendable {
    let port: InterfacePort<HooksInterface>

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<HooksInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

    public func hooks(_ context: CallContext) async throws(PluginError) -> [Hook] {
        unsafe try await port.run("hooks.list", \.list, context, reply: kw_hooks_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.hooks, of: kw_hook.self, "hooks") { hook throws(PluginError) in
                unsafe try Hook(hook, reader)
            }
        }
    }

    public func handle(_ event: HookEvent, _ context: CallContext) async throws(PluginError) -> HookReply {
        unsafe try await port.run("hooks.on_hook", \.on_hook, context, reply: kw_hook_out.self) {
            inputs in
            unsafe inputs.hook(event)
        } read: { reply, reader throws(PluginError) in
            unsafe try HookReply(reply, in: event.mode, reader)
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }
}
