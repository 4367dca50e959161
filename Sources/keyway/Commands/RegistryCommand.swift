internal import ArgumentParser
internal import PluginHost

/// The commands about what is installed.
struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "Find the installed plugins, and say which may be loaded.",
        discussion: """
            Looks in the folders of --path, or else in all search folders. Nothing of a plugin runs. What is known of \
            unchanged files comes from a cache.

            KEYWAY_PLUGINS_DISABLE and KEYWAY_PLUGINS_ALLOW turn plugins off by name: lists of names or globs with \
            commas between them; what is allowed is on although it is disabled.
            """,
        subcommands: [
            RegistryScanCommand.self, RegistryStatus.self, RegistryWhich.self, RegistryDisable.self,
            RegistryEnable.self, RegistryCacheCommand.self,
        ])
}

struct RegistryScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Look at every plugin of the folders, and remember it for the next time.",
        discussion: "Ends with 0 also if plugins are refused; `keyway validate` judges single files.")

    @Flag(help: "Hash every file again, whatever its times say.")
    var paranoid = false

    @Flag(help: "Judge every file again.")
    var fresh = false

    @Flag(
        help: ArgumentHelp(
            "Also load each plugin in a process of its own, and put aside what crashes, exits, hangs or prints.",
            discussion: "What passed once is not tried again until it changes."))
    var probe = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long a plugin may take to load, such as 500ms or 2s.", valueName: "time"))
    var probeDeadline = TimeOption(.seconds(2))

    @Flag(help: "Try plugins with all the rights of this user, instead of in a sandbox that grants them nothing.")
    var noSandbox = false

    @OptionGroup var options: RegistryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if noSandbox, !probe { throw ValidationError("--no-sandbox is about plugins that are tried: add --probe.") }
    }

    func run() async throws {
        var scan = try options.scan(trusting: fresh ? .nothing : paranoid ? .digests : .stamps)
        if probe {
            scan = try await options.probe(scan, deadline: probeDeadline.duration, isSandboxed: !noSandbox)
        }
        if output.json {
            Console.print(json: RegistryReport(scan).json)
        } else {
            RegistryReport(scan).show()
        }
    }
}

struct RegistryStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say how the registry stands: states, times, and what the cache did not know.")

    @OptionGroup var options: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = RegistryReport(try options.scan())
        if output.json {
            Console.print(json: report.statusJSON)
        } else {
            report.showStatus()
        }
    }
}
