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

extension Violation {
    package init(_ violation: borrowing kw_violation, _ reader: ABIReader) throws(PluginError) {
        self.init(
            kind: try unsafe reader.text(violation.kind, "a violation"),
            subject: try unsafe reader.text(violation.subject, "a violation"),
            count: unsafe Int(clamping: violation.count))
    }
}

extension ToolDecision {
    package init(_ decision: borrowing kw_decision, _ reader: ABIReader) throws(PluginError) {
        let verdict: Verdict
        switch unsafe decision.verdict {
        case UInt32(KW_DECISION_ALLOW): verdict = .allow
        case UInt32(KW_DECISION_CONFIRM): verdict = .confirm
        case UInt32(KW_DECISION_DENY): verdict = .deny
        case let other: throw reader.violation("decided \(other), which is no decision")
        }
        self.init(
            verdict: verdict, rule: try unsafe reader.text(decision.rule, "a rule"),
            reason: try unsafe reader.text(decision.reason, "a reason"))
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
                try unsafe Violation(violation, reader)
            },
            detail: try unsafe reader.optionalText(reply.detail, "a detail"))
        stdoutPath = try unsafe reader.optionalText(reply.stdout_path, "a file's path")
        stderrPath = try unsafe reader.optionalText(reply.stderr_path, "a file's path")
        leftover = try unsafe reader.values(reply.leftover, of: Int64.self, "processes").map { Int(clamping: $0) }
        structured = try unsafe reader.json(reply.structured_json, "a result")
        content = try unsafe reader.elements(reply.content, of: kw_part.self, "content") {
            part throws(PluginError) in try unsafe Part(part, reader)
        }
        let disk = unsafe reply.disk_bytes
        diskBytes = disk == 0 ? nil : Int(clamping: disk)
    }
}
