/// A question as groups of terms: each of its words, with what else that may be called.
struct Question {
    struct Term: Equatable {
        var stem: UInt64
        /// 1 for the asker's own word, less for a related one.
        var weight: Float
    }

    /// A group counts once, with the best of its terms: a passage that uses three words for one thing does not answer
    /// three parts of the question.
    private(set) var groups: [[Term]] = []

    init(_ text: String, thesaurus: Thesaurus = .standard, relatedWeight: Float = 0.5) {
        let words = WordReader.words(of: text)
        var seen: Set<UInt64> = []
        for word in words where !StopWords.contains(Array(word.utf8)) {
            let stem = TermHash.of(Stemmer.stem(word))
            guard seen.insert(stem).inserted else { continue }
            let related = thesaurus.related(to: stem).map { Term(stem: $0.term, weight: relatedWeight * $0.weight) }
            groups.append([Term(stem: stem, weight: 1)] + related)
        }
        for (first, second) in zip(words, words.dropFirst()) {
            for head in thesaurus.heads(of: first, second) {
                // Two words that mean one are a clearer sign than a single word with many senses.
                let weight = relatedWeight * 1.5
                let related = thesaurus.related(to: head).map { Term(stem: $0.term, weight: weight * $0.weight) }
                groups.append([Term(stem: head, weight: weight)] + related)
            }
        }
    }
}
