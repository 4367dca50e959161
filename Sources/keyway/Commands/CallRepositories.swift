internal import ArgumentParser
internal import Glibc
internal import PluginHost

struct CallRepositories: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "repos", abstract: "List the repositories.")

    @OptionGroup var adapter: AdapterOptions

    func run() async throws {
        try await adapter.withPlugin { plugin in
            let repositories = try await plugin.requiredVectorBackend().repositories(CallContext())
            if adapter.output.json {
                Console.print(json: ["repos": .array(repositories.map(\.json))])
            } else {
                for line in TextTable.lines(repositories.map(\.row)) { Console.print(line) }
                if repositories.isEmpty { Console.print("No repositories.") }
            }
        }
    }
}

struct CallEnsure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ensure", abstract: "Make a repository, or check that the one that exists is alike.")

    @OptionGroup var repository: RepositoryOptions

    @Option(help: "Elements of a vector.")
    var dims: Int

    @Option(
        help: ArgumentHelp(
            "How vectors are compared: \(Metric.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "metric"
        ),
        transform: { text in
            guard let metric = Metric(rawValue: text) else {
                throw ValidationError("it is one of \(Metric.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return metric
        })
    var metric: Metric = .cosine

    func validate() throws {
        if dims < 1 || dims > Int(UInt32.max) { throw ValidationError("--dims must be at least 1") }
    }

    func run() async throws {
        repository.noteWithoutData()
        try await repository.withBackend { backend in
            let specification = RepositorySpecification(name: repository.name, dims: dims, metric: metric)
            repository.print(try await backend.ensure(specification, CallContext()))
        }
    }
}

struct CallWipe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wipe", abstract: "Drop a repository with all of its items.")

    @OptionGroup var repository: RepositoryOptions

    func run() async throws {
        try await repository.withBackend { backend in
            try await backend.wipe(repository.name, CallContext())
            repository.print("dropped")
        }
    }
}

struct CallFlush: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flush", abstract: "Make sure that everything is on disk.")

    @OptionGroup var repository: RepositoryOptions

    @Flag(help: "Give the space of removed items back.")
    var compact = false

    func run() async throws {
        try await repository.withBackend { backend in
            try await backend.flush(repository.name, compact: compact, CallContext())
            repository.print(compact ? "flushed and compacted" : "flushed")
        }
    }
}

struct CallSnapshot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Write a repository to a file.",
        discussion: "The file appears whole or not at all. `restore` makes a repository from it.")

    @OptionGroup var repository: RepositoryOptions

    @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
    var to: String

    func validate() throws {
        if to.isEmpty { throw ValidationError("--to names no file") }
    }

    func run() async throws {
        let path = try Self.absolute(to)
        try await repository.withBackend { backend in
            try await backend.snapshot(repository.name, to: path, CallContext())
            repository.print("written to \(path)")
        }
    }

    /// The file need not exist, so links are not resolved.
    private static func absolute(_ path: String) throws(PluginError) -> String {
        path.hasPrefix("/") ? path : "\(try InputFile.resolved("."))/\(path)"
    }
}

struct CallRestore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a repository from a file of `snapshot`.")

    @OptionGroup var repository: RepositoryOptions

    @Option(help: ArgumentHelp("The file.", valueName: "file"))
    var from: String

    @Flag(help: "Replace the repository if it exists.")
    var replace = false

    func run() async throws {
        let path = try InputFile.resolved(from)
        repository.noteWithoutData()
        try await repository.withBackend { backend in
            repository.print(
                try await backend.restore(repository.name, from: path, replacing: replace, CallContext()))
        }
    }
}
