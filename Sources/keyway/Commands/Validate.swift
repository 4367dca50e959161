internal import ArgumentParser
internal import PluginHost

struct Validate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge plugins by every rule, without running them.",
        discussion: """
            Files that are given together are also compared with each other: names that two of them have. Exits 1 if a \
            file has a finding of the severity --fail-on. docs/rules.md lists the rules and how the score is made.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, sarif, junit
    }

    enum Threshold: String, ExpressibleByArgument, CaseIterable {
        case error, warning, info

        var severity: Finding.Severity {
            switch self {
            case .error: .error
            case .warning: .warning
            case .info: .info
            }
        }
    }

    @Argument(help: "Files, or names of plugins.")
    var files: [String]

    @Option(help: "Exit with 1 from which severity on: error, warning or info.")
    var failOn = Threshold.error

    @Option(help: ArgumentHelp("Drop the findings of this rule; may be repeated.", valueName: "id"))
    var ignore: [String] = []

    @Option(help: "What is printed: text, json, sarif (2.1.0) or junit.")
    var format: Format?

    @Flag(name: .shortAndLong, help: "Leave out what is only information.")
    var quiet = false

    @OptionGroup var verification: VerificationOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        let known = Set(RuleCatalogue.entries.map(\.id))
        if let unknown = ignore.first(where: { !known.contains($0) }) {
            throw ValidationError("There is no rule \(unknown); docs/rules.md lists them.")
        }
        if output.json, let format, format != .json {
            throw ValidationError("--json and --format \(format.rawValue) are two forms; choose one.")
        }
    }

    func run() async throws {
        var verifier = try verification.verifier()
        verifier.policy.ignoredRules.formUnion(ignore)
        let report = ValidationReport(of: files, verifier: verifier, host: host.host())
        switch format ?? (output.json ? .json : .text) {
        case .text:
            for line in report.text(isQuiet: quiet) { Console.print(line.visible) }
            for line in report.refusals { Console.error(line.visible) }
        case .json: Console.print(json: report.json)
        case .sarif: Console.print(json: report.sarif)
        case .junit: for line in report.junit(failing: failOn.severity) { Console.print(line) }
        }
        if report.entries.contains(where: { $0.has(atLeast: failOn.severity) || !$0.isReadable }) { throw ExitCode(1) }
    }
}
