package import PluginABI
package import PluginCore

extension ABIWriter {
    package mutating func enforcements(_ fields: [Enforcement]) -> kw_span {
        var list: [kw_enforcement] = unsafe []
        for field in fields {
            unsafe list.append(
                kw_enforcement(
                    h: .of(kw_enforcement.self), field: string(field.field),
                    enforced: field.isEnforced ? UInt32(KW_ENFORCED_YES) : UInt32(KW_ENFORCED_NO), reserved: 0,
                    how: string(field.how)))
        }
        return unsafe span(list)
    }

    package mutating func decision(_ decision: ToolDecision) -> kw_decision {
        let verdict =
            switch decision.verdict {
            case .deny: UInt32(KW_DECISION_DENY)
            case .allow: UInt32(KW_DECISION_ALLOW)
            case .confirm: UInt32(KW_DECISION_CONFIRM)
            }
        return unsafe kw_decision(
            h: .of(kw_decision.self), verdict: verdict, reserved: 0, rule: string(decision.rule),
            reason: string(decision.reason))
    }

    package mutating func violation(_ violation: Violation) -> kw_violation {
        unsafe kw_violation(
            h: .of(kw_violation.self), kind: string(violation.kind), subject: string(violation.subject),
            count: UInt64(clamping: violation.count))
    }

    package mutating func runResult(_ result: ToolRunResult) -> kw_run_out {
        var output = unsafe zeroed(kw_run_out.self)
        unsafe output.h = .of(kw_run_out.self)
        unsafe output.end = result.end.number
        unsafe output.exit_code = result.end == .exited ? Int32(clamping: result.exitCode ?? 0) : -1
        unsafe output.signal = Int32(clamping: result.signal ?? 0)
        unsafe output.truncated = result.isTruncated ? 1 : 0
        unsafe output.duration_ns = result.duration.nanoseconds
        unsafe output.cpu_ns = result.cpu.nanoseconds
        unsafe output.max_rss = UInt64(clamping: result.maxRSS ?? 0)
        unsafe output.stdout_bytes = UInt64(clamping: result.stdoutBytes)
        unsafe output.stderr_bytes = UInt64(clamping: result.stderrBytes)
        unsafe output.enforced = enforcements(result.enforced)
        var violations: [kw_violation] = unsafe []
        for violation in result.violations { unsafe violations.append(self.violation(violation)) }
        unsafe output.violations = span(violations)
        unsafe output.detail = string(result.detail)
        unsafe output.stdout_path = string(result.stdoutPath)
        unsafe output.stderr_path = string(result.stderrPath)
        unsafe output.leftover = span(result.leftover.map { Int64($0) })
        unsafe output.structured_json = json(result.structured)
        unsafe output.content = parts(result.content)
        unsafe output.disk_bytes = UInt64(clamping: result.diskBytes ?? 0)
        return unsafe output
    }

    package mutating func parts(_ parts: [Part]) -> kw_span {
        var list: [kw_part] = unsafe []
        for part in parts { unsafe list.append(self.part(part)) }
        return unsafe span(list)
    }

    package mutating func tools(_ tools: [ToolSpecification]) -> kw_tools_out {
        var list: [kw_tool_spec] = unsafe []
        for tool in tools { unsafe list.append(self.tool(tool)) }
        return unsafe kw_tools_out(h: .of(kw_tools_out.self), tools: span(list))
    }
}

extension ToolRunResult.End {
    fileprivate var number: UInt32 {
        switch self {
        case .exited: UInt32(KW_END_EXITED)
        case .signalled: UInt32(KW_END_SIGNALLED)
        case .timeout: UInt32(KW_END_TIMEOUT)
        case .idle: UInt32(KW_END_IDLE)
        case .cpu: UInt32(KW_END_CPU)
        case .memory: UInt32(KW_END_MEMORY)
        case .output: UInt32(KW_END_OUTPUT)
        case .cancelled: UInt32(KW_END_CANCELLED)
        case .denied: UInt32(KW_END_DENIED)
        case .sandboxFailed: UInt32(KW_END_SANDBOX_FAILED)
        case .spawnFailed: UInt32(KW_END_SPAWN_FAILED)
        }
    }
}
