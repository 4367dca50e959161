internal import PluginABI
internal import PluginBridge
public import PluginCore

extension HostContext {
    /// A durable store of the plugin's own: `keyway.host.kv/1`.
    /// - Throws: `permissionDenied` if the plugin was not granted it.
    public func keyValues() throws(PluginError) -> HostKeyValues {
        HostKeyValues(service: try HostService(self, "keyway.host.kv/1", permission: "kv"))
    }
}

/// Values by key, in a space of the plugin's own. Keys have 1 to 512 bytes.
public struct HostKeyValues: Sendable {
    public struct Value: Sendable, Hashable {
        public var bytes: [UInt8]
        /// Rises with every change of the key, from 1.
        public var version: UInt64
    }

    /// Which value may be replaced.
    public enum Condition: Sendable, Hashable {
        case always
        /// Only if there is none.
        case absent
        /// Only if the version is still this one.
        case version(UInt64)
    }

    public struct Page: Sendable, Hashable {
        /// By bytes.
        public var keys: [String]
        /// Give as `after` to go on; nil = that was all.
        public var next: String?
    }

    let service: HostService<kw_host_kv>

    /// nil: there is none.
    public func get(_ key: String, for call: borrowing PluginCall) throws(PluginError) -> Value? {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        do throws(PluginError) {
            return try unsafe service.ask(\.get, "kv.get", call, writer.key(key), reply: kw_kv_value.self) {
                reply, reader throws(PluginError) in
                Value(bytes: try unsafe reader.bytes(reply.value, "a value"), version: unsafe reply.version)
            }
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Durable when it returns.
    /// - Parameter lifetime: nil = for ever.
    /// - Returns: the new version.
    /// - Throws: `unavailable` if the condition does not hold.
    @discardableResult
    public func set(
        _ key: String, _ value: [UInt8], lifetime: Duration? = nil, if condition: Condition = .always,
        for call: borrowing PluginCall
    ) throws(PluginError) -> UInt64 {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var input = unsafe kw_kv_set_in(
            h: .of(kw_kv_set_in.self), key: writer.string(key), value: writer.bytes(value),
            ttl_ns: lifetime?.nanoseconds ?? 0, flags: 0, if_version: 0)
        if condition != .always { unsafe input.flags = UInt64(KW_KV_IF_VERSION) }
        if case .version(let version) = condition { unsafe input.if_version = version }
        return try unsafe service.ask(\.set, "kv.set", call, input, reply: kw_kv_value.self) {
            reply, _ throws(PluginError) in unsafe reply.version
        }
    }

    /// - Returns: whether there was one.
    @discardableResult
    public func remove(_ key: String, for call: borrowing PluginCall) throws(PluginError) -> Bool {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(\.remove, "kv.remove", call, writer.key(key), reply: kw_count.self) {
            reply, _ throws(PluginError) in reply.count > 0
        }
    }

    /// - Parameter limit: keys at most; nil = as the host likes.
    public func keys(
        prefix: String = "", after: String = "", limit: Int? = nil, for call: borrowing PluginCall
    ) throws(PluginError) -> Page {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_list_in(
            h: .of(kw_list_in.self), prefix: writer.string(prefix), after: writer.string(after),
            limit: UInt64(clamping: limit ?? 0))
        return try unsafe service.ask(\.list, "kv.list", call, input, reply: kw_keys_out.self) {
            reply, reader throws(PluginError) in
            Page(
                keys: try unsafe reader.strings(reply.keys, "keys"),
                next: try unsafe reader.optionalText(reply.next, "a key"))
        }
    }
}

extension ABIWriter {
    mutating func key(_ key: String) -> kw_key_in { unsafe kw_key_in(h: .of(kw_key_in.self), key: string(key)) }
}
