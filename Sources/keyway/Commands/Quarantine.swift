internal import ArgumentParser
internal import Glibc
internal import PluginHost

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Plugins that are not run, because they failed or because you say so.",
        subcommands: [
            QuarantineList.self, QuarantineShow.self, QuarantineAdd.self, QuarantineClear.self, QuarantineRetry.self,
        ])
}

struct QuarantineOptions: ParsableArguments {
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func store() throws(PluginError) -> QuarantineStore { QuarantineStore(stateFolder: try state.requireFolder()) }

    static func json(_ records: [QuarantineRecord]) -> JSON {
        let now = QuarantineStore.systemTime()
        return .array(records.map { $0.json(at: now) })
    }

    static func unknown(_ name: String, _ records: [QuarantineRecord]) -> PluginError {
        let names = records.map(\.plugin)
        return PluginError(
            .notFound, "nothing is known against \(name)",
            remedy: names.isEmpty ? "No plugin is in quarantine" : "There are \(names.joined(separator: ", "))",
            facts: .names(names))
    }
}

struct QuarantineList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the plugins in quarantine, those that are suspect, and those whose time is over.")

    @OptionGroup var options: QuarantineOptions

    func run() async throws {
        let records = try options.store().list()
        if options.output.json {
            Console.print(json: ["records": QuarantineOptions.json(records)])
            return
        }
        if records.isEmpty { Console.print("No plugin is in quarantine.") }
        for line in TextTable.lines(records.map { [$0.plugin, $0.stateText, $0.failure.reason] }) {
            Console.print(line.visible)
        }
    }
}

struct QuarantineShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show all that is known against a plugin.")

    @Argument(help: "The plugin as `keyway quarantine list` has it.")
    var name: String

    @OptionGroup var options: QuarantineOptions

    func run() async throws {
        let all = try options.store().list()
        let records = all.filter { $0.plugin == name }
        guard !records.isEmpty else { throw QuarantineOptions.unknown(name, all) }
        if options.output.json {
            Console.print(json: ["records": QuarantineOptions.json(records)])
            return
        }
        for (index, record) in records.enumerated() {
            if index > 0 { Console.print("") }
            for line in record.page { Console.print(line.visible) }
        }
    }
}

struct QuarantineAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Put a plugin into quarantine, whatever its version, until you clear it.")

    @Argument(help: "A plugin's id, or its file's name without .so.")
    var name: String

    @Option(help: "Why, for those who wonder later.")
    var reason: String

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("For how long, such as 30m, 2h or 7d; for ever unless said.", valueName: "time"))
    var time: String?

    @OptionGroup var host: HostOptions
    @OptionGroup var options: QuarantineOptions
    @OptionGroup var running: SocketOption

    func validate() throws {
        if name.isEmpty { throw ValidationError("A plugin has a name.") }
        if let time, Self.seconds(time) == nil {
            throw ValidationError("\(time) is no time; write a number and s, m, h or d, such as 30m, 2h or 7d.")
        }
    }

    func run() async throws {
        let store = try options.store()
        let named = try NamedPlugins(name, in: host)
        let record = try store.add(name, reason: reason, for: time.flatMap(Self.seconds))
        let process = try await running.tell(
            "quarantine", ["plugin": .string(name), "reason": .string(reason), "isRecorded": true])
        if options.output.json {
            guard case .object(var members) = record.json(at: record.since) else { return }
            members["installed"] = .bool(named.isInstalled)
            members["host"] = .optional(process) { ["pid": .int(Int64($0))] }
            Console.print(json: .object(members))
        } else {
            Console.print("\(name) is \(record.stateText).".visible)
            if let process { Console.print("The host that runs (process \(process)) has ended it.") }
            named.warn()
        }
    }

    private static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count > 0 else {
            return nil
        }
        let (seconds, overflows) = count.multipliedReportingOverflow(by: unit)
        // A hundred years; the sum with today's date has to be a number, too.
        return overflows || seconds > 36525 * 86400 ? nil : seconds
    }
}

struct QuarantineClear: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Let a plugin go: forget all that is known against it.",
        aliases: ["release"])

    @Argument(help: "The plugin as `keyway quarantine list` has it.")
    var name: String

    @OptionGroup var options: QuarantineOptions
    @OptionGroup var running: SocketOption

    func run() async throws {
        let store = try options.store()
        let records = try store.clear(name)
        guard !records.isEmpty else { throw QuarantineOptions.unknown(name, try store.list()) }
        _ = try await running.tell("release", ["plugin": .string(name)])
        if options.output.json {
            Console.print(json: ["cleared": QuarantineOptions.json(records)])
        } else {
            Console.print("\(name) is no longer in quarantine.".visible)
        }
    }
}

extension QuarantineRecord {
    var stateText: String {
        let until = until.map(Self.text)
        return switch state(at: QuarantineStore.systemTime()) {
        case .suspect: "suspect"
        case .active: "quarantined until \(until ?? "it is cleared")"
        case .expired: "no longer quarantined: that ended \(until ?? "")"
        }
    }

    fileprivate var page: [String] {
        var rows = [["plugin", plugin], ["state", stateText], ["reason", failure.reason], ["by", origin.rawValue]]
        rows.append(["since", Self.text(since)])
        if attempts > 0 { rows.append(["attempts", "\(attempts)"]) }
        if let file { rows.append(["file", file]) }
        if let inputs { rows += [["sha256", inputs.digest], ["host's SDK", inputs.sdk.description]] }
        if let phase = failure.phase { rows.append(["phase", phase]) }
        var lines = TextTable.lines(rows)
        if !failure.backtrace.isEmpty { lines += ["backtrace"] + failure.backtrace.map { "  \($0)" } }
        if !failure.output.isEmpty {
            lines += ["output"] + failure.output.split(separator: "\n").map { "  \($0)" }
        }
        return lines
    }

    /// UTC, as in RFC 3339.
    private static func text(_ seconds: Int64) -> String {
        var (time, parts) = unsafe (time_t(seconds), tm())
        guard unsafe gmtime_r(&time, &parts) != nil else { return "\(seconds) s after 1970" }
        var text = [CChar](repeating: 0, count: 40)
        let count = unsafe strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
