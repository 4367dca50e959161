public import PluginSDK

/// `keyway.provider/1` without a model: answers with the sentences of the given passages that answer the question.
public struct ExtractiveProvider: ProviderPlugin, RequestTokenCounting {
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
                features: [.streaming, .tools, .json, .deterministic, .countTokens])
        ]
    }

    public func stream(
        _ request: ModelRequest, to output: borrowing ModelOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> ModelResponse {
        try RequestCheck.refuseUnanswerable(request)
        let id = ResponseID.of(request)
        try output.started(id: id, model: RequestCheck.model)
        for warning in RequestCheck.warnings(request) { try call.warning(warning.feature, warning.message) }
        let answer = try Answerer(settings: settings).answer(request) { () throws(PluginError) in
            try call.checkCancellation()
        }
        var written = 0
        let stop: StopReason
        switch answer {
        case .toolCall(let call):
            let size = TextPieces.count(call.arguments)
            // Half a command is none.
            if size <= request.maxOutputTokens ?? .max {
                try output.toolCall(call)
                written = size
                stop = StopReason(.toolCalls)
            } else {
                stop = LimitedText.lengthReached
            }
        case .text(let versions):
            if request.toolChoice.demandsCall {
                try call.warning(
                    "toolChoice",
                    "toolChoice: no tool is called; only a command in backticks that the question asks to run leads to a "
                        + "call")
            }
            let limited = LimitedText(
                request.output == .json ? versions.map(Self.json) : versions, stoppingAt: request.stop,
                maximum: request.maxOutputTokens)
            for piece in TextPieces(limited.text) {
                try output.text(String(piece))
                written += 1
            }
            stop = limited.stop
        }
        let input = RequestTokens.count(request)
        let usage = Usage(input: input, output: written, total: input + written)
        try output.usage(usage)
        return ModelResponse(
            id: id, model: RequestCheck.model, choices: [.init(parts: [], stop: stop)], usage: usage)
    }

    public func countTokens(
        _ request: ModelRequest, _ call: borrowing PluginCall
    ) throws(PluginError) -> TokenCount {
        TokenCount(RequestTokens.count(request))
    }

    private static func json(_ answer: String) -> String { JSON.object(["answer": .string(answer)]).text }
}

extension ModelRequest.ToolChoice {
    fileprivate var demandsCall: Bool {
        switch self {
        case .required, .named: true
        case .auto, .none, .allowed: false
        }
    }
}
