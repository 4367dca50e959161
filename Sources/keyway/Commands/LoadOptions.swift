internal import ArgumentParser
internal import PluginHost

/// How plugins are found, and what stands between finding and loading them.
struct LoadOptions: ParsableArguments {
    @OptionGroup var folders: HostOptions

    @Option(help: ArgumentHelp("Load only what this lock file has, exactly as it has it.", valueName: "file"))
    var lock: String?

    @OptionGroup var policy: PermissionOptions

    func host() throws(PluginError) -> PluginHost { PluginHost(try configuration()) }

    func configuration() throws(PluginError) -> PluginHost.Configuration {
        var configuration = folders.configuration()
        configuration.lock = try lock.map { path throws(PluginError) in try Lockfile(reading: path) }
        configuration.permissions = .kept(policy.filesForLoading)
        return configuration
    }
}
