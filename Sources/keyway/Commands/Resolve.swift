internal import ArgumentParser
internal import PluginHost

struct Resolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Choose the plugins to load, in the order in which they have to be loaded.",
        discussion: """
            Everything in the folders of --path, or else in all search folders, is asked for, with what it depends on. \
            Exits 1 if there is no set of plugins that go together, and says which stand against each other and what \
            would help. Nothing of a plugin runs.

            --write-lock keeps the versions and the digests of what was chosen. With --lock alone the locked versions are \
            taken whatever newer ones there are; with --locked, too, anything but exactly what is locked is refused.
            """)

    @Option(help: ArgumentHelp("The lock file; keyway.lock with --write-lock or --locked.", valueName: "file"))
    var lock: String?

    @Flag(help: "Choose anew, and write the lock file.")
    var writeLock = false

    @Flag(help: "Refuse, and list, every difference between the lock file and what is installed.")
    var locked = false

    @OptionGroup var options: ResolveOptions

    private var lockPath: String { lock ?? "keyway.lock" }

    func validate() throws {
        if writeLock, locked { throw ValidationError("--write-lock and --locked do not go together") }
        if lock == "" { throw ValidationError("--lock names no file") }
    }

    func run() async throws {
        let installed = try options.installed()
        if writeLock { try installed.unsearched.requireAll(toWrite: lockPath) }
        var resolver = installed.resolver
        let lockfile = locked || lock != nil && !writeLock ? try Lockfile(reading: lockPath) : nil
        let drift = lockfile?.drift(from: resolver.candidates, leftOut: resolver.leftOut) ?? []
        let report = ResolveReport(installed, drift: drift, wantsJSON: options.output.json)
        if locked, !drift.isEmpty { throw report.showDrift(lockPath) }
        if let lockfile { resolver.locked = lockfile.pins }
        do throws(PluginError) {
            let resolution = try resolver.resolve()
            if writeLock { try Lockfile(resolution).write(to: lockPath) }
            report.show(resolution, lock: writeLock ? lockPath : nil)
        } catch {
            guard [.dependency, .resourceExhausted].contains(error.code) else { throw error }
            throw report.show(error)
        }
    }
}

struct Tree: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show which plugins need which.")

    @Flag(help: "Show below each plugin those that need it.")
    var reverse = false

    @OptionGroup var options: ResolveOptions

    func run() async throws {
        let installed = try options.installed()
        installed.unsearched.warn()
        let lines = try installed.resolver.resolve().tree(isReversed: reverse)
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
