internal import PluginSDK

/// The tokens of all text that came with a request. Exact, because this plugin says what a token is: ``TextPieces``.
enum RequestTokens {
    static func count(_ request: ModelRequest) -> Int { request.messages.reduce(0) { $0 + count($1.parts) } }

    private static func count(_ parts: [Part]) -> Int {
        parts.reduce(0) { sum, part in
            switch part {
            case .text(let text), .reasoning(let text, _), .refusal(let text): sum + TextPieces.count(text)
            case .toolResult(let result): sum + TextPieces.count(result.text) + count(result.parts)
            case .toolCall(let call): sum + TextPieces.count(call.arguments)
            case .citation(_, let quotation, _): sum + TextPieces.count(quotation)
            case .sealedReasoning, .media, .approvalRequest, .approval, .custom: sum
            }
        }
    }
}
