/// A sentence of the material with what ranking knows of it.
struct Candidate {
    let sentence: Sentence
    /// Index of its passage.
    let passage: Int
    /// Place in the passage, from 0.
    let position: Int
    /// Which terms of the question it holds.
    let terms: Set<Int>
    /// How many pairs of the question's terms stand side by side in it.
    let pairs: Int
    /// Its words that carry a topic, each once, for telling near-duplicates.
    let words: Set<String>
    let wordCount: Int
    /// The first of its words that carry a topic.
    let firstTerm: Int?

    init(_ sentence: Sentence, passage: Int, position: Int, question: Question) {
        self.sentence = sentence
        self.passage = passage
        self.position = position
        let all = Words.of(sentence.text)
        wordCount = all.count
        var terms: Set<Int> = []
        var words: Set<String> = []
        var pairs: Set<Question.Pair> = []
        // A word may stand between them: "pool maximum size" is about the pool's size, too.
        var (last, beforeLast): (Int?, Int?) = (nil, nil)
        for word in all {
            if !word.isStopWord { words.insert(word.stem) }
            let term = question.index[word.stem]
            if let term {
                terms.insert(term)
                for neighbour in [last, beforeLast] {
                    guard let neighbour else { continue }
                    let pair = Question.Pair(neighbour, term)
                    if question.pairs.contains(pair) { pairs.insert(pair) }
                }
            }
            (last, beforeLast) = (term, last)
        }
        self.terms = terms
        self.words = words
        self.pairs = pairs.count
        firstTerm = all.first { !$0.isStopWord }.flatMap { question.index[$0.stem] }
    }

    /// 1 for the same words, 0 for none in common.
    func similarity(to other: Candidate) -> Double {
        let shared = words.intersection(other.words).count
        let union = words.count + other.words.count - shared
        return union == 0 ? 1 : Double(shared) / Double(union)
    }

    /// The share of this one's words that the other holds too.
    func share(in other: Candidate) -> Double {
        words.isEmpty ? 1 : Double(words.intersection(other.words).count) / Double(words.count)
    }
}
