internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// The table of one host service, and how its functions are called. Valid as long as the instance.
@safe
struct HostService<Table>: @unchecked Sendable {  // a service's functions may be called from any thread
    private let host: UnsafePointer<kw_host>
    private let table: UnsafeRawPointer
    private let id: StaticString

    /// - Parameter permission: what a manifest asks for to get the service.
    /// - Throws: `permissionDenied` if the host gives no such service.
    init(_ context: HostContext, _ id: StaticString, permission: String) throws(PluginError) {
        unsafe host = context.host
        self.id = id
        let name = unsafe kw_str(
            ptr: UnsafeRawPointer(id.utf8Start).assumingMemoryBound(to: CChar.self), len: UInt64(id.utf8CodeUnitCount))
        guard let table = unsafe context.host.pointee.get(context.host, name) else {
            throw PluginError(
                .permissionDenied, "the host does not give this plugin \(id)",
                remedy:
                    "Ask for \(permission) under \"permissions\" in the manifest, have the operator grant it, and use "
                    + "a host that offers the service",
                facts: .names(["\(id)"]))
        }
        unsafe self.table = table
    }

    /// Calls one function and reads its reply while it lasts.
    ///
    /// - Parameter slot: the function's field. A table without it is an older host's.
    /// - Throws: what the host said; `unsupported` if its table is older.
    func ask<Function, Input: BitwiseCopyable, Output: BitwiseCopyable, Result>(
        _ slot: KeyPath<Table, Function>, _ name: StaticString, _ call: borrowing PluginCall, _ input: Input,
        reply: Output.Type, _ read: (borrowing Output, ABIReader) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        // Every function of every service is called alike: kw_any_service.
        guard let offset = MemoryLayout<Table>.offset(of: slot),
            unsafe Int(table.load(as: kw_hdr.self).size) >= offset + MemoryLayout<kw_any_service>.size,
            let function = unsafe table.load(fromByteOffset: offset, as: kw_any_service?.self)
        else {
            throw PluginError(
                .unsupported, "this host's \(id) is older and has no function \(name)",
                remedy: "Update the host, or do without", operation: "\(name)")
        }
        var output: UnsafeRawPointer?
        let status = unsafe withUnsafePointer(to: input) { unsafe function(host, call.pointer, $0, &output) }
        guard status == KW_OK else { throw call.serviceError(status, name) }
        let reader = ABIReader(plugin: "the host", operation: name)
        let size = unsafe output?.load(as: kw_hdr.self).size ?? 0
        let result = try unsafe reader.optional(
            kw_span(ptr: output, count: output == nil ? 0 : 1, stride: size), of: Output.self, "a reply"
        ) { output throws(PluginError) in try read(output, reader) }
        guard let result else { throw reader.violation("replied nothing") }
        return result
    }

    /// Calls a function whose reply says nothing.
    func tell<Function, Input: BitwiseCopyable>(
        _ slot: KeyPath<Table, Function>, _ name: StaticString, _ call: borrowing PluginCall, _ input: Input
    ) throws(PluginError) {
        try ask(slot, name, call, input, reply: kw_none.self) { _, _ throws(PluginError) in }
    }
}

extension PluginCall {
    /// What the host recorded in the call when a service failed.
    func serviceError(_ status: kw_status, _ operation: StaticString) -> PluginError {
        let code = PluginError.Code(status: status) ?? .internal
        let last = unsafe pointer.pointee.api.field(\.last_error, as: Optional<LastError>.self) ?? nil
        guard let said = unsafe last?(pointer), unsafe said.pointee.status == status else {
            return PluginError(
                code, "\(operation) failed with status \(status), and the host did not say why",
                operation: "\(operation)")
        }
        let reader = ABIReader(plugin: "the host", operation: operation)
        let stride = unsafe said.pointee.h.size
        let error = try? unsafe reader.optional(
            kw_span(ptr: UnsafeRawPointer(said), count: 1, stride: stride), of: kw_error.self, "an error"
        ) { error throws(PluginError) in
            let after = unsafe error.retry_after_ns
            let result = unsafe PluginError(
                code, Self.sentence(ABIReader.repaired(error.message)),
                facts: .plugin(PluginError.Facts.Reported(error)), operation: "\(operation)",
                retryable: error.retry == UInt32(KW_RETRY_UNKNOWN) ? nil : error.retry == UInt32(KW_RETRY_YES),
                retryAfter: after == 0 ? nil : .nanoseconds(after))
            return result
        }
        return error.flatMap(\.self) ?? PluginError(code, "\(operation) failed with status \(status)")
    }

    private typealias LastError = @convention(c) (UnsafeMutablePointer<kw_call>?) -> UnsafePointer<kw_error>?

    /// A message without its final full stop, which PluginError adds.
    private static func sentence(_ text: String) -> String { text.hasSuffix(".") ? String(text.dropLast()) : text }
}
