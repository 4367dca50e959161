internal import PluginABI
internal import PluginBridge
public import PluginCore

extension HostContext {
    /// What the plugins of one execution share: `keyway.host.state/1`.
    /// - Throws: `permissionDenied` if the plugin was not granted it.
    public func executionState() throws(PluginError) -> HostState {
        HostState(service: try HostService(self, "keyway.host.state/1", permission: "state"))
    }
}

/// State that the hooks and operations of one execution share; it goes when the execution ends. Keys have 1 to 512 bytes
/// and are shared by all plugins of the execution, which is the call's.
public struct HostState: Sendable {
    let service: HostService<kw_host_state>

    /// nil: there is none.
    public func get(_ key: String, for call: borrowing PluginCall) throws(PluginError) -> [UInt8]? {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        do throws(PluginError) {
            return try unsafe service.ask(\.get, "state.get", call, writer.key(key), reply: kw_contents.self) {
                reply, reader throws(PluginError) in try unsafe reader.bytes(reply.bytes, "a value")
            }
        } catch  where error.code == .notFound {
            return nil
        }
    }

    public func set(_ key: String, _ value: [UInt8], for call: borrowing PluginCall) throws(PluginError) {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_state_set_in(
            h: .of(kw_state_set_in.self), key: writer.string(key), value: writer.bytes(value))
        try unsafe service.tell(\.set, "state.set", call, input)
    }

    /// - Returns: whether there was one.
    @discardableResult
    public func remove(_ key: String, for call: borrowing PluginCall) throws(PluginError) -> Bool {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(\.remove, "state.remove", call, writer.key(key), reply: kw_count.self) {
            reply, _ throws(PluginError) in reply.count > 0
        }
    }
}
