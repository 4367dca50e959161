internal import PluginCore

/// The nearest items by a search over all of them in double precision.
struct VectorOracle: Sendable {
    let items: [StoredItem]
    let metric: Metric

    /// Higher is nearer.
    func score(_ query: [Float], _ vector: [Float]) -> Double {
        func sum(_ term: (Double, Double) -> Double) -> Double {
            zip(query, vector).reduce(0) { $0 + term(Double($1.0), Double($1.1)) }
        }
        switch metric {
        case .cosine:
            let lengths = (sum { a, _ in a * a } * sum { _, b in b * b }).squareRoot()
            return lengths == 0 ? 0 : sum(*) / lengths
        case .dot: return sum(*)
        case .l2: return -sum { ($0 - $1) * ($0 - $1) }.squareRoot()
        case .l1: return -sum { abs($0 - $1) }
        // Over floats they have no definition here, and nothing compares them.
        case .hamming, .jaccard: return 0
        }
    }

    static let metrics: Set<Metric> = [.cosine, .dot, .l2, .l1]

    func distance(ofScore score: Double) -> Double { metric == .cosine ? 1 - score : -score }

    func ranking(_ query: VectorQuery) -> [(item: StoredItem, score: Double)] {
        items.filter { query.filter.admits(id: $0.id, metadata: $0.metadata) }
            .map { (item: $0, score: score(query.vector, $0.vector)) }
            .filter { $0.score >= query.minimumScore ?? -.infinity }
            .sorted { $0.score > $1.score || $0.score == $1.score && $0.item.id.precedes($1.item.id) }
    }

    /// Scores may differ from those of double precision by as much as single precision loses.
    func check(_ result: QueryResult, of query: VectorQuery) throws(CheckFailure) {
        let ranking = ranking(query)
        let expected = Array(ranking.dropFirst(query.offset).prefix(query.topK))
        let ids = expected.map(\.item.id)
        try require(
            result.hits.count == expected.count, "\(expected.count) hits: \(excerpt(ids))",
            seen: "\(result.hits.count) hits: \(excerpt(result.hits.map(\.id)))")
        var last: VectorHit?
        for (place, hit) in result.hits.enumerated() {
            guard let item = items.first(where: { $0.id.isSame(as: hit.id) }) else {
                throw CheckFailure(expected: "hits among the items", seen: "\(hit.id), which was never written")
            }
            let score = score(query.vector, item.vector)
            let tolerance = 1e-5 * max(1, abs(score))
            try require(
                abs(hit.score - score) <= tolerance, "score \(score) of \(hit.id) by \(metric)", seen: "\(hit.score)")
            try require(
                abs(hit.distance - distance(ofScore: hit.score)) <= tolerance,
                "distance \(distance(ofScore: hit.score)) of \(hit.id) by \(metric)", seen: "\(hit.distance)")
            try require(
                abs(score - expected[place].score) <= 2 * tolerance,
                "\(expected[place].item.id) with \(expected[place].score) at place \(place)",
                seen: "\(hit.id) with \(score); all: \(excerpt(result.hits.map(\.id))) for \(excerpt(ids))")
            if let last {
                try require(
                    last.score > hit.score || last.score == hit.score && last.id.precedes(hit.id),
                    "hits by falling score, equal ones by rising id",
                    seen: "\(last.id) with \(last.score) before \(hit.id) with \(hit.score)")
            }
            last = hit
        }
    }

    /// Of equal vectors those with the smallest ids have to be found. For queries without an offset.
    func checkTies(_ result: QueryResult, of query: VectorQuery) throws(CheckFailure) {
        let candidates = ranking(query).map(\.item)
        for (place, hit) in result.hits.enumerated() {
            guard let item = items.first(where: { $0.id.isSame(as: hit.id) }) else { continue }
            let smaller = candidates.filter { $0.vector == item.vector && $0.id.precedes(item.id) }
            for other in smaller where !result.hits[..<place].contains(where: { $0.id.isSame(as: other.id) }) {
                throw CheckFailure(expected: "\(other.id) before \(hit.id): their vectors are equal", seen: "it is not")
            }
        }
    }
}
