/// A unit that an answer quotes whole: a sentence, a heading, a row of a table or a block of code.
struct Sentence: Equatable {
    enum Kind {
        case prose, listItem, heading, tableRow, code
    }

    /// Readable text: without links and emphasis; code as it stands, without its fence.
    var text: String
    var kind: Kind
}

extension Sentence {
    /// A sentence longer than this comes in several parts, so that what is compared is what is quoted.
    static let longest = 300
    /// Of a block of code only so much is kept.
    private static let longestCode = 400

    /// More lines of code than a reader takes in at a glance.
    var isLongCode: Bool { kind == .code && text.count(where: \.isNewline) > 2 }

    /// The units of a Markdown or plain text, in its order.
    static func all(in text: String) -> [Sentence] {
        var sentences: [Sentence] = []
        for block in MarkdownBlocks.read(text) {
            switch block.kind {
            case .code:
                if !block.text.trimmed.isEmpty {
                    sentences.append(Sentence(text: block.text.clipped(to: longestCode), kind: .code))
                }
            case .heading, .tableRow:
                let clean = MarkdownCleaner.clean(block.text)
                if !clean.isEmpty { sentences.append(Sentence(text: clean.clipped(to: longest), kind: block.kind)) }
            case .prose, .listItem:
                for piece in SentenceBoundaries.split(block.text) {
                    let clean = MarkdownCleaner.clean(piece)
                    // A lone bullet, rule or bracket says nothing.
                    guard clean.contains(where: { $0.isLetter || $0.isNumber }) else { continue }
                    sentences += parts(clean).map { Sentence(text: $0, kind: block.kind) }
                }
            }
        }
        return sentences
    }

    /// Cut at spaces, where there are some, with an ellipsis at each cut.
    private static func parts(_ text: String) -> [String] {
        var parts: [String] = []
        var rest = text[...]
        while let end = rest.index(rest.startIndex, offsetBy: longest, limitedBy: rest.endIndex), end < rest.endIndex {
            let head = rest[..<end].cutAtSpace
            parts.append((parts.isEmpty ? "" : "… ") + head.trimmed + " …")
            rest = rest[head.endIndex...]
        }
        return parts + [(parts.isEmpty ? "" : "… ") + rest.trimmed]
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without the word that the end may have cut. Scripts without spaces stay as they are.
    fileprivate var cutAtSpace: Substring {
        guard let space = lastIndex(where: \.isWhitespace), distance(from: space, to: endIndex) < count / 2 else {
            return self[...]
        }
        return self[..<space]
    }

    /// At most so many characters, and an ellipsis if some are missing.
    func clipped(to limit: Int) -> String {
        guard let end = index(startIndex, offsetBy: limit, limitedBy: endIndex), end < endIndex else {
            return String(self)
        }
        return "\(self[..<end].cutAtSpace.trimmed) …"
    }
}
