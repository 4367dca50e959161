internal import ArgumentParser
internal import PluginHost

struct Resolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Choose the plugins to load, in the order in which they have to be loaded.",
        discussion: """
            Everything in the folders of --path is asked for, or else in all search folders, with what it depends on. Exits 1 if there is no such set, and \
            says which plugins stand against each other and what would help. Nothing of a plugin runs.
            """)

    @OptionGroup var options: ResolveOptions

    func run() async throws {
        let (resolver, skipped) = try options.resolver()
        do throws(PluginError) {
            show(try resolver.resolve(), skipped)
        } catch {
            guard let failure = error.underlying as? ResolutionFailure else { throw error }
            show(failure, error, skipped)
            throw ExitCode(1)
        }
    }

    private func show(_ resolution: Resolution, _ skipped: [ResolveOptions.Skipped]) {
        if options.output.json {
            Console.print(
                json: [
                    "order": .array(resolution.plugins.map { .string($0.id) }), "conflicts": [],
                    "plugins": resolution.json["plugins"] ?? [], "warnings": resolution.json["warnings"] ?? [],
                    "skipped": Self.json(skipped),
                ])
            return
        }
        for (index, plugin) in resolution.plugins.enumerated() {
            Console.print("\(index + 1). \(plugin.id) \(plugin.version)".visible)
        }
        if resolution.plugins.isEmpty { Console.print("There is no plugin to load.") }
        for warning in resolution.warnings { Console.error("keyway: warning: \(warning.message)".visible) }
        note(skipped)
    }

    private func show(_ failure: ResolutionFailure, _ error: PluginError, _ skipped: [ResolveOptions.Skipped]) {
        if options.output.json {
            Console.print(
                json: [
                    "order": [], "conflicts": failure.json["conflicts"] ?? [],
                    "choices": failure.json["choices"] ?? [], "cycle": failure.json["cycle"] ?? [],
                    "message": .string(error.message), "skipped": Self.json(skipped),
                ])
            return
        }
        Console.error("keyway: error: \(error.message)".visible)
        note(skipped)
    }

    private func note(_ skipped: [ResolveOptions.Skipped]) {
        for file in skipped { Console.error("keyway: note: left out \(file.file): \(file.reason)".visible) }
    }

    private static func json(_ skipped: [ResolveOptions.Skipped]) -> JSON {
        .array(skipped.map { ["file": .string($0.file), "reason": .string($0.reason)] })
    }
}

struct Tree: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show which plugins need which.")

    @Flag(help: "Show below each plugin those that need it.")
    var reverse = false

    @OptionGroup var options: ResolveOptions

    func run() async throws {
        let (resolver, _) = try options.resolver()
        let lines = try resolver.resolve().tree(isReversed: reverse)
        if options.output.json {
            Console.print(
                json: .array(
                    lines.map { line in
                        [
                            "depth": .int(Int64(line.depth)), "id": .string(line.plugin.id),
                            "version": .string("\(line.plugin.version)"),
                            "range": .optional(line.link) { .string($0.dependency.range.text) },
                            "optional": .optional(line.link) { .bool($0.dependency.isOptional) },
                            "repeated": .bool(line.isRepeated),
                        ]
                    }))
            return
        }
        for line in lines {
            let range =
                line.link.map { " (\($0.dependency.range.text)\($0.dependency.isOptional ? ", optional" : ""))" } ?? ""
            let indent = String(repeating: "  ", count: line.depth)
            Console.print(
                "\(indent)\(line.plugin.id) \(line.plugin.version)\(range)\(line.isRepeated ? " ..." : "")".visible)
        }
    }
}
