internal import ArgumentParser
internal import PluginHost

/// Where a running host is reached.
struct SocketOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The running host's Unix socket; $XDG_RUNTIME_DIR/keyway/host.sock unless said otherwise.",
            valueName: "file"))
    var socket: String?

    func validate() throws {
        if socket == "" { throw ValidationError("--socket names no file.") }
    }

    /// Tells a host that runs what was decided.
    /// - Returns: the host's process; nil if there is none, or it has no such plugin.
    func tell(_ verb: String, _ arguments: JSON) async throws(PluginError) -> Int32? {
        do throws(PluginError) {
            let client = try await ControlClient.connect(to: socket)
            _ = try await client.send(verb, arguments)
            return client.process
        } catch {
            // A plugin that was never put aside cannot be let go.
            guard error.code == .notFound || error.code == .conflict else { throw error }
            return nil
        }
    }
}

/// What the commands take that talk to a running host.
struct SocketOptions: ParsableArguments {
    @OptionGroup var place: SocketOption
    @OptionGroup var output: OutputOptions

    func connect() async throws(PluginError) -> ControlClient { try await ControlClient.connect(to: place.socket) }

    /// Sends a request, and prints the reply under `--json`, or a sentence.
    func ask(
        _ verb: String, _ arguments: [String: JSON?] = [:], saying sentence: (JSON) -> String
    ) async throws(PluginError) {
        try await ask(verb, arguments, listing: { [sentence($0)] })
    }

    /// Sends a request, and prints the reply under `--json`, or lines.
    func ask(
        _ verb: String, _ arguments: [String: JSON?] = [:], listing lines: (JSON) -> [String]
    ) async throws(PluginError) {
        let client = try await connect()
        let reply = try await client.send(verb, .object(arguments.compactMapValues { $0 }))
        if output.json { return Console.print(json: reply) }
        for line in lines(reply) { Console.print(line.visible) }
    }
}

struct HostStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "How a running host and its plugins are.")

    @OptionGroup var host: SocketOptions

    func run() async throws {
        let client = try await host.connect()
        let status = try await client.send("status")
        guard !host.output.json else { return Console.print(json: status) }
        let uptime = Duration.milliseconds(status["uptimeMs"]?.intValue ?? 0)
        Console.print(
            "keyway \(status["version"]?.stringValue ?? "?"), process \(client.process), up \(uptime.short)".visible)
        let plugins = status["plugins"]?.arrayValue ?? []
        guard !plugins.isEmpty else { return Console.print("It has no plugins.") }
        let header = ["PLUGIN", "VERSION", "STATE", "GENERATION", "CALLS", "ERRORS", "IN FLIGHT", ""]
        let rows = plugins.map { plugin in
            ["name", "version", "state", "generation", "calls", "errors", "inFlight", "reason"].map { key in
                switch plugin[key] {
                case .string(let text): key == "reason" ? Self.reason(text, plugin["refused"]) : text
                case .int(let number): "\(number)"
                default: ""
                }
            }
        }
        for line in TextTable.lines([header] + rows) { Console.print(line) }
    }

    /// With what can be said of how long it lasts, or of what ends it.
    private static func reason(_ text: String, _ refused: JSON?) -> String {
        if let left = refused?["retryAfterMs"]?.intValue {
            return "\(text): another \(Duration.milliseconds(left).short)"
        }
        return refused?["remedy"]?.stringValue.map { "\(text). \($0)" } ?? text
    }
}

struct HostWorkers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "The processes in which a running host's plugins run.")

    @OptionGroup var host: SocketOptions

    func run() async throws {
        try await host.ask(
            "workers",
            listing: { reply in
                let workers = reply["workers"]?.arrayValue ?? []
                guard !workers.isEmpty else { return ["No plugin runs in a process of its own."] }
                let rows = workers.map { worker in
                    [
                        worker["plugin"]?.stringValue ?? "", "\(worker["pid"]?.intValue ?? 0)",
                        worker["state"]?.stringValue ?? "", "\(worker["calls"]?.intValue ?? 0)",
                        "\(worker["restarts"]?.intValue ?? 0)",
                        worker["memory"]?.intValue.map { "\($0 >> 10) KiB" } ?? "",
                        worker["cpuMs"]?.doubleValue.map { "\(Int($0)) ms" } ?? "",
                    ]
                }
                let header = ["PLUGIN", "PID", "STATE", "CALLS", "RESTARTS", "MEMORY", "PROCESSOR"]
                return TextTable.lines([header] + rows)
            })
    }
}

struct HostEvents: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Print what happens to the plugins of a running host, one JSON object a line, until the host ends.")

    @Option(help: ArgumentHelp("Only what happens to this plugin.", valueName: "name"))
    var plugin: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("End after so many events.", valueName: "count"))
    var count: Int?

    @OptionGroup var host: SocketOptions

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is at least 1, and not \(count).") }
    }

    func run() async throws {
        let client = try await host.connect()
        var arguments: [String: JSON] = [:]
        if let plugin { arguments["plugin"] = .string(plugin) }
        var printed = 0
        for try await event in try await client.events(.object(arguments)) {
            Console.print(event.text)
            printed += 1
            if printed == count { return }
        }
    }
}

struct HostLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Have a running host load a plugin.")

    @Argument(help: "The plugin's name in the host's folders, or its file.")
    var plugin: String

    @OptionGroup var host: SocketOptions

    func run() async throws {
        // The host may have another working folder.
        let wanted = FileName.isPath(plugin) ? try InputFile.absolute(plugin) : plugin
        try await host.ask("load", ["plugin": .string(wanted)]) {
            "\($0["plugin"]?.stringValue ?? plugin) \($0["version"]?.stringValue ?? "") is loaded."
        }
    }
}

struct HostSuspend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Have a plugin of a running host rest: new calls are refused, those that run may end.")

    @Argument(help: "The plugin's name in the host.")
    var plugin: String

    @Option(help: "Why; its callers are told.")
    var reason: String?

    @OptionGroup var host: SocketOptions

    func run() async throws {
        try await host.ask("suspend", ["plugin": .string(plugin), "reason": reason.map(JSON.string)]) { _ in
            "\(plugin) is suspended."
        }
    }
}

struct HostResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Have a plugin of a running host go on that is suspended, or whose calls are refused since it broke.")

    @Argument(help: "The plugin's name in the host.")
    var plugin: String

    @OptionGroup var host: SocketOptions

    func run() async throws {
        try await host.ask("resume", ["plugin": .string(plugin)]) { _ in "\(plugin) goes on." }
    }
}

struct HostSwap: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swap",
        abstract: "Swap a plugin of a running host for another build, while calls go on.",
        discussion: "If anything is wrong with the other build, the present one goes on and the command fails.")

    @Argument(help: "The plugin's name in the host.")
    var plugin: String

    @Argument(help: "The other build; the file that it was loaded from unless said otherwise.")
    var file: String?

    @OptionGroup var host: SocketOptions

    func run() async throws {
        // The host may have another working folder.
        let file = try file.map { path throws(PluginError) in try InputFile.absolute(path) }
        try await host.ask("swap", ["plugin": .string(plugin), "file": file.map(JSON.string)]) { reply in
            let version = reply["version"]?.stringValue ?? ""
            guard reply["changed"] == true else { return "\(plugin) is that build already: \(version)." }
            return "\(plugin) is \(version) now, generation \(reply["generation"]?.intValue ?? 0)."
        }
    }
}

struct HostStop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End a plugin of a running host.")

    @Argument(help: "The plugin's name in the host.")
    var plugin: String

    @Option(help: "Why; its callers are told.")
    var reason: String?

    @OptionGroup var host: SocketOptions

    func run() async throws {
        try await host.ask("stop", ["plugin": .string(plugin), "reason": reason.map(JSON.string)]) { _ in
            "\(plugin) is stopped."
        }
    }
}

struct HostShutdown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shutdown", abstract: "End a running host and its plugins.")

    @OptionGroup var host: SocketOptions

    func run() async throws {
        try await host.ask("shutdown") { _ in "The host ends." }
    }
}
