internal import PluginABI
internal import PluginBridge
public import PluginCore

extension HostContext {
    /// What the plugin may do: `keyway.host.permissions/1`. Asking is always allowed.
    /// - Throws: `permissionDenied` if the host has no such service.
    public func permissions() throws(PluginError) -> HostPermissions {
        HostPermissions(service: try HostService(self, "keyway.host.permissions/1", permission: "nothing"))
    }
}

public struct HostPermissions: Sendable {
    public struct Answer: Sendable, Hashable {
        public var isGranted: Bool
        /// Why not, and how to get it.
        public var reason: String
    }

    let service: HostService<kw_host_permissions>

    /// - Parameters:
    ///   - permission: "fs.read", "net", "process.exec"
    ///   - resource: "/data/in.csv", "api.example.com:443"; nil = any.
    public func check(
        _ permission: String, on resource: String? = nil, for call: borrowing PluginCall
    ) throws(PluginError) -> Answer {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_permission_in(
            h: .of(kw_permission_in.self), permission: writer.string(permission), resource: writer.string(resource))
        return try unsafe service.ask(\.check, "permissions.check", call, input, reply: kw_permission_out.self) {
            reply, reader throws(PluginError) in
            Answer(isGranted: unsafe reply.is_granted != 0, reason: try unsafe reader.text(reply.reason, "a reason"))
        }
    }
}
