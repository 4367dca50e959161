internal import PluginCore
internal import PluginLoader

/// The services that a host has for plugins, each with the permission that it takes.
extension PluginHost {
    /// What a plugin may ask for: `service:NAME` for the service as a whole.
    ///
    /// Secrets are the variables of the host's environment that the plugin was granted: what `env:NAME` allows. They do not
    /// stand in the environment of a worker.
    /// - Throws: if the policy cannot be read.
    func services(for prepared: PreparedPlugin, dataFolder: String?) throws(PluginError) -> HostServices {
        var services = HostServices()
        guard let manifest = prepared.manifest else { return services }
        let decision = try permissions(of: manifest, dataFolder: dataFolder)
        guard decision.allows(try Permission(.service, "secrets")) else { return services }
        let (secrets, auditor) = (configuration.secrets, auditor)
        services.secret = { name throws(PluginError) in
            let shown = ControlCharacters.spelled(name)
            guard let permission = try? Permission(.environment, name), decision.allows(permission) else {
                auditor.note(.secret, shown, of: decision.plugin, isAllowed: false, "not granted")
                throw PluginError(
                    .permissionDenied,
                    "\(decision.plugin) was not granted env:\(shown), so it does not get the secret",
                    remedy: "Ask for it in the manifest, and have the operator grant it", facts: .names([name]),
                    plugin: decision.plugin)
            }
            auditor.note(.secret, shown, of: decision.plugin, isAllowed: true, "granted")
            return try secrets.secret(SecretReference(.environment(name)))
        }
        return services
    }
}
