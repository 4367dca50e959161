internal import ArgumentParser
internal import PluginHost

struct CallGenerate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Have a model answer.",
        discussion:
            "With --stream and --json, one JSON object a line; the last is \"completed\" with the whole response.")

    @OptionGroup var adapter: AdapterOptions

    @Option(help: ArgumentHelp("A user message; - is standard input.", valueName: "text"))
    var prompt: String?

    @Option(help: ArgumentHelp("A whole request as JSON; - is standard input.", valueName: "file"))
    var request: String?

    @Flag(help: "Print the answer as it comes.")
    var stream = false

    @Option(help: "Which model; the provider's default if not said.")
    var model: String?

    @Option(help: "Most tokens of the answer.")
    var maxTokens: Int?

    @Option(help: ArgumentHelp("Give up after so many milliseconds.", valueName: "ms"))
    var timeout: Double?

    func validate() throws {
        if (prompt == nil) == (request == nil) { throw ValidationError("give either --prompt or --request") }
        if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1") }
        if let timeout, !(timeout > 0 && timeout < 1e12) { throw ValidationError("--timeout must be positive") }
    }

    private func modelRequest() throws(PluginError) -> ModelRequest {
        var result: ModelRequest
        if let request {
            result = try ModelRequest(JSON(parsing: try InputFile.read(request), what: "the request (\(request))"))
        } else {
            let text = prompt == "-" ? String(decoding: try InputFile.read("-"), as: UTF8.self) : prompt ?? ""
            result = ModelRequest([Message(.user, text)])
        }
        if let model { result.model = model }
        if let maxTokens { result.maxOutputTokens = maxTokens }
        return result
    }

    func run() async throws {
        let request = try modelRequest()
        var context = CallContext()
        context.deadlines.total = timeout.map { .nanoseconds(Int64($0 * 1e6)) }
        try await adapter.withPlugin { plugin in
            let provider = try plugin.modelProvider.orMissing("model provider", in: plugin)
            guard stream else {
                let response = try await provider.generate(request, context)
                if adapter.output.json {
                    Console.print(json: response.json)
                } else {
                    Console.print(response.text.visibleLines)
                    for warning in response.warnings { Console.error("keyway: note: \(warning.message)") }
                }
                return
            }
            for try await event in try await provider.stream(request, context) {
                if adapter.output.json {
                    Console.print(event.json.text)
                } else if case .text(_, _, let text) = event {
                    Console.print(text.visibleLines, terminator: "")
                } else if case .completed = event {
                    Console.print("")
                }
            }
        }
    }
}
