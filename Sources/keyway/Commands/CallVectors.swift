internal import ArgumentParser
internal import PluginHost

struct CallUpsert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upsert", abstract: "Store vectors.",
        discussion: """
            Each line of the file is one item: {"id": "a", "vector": [0.1, 0.2], "metadata": {"type": "guide"}, "text": "..."}. \
            metadata and text may be left out. All items are written, or none.
            """)

    @OptionGroup var adapter: AdapterOptions

    @Option(help: ArgumentHelp("The repository; made if there is none.", valueName: "name"))
    var repo: String

    @Option(help: ArgumentHelp("A file of items, one JSON object a line; - is standard input.", valueName: "file"))
    var items: String

    func run() async throws {
        let batch = try ItemLines.read(items)
        if adapter.data == nil {
            Console.error("keyway: note: without --data the items are gone when this command ends.")
        }
        try await adapter.withPlugin { plugin in
            let backend = try plugin.vectorBackend.orMissing("vector backend", in: plugin)
            let count = try await backend.upsert(batch, into: repo, CallContext()).count
            if adapter.output.json {
                Console.print(json: ["repo": .string(repo), "count": .int(Int64(count))])
            } else {
                Console.print("\(count) items written to \(repo)")
            }
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

    @OptionGroup var adapter: AdapterOptions

    @Option(help: ArgumentHelp("The repository.", valueName: "name"))
    var repo: String

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
        let json = try JSONOption.parse(vector, what: "the vector")
        let values = try ItemLines.vector(json, what: "the vector")
        let filter = try self.filter.map { text throws(PluginError) in
            try Filter(JSONOption.parse(text, what: "the filter"))
        }
        try await adapter.withPlugin { plugin in
            let backend = try plugin.vectorBackend.orMissing("vector backend", in: plugin)
            let query = VectorQuery(values, topK: topK, filter: filter ?? .all)
            let result = try await backend.query([query], in: repo, CallContext())[0]
            if adapter.output.json {
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

/// The JSON lines form of vector items.
enum ItemLines {
    private static let members: Set<String> = ["id", "vector", "metadata", "text"]

    static func read(_ file: String) throws(PluginError) -> VectorBatch {
        let bytes = try InputFile.read(file)
        var ids: [String] = []
        var rows: [[Float]] = []
        var texts: [String] = []
        var metadata: [JSON] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { !" \t\r".utf8.contains($0) }) else { continue }
            let place = "\(file):\(index + 1)"
            let item = try JSON(parsing: line, what: place)
            if let unknown = item.objectValue?.keys.sorted().first(where: { !members.contains($0) }) {
                throw invalid("\(place) has a member \"\(unknown)\", which is none of an item", "/\(unknown)")
            }
            guard let id = item["id"]?.stringValue, !id.isEmpty else {
                throw invalid("\(place) has no \"id\", or one that is no string", "/id")
            }
            guard let vector = item["vector"] else { throw invalid("\(place) has no \"vector\"", "/vector") }
            let row = try self.vector(vector, what: "the vector at \(place)")
            if let first = rows.first, first.count != row.count {
                throw PluginError(
                    .dimensionMismatch,
                    "\(place) has a vector of \(row.count) elements, those before it have \(first.count)",
                    remedy: "Give all items vectors of one length",
                    facts: .dimensions(expected: first.count, actual: row.count))
            }
            switch item["metadata"] ?? .null {
            case .null: metadata.append(.null)
            case .object(let members): metadata.append(.object(members))
            default: throw invalid("\(place) has \"metadata\" that is no object", "/metadata")
            }
            switch item["text"] ?? .null {
            case .null: texts.append("")
            case .string(let text): texts.append(text)
            default: throw invalid("\(place) has \"text\" that is no string", "/text")
            }
            ids.append(id)
            rows.append(row)
        }
        guard let dims = rows.first?.count else {
            throw PluginError(.invalidArgument, "\(file) has no items", remedy: "Write one JSON object a line")
        }
        var matrix = Matrix(rows: rows.count, dims: dims)
        for (index, row) in rows.enumerated() { matrix.setRow(index, row) }
        return VectorBatch(ids: ids, matrix: matrix, texts: texts, metadata: metadata)
    }

    static func vector(_ json: JSON, what: String) throws(PluginError) -> [Float] {
        guard let elements = json.arrayValue, !elements.isEmpty else {
            throw invalid("\(what) is no array of numbers, or an empty one", "")
        }
        var values: [Float] = []
        values.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard let value = element.doubleValue, Float(value).isFinite else {
                throw invalid("\(what) has an element that is no number a vector can hold", "/\(index)")
            }
            values.append(Float(value))
        }
        return values
    }

    private static func invalid(_ what: String, _ pointer: String) -> PluginError {
        PluginError(
            .invalidArgument, what, remedy: "Write for example {\"id\": \"a\", \"vector\": [0.1, 0.2]}",
            facts: .pointer(pointer))
    }
}
