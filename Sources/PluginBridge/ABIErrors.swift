package import PluginABI
package import PluginCore

extension ABIWriter {
    /// An error as the ABI has it, with the facts that programs can act on.
    package mutating func error(_ error: PluginError) -> kw_error {
        var report = unsafe zeroed(kw_error.self)
        unsafe report.h = .of(kw_error.self)
        unsafe report.status = error.code.status
        unsafe report.retry =
            error.retryable
            ? UInt32(KW_RETRY_YES) : error.code.isRetryable ? UInt32(KW_RETRY_NO) : UInt32(KW_RETRY_UNKNOWN)
        unsafe report.retry_after_ns = error.retryAfter?.nanoseconds ?? 0
        unsafe report.message = string(error.message)
        if case .plugin(let reported) = error.facts {
            unsafe report.vendor_code = reported.vendorCode ?? 0
            unsafe report.http_status = reported.httpStatus.map { UInt32(clamping: $0) } ?? 0
            unsafe report.domain = string(reported.domain)
            unsafe report.request_id = string(reported.requestID)
            unsafe report.details_json = json(reported.details)
            unsafe report.backtrace = string(reported.backtrace)
        } else {
            let facts = error.facts.members
            if !facts.isEmpty { unsafe report.details_json = json(.object(facts)) }
        }
        return unsafe report
    }
}

extension PluginError.Facts.Reported {
    /// What an error of the ABI says besides its message; shown, so repaired rather than refused.
    package init(_ said: borrowing kw_error) {
        func optional(_ text: kw_str) -> String? { unsafe text.len == 0 ? nil : ABIReader.repaired(text) }
        let details = unsafe ABIReader.repaired(said.details_json)
        self.init(
            status: unsafe said.status, vendorCode: unsafe said.vendor_code == 0 ? nil : said.vendor_code,
            domain: unsafe optional(said.domain),
            httpStatus: unsafe said.http_status == 0 ? nil : Int(said.http_status),
            requestID: unsafe optional(said.request_id),
            details: details.isEmpty ? .null : (try? JSON(parsing: details, what: "details")) ?? .string(details),
            backtrace: unsafe optional(said.backtrace))
    }
}
