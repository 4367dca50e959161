/// Takes Markdown apart into paragraphs, list items, headings, rows of tables and blocks of code.
///
/// A reader for quoting and not a renderer: it needs to know where a unit ends, not how it looks. Any text
/// gives blocks.
struct MarkdownBlocks {
    struct Block: Equatable {
        var kind: Sentence.Kind
        var text: String
    }

    private var blocks: [Block] = []
    private var paragraph: [Substring] = []
    private var kind = Sentence.Kind.prose
    private var fence: (mark: Character, length: Int)?
    private var code: [Substring] = []
    private var isAfterBlank = true
    private var isInComment = false

    static func read(_ text: String) -> [Block] {
        var reader = MarkdownBlocks()
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            reader.read(line)
        }
        reader.closeParagraph()
        reader.closeCode()
        return reader.blocks
    }

    private mutating func read(_ raw: Substring) {
        if let open = fence {
            if let found = Self.fenceMark(raw), found.mark == open.mark, found.length >= open.length, found.isBare {
                closeCode()
            } else {
                code.append(raw)
            }
            return
        }
        if readIndentedCode(raw) { return }
        closeCode()
        var line = raw.trimmed
        while line.first == ">" { line = line.dropFirst().trimmed }
        if skipsComment(line) { return }
        defer { isAfterBlank = line.isEmpty }
        if line.isEmpty {
            closeParagraph()
        } else if let found = Self.fenceMark(line) {
            closeParagraph()
            fence = (found.mark, found.length)
        } else if let heading = Self.heading(line) {
            closeParagraph()
            blocks.append(Block(kind: .heading, text: heading))
        } else if let first = line.first, "=-*_".contains(first), line.allSatisfy({ $0 == first || $0 == " " }),
            line.count > 2 || (first == "=" || first == "-") && !paragraph.isEmpty && line.count > 1
        {
            // Under one line of text it makes that a heading, alone it separates.
            if first == "=" || first == "-", paragraph.count == 1, kind == .prose { kind = .heading }
            closeParagraph()
        } else if line.first == "|", line.dropFirst().contains("|") {
            closeParagraph()
            if let row = Self.tableRow(line) { blocks.append(Block(kind: .tableRow, text: row)) }
        } else if line.first == "[", line.contains("]: "), Self.isReferenceDefinition(line) {
            closeParagraph()
        } else if let item = Self.listItem(line) {
            closeParagraph()
            kind = .listItem
            paragraph.append(item)
        } else {
            paragraph.append(line)
        }
    }

    private mutating func closeParagraph() {
        let text = paragraph.joined(separator: " ")
        if !text.isEmpty { blocks.append(Block(kind: kind, text: text)) }
        paragraph = []
        kind = .prose
    }

    private mutating func closeCode() {
        fence = nil
        while code.last?.trimmed.isEmpty == true { code.removeLast() }
        if !code.isEmpty { blocks.append(Block(kind: .code, text: code.joined(separator: "\n"))) }
        code = []
        isAfterBlank = true
    }

    /// Four spaces make code after a blank line, except below a list item, where they continue it.
    private mutating func readIndentedCode(_ raw: Substring) -> Bool {
        let indent = raw.prefix { $0 == " " }.count
        let isIndented = raw.first == "\t" || indent >= 4
        guard isIndented, !raw.trimmed.isEmpty, paragraph.isEmpty, isAfterBlank || !code.isEmpty,
            blocks.last?.kind != .listItem, Self.listItem(raw.trimmed) == nil, !isInComment
        else { return false }
        code.append(raw.first == "\t" ? raw.dropFirst() : raw.dropFirst(4))
        return true
    }

    private mutating func skipsComment(_ line: Substring) -> Bool {
        if isInComment {
            if line.hasSuffix("-->") { isInComment = false }
            return true
        }
        guard line.hasPrefix("<!--"), !line.dropFirst(4).contains("-->") || line.hasSuffix("-->") else { return false }
        isInComment = !line.hasSuffix("-->")
        return true
    }

    private static func fenceMark(_ line: Substring) -> (mark: Character, length: Int, isBare: Bool)? {
        let line = line.trimmed
        guard let mark = line.first, mark == "`" || mark == "~" else { return nil }
        let length = line.prefix { $0 == mark }.count
        let info = line.dropFirst(length)
        // A line such as ```code``` is text.
        guard length >= 3, !(mark == "`" && info.contains("`")) else { return nil }
        return (mark, length, info.isEmpty)
    }

    private static func heading(_ line: Substring) -> String? {
        let level = line.prefix { $0 == "#" }.count
        let rest = line.dropFirst(level)
        guard (1...6).contains(level), rest.isEmpty || rest.first == " " || rest.first == "\t" else { return nil }
        var text = rest.trimmed
        while text.last == "#" { text.removeLast() }
        return String(text.trimmed)
    }

    private static func listItem(_ line: Substring) -> Substring? {
        var rest = line
        if let mark = line.first, "-*+•".contains(mark) {
            rest = line.dropFirst()
        } else {
            let digits = line.prefix { $0.isASCII && $0.isNumber }
            guard (1...9).contains(digits.count) else { return nil }
            rest = line.dropFirst(digits.count)
            guard let mark = rest.first, mark == "." || mark == ")" else { return nil }
            rest = rest.dropFirst()
        }
        guard rest.first?.isWhitespace == true else { return nil }
        rest = rest.trimmed
        for box in ["[ ] ", "[x] ", "[X] "] where rest.hasPrefix(box) { rest = rest.dropFirst(box.count) }
        return rest
    }

    /// The cells, apart; nil for the line between head and body.
    private static func tableRow(_ line: Substring) -> String? {
        guard !line.allSatisfy({ "|-: ".contains($0) }) else { return nil }
        return line.split(separator: "|").map(\.trimmed).filter { !$0.isEmpty }.joined(separator: " | ")
    }

    /// `[name]: address`, which a reader never sees.
    private static func isReferenceDefinition(_ line: Substring) -> Bool {
        guard let close = line.firstIndex(of: "]") else { return false }
        let rest = line[close...].dropFirst()
        guard rest.hasPrefix(": ") else { return false }
        let target = rest.dropFirst(2).trimmed
        return target.contains("://") || target.hasPrefix("#") || target.hasPrefix("/") || target.hasPrefix(".")
    }
}
