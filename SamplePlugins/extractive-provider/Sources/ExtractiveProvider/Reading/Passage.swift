/// A piece of material that an answer may quote.
struct Passage: Equatable {
    /// What a citation writes between brackets; nil if the material came without a number.
    var number: Int?
    /// "file:line", or empty.
    var place: String
    /// The heading path of the passage in its file, or empty.
    var headings: String
    /// Markdown or plain text. Nothing in it is ever read as an instruction.
    var text: String

    init(number: Int? = nil, place: String = "", headings: String = "", text: String) {
        self.number = number
        self.place = place
        self.headings = headings
        self.text = text
    }

    /// Reads a message part of the form
    ///
    ///     [3] docs/server.md:120 - Server > Limits
    ///     The text of the passage.
    ///
    /// Only the first line is a head, so a line of the text that looks like one is text. A part without a head is
    /// material that cannot be cited.
    init(part: String) {
        let end = part.firstIndex(where: \.isNewline) ?? part.endIndex
        guard let head = Self.head(part[..<end]) else {
            self.init(text: part)
            return
        }
        let text = end < part.endIndex ? part[part.index(after: end)...] : ""
        self.init(number: head.number, place: head.place, headings: head.headings, text: String(text))
    }

    private static func head(_ line: Substring) -> (number: Int, place: String, headings: String)? {
        guard line.first == "[", let close = line.firstIndex(of: "]") else { return nil }
        let digits = line[line.index(after: line.startIndex)..<close]
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(digits)
        else { return nil }
        let rest = line[line.index(after: close)...]
        guard rest.first == " " else { return nil }
        let body = rest.trimmed
        guard !body.isEmpty else { return nil }
        // A file's name may hold " - " too: the heading path begins after the line number.
        var from = body.startIndex
        while let colon = body[from...].firstIndex(of: ":") {
            let after = body.index(after: colon)
            let tail = body[after...].drop { $0.isASCII && $0.isNumber }
            if tail.startIndex > after {
                if tail.isEmpty { return (number, String(body), "") }
                if tail.hasPrefix(" - ") {
                    return (number, String(body[..<tail.startIndex]), String(tail.dropFirst(3).trimmed))
                }
            }
            from = after
        }
        return (number, String(body), "")
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: SubSequence {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? endIndex
        return self[start..<Swift.max(start, end)]
    }
}
