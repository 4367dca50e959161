internal import PluginABI
internal import PluginBridge
public import PluginCore

extension HostContext {
    /// Secrets that the operator gave to the plugin: `keyway.host.secrets/1`.
    /// - Throws: `permissionDenied` if the plugin was not granted it.
    public func secrets() throws(PluginError) -> HostSecrets {
        HostSecrets(service: try HostService(self, "keyway.host.secrets/1", permission: "secrets"))
    }
}

public struct HostSecrets: Sendable {
    let service: HostService<kw_host_secrets>

    /// Lends a secret. The host wipes it when the call ends: a copy is the plugin's own to keep safe, so make one only if
    /// you must.
    /// - Throws: `notFound`
    public func withSecret<Result>(
        _ name: String, for call: borrowing PluginCall, _ body: (Span<UInt8>) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(\.get, "secrets.get", call, writer.key(name), reply: kw_contents.self) {
            reply, reader throws(PluginError) in
            guard unsafe reply.bytes.len == 0 || reply.bytes.ptr != nil else {
                throw reader.violation("replied a secret with a length and no bytes")
            }
            let bytes = unsafe UnsafeBufferPointer(
                start: reply.bytes.ptr?.assumingMemoryBound(to: UInt8.self), count: Int(clamping: reply.bytes.len))
            return try unsafe body(bytes.span)
        }
    }
}
