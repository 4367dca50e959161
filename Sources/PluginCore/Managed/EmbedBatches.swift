/// How the inputs of one request are divided among calls.
enum EmbedBatches {
    /// Ranges in order, together all of the inputs.
    ///
    /// - Parameters:
    ///   - tokens: of each input; empty = not known.
    ///   - maximumTokens: of a call; an input that has more goes alone.
    static func ranges(count: Int, tokens: [Int], maximumCount: Int?, maximumTokens: Int?) -> [Range<Int>] {
        let most = max(1, maximumCount ?? count)
        guard let maximumTokens, tokens.count == count else {
            return stride(from: 0, to: count, by: most).map { $0..<min(count, $0 + most) }
        }
        var ranges: [Range<Int>] = []
        var (start, sum) = (0, 0)
        for index in 0..<count {
            if index > start, index - start == most || sum + tokens[index] > maximumTokens {
                ranges.append(start..<index)
                (start, sum) = (index, 0)
            }
            sum += tokens[index]
        }
        if start < count { ranges.append(start..<count) }
        return ranges
    }
}

extension EmbedInput {
    subscript(range: Range<Int>) -> EmbedInput {
        switch self {
        case .texts(let texts): .texts(Array(texts[range]))
        case .tokens(let lists): .tokens(Array(lists[range]))
        case .media(let media): .media(Array(media[range]))
        }
    }
}

extension EmbedReport {
    /// Joins the report of the rows behind these.
    /// - Parameter rows: that this report speaks of.
    mutating func append(_ next: EmbedReport, after rows: Int) {
        // A call that did not count leaves the whole uncounted.
        tokens = rows == 0 || tokens.count == rows && !next.tokens.isEmpty ? tokens + next.tokens : []
        totalTokens =
            rows == 0 ? next.totalTokens : totalTokens.flatMap { total in next.totalTokens.map { total + $0 } }
        truncated += next.truncated.map { $0 + rows }
        sparse += next.sparse
        tokenVectors += next.tokenVectors
        usage += next.usage
        warnings += next.warnings.filter { !warnings.contains($0) }
    }
}
