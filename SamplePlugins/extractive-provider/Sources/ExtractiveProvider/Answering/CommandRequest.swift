internal import PluginSDK

/// A command that a question asks to run, as in: Run `git log -1` and tell me who wrote it.
///
/// Only the question is read, never the material, and only plain wishes count: "How do I run `make`?" asks for words.
struct CommandRequest: Equatable {
    static let toolName = "run_command"

    var arguments: [String]

    /// nil if the question asks for no command, or for one whose quotes do not close.
    init?(question: String) {
        var rest = question[...]
        var before = ""
        while let open = rest.firstIndex(of: "`") {
            before += rest[..<open]
            let inside = rest[rest.index(after: open)...]
            guard let close = inside.firstIndex(of: "`") else { return nil }
            let after = inside[inside.index(after: close)...]
            if Self.wantsRun(before: before, after: after) {
                guard let arguments = Self.split(inside[..<close]), !arguments.isEmpty else { return nil }
                self.arguments = arguments
                return
            }
            before += " code "
            rest = after
        }
        return nil
    }

    /// The tool call, whose arguments are `{"argv": [...]}`.
    var call: ToolCall {
        let argv = JSON.array(arguments.map(JSON.string))
        return ToolCall(id: "call-1", name: Self.toolName, arguments: JSON.object(["argv": argv]).text, index: 0)
    }

    /// What a question is about beside its command: the words outside backticks and the verbs of running.
    static func topic(of question: String) -> String {
        let outside = question.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined(separator: " ")
        return outside.split(whereSeparator: \.isWhitespace)
            .filter { !["run", "execute", "command", "output"].contains($0.lowercased()) }.joined(separator: " ")
    }

    // MARK: what is a wish

    private static let softeners: Set<String> = [
        "please", "kindly", "just", "now", "then", "and", "first", "next", "also", "finally", "so", "ok", "okay", "hi",
        "hello", "hey",
    ]
    private static let openings: Set<String> = [
        "", "can you", "could you", "would you", "will you", "i want you to", "i need you to", "i would like you to",
        "i'd like you to", "lets", "let's", "let us",
    ]
    private static let reports: Set<String> = [
        "what is the output of", "what's the output of", "what is the result of", "what's the result of",
        "show the output of", "show me the output of", "tell me the output of", "give me the output of",
        "print the output of", "quote the output of",
    ]
    private static let fillers: Set<String> = ["the", "this", "command", "following", "shell", "for", "me", "running"]
    private static let printing: Set<String> = [
        "print", "prints", "output", "outputs", "say", "says", "return", "returns", "show", "shows", "display",
        "displays", "report", "reports", "write", "writes",
    ]

    private static func wantsRun(before: String, after: Substring) -> Bool {
        // The clause that leads to the command: from the last mark that ends one.
        let clause =
            before.lastIndex { ".!?;:\n".contains($0) }.map { before[before.index(after: $0)...] } ?? before[...]
        var words = clause.lowercased().split { !($0.isLetter || $0 == "'" || $0 == "’") }
            .map { $0.map { $0 == "’" ? "'" : String($0) }.joined() }
        while let last = words.last, fillers.contains(last) { words.removeLast() }
        let asked = words.filter { !softeners.contains($0) }
        if let verb = asked.last, verb == "run" || verb == "execute" {
            return openings.contains(asked.dropLast().joined(separator: " "))
        }
        if reports.contains(asked.joined(separator: " ")) { return true }
        let follower = after.drop { $0.isWhitespace }.prefix { $0.isLetter }.lowercased()
        let question = asked.joined(separator: " ")
        return (question == "what does" || question == "what do") && printing.contains(follower)
    }

    // MARK: words of the command

    /// Words apart at spaces; quotes keep spaces, and a backslash keeps the next character where no single quote does.
    /// Nothing else means anything: no shell reads the command.
    private static func split(_ command: Substring) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var characters = command.makeIterator()
        while let character = characters.next() {
            if character == "\\", quote != "'" {
                guard let next = characters.next() else { return nil }
                word = (word ?? "") + String(next)
            } else if let open = quote {
                if character == open { quote = nil } else { word?.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        if let done = word { words.append(done) }
        return words
    }
}
