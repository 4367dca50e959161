internal import ArgumentParser
internal import PluginHost

struct CallGet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Read items by id.", discussion: "An id without an item is null with --json.")

    @OptionGroup var repository: RepositoryOptions

    @Option(name: .customLong("id"), parsing: .upToNextOption, help: ArgumentHelp("Ids of items.", valueName: "id"))
    var ids: [String]

    @Flag(help: "Their vectors, too.")
    var vectors = false

    func run() async throws {
        try await repository.withBackend { backend in
            let items = try await backend.items(
                ids, in: repository.name, including: .parts(vectors: vectors), CallContext())
            if repository.adapter.output.json {
                Console.print(json: ["items": .array(items.map { .optional($0, \.json) })])
            } else {
                let rows = zip(ids, items).map { id, item in item?.row ?? [id, "is not there"] }
                for line in TextTable.lines(rows) { Console.print(line) }
            }
        }
    }
}

struct CallScan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Read all items, by rising id.",
        discussion: "With --json, one item a line; with --vectors too, `upsert` takes them back.")

    @OptionGroup var repository: RepositoryOptions

    @Option(help: ArgumentHelp("Which items, as for query: a JSON object, or @FILE.", valueName: "json"))
    var filter: String?

    @Option(help: ArgumentHelp("Only items behind this one.", valueName: "id"))
    var after: String?

    @Flag(help: "Their vectors, too.")
    var vectors = false

    func run() async throws {
        let filter = try JSONOption.filter(filter)
        try await repository.withBackend { backend in
            let items = try await backend.scan(
                repository.name, filter, after: after, including: .parts(vectors: vectors), CallContext())
            for try await item in items {
                let line =
                    repository.adapter.output.json
                    ? item.json.text : item.row.filter { !$0.isEmpty }.joined(separator: "  ").visible
                Console.print(line)
            }
        }
    }
}

struct CallCount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "count", abstract: "Count items.")

    @OptionGroup var repository: RepositoryOptions

    @Option(help: ArgumentHelp("Which items, as for query: a JSON object, or @FILE.", valueName: "json"))
    var filter: String?

    func run() async throws {
        let filter = try JSONOption.filter(filter)
        try await repository.withBackend { backend in
            repository.print(count: try await backend.count(filter, in: repository.name, CallContext()), "in")
        }
    }
}

struct CallUpdate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change metadata of items.",
        discussion: "Members that are not named stay as they are; null removes one.")

    @OptionGroup var repository: RepositoryOptions

    @Option(
        help: ArgumentHelp(
            "Which items, as for query: a JSON object, or @FILE; true means all.", valueName: "json"))
    var filter: String

    @Option(help: ArgumentHelp("The new members: a JSON object, or @FILE.", valueName: "json"))
    var set: String

    func run() async throws {
        let filter = try JSONOption.filter(filter)
        guard let members = try JSONOption.parse(set, what: "--set").objectValue, !members.isEmpty else {
            throw PluginError(
                .invalidArgument, "--set is no object, or an empty one", remedy: "Write for example {\"year\": 2024}")
        }
        try await repository.withBackend { backend in
            let commit = try await backend.update(filter, in: repository.name, set: members, CallContext())
            repository.print(count: commit.count, "changed in")
        }
    }
}

struct CallRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Remove items.")

    @OptionGroup var repository: RepositoryOptions

    @Option(
        help: ArgumentHelp(
            "Which items, as for query: a JSON object, or @FILE; true means all.", valueName: "json"))
    var filter: String

    func run() async throws {
        let filter = try JSONOption.filter(filter)
        try await repository.withBackend { backend in
            let commit = try await backend.remove(filter, from: repository.name, CallContext())
            repository.print(count: commit.count, "removed from")
        }
    }
}

extension VectorQuery.Include {
    fileprivate static func parts(vectors: Bool) -> Self {
        vectors ? [.metadata, .text, .vector] : [.metadata, .text]
    }
}
