internal import ArgumentParser
internal import PluginHost

struct CallUpsert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upsert", abstract: "Store vectors.",
        discussion: """
            Each line of the file is one item: {"id": "a", "vector": [0.1, 0.2], "metadata": {"type": "guide"}, "text": "..."}. \
            metadata and text may be left out. The repository is made if there is none. All items are written, or none; more of \
            them than the plugin takes at a time are written part by part.
            """)

    @OptionGroup var repository: RepositoryOptions

    @Option(help: ArgumentHelp("A file of items, one JSON object a line; - is standard input.", valueName: "file"))
    var items: String

    func run() async throws {
        let batch = try ItemLines.read(items)
        repository.noteWithoutData()
        try await repository.withBackend { backend in
            let count = try await backend.upsert(batch, into: repository.name, CallContext()).count
            repository.print(count: count, "written to")
        }
    }
}

struct CallQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Find the nearest vectors.",
        discussion: """
            A filter names members of the items' metadata: {"type": "guide", "year": {"ge": 2020}}. Operators: eq, ne, lt, le, \
            gt, ge, in, notIn, between, exists, isNull, isEmpty, prefix, contains, match, allOf, size, geoRadius; {"and": []}, \
            {"or": []} and {"not": {}} combine.
            """)

    @OptionGroup var repository: RepositoryOptions

    @Option(help: ArgumentHelp("The vector: a JSON array, or @FILE.", valueName: "json"))
    var vector: String

    @Option(help: "How many hits.")
    var topK = 10

    @Option(help: ArgumentHelp("Which items: a JSON object, or @FILE.", valueName: "json"))
    var filter: String?

    func validate() throws {
        if topK < 0 || topK > 1_000_000 { throw ValidationError("--top-k must be from 0 to 1000000") }
    }

    func run() async throws {
        let values = try ItemLines.vector(try JSONOption.parse(vector, what: "the vector"), what: "the vector")
        let query = VectorQuery(values, topK: topK, filter: try JSONOption.filter(filter))
        try await repository.withBackend { backend in
            let result = try await backend.query([query], in: repository.name, CallContext())[0]
            if repository.adapter.output.json {
                Console.print(json: [
                    "hits": .array(
                        result.hits.map { hit in
                            [
                                "id": .string(hit.id), "score": .double(hit.score), "distance": .double(hit.distance),
                                "metadata": hit.metadata, "text": .optional(hit.text, JSON.string),
                            ]
                        }),
                    "exact": .bool(result.isExact), "complete": .bool(result.isComplete),
                    "scanned": .int(Int64(result.scanned)),
                ])
            } else {
                let rows = result.hits.map { [$0.id, "\($0.score.rounded(to: 4))", $0.text ?? ""] }
                for line in TextTable.lines(rows) { Console.print(line) }
                if result.hits.isEmpty { Console.print("No hits.") }
            }
        }
    }
}
