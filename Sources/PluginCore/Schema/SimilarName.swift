/// Finds what somebody may have meant.
enum SimilarName {
    /// The candidate closest to a name, if a slip of the fingers explains the difference: at most one change in three
    /// characters. Long names, and very many, are not compared.
    static func find(_ name: String, in candidates: some Sequence<String>) -> String? {
        let (limit, maximumCandidates) = (32, 64)
        guard name.utf8.count <= limit else { return nil }
        let wanted = Array(name.lowercased().unicodeScalars)
        var best: (name: String, distance: Int)?
        for candidate in candidates.prefix(maximumCandidates) where candidate.utf8.count <= limit && candidate != name {
            let distance = distance(wanted, Array(candidate.lowercased().unicodeScalars))
            guard distance <= wanted.count / 3 else { continue }
            // The first by name among equals, so that the answer does not depend on the order of a dictionary.
            if let best, (best.distance, best.name) <= (distance, candidate) { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// The least number of scalars to insert, remove, replace, or exchange with their neighbours.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var before: [Int] = []
        var above = Array(0...right.count)
        for row in left.indices {
            var present = [row + 1]
            for column in right.indices {
                var cost = min(above[column + 1] + 1, present[column] + 1)
                cost = min(cost, above[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, before[column - 1] + 1)
                }
                present.append(cost)
            }
            (before, above) = (above, present)
        }
        return above[right.count]
    }
}
