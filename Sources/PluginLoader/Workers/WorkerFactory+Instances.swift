internal import CPluginWorker
internal import Logging
internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// The instance in a worker, before calls are let in and after they have left.
extension WorkerFactory {
    /// - Parameter isStarted: whether it is to begin its work.
    func makeInstance(
        in process: WorkerProcess, _ options: InstanceOptions, isStarted: Bool
    ) throws(PluginError) {
        try alone(with: process) { remote throws(PluginError) in
            try create(in: remote, options)
            options.willStart()
            guard isStarted, let function = unsafe table.plugin.start else { return }
            var input = kw_none(h: .of(kw_none.self))
            do throws(PluginError) {
                unsafe try remote.run(
                    "plugin.start", unsafeBitCast(function, to: kw_any_op.self), &input, reply: kw_none.self,
                    of: manifest.id, self.options.limits, CallContext())
            } catch {
                throw error.during(.start)
            }
        }
    }

    private func create(in remote: RemoteInstance, _ options: InstanceOptions) throws(PluginError) {
        var inputs = ABIWriter()
        var input = unsafe zeroed(kw_create_in.self)
        unsafe input.h = .of(kw_create_in.self)
        unsafe input.config_json = inputs.string(options.configuration == .null ? "{}" : options.configuration.text)
        unsafe input.data_dir = inputs.string(options.dataFolder)
        unsafe input.package_dir = inputs.string(options.packageFolder)
        unsafe input.instance_name = inputs.string(options.name ?? manifest.id)
        unsafe input.state = inputs.bytes(options.state)
        do throws(PluginError) {
            unsafe try remote.run(
                "plugin.create", unsafeBitCast(table.plugin.create, to: kw_any_op.self), &input,
                reply: kw_create_out.self, of: manifest.id, self.options.limits, CallContext())
        } catch {
            var error = error.during(.create)
            // The configuration is the only argument that create has.
            if error.code == .invalidArgument { error.code = .configuration }
            throw error
        }
        _ = consume inputs
    }

    /// What the plugin says of itself; healthy if it says nothing.
    func health(of remote: RemoteInstance) throws(PluginError) -> Health.State {
        guard let function = unsafe table.plugin.health else { return .healthy }
        var input = kw_none(h: .of(kw_none.self))
        let output = unsafe try remote.run(
            "plugin.health", unsafeBitCast(function, to: kw_any_op.self), &input, reply: kw_health_out.self,
            of: manifest.id, options.limits, CallContext())
        switch unsafe output.state {
        case UInt32(KW_HEALTH_HEALTHY): return .healthy
        case UInt32(KW_HEALTH_WARNING): return .warning
        default: return .critical
        }
    }

    /// Has the plugin stop and free it. What fails is logged: the process ends in any case.
    func destroyInstance(in process: WorkerProcess) {
        guard process.facts.ended == 0 else { return }
        do throws(PluginError) {
            try alone(with: process) { remote throws(PluginError) in
                if let function = unsafe table.plugin.quiesce {
                    var input = kw_quiesce_in(
                        h: .of(kw_quiesce_in.self), reason: UInt32(KW_QUIESCE_STOP), flags: 0)
                    unsafe try remote.run(
                        "plugin.quiesce", unsafeBitCast(function, to: kw_any_op.self), &input,
                        reply: kw_quiesce_out.self, of: manifest.id, options.limits, CallContext())
                }
                var input = kw_none(h: .of(kw_none.self))
                unsafe try remote.run(
                    "plugin.destroy", unsafeBitCast(table.plugin.destroy, to: kw_any_op.self), &input,
                    reply: kw_none.self, of: manifest.id, options.limits, CallContext())
            }
        } catch {
            host.log(.warning, "worker", error.message)
        }
    }

    /// A set of this one worker, which takes no calls meanwhile.
    private func alone(
        with process: WorkerProcess, _ body: (RemoteInstance) throws(PluginError) -> Void
    ) throws(PluginError) {
        let remote = try RemoteInstance(options, host: host, interfaces: interfaces, isForLife: true)
        _ = remote.attach(process)
        defer { remote.remove(process) }
        // There is no other that could come: one that has ended is not waited for.
        do throws(PluginError) {
            try remote.preferring(process) { () throws(PluginError) in try body(remote) }
        } catch {
            guard error.code == .unavailable, process.facts.ended != 0 else { throw error }
            throw WorkerFault.lost(manifest.id)
        }
    }
}
