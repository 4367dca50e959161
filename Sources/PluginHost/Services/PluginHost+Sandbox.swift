internal import PluginCore
internal import PluginLoader

extension PluginHost {
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
            for item in decision.items where item.isGranted || item.answer == .unasked && !item.isEverything {
                if let permission = item.effective { granted.append(permission) }
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
