internal import ArgumentParser
internal import PluginHost

struct CallGenerate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Have a model answer.",
        discussion:
            "With --stream and --json, one JSON object a line; the last is \"completed\" with the whole response.")

    @OptionGroup var adapter: AdapterOptions
    @OptionGroup var input: ModelRequestOptions

    @Flag(help: "Print the answer as it comes.")
    var stream = false

    @Option(help: "Most tokens of the answer.")
    var maxTokens: Int?

    @Option(help: ArgumentHelp("Give up after so many milliseconds.", valueName: "ms"))
    var timeout: Double?

    func validate() throws {
        if input.count != 1 { throw ValidationError("give either --prompt or --request") }
        if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1") }
        if let timeout, !(timeout > 0 && timeout < 1e12) { throw ValidationError("--timeout must be positive") }
    }

    func run() async throws {
        var request = try input.modelRequest()
        if let maxTokens { request.maxOutputTokens = maxTokens }
        var context = CallContext()
        context.deadlines.total = timeout.map { .nanoseconds(Int64($0 * 1e6)) }
        try await adapter.withPlugin { [request, context] plugin in
            let provider = try plugin.requiredModelProvider()
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
