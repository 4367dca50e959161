internal import ArgumentParser
internal import Glibc
internal import PluginHost

struct QuarantineRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Try a plugin now, in a process of its own; if it does well, let it go.",
        discussion: """
            A plugin that does well is cleared of what it did before, and not of what you said about it. One that fails \
            stays for longer. Exits 1 if it fails.
            """)

    @Argument(help: "The plugin as `keyway quarantine list` has it, or a file.")
    var name: String

    @Option(help: ArgumentHelp("How long it may take.", valueName: "milliseconds"))
    var deadline = 2000

    @Flag(help: "Try it with all the rights of this user, instead of in a sandbox that grants it nothing.")
    var noSandbox = false

    @OptionGroup var host: HostOptions
    @OptionGroup var options: QuarantineOptions

    func validate() throws {
        guard (1...3_600_000).contains(deadline) else { throw ValidationError("--deadline is 1 to 3600000.") }
    }

    func run() async throws {
        let store = try options.store()
        let host = host.host()
        let plugin = try host.prepare(try file(host, try store.list()))
        var scanner = try PluginScanner.locate()
        scanner.isSandboxed = !noSandbox
        let probed = try await store.probe(
            [plugin], with: scanner, deadline: .milliseconds(deadline), ignoresQuarantine: true)
        guard let probed = probed.first, let result = probed.result else { return }
        if options.output.json {
            Console.print(
                json: [
                    "result": result.json, "status": .string(probed.status.name),
                    "record": .optional(probed.status.record) { $0.json(at: QuarantineStore.systemTime()) },
                ])
        } else if result.hasPassed {
            Console.print("\(result.plugin) does well.".visible)
            if let record = probed.status.record {
                Console.error("keyway: note: it stays in quarantine: \(record.failure.reason)".visible)
            }
        } else {
            Console.error("keyway: error: \(result.plugin): \(result.reason)".visible)
            if let record = probed.status.record { Console.error("keyway: note: it is \(record.stateText)".visible) }
        }
        if !result.hasPassed { throw ExitCode(1) }
    }

    /// The file that failed, unless folders are named.
    private func file(_ host: PluginHost, _ records: [QuarantineRecord]) throws(PluginError) -> String {
        let known = records.lazy.filter { $0.plugin == name }.compactMap(\.file).first
        if self.host.path.isEmpty, let known, unsafe access(known, F_OK) == 0 { return known }
        return try host.file(name)
    }
}

extension QuarantineStatus {
    fileprivate var name: String {
        switch self {
        case .clear: "clear"
        case .suspect: "suspect"
        case .quarantined: "quarantined"
        }
    }

    fileprivate var record: QuarantineRecord? {
        switch self {
        case .clear: nil
        case .suspect(let record), .quarantined(let record): record
        }
    }
}
