internal import ArgumentParser
internal import PluginHost

struct RegistryWhich: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "which",
        abstract: "Say which plugin answers to a name, an interface or a type, and why not another.",
        discussion: """
            The name is a plugin's id or its file's name without .so, an interface id such as keyway.embedder/1, a type \
            such as embedder, or a name that plugins provide. Where several answer, what can be loaded comes before what \
            cannot, earlier folders before later ones, then files by name; of one plugin in a folder newer versions come \
            before older ones. Exits 1 if there is none that can be loaded.
            """)

    @Argument(help: "An id, a file's name, an interface, a type or a provided name.")
    var name: String

    @OptionGroup var options: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let scan = try options.scan()
        let found = Self.find(name, in: scan)
        guard !found.isEmpty else { throw Self.unknown(name, scan) }
        let winner = found.first(where: \.isLoadable)
        if output.json {
            Console.print(
                json: [
                    "name": .string(name), "winner": .optional(winner, \.json),
                    "candidates": .array(
                        found.map { entry in
                            guard case .object(var members) = entry.json else { return entry.json }
                            members["why"] = .string(Self.explanation(of: entry, winner))
                            return .object(members)
                        }),
                ])
        } else {
            if let winner { Console.print(winner.file.visible) }
            for entry in found where entry != winner {
                Console.error("keyway: note: not \(entry.file): \(Self.explanation(of: entry, winner))".visible)
            }
        }
        if winner == nil {
            if !output.json { Console.error("keyway: error: \(name) cannot be loaded".visible) }
            throw ExitCode(1)
        }
    }

    /// Of all ways in which a name can be meant, the first that finds something.
    static func find(_ name: String, in scan: RegistryScan) -> [RegistryEntry] {
        for found in [
            scan.entries(named: name), scan.entries(offering: name), scan.entries(offering: "keyway.\(name)/1"),
            scan.entries(ofType: name), scan.entries(providing: name),
        ] where !found.isEmpty { return found }
        return []
    }

    static func unknown(_ name: String, _ scan: RegistryScan) -> PluginError {
        let known = Set(scan.entries.map(\.name)).sorted()
        return PluginError(
            .notFound, "no plugin is called \"\(name)\", offers such an interface or is of such a type",
            remedy: known.isEmpty
                ? "Name a folder of plugins with --path" : "There are \(known.prefix(20).joined(separator: ", "))",
            facts: .names(known))
    }

    private static func explanation(of entry: RegistryEntry, _ winner: RegistryEntry?) -> String {
        if entry == winner { return "it is the first that can be loaded" }
        if !entry.isLoadable { return "\(entry.state.rawValue): \(entry.reason ?? "")" }
        guard let winner else { return "" }
        guard folder(entry.file) == folder(winner.file) else {
            return "\(winner.file) comes before it: its folder is searched first"
        }
        if entry.id == winner.id, let version = winner.version, let own = entry.version, own < version {
            return "\(own) is older than \(version)"
        }
        return "\(winner.file) comes before it: of one folder's plugins the first by file name"
    }

    private static func folder(_ path: String) -> Substring { path[..<(path.lastIndex(of: "/") ?? path.startIndex)] }
}
