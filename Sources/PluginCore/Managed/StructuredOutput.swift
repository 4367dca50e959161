/// JSON from models that have no mode for it: they are asked in words, and what they answer is checked.
struct StructuredOutput: Sendable {
    /// As it goes to the provider.
    let request: ModelRequest
    /// nil: nothing is emulated.
    private let warning: Warning?

    init(_ request: ModelRequest, _ model: Model?) {
        var request = request
        warning = Self.emulate(&request, model)
        self.request = request
    }

    private static func emulate(_ request: inout ModelRequest, _ model: Model?) -> Warning? {
        guard let model else { return nil }
        let instruction: String
        let feature: String
        switch request.output {
        case .text, .grammar: return nil
        case .json:
            guard model.features.isDisjoint(with: [.json, .jsonSchema]) else { return nil }
            feature = "output.json"
            instruction = "Answer with one JSON object and nothing else: no explanation, no code fence."
        case .schema(let schema, _, _):
            guard !model.features.contains(.jsonSchema) else { return nil }
            feature = "output.schema"
            instruction =
                "Answer with one JSON value and nothing else: no explanation, no code fence. It must conform to this JSON Schema: "
                + schema.text
            // A JSON mode is better than words alone.
            if model.features.contains(.json) {
                request.output = .json
                request.messages.insert(Message(.system, instruction), at: 0)
                return Warning(feature: feature, message: "\(model.id) knows no schema: it was asked for JSON in words")
            }
        }
        request.output = .text
        request.messages.insert(Message(.system, instruction), at: 0)
        return Warning(feature: feature, message: "\(model.id) has no such mode: it was asked for JSON in words")
    }

    /// The response with a warning, if its text is JSON.
    ///
    /// - Parameter isContentShown: the text went out as events already, so it stays as it is; else a code fence around
    ///   the JSON is taken away.
    /// - Throws: `validation`, with the response as `partial`.
    func checked(
        _ response: ModelResponse, plugin: String, isContentShown: Bool = false
    ) throws(PluginError) -> ModelResponse {
        guard let warning else { return response }
        var response = response
        response.warnings.append(warning)
        for index in response.choices.indices {
            let choice = response.choices[index]
            let text = choice.parts.reduce(into: "") { text, part in
                if case .text(let piece) = part { text += piece }
            }
            // An answer of tool calls has no text yet, a refusal never will.
            if text.isEmpty, !choice.parts.isEmpty { continue }
            let body = Self.withoutFence(text)
            guard (try? JSON(parsing: body, what: "the answer")) != nil else {
                var error = PluginError(
                    .validation, "the model's answer is no JSON",
                    remedy: "Ask again, or use a model that has a JSON mode", plugin: plugin, stage: .call,
                    operation: "provider.generate", retryable: true)
                error.partial = response
                throw error
            }
            if !isContentShown, body != text {
                response.choices[index].parts =
                    [.text(body)] + choice.parts.filter { if case .text = $0 { false } else { true } }
            }
        }
        return response
    }

    /// What is between a leading line of three backquotes and a closing one.
    static func withoutFence(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.firstIndex(where: { !$0.allSatisfy(\.isWhitespace) }), lines[first].hasPrefix("```"),
            let last = lines.lastIndex(where: { !$0.allSatisfy(\.isWhitespace) }), last > first,
            lines[last].hasPrefix("```")
        else { return text }
        return lines[(first + 1)..<last].joined(separator: "\n")
    }
}
