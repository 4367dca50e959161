internal import CPluginCall
internal import Glibc
internal import PluginABI
internal import PluginBridge
internal import PluginCore
internal import Synchronization

/// The operations of the plugin table that an instance takes while it lives.
extension PluginInstance {
    /// Begins work, or resumes it after ``quiesce(_:wantsState:_:_:)``. Nothing else of the instance runs.
    func start(_ context: CallContext, _ cancellation: Cancellation? = nil) throws(PluginError) {
        if let function = unsafe table.start {
            var input = kw_none(h: .of(kw_none.self))
            unsafe try invokeExclusively(
                "plugin.start", unsafeBitCast(function, to: kw_any_op.self), &input, reply: kw_none.self,
                context: context, cancellation: cancellation
            ) { _, _ throws(PluginError) in }
        }
        end.withLock { end in if case .quiesced = end { end = .living } }
        pool?.started()
    }

    /// Gives the instance a new configuration, or asks whether it would take it.
    /// - Returns: what is wrong with it; without an error it was taken.
    /// - Throws: `unsupported` if the plugin cannot change its configuration while it lives.
    func configure(
        _ configuration: JSON, dryRun: Bool, _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> [ConfigurationIssue] {
        guard let function = unsafe table.configure else {
            throw PluginError(
                .unsupported, "\(id) cannot change its configuration while it lives",
                remedy: "Load it again with the new configuration", plugin: id, stage: .call,
                operation: "plugin.configure")
        }
        var inputs = ABIWriter()
        var input = unsafe kw_config_in(
            h: .of(kw_config_in.self), config_json: inputs.string(configuration.text),
            flags: dryRun ? UInt32(KW_CONFIGURE_DRY_RUN) : 0, reserved: 0)
        let issues = unsafe try invokeExclusively(
            "plugin.configure", unsafeBitCast(function, to: kw_any_op.self), &input, reply: kw_config_out.self,
            context: context, cancellation: cancellation
        ) { reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.issues, of: kw_config_issue.self, "issues") { issue throws(PluginError) in
                unsafe try ConfigurationIssue(issue, reader)
            }
        }
        _ = consume inputs
        if !dryRun, !issues.contains(where: { $0.severity == .error }) { pool?.configured(configuration) }
        return issues
    }

    func health(_ context: CallContext, _ cancellation: Cancellation?) throws(PluginError) -> Health {
        guard let function = unsafe table.health else { return Health(.healthy) }
        var input = kw_none(h: .of(kw_none.self))
        return unsafe try invoke(
            "plugin.health", unsafeBitCast(function, to: kw_any_op.self), &input, reply: kw_health_out.self,
            context: context, cancellation: cancellation
        ) { reply, reader throws(PluginError) in
            let state: Health.State
            switch unsafe reply.state {
            case UInt32(KW_HEALTH_HEALTHY): state = .healthy
            case UInt32(KW_HEALTH_WARNING): state = .warning
            case UInt32(KW_HEALTH_CRITICAL): state = .critical
            case let other: throw reader.violation("replied state \(other), which is no state of health")
            }
            return unsafe Health(
                state, message: try reader.optionalText(reply.message, "a message"),
                details: try reader.json(reply.details_json, "details"))
        }
    }

    /// Tells the plugin of an error that the host saw, if it wants to know.
    func notify(
        _ error: PluginError, callID: UInt64, executionID: String?, _ context: CallContext
    ) throws(PluginError) {
        guard let function = unsafe table.notice else { return }
        var inputs = ABIWriter()
        var input = unsafe kw_notice_in(
            h: .of(kw_notice_in.self), status: error.code.status, reserved: 0,
            operation: inputs.string(error.operation), message: inputs.string(error.what),
            error: inputs.span([inputs.error(error)]), call: callID, execution_id: inputs.string(executionID),
            at_unix_ns: Self.unixNanoseconds(), recovery: inputs.string(error.remedy))
        unsafe try invokeExclusively(
            "plugin.notice", unsafeBitCast(function, to: kw_any_op.self), &input, reply: kw_none.self,
            context: context
        ) { _, _ throws(PluginError) in }
        _ = consume inputs
    }

    private static func unixNanoseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
