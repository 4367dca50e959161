/// What a question asks for, as terms with numbers and as a kind.
struct Question {
    enum Kind {
        case definition, number, procedure, reason, other
    }

    /// Two terms, whichever comes first.
    struct Pair: Hashable {
        let lower: Int
        let upper: Int

        init(_ one: Int, _ other: Int) {
            lower = min(one, other)
            upper = max(one, other)
        }
    }

    /// What is longer than this is no question but a text; its first terms stand for it.
    private static let longest = 64

    /// Stems of the words that carry its topic, each once, in its order.
    let terms: [String]
    let index: [String: Int]
    /// Terms that follow each other in the question: a sentence with both side by side means the same thing.
    let pairs: Set<Pair>
    let kind: Kind

    init(_ text: String) {
        let words = Words.of(text)
        var terms: [String] = []
        var index: [String: Int] = [:]
        var pairs: Set<Pair> = []
        var previous: Int?
        for word in words {
            guard !word.isStopWord, terms.count < Self.longest else {
                previous = nil
                continue
            }
            let number = index[word.stem] ?? terms.count
            if number == terms.count {
                terms.append(word.stem)
                index[word.stem] = number
            }
            if let previous, previous != number { pairs.insert(Pair(previous, number)) }
            previous = number
        }
        self.terms = terms
        self.index = index
        self.pairs = pairs
        kind = Self.kind(text.lowercased(), terms: terms.count)
    }

    private static func kind(_ text: String, terms: Int) -> Kind {
        let numbers = [
            "how many", "how much", "how long", "how often", "how large", "how big", "when ", "which port",
            "what port", "which version", "what version", "timeout", "limit", "default", "wie viel", "wie lange",
        ]
        let procedures = ["how do", "how can", "how to", "how should", "how would", "wie kann", "wie mache"]
        let definitions = ["what is", "what are", "what's", "who is", "what does", "was ist", "wer ist"]
        if text.hasPrefix("why ") || text.contains(" why ") { return .reason }
        if numbers.contains(where: text.contains) { return .number }
        if procedures.contains(where: text.contains) { return .procedure }
        if terms <= 4, definitions.contains(where: text.hasPrefix) { return .definition }
        return .other
    }
}
