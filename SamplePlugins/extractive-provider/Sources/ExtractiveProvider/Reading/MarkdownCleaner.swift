/// Makes Markdown of one sentence readable as plain text: links become their text, emphasis goes, code keeps its marks.
enum MarkdownCleaner {
    private static let tags: Set<String> = [
        "a", "b", "br", "i", "em", "p", "strong", "div", "span", "img", "code", "kbd", "sub", "sup", "details",
        "summary", "u", "s", "center", "small", "hr",
    ]
    private static let entities = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "nbsp": " ", "#39": "'", "mdash": "—",
    ]
    private static let linkReach = 400

    static func clean(_ sentence: String) -> String {
        var cleaner = Cleaner(text: Array(sentence))
        cleaner.run()
        return withoutCitations(cleaner.output.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    }

    /// `[2]` in a quoted text would read as a citation of the answer, so it becomes `(2)`. After a letter it is an
    /// index, and code stays.
    private static func withoutCitations(_ text: String) -> String {
        guard text.contains("[") else { return text }
        var characters = Array(text)
        var isCode = false
        for start in characters.indices {
            if characters[start] == "`" { isCode.toggle() }
            guard characters[start] == "[", !isCode else { continue }
            let before = start > 0 ? characters[start - 1] : " "
            guard !(before.isLetter || before.isNumber || before == "_") else { continue }
            let inside = characters[(start + 1)...].prefix { $0.isNumber || $0 == " " || $0 == "," || $0 == "-" }
            guard inside.contains(where: \.isNumber), inside.endIndex < characters.count,
                characters[inside.endIndex] == "]"
            else { continue }
            characters[start] = "("
            characters[inside.endIndex] = ")"
        }
        return String(characters)
    }

    private struct Cleaner {
        let text: [Character]
        var next = 0
        var output = ""

        init(text: [Character]) { self.text = text }

        mutating func run() {
            while next < text.count {
                switch text[next] {
                case "`": copyCode()
                case "\\" where next + 1 < text.count && "\\`*_{}[]()#+-.!|<>".contains(text[next + 1]):
                    output.append(text[next + 1])
                    next += 2
                case "!" where next + 1 < text.count && text[next + 1] == "[" && link(at: next + 1) != nil: next += 1
                case "[": readLink()
                case "<": readTag()
                case "&": readEntity()
                case "*", "_", "~": readEmphasis()
                default:
                    output.append(text[next])
                    next += 1
                }
            }
        }

        private mutating func copyCode() {
            var end = next + 1
            while end < text.count, text[end] != "`" { end += 1 }
            output.append(contentsOf: text[next..<min(end + 1, text.count)])
            next = end + 1
        }

        /// `[text](target)` or `[text][name]`: the text's place and where the whole ends.
        private func link(at start: Int) -> (text: Range<Int>, end: Int)? {
            guard let close = closing(start, "[", "]"), close + 1 < text.count else { return nil }
            let follower = text[close + 1]
            guard follower == "(" || follower == "[",
                let end = closing(close + 1, follower, follower == "(" ? ")" : "]")
            else { return nil }
            return (start + 1..<close, end + 1)
        }

        private func closing(_ start: Int, _ open: Character, _ close: Character) -> Int? {
            var depth = 0
            for place in start..<min(text.count, start + linkReach) {
                if text[place] == open { depth += 1 }
                if text[place] == close {
                    depth -= 1
                    if depth == 0 { return place }
                }
            }
            return nil
        }

        private mutating func readLink() {
            if let found = link(at: next) {
                output += MarkdownCleaner.clean(String(text[found.text]))
                next = found.end
                return
            }
            output.append(text[next])
            next += 1
        }

        private mutating func readTag() {
            guard let close = text[next..<min(text.count, next + linkReach)].firstIndex(of: ">") else {
                output.append("<")
                next += 1
                return
            }
            let inside = String(text[(next + 1)..<close])
            let name = inside.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }.lowercased()
            if inside.hasPrefix("http://") || inside.hasPrefix("https://") || inside.hasPrefix("mailto:") {
                output += inside
                next = close + 1
            } else if tags.contains(name) || inside.hasPrefix("!--") {
                output.append(" ")
                next = close + 1
            } else {
                output.append("<")
                next += 1
            }
        }

        private mutating func readEntity() {
            if let end = text[next..<min(text.count, next + 8)].firstIndex(of: ";"),
                let plain = entities[String(text[(next + 1)..<end])]
            {
                output += plain
                next = end + 1
            } else {
                output.append("&")
                next += 1
            }
        }

        /// Marks with space on both sides are signs; an underscore or a tilde inside a word belongs to the word.
        private mutating func readEmphasis() {
            let mark = text[next]
            var end = next
            while end < text.count, text[end] == mark { end += 1 }
            let before = next > 0 ? text[next - 1] : " "
            let after = end < text.count ? text[end] : " "
            let isInWord = Self.isWord(before) && Self.isWord(after)
            let isSign = before.isWhitespace && after.isWhitespace
            let isKept =
                switch mark {
                case "~": end - next != 2 || isInWord
                case "_": isInWord || isSign || end - next > 3
                // `2*3` and a lone asterisk after a word are signs; pairs are emphasis.
                default: isSign || end - next > 3 || (isInWord && end - next == 1 && before.isNumber && after.isNumber)
                }
            if isKept { output.append(contentsOf: text[next..<end]) }
            next = end
        }

        private static func isWord(_ character: Character) -> Bool {
            character.isLetter || character.isNumber
        }
    }
}
