import Foundation

/// Brings together what the vectors say and what the words say.
public enum HybridRanker {
    /// A passage that the vector backend found.
    public struct DenseHit: Sendable, Equatable {
        /// Index in the order of the documents' passages.
        public var passage: Int
        /// Cosine similarity, -1...1.
        public var score: Float

        public init(passage: Int, score: Float) {
            self.passage = passage
            self.score = score
        }
    }

    public struct RankedPassage: Sendable, Equatable {
        /// Index in the order of the documents' passages.
        public var passage: Int
        /// 0...1; 1 would be best by vector, by words and by document at once.
        public var score: Float
    }

    private enum Weight {
        static let document: Float = 1.5
        static let dense: Float = 0.6
        static let total: Float = 1 + document + dense
        /// Of a document's second, third and fourth good passage, halved each time.
        static let further: Float = 0.15
        /// Of every doubling of a document's passages: the best of a thousand is high by chance alone.
        static let size: Float = 0.01
    }

    /// Below this a cosine is noise, and is not blown up to a full score for being the best there is.
    private static let denseNoise: Float = 0.1
    /// What a passage needs when the words say nothing at all.
    private static let denseAlone: Float = 0.2
    /// Passages that are looked at for a document's further evidence.
    private static let furtherDepth = 200

    /// The best passages for a question.
    ///
    /// The first `distinctDocuments` come from as many different documents, best document first, so that a reader of few
    /// passages sees several answers; the best of all others follow.
    ///
    /// - Parameters:
    ///   - index: built from the documents whose passages are ranked.
    ///   - dense: passages near the question, in any order; those missing count as unrelated. Two hundred are
    ///     enough.
    ///   - limit: the most passages to return.
    /// - Returns: at most `limit` passages; none if nothing was found.
    public static func rank(
        _ question: String, in index: LexicalIndex, dense: [DenseHit], limit: Int, distinctDocuments: Int = 5
    ) -> [RankedPassage] {
        let scores = fuse(index.scores(for: question), index.documentOfPassage, dense)
        let order = scores.indices.filter { scores[$0] > 0 }.sorted { (scores[$0], $1) > (scores[$1], $0) }
        var evidence: [Int: Evidence] = [:]
        for (place, passage) in order.enumerated() {
            let document = index.documentOfPassage[passage]
            if evidence[document] == nil {
                evidence[document] = Evidence(passage: passage, score: scores[passage])
            } else if place < furtherDepth {
                evidence[document]?.add(scores[passage], Weight.further)
            }
        }
        for document in Array(evidence.keys) {
            evidence[document]?.score -= Weight.size * log2(Float(1 + index.passageCount(ofDocument: document)))
        }
        let documents = evidence.values.sorted { ($0.score, $1.passage) > ($1.score, $0.passage) }
        let leaders = documents.prefix(min(limit, distinctDocuments)).map(\.passage)
        let led = Set(leaders)
        let others = order.lazy.filter { !led.contains($0) }.prefix(max(0, limit - leaders.count))
        return (leaders + others).map {
            RankedPassage(passage: $0, score: min(1, scores[$0] / Weight.total))
        }
    }

    /// The score of a document: that of its best passage, and a little for each of the next three.
    private struct Evidence {
        var passage: Int
        var score: Float
        private var share: Float = 0.5
        private var further = 0

        init(passage: Int, score: Float) {
            self.passage = passage
            self.score = score
        }

        mutating func add(_ passageScore: Float, _ weight: Float) {
            guard further < 3 else { return }
            score += weight * share * passageScore
            share /= 2
            further += 1
        }
    }

    private static func fuse(
        _ lexical: LexicalIndex.Scores, _ documentOfPassage: [Int], _ dense: [DenseHit]
    ) -> [Float] {
        let bestPassage = lexical.passages.max() ?? 0
        let bestDocument = lexical.documents.max() ?? 0
        let hits = dense.filter { lexical.passages.indices.contains($0.passage) && $0.score.isFinite }
        var scores = [Float](repeating: 0, count: lexical.passages.count)
        if bestPassage > 0 {
            for passage in scores.indices {
                scores[passage] = lexical.passages[passage] / bestPassage
                if bestDocument > 0 {
                    scores[passage] += Weight.document * lexical.documents[documentOfPassage[passage]] / bestDocument
                }
            }
        }
        let floor: Float = bestPassage > 0 ? 0 : denseAlone
        let bestDense = max(hits.map(\.score).max() ?? 0, denseNoise)
        for hit in hits where hit.score > floor {
            scores[hit.passage] += Weight.dense * hit.score / bestDense
        }
        return scores
    }
}
