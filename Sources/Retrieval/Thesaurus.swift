/// What a user may call a thing and what its documentation may call it.
struct Thesaurus: Sendable {
    struct Relation: Sendable, Equatable {
        /// Hash of a stem.
        var term: UInt64
        /// How close the two are, 0...1.
        var weight: Float
    }

    static let standard = Thesaurus(ThesaurusTable.lines)

    private var relations: [UInt64: [Relation]] = [:]
    private var phrases: [String: [UInt64]] = [:]

    /// A head stands for its related words, and they for it, but less so: the lines were written in that direction.
    private static let backward: Float = 0.7

    init(_ lines: String) {
        for line in lines.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let first = words.first else { continue }
            let head = TermHash.of(Stemmer.stem(String(first)))
            for word in words.dropFirst() {
                if word.contains("_") {
                    phrases[String(word.map { $0 == "_" ? " " : $0 }), default: []].append(head)
                } else {
                    let term = TermHash.of(Stemmer.stem(String(word)))
                    add(head, term, 1)
                    add(term, head, Self.backward)
                }
            }
        }
    }

    private mutating func add(_ from: UInt64, _ to: UInt64, _ weight: Float) {
        guard from != to else { return }
        var known = relations[from] ?? []
        if let index = known.firstIndex(where: { $0.term == to }) {
            known[index].weight = max(known[index].weight, weight)
        } else {
            known.append(Relation(term: to, weight: weight))
        }
        relations[from] = known
    }

    /// The relations of a stem.
    func related(to term: UInt64) -> [Relation] {
        relations[term] ?? []
    }

    /// The heads that two neighbouring words stand for, as "throw away" does for "delete".
    func heads(of first: String, _ second: String) -> [UInt64] {
        phrases[first + " " + second] ?? []
    }
}
