/// How an answer quotes: the words, then where they are from.
enum Quotation {
    static func of(_ sentence: Sentence, from passage: Passage) -> String {
        let citation = passage.number.map { " [\($0)]" } ?? ""
        guard sentence.kind == .code else {
            return "“\(sentence.text)”\(citation)"
        }
        let code = sentence.text
        guard code.contains(where: \.isNewline) || code.contains("`") else { return "`\(code.trimmed)`\(citation)" }
        return fenced(code) + (citation.isEmpty ? "" : "\n\(citation.dropFirst())")
    }

    /// Text that stands apart, line by line, whatever is in it.
    static func fenced(_ text: String) -> String {
        var (longest, run) = (2, 0)
        for character in text {
            run = character == "`" ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        return "\(fence)\n\(text)\n\(fence)"
    }
}
