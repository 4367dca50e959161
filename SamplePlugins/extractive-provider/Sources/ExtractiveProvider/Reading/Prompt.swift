internal import PluginSDK

/// A request, taken apart: what is asked, what may be quoted, what a tool said.
struct Prompt: Equatable {
    struct ToolResult: Equatable {
        var text: String
        var isError: Bool
    }

    var question: String
    var passages: [Passage]
    /// What tools answered after the last user message.
    var toolResults: [ToolResult]
    /// The question came apart from all material, so that a command in it is the asker's own wish.
    var isQuestionApart: Bool

    /// - Throws: `invalidArgument` if no message is a user's.
    init(_ request: ModelRequest) throws(PluginError) {
        guard let last = request.messages.lastIndex(where: { $0.role == .user }) else {
            throw PluginError(
                .invalidArgument, "the request has no message of the user",
                remedy: "Send the question as the last part of a message with the role user")
        }
        let parts = request.messages[last].parts.compactMap { part in
            if case .text(let text) = part { text } else { nil }
        }
        if parts.count > 1 {
            question = Self.unlabelled(parts[parts.count - 1].trimmed)
            passages = parts.dropLast().map(Passage.init(part:))
            isQuestionApart = true
        } else {
            (question, passages, isQuestionApart) = Self.plain(parts.first ?? "")
        }
        toolResults = Self.results(request.messages[(last + 1)...])
    }

    /// Only what a conversation ends with counts: after an assistant's answer the results before it are old.
    private static func results(_ messages: ArraySlice<Message>) -> [ToolResult] {
        guard let last = messages.last, last.role == .tool || last.holdsToolResult else { return [] }
        return messages.flatMap { message in
            message.parts.compactMap { part in
                switch part {
                case .toolResult(let result): ToolResult(text: result.text, isError: result.isError)
                case .text(let text) where message.role == .tool: ToolResult(text: text, isError: false)
                default: nil
                }
            }
        }
    }

    /// A prompt of one part: the last question in it, else its last line, is what is asked, and the rest is material.
    private static func plain(_ text: String) -> (question: String, passages: [Passage], isApart: Bool) {
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.trimmed.isEmpty }
        guard let lastLine = lines.last else { return ("", [], false) }
        for line in lines.reversed() {
            let sentences = SentenceBoundaries.split(String(line))
            guard let index = sentences.lastIndex(where: Self.asks) else { continue }
            let question = sentences[index]
            let before = String(text[..<line.startIndex]) + sentences[..<index].joined(separator: " ")
            let after = sentences[(index + 1)...].joined(separator: " ") + String(text[line.endIndex...])
            // "Run it. What did it print?" is one wish of several sentences, if nothing else was pasted with it.
            let isAlone = lines.count == 1
            return (
                unlabelled(question.trimmed), isAlone && sentences.count == 1 ? [] : material(before, after), isAlone
            )
        }
        return (unlabelled(lastLine.trimmed), material(String(text[..<lastLine.startIndex]), ""), lines.count == 1)
    }

    private static func asks(_ sentence: String) -> Bool {
        let end = sentence.last { !$0.isWhitespace && !"\"')”’»*_".contains($0) }
        return end == "?" || end == "？" || end == "؟"
    }

    private static func material(_ pieces: String...) -> [Passage] {
        let text = pieces.filter { !$0.trimmed.isEmpty }.joined(separator: "\n")
        return text.isEmpty ? [] : [Passage(text: text)]
    }

    private static func unlabelled(_ text: Substring) -> String {
        for label in ["question:", "q:"] where text.lowercased().hasPrefix(label) {
            return String(text.dropFirst(label.count).trimmed)
        }
        return String(text)
    }
}

extension Message {
    fileprivate var holdsToolResult: Bool {
        parts.contains { part in
            if case .toolResult = part { true } else { false }
        }
    }
}
