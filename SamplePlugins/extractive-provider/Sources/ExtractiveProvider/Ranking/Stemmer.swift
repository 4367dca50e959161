/// Takes common English endings off a word, so that "configured" meets "configure".
///
/// It need not give words, only the same letters for related words. Words of other scripts stay as they are.
enum Stemmer {
    /// The first that fits is taken; what is left has at least three letters, one of them a vowel.
    private static let endings: [(ending: String, replacement: String)] = [
        ("izations", ""), ("ization", ""), ("isation", ""), ("ations", ""), ("ation", ""), ("ements", ""),
        ("ement", ""),
        ("ments", ""), ("ment", ""), ("nesses", ""), ("ness", ""), ("ingly", ""), ("edly", ""), ("ally", ""),
        ("ables", ""), ("able", ""), ("ibly", ""), ("ible", ""), ("izing", ""), ("ising", ""), ("ized", ""),
        ("ised", ""), ("izes", ""), ("ises", ""), ("izer", ""), ("ize", ""), ("ise", ""), ("ating", ""), ("ated", ""),
        ("ates", ""), ("ators", ""), ("ator", ""), ("ate", ""), ("tions", "t"), ("tion", "t"), ("sions", "s"),
        ("sion", "s"), ("ances", ""), ("ance", ""), ("ences", ""), ("ence", ""), ("ings", ""), ("ing", ""),
        ("iers", "y"), ("ier", "y"), ("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"),
        ("xes", "x"), ("ers", ""), ("ors", ""), ("er", ""), ("or", ""), ("ed", ""), ("ly", ""), ("es", ""), ("e", ""),
    ]

    /// - Parameter word: in lower case.
    static func stem(_ word: String) -> String {
        guard word.utf8.count >= 4, word.utf8.allSatisfy({ (0x61...0x7A).contains($0) }) else { return word }
        var stem = word
        if let rule = endings.first(where: { fits($0.ending, word) }) {
            stem.removeLast(rule.ending.utf8.count)
            stem += rule.replacement
        } else if word.hasSuffix("s"), !word.hasSuffix("ss"), !word.hasSuffix("us"), !word.hasSuffix("is") {
            stem.removeLast()
        }
        // "stopped" and "stop", "policy" and "policies".
        if stem.utf8.count > 3, let last = stem.utf8.last, stem.utf8.dropLast().last == last { stem.removeLast() }
        if stem.utf8.count > 2, stem.hasSuffix("y") {
            stem.removeLast()
            stem += "i"
        }
        return stem
    }

    private static func fits(_ ending: String, _ word: String) -> Bool {
        let count = word.utf8.count - ending.utf8.count
        return count >= 3 && word.hasSuffix(ending) && word.utf8.prefix(count).contains { "aeiouy".utf8.contains($0) }
    }
}
