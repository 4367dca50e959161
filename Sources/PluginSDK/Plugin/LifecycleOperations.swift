internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// The operations of the plugin table, over an author's type.
enum LifecycleOperations {
    /// Fills the slots but `create`. What a type does not implement stays NULL.
    static func fill(_ table: inout kw_plugin, for type: any PluginImplementation.Type) {
        unsafe table.start = { instance, call, _ in unsafe LifecycleOperations.start(instance, call) }
        unsafe table.health = { instance, call, _ in unsafe LifecycleOperations.health(instance, call) }
        unsafe table.quiesce = { instance, call, input in unsafe LifecycleOperations.quiesce(instance, call, input) }
        unsafe table.destroy = { instance, call, _ in unsafe LifecycleOperations.destroy(instance, call) }
        if type is any ConfigurablePlugin.Type {
            unsafe table.configure = { instance, call, input in
                unsafe LifecycleOperations.configure(instance, call, input)
            }
        }
        if type is any FailureObservingPlugin.Type {
            unsafe table.notice = { instance, call, input in unsafe LifecycleOperations.notice(instance, call, input) }
        }
        if type is any ScheduledPlugin.Type {
            unsafe table.task = { instance, call, input in unsafe LifecycleOperations.task(instance, call, input) }
        }
    }

    static func create(
        _ index: Int, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_create_in>?
    ) -> kw_status {
        unsafe Operation.answer("plugin.create", call, input) { call, input, reader, _ throws(PluginError) in
            guard let host = unsafe input.host else {
                throw PluginError(
                    .invalidArgument, "plugin.create was called without a host", remedy: "Pass the host's table",
                    operation: "plugin.create")
            }
            let context = unsafe HostContext(
                host, dataFolder: try reader.optionalText(input.data_dir, "a data folder"),
                packageFolder: try reader.optionalText(input.package_dir, "a package's folder"),
                instanceName: try reader.text(input.instance_name, "an instance's name"),
                state: try reader.bytes(input.state, "a state"))
            let configuration = try unsafe reader.configuration(input.config_json)
            let value = try PluginTable.at(index).make(configuration, context)
            let instance = UnsafeMutablePointer<Instance>.allocate(capacity: 1)
            unsafe instance.initialize(to: Instance(value))
            return unsafe kw_create_out(h: .of(kw_create_out.self), instance: OpaquePointer(instance))
        }
    }

    private static func start(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Operation.answer(call) { call, _ throws(PluginError) in
            try unsafe Instance.of(instance, "plugin.start").pointee.plugin.pointee.start(call)
            return kw_none(h: .of(kw_none.self))
        }
    }

    private static func configure(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_config_in>?
    ) -> kw_status {
        unsafe Operation.answer("plugin.configure", call, input) { call, input, reader, writer throws(PluginError) in
            try unsafe reader.requireKnown(UInt64(input.flags), among: UInt64(KW_CONFIGURE_DRY_RUN), "flags")
            let issues = try unsafe Instance.of(instance, "plugin.configure").pointee.configurable!.pointee.configure(
                reader.configuration(input.config_json),
                isDryRun: input.flags & UInt32(KW_CONFIGURE_DRY_RUN) != 0, call)
            return unsafe writer.issues(issues)
        }
    }

    private static func health(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Operation.answer(call) { call, writer throws(PluginError) in
            let health = try unsafe Instance.of(instance, "plugin.health").pointee.plugin.pointee.health(call)
            let state =
                switch health.state {
                case .healthy: UInt32(KW_HEALTH_HEALTHY)
                case .warning: UInt32(KW_HEALTH_WARNING)
                case .critical: UInt32(KW_HEALTH_CRITICAL)
                }
            return unsafe kw_health_out(
                h: .of(kw_health_out.self), state: state, reserved: 0, message: writer.string(health.message),
                details_json: writer.json(health.details))
        }
    }

    private static func quiesce(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_quiesce_in>?
    ) -> kw_status {
        unsafe Operation.answer("plugin.quiesce", call, input) { call, input, _, _ throws(PluginError) in
            let plugin = try unsafe Instance.of(instance, "plugin.quiesce").pointee.plugin
            try unsafe plugin.pointee.stop(QuiesceReason(number: input.reason), call)
            var output = unsafe zeroed(kw_quiesce_out.self)
            unsafe output.h = .of(kw_quiesce_out.self)
            if input.flags & UInt32(KW_QUIESCE_WANTS_STATE) != 0 {
                let state = try unsafe plugin.pointee.handOver(call)
                if !state.isEmpty { unsafe output.state = lease(state) }
            }
            return unsafe output
        }
    }

    /// A copy that the host frees: the state outlives the instance, and so the call.
    private static func lease(_ bytes: [UInt8]) -> kw_lease {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 1)
        unsafe bytes.withUnsafeBytes { unsafe memory.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return unsafe kw_lease(
            ptr: memory, len: UInt64(bytes.count),
            release: { lease in
                guard let lease = unsafe lease, let owner = unsafe lease.pointee.owner else { return }
                unsafe owner.deallocate()
                unsafe lease.pointee.owner = nil
                unsafe lease.pointee.release = nil
            }, owner: memory)
    }

    private static func destroy(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Operation.answer(call) { call, _ throws(PluginError) in
            let memory = unsafe UnsafeMutablePointer(mutating: try Instance.of(instance, "plugin.destroy"))
            unsafe memory.pointee.free()
            unsafe memory.deallocate()
            return kw_none(h: .of(kw_none.self))
        }
    }

    private static func notice(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_notice_in>?
    ) -> kw_status {
        unsafe Operation.answer("plugin.notice", call, input) { call, input, reader, _ throws(PluginError) in
            let failure = unsafe CallFailure(
                code: PluginError.Code(status: input.status) ?? .internal,
                operation: try reader.text(input.operation, "an operation"),
                message: ABIReader.repaired(input.message),
                reported: try reader.optional(input.error, of: kw_error.self, "an error") {
                    error throws(PluginError) in unsafe PluginError.Facts.Reported(error)
                }, callID: input.call, executionID: try reader.optionalText(input.execution_id, "an execution's id"),
                atUnixNanoseconds: input.at_unix_ns, recovery: try reader.optionalText(input.recovery, "an advice"))
            try unsafe Instance.of(instance, "plugin.notice").pointee.failureObserver!.pointee.observe(failure, call)
            return kw_none(h: .of(kw_none.self))
        }
    }

    private static func task(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_task_in>?
    ) -> kw_status {
        unsafe Operation.answer("plugin.task", call, input) { call, input, reader, _ throws(PluginError) in
            let task = unsafe ScheduledTask(
                id: input.id, name: try reader.text(input.name, "a task's name"),
                payload: try reader.bytes(input.payload, "a task's payload"))
            try unsafe Instance.of(instance, "plugin.task").pointee.scheduled!.pointee.run(task, call)
            return kw_none(h: .of(kw_none.self))
        }
    }
}

extension ABIReader {
    /// Empty is an empty object.
    fileprivate func configuration(_ text: kw_str) throws(PluginError) -> JSON {
        let configuration = try unsafe json(text, "the configuration")
        return configuration == .null ? .object([:]) : configuration
    }
}
