internal import PluginSDK

/// What of a request this provider cannot do.
enum RequestCheck {
    static let model = "extractive-1"

    /// - Throws: what would give an answer of another kind than the one that was asked for.
    /// - Returns: what is left aside although an answer is given.
    static func warnings(_ request: ModelRequest) throws(PluginError) -> [Warning] {
        if let name = request.model, !name.isEmpty, name != model {
            throw PluginError(
                .notFound, "there is no model \"\(name)\"",
                remedy: "Ask for \"\(model)\", or for no model in particular",
                facts: .names([name]))
        }
        // A reader of JSON would fail on quotations, or worse, not fail.
        guard request.output == .text else {
            throw PluginError(
                .unsupported, "\(model) quotes text and cannot answer in JSON",
                remedy: "Ask for the output format text, or choose a provider whose models have the feature json")
        }
        var warnings: [Warning] = []
        func warn(_ feature: String, _ message: String) { warnings.append(Warning(feature: feature, message: message)) }
        if request.choices > 1 {
            warn("choices", "\(request.choices) answers were asked for; there is only one to give")
        }
        // A temperature of zero asks for what this provider does anyway, and so does a seed.
        if let temperature = request.temperature, temperature != 0 {
            warn("temperature", "it has no effect: the answer is always the same")
        }
        if request.topP != nil { warn("topP", "it has no effect: nothing is sampled") }
        if request.topK != nil { warn("topK", "it has no effect: nothing is sampled") }
        if request.extra.objectValue?.isEmpty == false { warn("extra", "this provider has no settings of its own") }
        let lastUser = request.messages.last { $0.role == .user }
        if lastUser?.parts.contains(where: isUnreadable) == true { warn("parts", "only text parts are read") }
        return warnings
    }

    private static func isUnreadable(_ part: Part) -> Bool {
        switch part {
        case .text: false
        default: true
        }
    }

    /// The tokens of all text that came with the request.
    static func inputTokens(_ request: ModelRequest) -> Int {
        request.messages.reduce(0) { count, message in
            message.parts.reduce(count) { count, part in
                switch part {
                case .text(let text), .reasoning(let text, _), .refusal(let text): count + TextPieces.count(text)
                case .toolResult(let result): count + TextPieces.count(result.text)
                case .toolCall(let call): count + TextPieces.count(call.arguments)
                default: count
                }
            }
        }
    }
}
