internal import CPluginLinux
internal import Glibc
internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// `keyway.host.secrets/1` as plugins call it.
@safe
enum SecretService {
    /// Never freed: a plugin may keep it for as long as it lives.
    @unsafe nonisolated(unsafe) static let table: UnsafeRawPointer = {
        let table = UnsafeMutablePointer<kw_host_secrets>.allocate(capacity: 1)
        unsafe table.initialize(to: kw_host_secrets())
        unsafe table.pointee.h = .of(kw_host_secrets.self)
        unsafe table.pointee.get = { host, call, input, output in unsafe SecretService.get(host, call, input, output) }
        return UnsafeRawPointer(table)
    }()

    private static func get(
        _ host: UnsafePointer<kw_host>?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_key_in>?,
        _ output: UnsafeMutablePointer<UnsafePointer<kw_contents>?>?
    ) -> kw_status {
        guard let call = unsafe call, let input = unsafe input else { return KW_INVALID_ARGUMENT }
        do throws(PluginError) {
            let asking = unsafe HostTable.of(host)
            let reader = ABIReader(plugin: asking?.plugin ?? "", operation: "secrets.get")
            let key = unsafe try reader.text(input.pointee.key, "a key")
            guard let secret = asking?.services.secret else {
                throw PluginError(.permissionDenied, "this plugin gets no secrets from its host")
            }
            var writer = unsafe ABIWriter(arena: call)
            let bytes = unsafe try lend(secret(key), to: call)
            let contents = unsafe writer.span([kw_contents(h: .of(kw_contents.self), bytes: bytes)])
            guard !writer.isExhausted else {
                throw PluginError(.resourceExhausted, "no memory is left for a secret")
            }
            unsafe output?.pointee = contents.ptr?.assumingMemoryBound(to: kw_contents.self)
            return KW_OK
        } catch {
            var writer = unsafe ABIWriter(arena: call)
            var report = unsafe writer.error(error)
            return unsafe call.pointee.api.pointee.fail(call, &report)
        }
    }

    /// Memory that lives as long as the call, and is wiped at its end.
    private static func lend(
        _ secret: String, to call: UnsafeMutablePointer<kw_call>
    ) throws(PluginError) -> kw_bytes {
        let bytes = Array(secret.utf8)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        unsafe memory.copyMemory(from: bytes, byteCount: bytes.count)
        var lease = unsafe kw_lease(
            ptr: memory, len: UInt64(bytes.count),
            release: { lease in
                guard let lease = unsafe lease, let start = unsafe lease.pointee.ptr else { return }
                let memory = unsafe UnsafeMutableRawPointer(mutating: start)
                unsafe explicit_bzero(memory, Int(lease.pointee.len))
                unsafe memory.deallocate()
                unsafe lease.pointee.release = nil
            }, owner: nil)
        guard unsafe call.pointee.api.pointee.adopt(call, &lease) == KW_OK else {
            unsafe lease.release(&lease)
            throw PluginError(.resourceExhausted, "no memory is left for a secret")
        }
        return unsafe kw_bytes(ptr: memory, len: UInt64(bytes.count))
    }
}
