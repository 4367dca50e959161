/// Chooses the few sentences that answer together.
enum Selection {
    /// Below this share of the question no sentence is called an answer: one word of three is none.
    static let leastCoverage = 0.34
    /// A further sentence must be this good, compared with the best.
    private static let leastShareOfBest = 0.55
    private static let leastShareOfSecond = 0.45
    /// Only so many are looked at after ranking: what stands lower is never chosen.
    private static let reach = 200

    /// The sentences in the order in which they were chosen, best first; empty if none answers.
    static func choose(from ranker: SentenceRanker, count: Int, leastCoverage: Double = leastCoverage) -> [Candidate] {
        var pool = Array(ranker.ranked.prefix(reach))
        func answers(_ scored: SentenceRanker.Scored) -> Bool {
            scored.coverage + scored.headingCoverage / 2 >= leastCoverage && scored.candidate.sentence.kind != .heading
        }
        // An answer begins with words; a long block of code comes first only where there are none.
        let first =
            pool.firstIndex { answers($0) && !$0.candidate.sentence.isLongCode } ?? pool.firstIndex(where: answers)
        guard let first else { return [] }
        let best = pool.remove(at: first)
        var chosen = [best.candidate]
        var covered = best.candidate.terms
        let total = ranker.weights.reduce(0, +)
        while chosen.count < count {
            // What is said already does not count again; what is still unanswered counts more.
            var next: (index: Int, value: Double)?
            for (index, scored) in pool.enumerated() where scored.candidate.sentence.kind != .heading {
                let repetition = chosen.map { scored.candidate.similarity(to: $0) }.max() ?? 0
                let contained = chosen.contains { scored.candidate.share(in: $0) > 0.85 }
                if repetition > 0.6 || contained { continue }
                let news = ranker.weight(of: scored.candidate.terms.subtracting(covered))
                let isNeighbour = chosen.contains {
                    $0.passage == scored.candidate.passage && abs($0.position - scored.candidate.position) == 1
                }
                let value = scored.score * (1 - 0.5 * repetition) + 0.3 * news / total + (isNeighbour ? 0.05 : 0)
                if value > next?.value ?? -1 { next = (index, value) }
            }
            let least = best.score * (chosen.count == 1 ? leastShareOfSecond : leastShareOfBest)
            guard let next, next.value >= least else { break }
            let candidate = pool.remove(at: next.index).candidate
            chosen.append(candidate)
            covered.formUnion(candidate.terms)
        }
        return chosen
    }

    /// The order in which they are read: passages by their best sentence, inside a passage as it stands there.
    static func readingOrder(_ chosen: [Candidate]) -> [Candidate] {
        var rank: [Int: Int] = [:]
        for candidate in chosen where rank[candidate.passage] == nil { rank[candidate.passage] = rank.count }
        return chosen.sorted { left, right in
            (rank[left.passage] ?? 0, left.position) < (rank[right.passage] ?? 0, right.position)
        }
    }
}
