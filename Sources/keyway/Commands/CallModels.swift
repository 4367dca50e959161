internal import ArgumentParser
internal import PluginHost

struct CallModels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List the models, the default first.")

    @OptionGroup var adapter: AdapterOptions

    func run() async throws {
        try await adapter.withPlugin { plugin in
            let models = try await plugin.requiredModelProvider().models(CallContext())
            if adapter.output.json {
                Console.print(json: ["models": .array(models.map(\.json))])
            } else {
                let rows = models.map { model in
                    [
                        model.id, model.contextTokens.map { "\($0) tokens" } ?? "",
                        model.featureNames.joined(separator: ", "), model.description ?? "",
                    ]
                }
                for line in TextTable.lines(rows) { Console.print(line) }
                if models.isEmpty { Console.print("No models.") }
            }
        }
    }
}

struct CallPrewarm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prewarm", abstract: "Load what a request will need.",
        discussion: """
            A hint for a server's next request; here it shows whether and how fast a provider does it. It may do nothing.
            """)

    @OptionGroup var adapter: AdapterOptions
    @OptionGroup var input: ModelRequestOptions

    func validate() throws {
        if input.count != 1 { throw ValidationError("give either --prompt or --request") }
    }

    func run() async throws {
        let request = try input.modelRequest()
        try await adapter.withPlugin { plugin in
            let provider = try plugin.requiredModelProvider()
            let clock = ContinuousClock()
            let began = clock.now
            try await provider.prewarm(request, CallContext())
            let duration = clock.now - began
            if adapter.output.json {
                Console.print(json: ["durationMs": .double(duration.milliseconds)])
            } else {
                Console.print("done in \(duration.short)")
            }
        }
    }
}

struct CallCountTokens: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count-tokens", abstract: "Count the tokens of texts, or of a request.",
        discussion: "An embedder counts each --text, a model provider a whole --prompt or --request.")

    @OptionGroup var adapter: AdapterOptions
    @OptionGroup var input: ModelRequestOptions

    @Option(
        name: .customLong("text"), parsing: .upToNextOption,
        help: ArgumentHelp("Texts for an embedder.", valueName: "text"))
    var texts: [String] = []

    func validate() throws {
        if input.count + (texts.isEmpty ? 0 : 1) != 1 {
            throw ValidationError("give either --text, or --prompt or --request")
        }
    }

    func run() async throws {
        guard texts.isEmpty else {
            return try await adapter.withPlugin { plugin in
                let counts = try await plugin.requiredEmbedder().countTokens(texts, CallContext())
                if adapter.output.json {
                    Console.print(json: ["tokens": .array(counts.map { .int(Int64($0)) })])
                } else {
                    for count in counts { Console.print("\(count)") }
                }
            }
        }
        let request = try input.modelRequest()
        try await adapter.withPlugin { plugin in
            let count = try await plugin.requiredModelProvider().countTokens(request, CallContext())
            if adapter.output.json {
                Console.print(json: ["tokens": .int(Int64(count.tokens)), "estimated": .bool(count.isEstimated)])
            } else {
                Console.print("\(count.tokens)\(count.isEstimated ? " (estimated)" : "")")
            }
        }
    }
}

extension Model {
    private static let names: [(feature: Features, name: String)] = [
        (.streaming, "streaming"), (.tools, "tools"), (.parallelTools, "parallelTools"), (.json, "json"),
        (.jsonSchema, "jsonSchema"), (.imagesIn, "imagesIn"), (.audioIn, "audioIn"), (.reasoning, "reasoning"),
        (.seed, "seed"), (.deterministic, "deterministic"), (.grammar, "grammar"), (.logprobs, "logprobs"),
        (.choices, "choices"), (.promptCache, "promptCache"), (.providerTools, "providerTools"),
        (.countTokens, "countTokens"), (.conversation, "conversation"), (.continuation, "continuation"),
        (.videoIn, "videoIn"), (.filesIn, "filesIn"), (.imagesOut, "imagesOut"), (.audioOut, "audioOut"),
    ]

    fileprivate var featureNames: [String] { Self.names.filter { features.contains($0.feature) }.map(\.name) }

    fileprivate var json: JSON {
        [
            "id": .string(id), "description": .optional(description, JSON.string),
            "features": .array(featureNames.map(JSON.string)),
            "contextTokens": .optional(contextTokens) { .int(Int64($0)) },
            "maxOutputTokens": .optional(maxOutputTokens) { .int(Int64($0)) },
            "latency": .optional(latency) { .string($0.rawValue) },
            "prices": [
                "input": .optional(prices.input, JSON.double), "output": .optional(prices.output, JSON.double),
                "cacheRead": .optional(prices.cacheRead, JSON.double),
                "cacheWrite": .optional(prices.cacheWrite, JSON.double),
            ],
        ]
    }
}
