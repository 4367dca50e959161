internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Hooks whose code is in this process: `keyway.hooks/1` over a vtable.
public final class NativeHookHandler: HookHandler, Sendable {
    let instance: PluginInstance
    private let table: InterfaceTable<kw_hooks>

    init(instance: PluginInstance, table: InterfaceTable<kw_hooks>) {
        self.instance = instance
        self.table = table
    }

    public var id: String { instance.id }
    public var version: SemanticVersion { instance.version }

    public func hooks(_ context: CallContext) async throws(PluginError) -> [Hook] {
        unsafe try await instance.run("hooks.list", table.slot(\.list), context, reply: kw_hooks_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.hooks, of: kw_hook.self, "hooks") { hook throws(PluginError) in
                unsafe try Hook(hook, reader)
            }
        }
    }

    public func handle(_ event: HookEvent, _ context: CallContext) async throws(PluginError) -> HookReply {
        unsafe try await instance.run("hooks.on_hook", table.slot(\.on_hook), context, reply: kw_hook_out.self) {
            inputs in
            unsafe inputs.hook(event)
        } read: { reply, reader throws(PluginError) in
            unsafe try HookReply(reply, in: event.mode, reader)
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await instance.health(context)
    }

    public func shutdown() async { await instance.shutdownFromTask() }
}
