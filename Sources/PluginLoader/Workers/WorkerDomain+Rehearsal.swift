internal import CPluginWorker
internal import Logging
public import PluginCore
internal import PluginELF

extension WorkerDomain {
    /// What a sandbox enforces on this machine: a worker enters it without any plugin, says how that went, and ends. Blocks for
    /// some milliseconds.
    /// - Parameters:
    ///   - limits: those of memory, descriptors and file size are set.
    ///   - prepared: the plugin that it is for.
    /// - Throws: ``PluginError``: `sandboxUnavailable` if something that is required is not enforced whole; as loading a plugin
    ///   into a worker otherwise.
    public func rehearse(
        _ policy: SandboxPolicy, limits: EffectiveLimits = EffectiveLimits(), for prepared: PreparedPlugin
    ) throws(PluginError) -> SandboxReport {
        let plugin = prepared.manifest?.id ?? prepared.path
        let limits = WorkerFactory.limits(limits, prepared.object.notes)
        let host = HostTable(
            plugin: plugin, sdk: 1, window: SDKRange(minimum: 1, maximum: 1), services: HostServices(),
            logger: Logger(label: "keyway.rehearsal"), metrics: { _ in })
        let sandbox = try SandboxRequest(
            policy, limits: limits, runtimeFolder: nil, isRehearsal: true, plugin: plugin)
        let request = kww_spawn(
            lanes: 1, libraries: 0, environment: 0, is_rehearsal: 1, described: 0, reserved: 0,
            memory: limits[.memory].map { UInt64($0.value) } ?? 0, addresses: 0,
            open_files: limits[.openFiles].map { UInt64($0.value) } ?? 0, file_size: 0, cpu_seconds: 0)
        let zygote = try running()
        let ended = Monitor(false)
        let process = try WorkerProcess.make(
            tag: Zygote.nextTag(), lanes: 1, sdk: 1, window: SDKRange(minimum: 1, maximum: 1), host: host
        ) { worker, files throws(PluginError) in
            let parts = PreparedPlugin.Parts()
            try zygote.spawn(worker, try WorkerChannel.make(worker), files, parts, request, sandbox, environment: [])
        }
        process.observeEnd { _ in
            ended.withLock { $0 = true }
            ended.signal()
        }
        ended.wait { $0 ? () : nil }
        if let report = process.sandboxReport(policy, limits) {
            try report.require(policy.required, for: plugin)
            return report
        }
        _ = try process.awaitPlugin(until: 0, plugin, limits)
        throw WorkerFault.lost(plugin)
    }
}
