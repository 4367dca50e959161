/// English word forms to a common stem, so that "configured" and "configuration" meet.
///
/// The rules over-stem rather than under-stem: for retrieval a missed match costs more than a stray one, which the other
/// words of the question outvote. They are those of the sample plugin `hash-embedder`.
enum Stemmer {
    private struct Rule: Sendable {
        var suffix: [UInt8]
        var replacement: [UInt8]

        init(_ suffix: StaticString, _ replacement: StaticString = "") {
            self.suffix = Array(suffix.description.utf8)
            self.replacement = Array(replacement.description.utf8)
        }
    }

    /// The first rule whose suffix fits and leaves three letters with a vowel among them is applied.
    private static let derivations: [Rule] = [
        Rule("ization", "ize"), Rule("isation", "ize"), Rule("ation", "ate"), Rule("fulness", "ful"),
        Rule("iveness", "ive"), Rule("ically", "ic"), Rule("ement", "e"), Rule("ibility", "ible"),
        Rule("ability", "able"), Rule("ably", "able"), Rule("ibly", "ible"), Rule("ness"), Rule("ment"),
        Rule("ally", "al"), Rule("edly"), Rule("ingly"), Rule("ily", "y"), Rule("ly"), Rule("tion", "t"),
        Rule("sion", "s"), Rule("ance"), Rule("ence"), Rule("able"), Rule("ible"), Rule("iser", "ize"),
        Rule("ise", "ize"),
    ]

    /// Then the first of these that leaves four letters; a final e only needs three.
    private static let endings: [Rule] = [
        Rule("ator"), Rule("ate"), Rule("ize"), Rule("er"), Rule("or"), Rule("ive"), Rule("al"), Rule("ful"),
        Rule("ic"), Rule("e"),
    ]

    /// Stems a lowercase word in place. Words that are short, begin with a digit or hold anything but ASCII stay.
    static func stem(_ word: inout [UInt8]) {
        guard word.count >= 4, !isDigit(word[0]), word.allSatisfy({ $0 < 0x80 }) else { return }
        stripPlural(&word)
        stripTense(&word)
        if let rule = derivations.first(where: { ends(word, $0.suffix) && canLose($0.suffix.count, of: word) }) {
            word.removeLast(rule.suffix.count)
            word.append(contentsOf: rule.replacement)
        }
        if let rule = endings.first(where: {
            ends(word, $0.suffix) && word.count >= $0.suffix.count + ($0.suffix.count == 1 ? 3 : 4)
        }) {
            word.removeLast(rule.suffix.count)
        }
        if word.count > 3, word.last == UInt8(ascii: "y") {
            word[word.count - 1] = UInt8(ascii: "i")
        }
        // Only letters: "w100" is not "w1000".
        if word.count > 4, let last = word.last, last == word[word.count - 2], last >= UInt8(ascii: "a") {
            word.removeLast()
        }
    }

    static func stem(_ word: String) -> [UInt8] {
        var bytes = Array(word.utf8)
        stem(&bytes)
        return bytes
    }

    private static func stripPlural(_ word: inout [UInt8]) {
        if ends(word, "ies"), word.count > 4 {
            word.removeLast(3)
            word.append(UInt8(ascii: "y"))
        } else if ends(word, "sses") || ends(word, "shes") || ends(word, "ches") || ends(word, "xes")
            || ends(word, "zes")
        {
            word.removeLast(2)
        } else if ends(word, "s"), !ends(word, "ss"), !ends(word, "us"), !ends(word, "is") {
            word.removeLast()
        }
    }

    private static func stripTense(_ word: inout [UInt8]) {
        if ends(word, "ing"), canLose(3, of: word) {
            word.removeLast(3)
        } else if ends(word, "ed"), canLose(2, of: word) {
            word.removeLast(2)
        } else {
            return
        }
        if let last = word.last, last == word[word.count - 2], !"lsz".utf8.contains(last) {
            word.removeLast()
        }
    }

    private static func ends(_ word: [UInt8], _ suffix: StaticString) -> Bool {
        ends(word, Array(suffix.description.utf8))
    }

    private static func ends(_ word: [UInt8], _ suffix: [UInt8]) -> Bool {
        guard word.count >= suffix.count else { return false }
        let offset = word.count - suffix.count
        for index in suffix.indices where word[offset + index] != suffix[index] {
            return false
        }
        return true
    }

    private static func canLose(_ count: Int, of word: [UInt8]) -> Bool {
        word.count >= count + 3 && word.prefix(word.count - count).contains { "aeiouy".utf8.contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
