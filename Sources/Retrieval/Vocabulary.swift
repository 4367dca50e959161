/// Numbers for terms, in the order they were first seen.
///
/// Words repeat, so a word's stem is looked up rather than computed: of each spelling only the first costs the stemmer.
struct Vocabulary: Sendable {
    private(set) var count = 0
    private var termOfWord: [UInt64: Int32] = [:]
    private var termOfStem: [UInt64: Int32] = [:]

    private static let stopWord: Int32 = -1

    init() {
        termOfWord.reserveCapacity(16384)
        termOfStem.reserveCapacity(16384)
    }

    /// Appends the terms of a text, stop words left out.
    mutating func append(_ text: String, to terms: inout [Int32]) {
        WordReader.read(text.utf8.span) { word in
            let number = number(of: word)
            if number != Self.stopWord {
                terms.append(number)
            }
        }
    }

    /// The number of a stem that was seen, or nil.
    func number(ofStem stem: UInt64) -> Int? {
        termOfStem[stem].map(Int.init)
    }

    private mutating func number(of word: [UInt8]) -> Int32 {
        let spelling = TermHash.of(word)
        if let known = termOfWord[spelling] { return known }
        var number = Self.stopWord
        if !StopWords.contains(word) {
            var stem = word
            Stemmer.stem(&stem)
            let hash = TermHash.of(stem)
            number = termOfStem[hash] ?? Int32(count)
            if Int(number) == count {
                termOfStem[hash] = number
                count += 1
            }
        }
        termOfWord[spelling] = number
        return number
    }
}
