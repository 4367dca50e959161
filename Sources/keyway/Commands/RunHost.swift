internal import ArgumentParser
internal import Glibc
internal import PluginHost

struct RunHost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-host",
        abstract: "Run a host of plugins in the foreground.",
        discussion: """
            Loads the plugins of the folders, and prints one line of JSON when that is done and the host can be talked to: by \
            keyway status, events, suspend, resume, swap, stop and shutdown. A plugin that cannot be loaded is named in that line and \
            keeps no other from being loaded.

            A plugin's file or configuration that changes takes effect while calls go on; one that is not fit leaves the old \
            one serving. The host ends after keyway shutdown, or a signal (SIGINT, SIGTERM).
            """)

    @OptionGroup var load: LoadOptions

    @Option(
        help: ArgumentHelp(
            "The Unix socket on which it answers; $XDG_RUNTIME_DIR/keyway/host.sock unless said otherwise.",
            valueName: "file"))
    var socket: String?

    @Option(help: ArgumentHelp("Load this plugin first; may be repeated.", valueName: "plugin"))
    var preload: [String] = []

    @Flag(help: "Load only what is to be loaded first, and plugins whose manifests say so.")
    var lazy = false

    @Flag(inversion: .prefixedNo, help: "Take up files and configurations that change.")
    var watch = true

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long files have to be left alone before they are taken up.", valueName: "time"))
    var debounce = TimeOption(.milliseconds(500))

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long calls have to end when a plugin is swapped or stopped.", valueName: "time"))
    var drain = TimeOption(.seconds(30))

    @Option(help: ArgumentHelp("A folder below which plugins keep their data.", valueName: "folder"))
    var data: String?

    @Flag(help: "Try every plugin in a process of its own before it is loaded.")
    var probe = false

    @OptionGroup var configurations: ConfigurationFolderOptions
    @OptionGroup var state: StateOptions
    /// What it prints is JSON anyhow; errors are, too, if it is asked for.
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if socket == "" { throw ValidationError("--socket names no file.") }
    }

    func run() async throws {
        let host = try host()
        Interrupt.isPatient = true
        try await host.run { ready in
            Console.print(json: Self.json(ready, host))
        }
    }

    private func host() throws(PluginError) -> PluginHost {
        var configuration = try load.configuration()
        if !load.folders.path.isEmpty { configuration.searchPaths = load.folders.path }
        configuration.stateFolder = state.folder
        configuration.dataFolder = data
        configuration.preload = preload
        configuration.loadsEverything = !lazy
        configuration.control = socket.map { .at($0) } ?? .standard
        configuration.configurator = try configurations.configurator()
        configuration.supervision.drainTimeout = drain.duration
        if probe {
            var scanner = try PluginScanner.locate()
            scanner.isSandboxed = !load.noSandbox
            configuration.scanner = scanner
        }
        if watch {
            var rules = WatchRules()
            rules.depth = configuration.searchDepth
            rules.debounce = debounce.duration
            configuration.watch = rules
        }
        for folder in load.folders.path where unsafe access(folder, R_OK | X_OK) != 0 {
            throw InputFile.failure(folder, errno)
        }
        return PluginHost(configuration)
    }

    private static func json(_ ready: PluginHost.Ready, _ host: PluginHost) -> JSON {
        [
            "ready": true, "version": .string(Keyway.version), "pid": .int(Int64(getpid())),
            "socket": .optional(ready.socket, JSON.string), "plugins": .array(host.status.map(\.json)),
            "failed": .array(
                ready.loads.compactMap { attempt in
                    attempt.error.map { ["plugin": .string(attempt.name), "error": $0.json] }
                }),
        ]
    }
}
