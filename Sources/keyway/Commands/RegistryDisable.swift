internal import ArgumentParser
internal import Glibc
internal import PluginHost

struct RegistryDisable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Turn a plugin off until it is enabled again.")

    @Argument(help: "A plugin's id, or its file's name without .so; a glob such as \"test-*\" for several.")
    var name: String

    @Option(help: "Why, for those who wonder later.")
    var reason: String?

    @OptionGroup var host: HostOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if name.isEmpty { throw ValidationError("A plugin has a name.") }
    }

    func run() async throws {
        let disabled = DisabledPlugins(stateFolder: try state.requireFolder())
        let named = try NamedPlugins(name, in: host, mayBeGlob: true)
        try disabled.disable(.init(name: name, reason: reason, since: Int64(time(nil))))
        if output.json {
            Console.print(
                json: [
                    "name": .string(name), "disabled": true, "reason": .optional(reason) { .string($0) },
                    "installed": .bool(named.isInstalled),
                ])
        } else {
            Console.print("\(name) is disabled.".visible)
            named.warn()
        }
    }
}

struct RegistryEnable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Turn a plugin on again that was disabled.")

    @Argument(help: "The name as it was disabled.")
    var name: String

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let disabled = DisabledPlugins(stateFolder: try state.requireFolder())
        guard try disabled.enable(name) else {
            let names = try disabled.list().map(\.name)
            throw PluginError(
                .notFound, "\(name) is not disabled",
                remedy: names.isEmpty ? "Nothing is" : "Disabled are \(names.joined(separator: ", "))",
                facts: .names(names))
        }
        if output.json {
            Console.print(json: ["name": .string(name), "disabled": false])
        } else {
            Console.print("\(name) is enabled.".visible)
        }
    }
}

struct RegistryCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "The file in which scans remember.", subcommands: [RegistryCacheClear.self])
}

struct RegistryCacheClear: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Forget everything; the next scan looks at every file.")

    @Option(
        help: ArgumentHelp(
            "Folder of the cache; $XDG_CACHE_HOME/keyway unless said otherwise.", valueName: "folder"))
    var cache: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let folder = cache ?? Environment.cacheFolder
        let removed = try folder.map { folder throws(PluginError) in try Registry.clearCache(folder) } ?? []
        if output.json {
            Console.print(json: ["removed": .array(removed.map { .string($0) })])
        } else {
            Console.print(removed.isEmpty ? "There was no cache." : "Removed \(removed.joined(separator: ", ")).")
        }
    }
}
