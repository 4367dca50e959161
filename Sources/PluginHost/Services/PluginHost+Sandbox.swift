public import PluginCore
internal import PluginLoader

extension PluginHost {
    /// What a plugin would be kept from in a worker of this host, and what not, found out without running any of it. Blocks for
    /// some milliseconds.
    /// - Parameter fileOrName: as of ``prepare(_:)``.
    /// - Throws: `validation` if it has no sound manifest, `sandboxUnavailable` if what is required cannot be enforced here.
    public func sandboxReport(of fileOrName: String) throws(PluginError) -> SandboxReport {
        let prepared = try prepare(fileOrName)
        guard let manifest = prepared.manifest else {
            throw PluginError(
                .validation, "it has no sound manifest, which says what it needs",
                remedy: "Run `keyway validate` on it", plugin: prepared.path, stage: .verify)
        }
        return try tiers.rehearse(manifest, sandbox(for: prepared, InstanceOptions()))
    }

    /// What a plugin may do in a worker: what its manifest asks for and the policy grants, what the host allows all plugins, and
    /// its own folders.
    ///
    /// Where there is no policy the manifest is the limit, without what is about everything of its kind: that takes somebody
    /// who grants it.
    /// - Throws: if the policy cannot be read, or something was granted that no worker can be given as it was.
    func sandbox(for prepared: PreparedPlugin, _ options: InstanceOptions) throws(PluginError) -> SandboxPolicy {
        var granted = configuration.workers.allowed
        if let manifest = prepared.manifest {
            let decision = try permissions(of: manifest, dataFolder: options.dataFolder)
            for item in decision.items {
                guard let permission = item.effective, item.isGranted || item.answer == .unasked else { continue }
                let isAllowed = configuration.workers.allowedOnRequest.contains { $0.covers(permission) }
                if item.isGranted || isAllowed || !item.isEverything { granted.append(permission) }
            }
        }
        do throws(PluginError) {
            return try SandboxPolicy(
                granting: granted, dataFolder: options.dataFolder, packageFolder: options.packageFolder)
        } catch {
            var error = error
            error.plugin = prepared.manifest?.id
            throw error
        }
    }
}
