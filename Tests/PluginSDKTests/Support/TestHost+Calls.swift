import CPluginCall
import PluginBridge
import PluginSDK

/// How a call is made, and what came of it besides its reply.
@safe
final class TestCall: @unchecked Sendable {  // one call, one thread
    /// Changes what the plugin sees of the call.
    var prepare: (inout kw_call) -> Void = { _ in }
    /// Takes events; returns what emit returns.
    var onEvent: ((borrowing kw_event) -> kw_status)?
    /// Arena bytes; nil = the engine's default.
    var quota: UInt64?
    /// A raw instance instead of the host's, nil included.
    var instance: OpaquePointer??
    /// Cancelled before it begins.
    var isCancelled = false
    fileprivate(set) var frame: UnsafeMutablePointer<kwc_frame>?

    init(onEvent: ((borrowing kw_event) -> kw_status)? = nil) { unsafe self.onEvent = unsafe onEvent }

    /// From within `onEvent`, or from another thread.
    func cancel() { if let frame = unsafe frame { unsafe kwc_cancel(frame) } }
}

extension TestHost {
    /// Calls one operation and reads its reply while it lasts.
    func call<Function, Input: BitwiseCopyable, Output: BitwiseCopyable, Result>(
        _ operation: Function, _ input: Input, reply: Output.Type, on call: TestCall?,
        _ read: (borrowing Output, ABIReader) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        unsafe try withUnsafePointer(to: input) { input throws(PluginError) in
            unsafe try self.call(operation, at: UnsafeRawPointer(input), reply: reply, on: call, read)
        }
    }

    /// The same with whatever stands at an address.
    func call<Function, Output: BitwiseCopyable, Result>(
        _ operation: Function, at input: UnsafeRawPointer?, reply: Output.Type, on call: TestCall?,
        _ read: (borrowing Output, ABIReader) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        let call = unsafe call ?? TestCall()
        var output = zeroed(Output.self)
        let function = unsafe unsafeBitCast(operation, to: kw_any_op?.self)
        guard let function = unsafe function else { throw PluginError(.unsupported, "the slot is empty") }
        return unsafe try withUnsafeMutablePointer(to: &output) { output throws(PluginError) in
            guard let frame = unsafe kwc_begin(output, UInt32(MemoryLayout<Output>.size)) else {
                throw PluginError(.resourceExhausted, "no frame")
            }
            defer { unsafe kwc_end(frame) }
            if let quota = call.quota { unsafe frame.pointee.quota = quota }
            unsafe call.prepare(&frame.pointee.call)
            unsafe call.frame = unsafe frame
            defer { unsafe call.frame = nil }
            if call.isCancelled { unsafe kwc_cancel(frame) }
            if unsafe call.onEvent != nil {
                unsafe frame.pointee.sink_context = unsafe Unmanaged.passUnretained(call).toOpaque()
                unsafe frame.pointee.sink = { context, event, _ in
                    let call = unsafe Unmanaged<TestCall>.fromOpaque(context!).takeUnretainedValue()
                    return unsafe call.onEvent!(event!.pointee)
                }
            }
            let status = unsafe kwc_invoke(frame, function, call.instance ?? instance, input)
            guard status == KW_OK else { throw unsafe Self.error(status, frame) }
            return unsafe try read(output.pointee, ABIReader(plugin: "tested", operation: "test"))
        }
    }

    /// An operation that takes nothing.
    func ask<Function, Output: BitwiseCopyable, Result>(
        _ operation: Function, reply: Output.Type, on call: TestCall? = nil,
        _ read: (borrowing Output, ABIReader) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        try self.call(operation, kw_none(h: .of(kw_none.self)), reply: reply, on: call, read)
    }

    /// An operation that takes and replies nothing.
    func tell<Function>(_ operation: Function, on call: TestCall? = nil) throws(PluginError) {
        try ask(operation, reply: kw_none.self, on: call) { _, _ in }
    }

    private static func error(_ status: kw_status, _ frame: UnsafeMutablePointer<kwc_frame>) -> PluginError {
        let code = PluginError.Code(status: status) ?? .internal
        guard unsafe frame.pointee.failed != 0 else {
            return PluginError(code, unsafe "status \(status), misuse \(frame.pointee.misuse)")
        }
        let said = unsafe frame.pointee.error
        let details = unsafe ABIReader.repaired(said.details_json)
        return unsafe PluginError(
            code, ABIReader.repaired(said.message),
            facts: .plugin(
                PluginError.Facts.Reported(
                    status: said.status, vendorCode: said.vendor_code == 0 ? nil : said.vendor_code,
                    domain: said.domain.len == 0 ? nil : ABIReader.repaired(said.domain),
                    httpStatus: said.http_status == 0 ? nil : Int(said.http_status),
                    requestID: said.request_id.len == 0 ? nil : ABIReader.repaired(said.request_id),
                    details: (try? JSON(parsing: details, what: "details")) ?? .null)),
            retryable: said.retry == UInt32(KW_RETRY_YES),
            retryAfter: said.retry_after_ns == 0 ? nil : .nanoseconds(said.retry_after_ns))
    }
}
