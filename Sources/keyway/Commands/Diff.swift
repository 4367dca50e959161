internal import ArgumentParser
internal import PluginHost

struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two builds of a plugin by what others see of them.",
        discussion: """
            Interfaces, range of SDKs, permissions, exports, imports, libraries, configuration and hardening: what is \
            "breaking" worked with OLD and does not work with NEW. Neither file runs. Exits 0 whatever differs, unless \
            --fail-on says otherwise.
            """)

    enum Threshold: String, ExpressibleByArgument, CaseIterable {
        case never, breaking, any
    }

    @Argument(help: "The build that is in use: a file, or the name of a plugin.")
    var old: String

    @Argument(help: "The build that would take its place.")
    var new: String

    @Option(help: "Exit with 1 if there is such a change: never, breaking or any.")
    var failOn = Threshold.never

    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let host = host.host()
        let (old, new) = (try host.prepare(old), try host.prepare(new))
        let comparison = PluginComparison(from: old.object, to: new.object)
        if output.json {
            Console.print(
                json: [
                    "old": Self.describe(old), "new": Self.describe(new),
                    "compatible": .bool(comparison.isCompatible),
                    "versionChange": .optional(comparison.leastVersionChange) { .string($0.rawValue) },
                    "changes": .array(
                        comparison.changes.map { change in
                            [
                                "effect": .string(change.effect.rawValue), "subject": .string(change.subject.rawValue),
                                "name": .string(change.name), "old": .optional(change.old, JSON.string),
                                "new": .optional(change.new, JSON.string), "message": .string(change.message),
                            ]
                        }),
                ])
        } else {
            for line in Self.lines(comparison.changes) { Console.print(line.visible) }
            Console.print(summary(comparison, old, new))
        }
        let fails =
            switch failOn {
            case .never: false
            case .breaking: !comparison.isCompatible
            case .any: !comparison.changes.isEmpty
            }
        if fails { throw ExitCode(1) }
    }

    /// A line a change; of many symbols that came or went alike the first few.
    private static func lines(_ changes: [PluginComparison.Change]) -> [String] {
        let shown = 6
        var lines: [String] = []
        var rest = changes[...]
        while let first = rest.first {
            let alike = rest.prefix {
                $0.effect == first.effect && $0.subject == first.subject && ($0.old == nil) == (first.old == nil)
            }
            rest = rest.dropFirst(alike.count)
            lines += alike.prefix(shown).map { "\($0.effect.rawValue)  \($0.subject.rawValue): \($0.message)" }
            if alike.count > shown {
                lines.append(
                    "\(first.effect.rawValue)  \(first.subject.rawValue): and so \(alike.count - shown) more, which --json lists"
                )
            }
        }
        return lines
    }

    private func summary(_ comparison: PluginComparison, _ old: PreparedPlugin, _ new: PreparedPlugin) -> String {
        guard let least = comparison.leastVersionChange else {
            return comparison.changes.isEmpty
                ? "Nothing that others see differs." : "Nothing but the version differs for others."
        }
        let advice = "by semantic versioning the version has to rise by a \(least.rawValue) number"
        guard let before = old.manifest?.version, let after = new.manifest?.version else { return "So \(advice)." }
        let hasRisen =
            switch least {
            case .major: after.major > before.major
            case .minor: (after.major, after.minor) > (before.major, before.minor)
            case .patch: after > before
            }
        return "So \(advice), and it \(hasRisen ? "does" : "does not"): \(before) to \(after)."
    }

    private static func describe(_ prepared: PreparedPlugin) -> JSON {
        [
            "file": .string(prepared.path), "sha256": .string(prepared.digest),
            "id": .optional(prepared.manifest?.id, JSON.string),
            "version": .optional(prepared.manifest?.version.description, JSON.string),
            "buildID": .optional(prepared.object.buildID, JSON.string),
        ]
    }
}
