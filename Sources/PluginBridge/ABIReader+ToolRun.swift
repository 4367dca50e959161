package import PluginABI
package import PluginCore

extension Enforcement {
    package init(_ field: borrowing kw_enforcement, _ reader: ABIReader) throws(PluginError) {
        self.init(
            field: try unsafe reader.text(field.field, "a field"),
            isEnforced: unsafe field.enforced == UInt32(KW_ENFORCED_YES),
            how: try unsafe reader.text(field.how, "a mechanism"))
    }
}

extension ToolRunResult {
    package init(_ reply: borrowing kw_run_out, _ reader: ABIReader) throws(PluginError) {
        let end: End
        switch unsafe reply.end {
        case UInt32(KW_END_EXITED): end = .exited
        case UInt32(KW_END_SIGNALLED): end = .signalled
        case UInt32(KW_END_TIMEOUT): end = .timeout
        case UInt32(KW_END_IDLE): end = .idle
        case UInt32(KW_END_CPU): end = .cpu
        case UInt32(KW_END_MEMORY): end = .memory
        case UInt32(KW_END_OUTPUT): end = .output
        case UInt32(KW_END_CANCELLED): end = .cancelled
        case UInt32(KW_END_DENIED): end = .denied
        case UInt32(KW_END_SANDBOX_FAILED): end = .sandboxFailed
        case UInt32(KW_END_SPAWN_FAILED): end = .spawnFailed
        case let other: throw reader.violation("ended as \(other), which is no end")
        }
        let signal = unsafe reply.signal
        self.init(
            end: end, exitCode: end == .exited ? unsafe Int(reply.exit_code) : nil,
            signal: signal == 0 ? nil : Int(signal),
            duration: .nanoseconds(unsafe reply.duration_ns), cpu: .nanoseconds(unsafe reply.cpu_ns),
            maxRSS: unsafe reply.max_rss == 0 ? nil : Int(clamping: reply.max_rss),
            stdoutBytes: unsafe Int(clamping: reply.stdout_bytes),
            stderrBytes: unsafe Int(clamping: reply.stderr_bytes),
            isTruncated: unsafe reply.truncated != 0,
            enforced: try unsafe reader.elements(reply.enforced, of: kw_enforcement.self, "enforced fields") {
                field throws(PluginError) in try unsafe Enforcement(field, reader)
            },
            violations: try unsafe reader.elements(reply.violations, of: kw_violation.self, "violations") {
                violation throws(PluginError) in
                Violation(
                    kind: try unsafe reader.text(violation.kind, "a violation"),
                    subject: try unsafe reader.text(violation.subject, "a violation"),
                    count: unsafe Int(clamping: violation.count))
            },
            detail: try unsafe reader.optionalText(reply.detail, "a detail"))
    }
}
