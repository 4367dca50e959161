internal import Glibc
internal import PluginSDK

/// Scores the sentences of the material against the question.
struct SentenceRanker {
    struct Scored {
        let candidate: Candidate
        /// About 0 to 1.5.
        let score: Double
        /// The weight of the question's terms that it holds, as a share of all, 0 to 1.
        let coverage: Double
        /// The same of the terms that only the headings above it hold.
        let headingCoverage: Double
    }

    let question: Question
    /// Of each term: rare among the sentences weighs more.
    private(set) var weights: [Double] = []
    /// Those that share a term with the question, best first.
    private(set) var ranked: [Scored] = []

    /// - Parameter checkpoint: called once a passage; what it throws ends the work.
    init(
        _ question: Question, _ passages: [Passage], checkpoint: () throws(PluginError) -> Void
    ) throws(PluginError) {
        self.question = question
        var candidates: [Candidate] = []
        var headingTerms: [Set<Int>] = []
        for (number, passage) in passages.enumerated() {
            var heading = Self.terms(of: passage.headings, question)
            headingTerms.append(heading)
            for (position, sentence) in Sentence.all(in: passage.text).enumerated() {
                if position % 256 == 0 { try checkpoint() }
                let candidate = Candidate(sentence, passage: number, position: position, question: question)
                if sentence.kind == .heading { heading.formUnion(candidate.terms) }
                candidates.append(candidate)
            }
            headingTerms[number] = heading
        }
        weigh(candidates)
        let total = weights.reduce(0, +)
        guard total > 0 else { return }
        for candidate in candidates where !candidate.terms.isEmpty {
            ranked.append(score(candidate, headingTerms[candidate.passage], total))
        }
        // Ties go to what comes first, so that equal requests have equal answers.
        ranked.sort { left, right in
            if left.score != right.score { return left.score > right.score }
            return (left.candidate.passage, left.candidate.position)
                < (right.candidate.passage, right.candidate.position)
        }
    }

    /// Adds in one order: a set has another in each process, and sums of other roundings would make other answers.
    func weight(of terms: Set<Int>) -> Double { terms.sorted().reduce(0) { $0 + weights[$1] } }

    private static func terms(of text: String, _ question: Question) -> Set<Int> {
        Set(Words.of(text).compactMap { question.index[$0.stem] })
    }

    private mutating func weigh(_ candidates: [Candidate]) {
        var counts = [Int](repeating: 0, count: question.terms.count)
        for candidate in candidates {
            for term in candidate.terms { counts[term] += 1 }
        }
        let all = Double(candidates.count)
        // The constant keeps words that all of a few sentences share from counting for nothing.
        weights = counts.map { log(1 + (all - Double($0) + 0.5) / (Double($0) + 0.5)) + 0.7 }
        // A term that the material never has cannot tell its sentences apart; it only says that the answer may be
        // missing.
        let known = zip(weights, counts).filter { $0.1 > 0 }.map(\.0)
        let typical = known.isEmpty ? 1 : known.reduce(0, +) / Double(known.count)
        for (term, count) in counts.enumerated() where count == 0 { weights[term] = typical }
    }

    private func score(_ candidate: Candidate, _ heading: Set<Int>, _ total: Double) -> Scored {
        let own = weight(of: candidate.terms)
        let above = weight(of: heading.subtracting(candidate.terms))
        let coverage = own / total
        var score = coverage + 0.3 * above / total
        if !question.pairs.isEmpty { score += 0.25 * Double(candidate.pairs) / Double(question.pairs.count) * coverage }
        score += bonus(candidate)
        score *= kindFactor(candidate.sentence) * lengthFactor(candidate.wordCount)
        // A question in the material asks, and does not answer.
        if candidate.sentence.text.hasSuffix("?") { score *= 0.4 }
        // What leads in to something else says nothing alone.
        if candidate.sentence.text.hasSuffix(":") { score *= 0.6 }
        // A lone name explains nothing.
        if candidate.sentence.kind != .code, !candidate.sentence.text.contains(" ") { score *= 0.3 }
        if candidate.position < 2 { score *= 1.05 }
        // The passages come in the order in which a search found them.
        score *= 0.75 + 0.25 / (1 + 0.25 * Double(candidate.passage))
        return Scored(candidate: candidate, score: score, coverage: coverage, headingCoverage: above / total)
    }

    private func bonus(_ candidate: Candidate) -> Double {
        let text = candidate.sentence.text
        switch question.kind {
        case .definition:
            let defines = [" is a", " is the", " are ", " means ", " stands for ", " ist ein", " est un"]
            return candidate.firstTerm != nil && defines.contains(where: text.contains) ? 0.25 : 0
        case .number: return text.contains { $0.isNumber } ? 0.12 : 0
        case .procedure: return text.contains("`") || candidate.sentence.kind == .code ? 0.12 : 0
        case .reason:
            let lower = text.lowercased()
            return ["because", "so that", "since ", "therefore", "weil", "damit"].contains(where: lower.contains)
                ? 0.2 : 0
        case .other: return 0
        }
    }

    private func kindFactor(_ sentence: Sentence) -> Double {
        switch sentence.kind {
        case .prose: 1
        case .listItem: 0.95
        case .tableRow: 0.85
        // A block of many lines holds words of every question, and few readers find the answer in it.
        case .code where sentence.text.contains(where: \.isNewline): question.kind == .procedure ? 0.4 : 0.25
        case .code: question.kind == .procedure ? 0.6 : 0.4
        case .heading: 0.25
        }
    }

    private func lengthFactor(_ words: Int) -> Double {
        switch words {
        case ..<3: 0.3
        case 3: 0.6
        case 4..<6: 0.85
        case 6...40: 1
        case 41...80: 0.85
        default: 0.7
        }
    }
}
