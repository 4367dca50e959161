internal import ArgumentParser
internal import Foundation
internal import PluginHost

/// The commands about what plugins have reached for.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Show what plugins have reached for, and learn what they usually do.",
        discussion: """
            Commands that load plugins write a log with --audit FILE: connections, names that were looked up, ports, and \
            secrets, granted or not. `keyway audit learn` makes profiles of it; with --profile, a plugin that reaches for \
            something else is an event, and with --quarantine-departures it is put into quarantine.
            """,
        subcommands: [AuditShow.self, AuditLearn.self])
}

struct AuditLogs: ParsableArguments {
    @Argument(help: "Logs that --audit has written.")
    var logs: [String]

    func read() throws(PluginError) -> AuditLog {
        var log = AuditLog()
        for path in logs {
            let text = String(decoding: try InputFile.read(path), as: UTF8.self)
            for line in text.split(separator: "\n") { log.add(line) }
        }
        return log
    }
}

struct AuditShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "How often each plugin wanted what, and whether it got it.")

    @OptionGroup var logs: AuditLogs
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let log = try logs.read()
        if output.json { return Console.print(json: log.json) }
        let rows = log.plugins.sorted { $0.key < $1.key }.flatMap { plugin, counts in
            counts.sorted { $0.key < $1.key }.map { entry, count in
                [plugin, entry.action.rawValue, entry.resource, "\(count.allowed)", "\(count.refused)"]
            }
        }
        if rows.isEmpty {
            Console.print("No plugin has reached for anything that the host sees.")
        } else {
            let header = ["PLUGIN", "ACTION", "RESOURCE", "ALLOWED", "REFUSED"]
            for line in TextTable.lines([header] + rows) { Console.print(line.visible) }
        }
        if log.unreadable > 0 {
            Console.error("keyway: note: \(log.unreadable) lines are no records of an audit log.")
        }
    }
}

struct AuditLearn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "learn",
        abstract: "Print profiles for --profile: what each plugin reached for is what it usually does.")

    @OptionGroup var logs: AuditLogs
    /// What it prints is JSON anyhow; errors are, too, if it is asked for.
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let log = try logs.read()
        guard log.unreadable == 0 else {
            throw PluginError(
                .dataLoss, "\(log.unreadable) lines are no records of an audit log",
                remedy: "Name files that --audit has written", facts: .names(logs.logs))
        }
        Console.print(json: AuditLog.json(log.profiles))
    }
}

/// Who is told of what plugins reach for.
struct AuditOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write down what plugins in workers reach for, one JSON object a line.", valueName: "file"))
    var audit: String?

    @Option(
        help: ArgumentHelp(
            "What plugins usually reach for, as `keyway audit learn` prints it; anything else is an event.",
            valueName: "file"))
    var profile: String?

    @Flag(help: "Put a plugin that departs from its profile into quarantine.")
    var quarantineDepartures = false

    func validate() throws {
        if audit == "" { throw ValidationError("--audit names no file; name one that is to be written.") }
        if profile == "" {
            throw ValidationError("--profile names no file; name one that `keyway audit learn` has printed.")
        }
        if quarantineDepartures, profile == nil {
            throw ValidationError("--quarantine-departures needs --profile, to depart from.")
        }
    }

    /// Does anybody want to be told of anything?
    var isAsked: Bool { audit != nil || profile != nil }

    func settings() throws(PluginError) -> AuditSettings {
        var settings = AuditSettings()
        if let audit {
            let file = try AuditFile(audit)
            settings.observer = { file.write($0) }
        }
        if let profile {
            let document = try JSON(parsing: try InputFile.read(profile), what: profile)
            settings.profiles = try AuditLog.profiles(document, source: profile)
        }
        settings.quarantinesDepartures = quarantineDepartures
        return settings
    }
}
