internal import PluginSDK

/// What of a request this provider cannot do.
enum RequestCheck {
    static let model = "extractive-1"

    /// Refuses what could only be answered with something else than was asked for.
    static func refuseUnanswerable(_ request: ModelRequest) throws(PluginError) {
        if let name = request.model, !name.isEmpty, name != model {
            throw PluginError(
                .notFound, "there is no model \"\(name)\"",
                remedy: "Ask for \"\(model)\", or for no model in particular",
                facts: .names([name]))
        }
        switch request.output {
        case .text, .json: break
        // Who parses by a schema or a grammar would fail on quotations, or worse, not fail.
        case .schema: throw unsupported("answer by a schema", "Ask for the output format text or json")
        case .grammar: throw unsupported("answer by a grammar", "Ask for the output format text or json")
        }
        if !request.modalities.isEmpty, !request.modalities.contains("text") {
            throw unsupported(
                "answer with \(request.modalities.joined(separator: " or "))", "Ask for the modality text")
        }
        if request.conversation != nil {
            throw unsupported("keep conversations", "Send the messages themselves, and no conversation")
        }
        if request.continuation != nil {
            throw unsupported("go on with an answer that broke off", "Ask for the whole answer, without a continuation")
        }
    }

    private static func unsupported(_ what: String, _ remedy: String) -> PluginError {
        PluginError(.unsupported, "\(model) quotes text and cannot \(what)", remedy: remedy)
    }

    /// What is left aside although an answer is given, by the names of the request's fields.
    ///
    /// Nothing is said of what holds without any effort: a temperature of zero, a limit on several tool calls, a key that
    /// makes two requests one.
    static func warnings(_ request: ModelRequest) -> [Warning] {
        var warnings: [Warning] = []
        func warn(_ feature: String, if isAskedFor: Bool, _ message: String) {
            if isAskedFor { warnings.append(Warning(feature: feature, message: "\(feature): \(message)")) }
        }
        let notSampled = "it has no effect: nothing is sampled, and the answer is always the same"
        warn("choices", if: request.choices > 1, "\(request.choices) answers were asked for; there is only one to give")
        warn("temperature", if: request.temperature ?? 0 != 0, notSampled)
        warn("topP", if: request.topP != nil, notSampled)
        warn("topK", if: request.topK != nil, notSampled)
        warn("minP", if: request.minP != nil, notSampled)
        warn("presencePenalty", if: request.presencePenalty ?? 0 != 0, notSampled)
        warn("frequencyPenalty", if: request.frequencyPenalty ?? 0 != 0, notSampled)
        warn("repeatPenalty", if: request.repeatPenalty ?? 1 != 1, notSampled)
        warn("seed", if: request.seed != nil, notSampled)
        warn("logitBias", if: !request.logitBias.isEmpty, notSampled)
        warn("logprobs", if: request.logprobs != nil, "there are none: nothing is sampled")
        let reasoning = request.reasoning
        warn(
            "reasoning",
            if: reasoning?.effort ?? .none != .none || reasoning?.tokens ?? 0 != 0 || reasoning?.isShown == true,
            "there is none before the answer")
        let isDirect = "it has no effect: there is no service behind this provider"
        warn("cacheKey", if: request.cacheKey != nil, isDirect)
        warn("serviceTier", if: request.serviceTier != nil, isDirect)
        warn("user", if: request.user != nil, isDirect)
        warn("headers", if: !request.headers.isEmpty, isDirect)
        warn("metadata", if: request.metadata.objectValue?.isEmpty == false, isDirect)
        warn("includesRaw", if: request.includesRaw, isDirect)
        warn("extra", if: request.extra.objectValue?.isEmpty == false, "this provider has no settings of its own")
        warn("modalities", if: request.modalities.contains { $0 != "text" }, "the answer is text and nothing else")
        warn(
            "tools", if: request.toolChoice != .none && request.tools.contains { $0.name != CommandRequest.toolName },
            "only the tool \(CommandRequest.toolName) is ever called")
        return warnings + messageWarnings(request)
    }

    private static func messageWarnings(_ request: ModelRequest) -> [Warning] {
        var features: [(String, String)] = []
        let lastUser = request.messages.last { $0.role == .user }
        if lastUser?.parts.contains(where: isUnreadable) == true { features.append(("parts", "only text is read")) }
        if request.messages.contains(where: \.hasResultOfParts) {
            features.append(("toolResults", "only their text is read"))
        }
        if request.messages.contains(where: { $0.name != nil }) {
            features.append(("names", "who wrote a message makes no difference"))
        }
        if request.messages.contains(where: { !$0.cacheBreakpoints.isEmpty }) {
            features.append(("cacheBreakpoints", "they have no effect: nothing is cached"))
        }
        return features.map { Warning(feature: "messages.\($0)", message: "messages.\($0): \($1)") }
    }

    private static func isUnreadable(_ part: Part) -> Bool {
        switch part {
        case .text: false
        default: true
        }
    }
}

extension Message {
    fileprivate var hasResultOfParts: Bool {
        parts.contains { part in
            if case .toolResult(let result) = part { !result.parts.isEmpty } else { false }
        }
    }
}
