internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// `keyway.hooks/1` over an author's type.
enum HookOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_hooks>? {
        guard type is any HookPlugin.Type else { return nil }
        var table = zeroed(kw_hooks.self)
        table.h = .of(kw_hooks.self)
        unsafe table.list = { instance, call, _ in
            unsafe Operation.answer(call) { call, writer throws(PluginError) in
                unsafe writer.hooks(try Instance.of(instance, "hooks.list").pointee.hooks!.pointee.hooks(call))
            }
        }
        unsafe table.on_hook = { instance, call, input in unsafe HookOperations.handle(instance, call, input) }
        return unsafe permanent(table)
    }

    @inline(__always)
    private static func handle(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_hook_in>?
    ) -> kw_status {
        guard let call = unsafe call else { return KW_INVALID_ARGUMENT }
        do throws(PluginError) {
            return try unsafe Operation.lend(input, "hooks.on_hook") { input throws(PluginError) in
                let hooks = try unsafe Instance.of(instance, "hooks.on_hook").pointee.hookCaller
                return unsafe hooks.unsafelyUnwrapped._withUnsafeGuaranteedRef { unsafe handle($0, call, input) }
            }
        } catch {
            return unsafe Operation.fail(call, error)
        }
    }

    @inline(__always)
    private static func handle(
        _ hooks: HookCaller, _ call: UnsafeMutablePointer<kw_call>, _ input: UnsafePointer<kw_hook_in>
    ) -> kw_status {
        do throws(PluginError) {
            let event = try unsafe HookInput(input)
            let reply = try unsafe hooks.handle(event, PluginCall(call))
            if case .proceed = reply.action, case .null = reply.metadata {
                // Nothing to write, so no writer.
                var output = unsafe zeroed(kw_hook_out.self)
                unsafe output.h = .of(kw_hook_out.self)
                return unsafe Operation.reply(call, &output)
            }
            var writer = unsafe ABIWriter(arena: call)
            var output = unsafe writer.hookReply(reply)
            return try unsafe Operation.reply(call, &output, from: writer)
        } catch {
            return unsafe Operation.fail(call, error)
        }
    }
}

/// Calls an author's hooks, as ``EmbedderCaller`` does.
class HookCaller {
    static func of(_ plugin: some HookPlugin) -> HookCaller { TypedCaller(plugin) }

    func handle(_ event: borrowing HookInput, _ call: borrowing PluginCall) throws(PluginError) -> HookReply {
        fatalError("there is a subclass for every type")
    }

    private final class TypedCaller<Plugin: HookPlugin>: HookCaller {
        private let plugin: Plugin

        init(_ plugin: Plugin) { self.plugin = plugin }

        override func handle(
            _ event: borrowing HookInput, _ call: borrowing PluginCall
        ) throws(PluginError) -> HookReply { try plugin.handle(event, call) }
    }
}
