public import PluginSDK

/// `keyway.provider/1` without a model: answers with the sentences of the given passages that answer the question.
public struct ExtractiveProvider: ProviderPlugin {
    public static let description = PluginDescription(id: "extractive-provider", version: "0.1.0")

    private let settings: Settings

    public init(configuration: JSON, host: HostContext) throws(PluginError) {
        settings = try Settings(configuration)
    }

    public func health(_ call: borrowing PluginCall) throws(PluginError) -> Health {
        Health(
            .healthy, message: "ready; there is nothing outside this plugin to depend on",
            details: ["maxSentences": .int(Int64(settings.maxSentences))])
    }

    public func models(_ call: borrowing PluginCall) throws(PluginError) -> [Model] {
        [
            Model(
                id: RequestCheck.model, description: "quotes the sentences that answer, and cites them",
                features: [.streaming, .tools, .deterministic])
        ]
    }

    public func stream(
        _ request: ModelRequest, to output: borrowing ModelOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> ModelResponse {
        let warnings = try RequestCheck.warnings(request)
        let id = ResponseID.of(request)
        try output.started(id: id, model: RequestCheck.model)
        for warning in warnings { try call.warning(warning.feature, warning.message) }
        let answer = try Answerer(settings: settings).answer(request) { () throws(PluginError) in
            try call.checkCancellation()
        }
        var written = 0
        let stop: StopReason
        switch answer {
        case .toolCall(let call):
            try output.toolCall(call)
            written = TextPieces.count(call.arguments)
            stop = StopReason(.toolCalls)
        case .text(let versions):
            if request.toolChoice.demandsCall {
                try call.warning(
                    "toolChoice",
                    "no tool is called: only a command in backticks that the question asks to run leads to a call")
            }
            let limited = LimitedText(versions, stoppingAt: request.stop, maximum: request.maxOutputTokens)
            for piece in TextPieces(limited.text) {
                try output.text(String(piece))
                written += 1
            }
            stop = limited.stop
        }
        let input = RequestCheck.inputTokens(request)
        let usage = Usage(input: input, output: written, total: input + written, isEstimated: true)
        try output.usage(usage)
        return ModelResponse(
            id: id, model: RequestCheck.model, choices: [.init(parts: [], stop: stop)], usage: usage)
    }
}

extension ModelRequest.ToolChoice {
    fileprivate var demandsCall: Bool {
        switch self {
        case .required, .named: true
        case .auto, .none, .allowed: false
        }
    }
}
