internal import PluginSDK

/// What of an answer may be said, and why it ends there.
struct LimitedText: Equatable {
    var text: String
    var stop: StopReason

    static let lengthReached = StopReason(.length, raw: "max_output_tokens")

    /// - Parameters:
    ///   - wholes: the answer in versions from long to short, each of whole sentences; at least one.
    ///   - sequences: the answer ends before the first of them.
    ///   - maximum: of tokens, or nil.
    init(_ wholes: [String], stoppingAt sequences: [String], maximum: Int?) {
        var text = wholes[0]
        var stop = StopReason(.stop)
        if let maximum, TextPieces.count(text) > maximum {
            stop = Self.lengthReached
            // Fewer whole sentences rather than a broken one, if even one fits.
            text =
                wholes.dropFirst().first { TextPieces.count($0) <= maximum }
                ?? TextPieces(wholes[wholes.count - 1]).prefix(maximum).joined()
        }
        let found = sequences.filter { !$0.isEmpty }.compactMap { sequence in
            Self.place(of: sequence, in: text).map { (place: $0, sequence: sequence) }
        }
        // The first, and of those that begin at one place the longest.
        let first = found.min { left, right in
            if left.place != right.place { return left.place < right.place }
            return left.sequence.utf8.count > right.sequence.utf8.count
        }
        if let first {
            text = String(text[..<first.place])
            stop = StopReason(.stopSequence, raw: first.sequence, sequence: first.sequence)
        }
        self.text = text
        self.stop = stop
    }

    /// Compares scalars, not characters: a stop sequence need not end where a character does.
    private static func place(of sequence: String, in text: String) -> String.Index? {
        let wanted = Array(sequence.unicodeScalars)
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        while start < scalars.endIndex {
            if scalars[start...].starts(with: wanted) { return start }
            start = scalars.index(after: start)
        }
        return nil
    }
}
