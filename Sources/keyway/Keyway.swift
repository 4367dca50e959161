internal import ArgumentParser
internal import PluginABI
internal import PluginHost

/// The command line of Keyway.
struct Keyway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keyway",
        abstract: "Native plugins, checked before they run.",
        discussion: """
            A plugin is a shared object (.so). It is named by its file, or by its name in a folder of plugins: those of \
            --path, of KEYWAY_PLUGIN_PATH, and the folder "plugins" beside this program.

            Exit status: 0 done, 1 what was asked for failed, 2 wrong usage, 3 a bug of keyway.
            """,
        version: "keyway \(version) (SDK \(KW_SDK), ABI generation \(KW_GENERATION))",
        subcommands: [
            Ask.self, CallAdapter.self, Inspect.self, Validate.self, Diff.self, List.self, Doctor.self, Resolve.self,
            Tree.self, Semver.self, Schema.self, ManifestCommand.self, RegistryCommand.self, PermissionsCommand.self,
            AuditCommand.self, QuarantineCommand.self, ConfigCommand.self,
        ],
        groupedSubcommands: [
            CommandGroup(
                name: "Running hosts",
                subcommands: [
                    RunHost.self, HostStatus.self, HostWorkers.self, HostLimits.self, HostEvents.self,
                    HostLoad.self, HostSuspend.self, HostResume.self, HostSwap.self, HostStop.self, HostShutdown.self,
                ])
        ])

    static let version = HostProduct.version.description
}
