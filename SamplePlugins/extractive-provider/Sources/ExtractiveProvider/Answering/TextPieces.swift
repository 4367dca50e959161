/// Cuts text into the pieces in which it is streamed. One piece is what this plugin calls a token.
///
/// A piece is a word of up to eight letters with the space before it, the rest of a longer word, or one sign. Joined,
/// the pieces are the text. Their number is near what the vocabularies of language models give for English.
struct TextPieces: Sequence, IteratorProtocol {
    private static let longestPiece = 8

    private var rest: Substring

    init(_ text: some StringProtocol) { rest = Substring(text) }

    mutating func next() -> Substring? {
        guard !rest.isEmpty else { return nil }
        var end = rest.startIndex
        while end < rest.endIndex, rest[end].isWhitespace { end = rest.index(after: end) }
        var count = 0
        while end < rest.endIndex, count < Self.longestPiece, rest[end].isLetter || rest[end].isNumber {
            end = rest.index(after: end)
            count += 1
        }
        if count == 0, end < rest.endIndex { end = rest.index(after: end) }
        defer { rest = rest[end...] }
        return rest[..<end]
    }

    static func count(_ text: some StringProtocol) -> Int { TextPieces(text).reduce(0) { count, _ in count + 1 } }
}
