internal import ArgumentParser
internal import PluginHost

struct CallEmbed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "embed", abstract: "Embed texts.")

    @OptionGroup var adapter: AdapterOptions

    @Option(
        name: .customLong("text"), parsing: .upToNextOption, help: ArgumentHelp("Texts to embed.", valueName: "text"))
    var texts: [String]

    @Option(
        help: ArgumentHelp(
            "What the vectors are for: \(EmbedTask.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "task"),
        transform: { text in
            guard let task = EmbedTask(rawValue: text) else {
                throw ValidationError("it is one of \(EmbedTask.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return task
        })
    var task: EmbedTask = .unspecified

    @Option(help: "Elements of a vector; the embedder's own number by default.")
    var dims: Int?

    func validate() throws {
        if let dims, dims < 1 { throw ValidationError("--dims must be at least 1") }
    }

    func run() async throws {
        try await adapter.withPlugin { plugin in
            let embedder = try plugin.requiredEmbedder()
            let info = try await embedder.info(CallContext())
            let columns = dims ?? info.dims
            guard columns <= 1 << 20 else {
                throw PluginError(
                    .dimensionMismatch, "\(embedder.id) does not offer \(columns) dimensions",
                    remedy: "Ask for \(info.dims)", facts: .dimensions(expected: info.dims, actual: columns),
                    plugin: embedder.id, stage: .call, operation: "embedder.embed")
            }
            let result = try await embedder.embed(EmbedRequest(texts, task: task), dims: columns)
            let rows = (0..<result.matrix.rows).map { result.matrix.row($0) }
            let report = result.report
            if adapter.output.json {
                Console.print(json: [
                    "model": .string(info.id), "dims": .int(Int64(columns)),
                    "vectors": .array(rows.map { .array($0.map { .double(Double($0)) }) }),
                    "tokens": .array(report.tokens.map { .int(Int64($0)) }),
                    "truncated": .array(report.truncated.map { .int(Int64($0)) }),
                    "usage": ["input": .optional(report.totalTokens) { .int(Int64($0)) }],
                ])
            } else {
                Console.print("\(info.model) (\(info.id)), \(columns) dimensions")
                for row in rows {
                    let shown = row.prefix(8).map { "\(Double($0).rounded(to: 4))" }.joined(separator: " ")
                    Console.print(columns > 8 ? "\(shown) ..." : shown)
                }
            }
        }
    }
}
