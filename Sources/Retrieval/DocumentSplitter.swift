/// Takes a text file apart into paragraphs with their line, under their headings.
///
/// Understands what is common to Markdown, reStructuredText, AsciiDoc and plain text: `#` and underlined headings, fenced
/// and delimited blocks, front matter. Bytes are taken as they are, so any file gives passages and none is refused.
public struct DocumentSplitter {
    /// A paragraph longer than this many bytes is continued in a further passage, at a line's end where there is one.
    static let longPassage = 1500
    /// A single line longer than this is cut, at a space where there is one.
    static let longLine = 4000
    /// A delimited block's end is looked for in this many lines.
    private static let blockReach = 80
    private static let frontMatterReach = 40

    private let lines: SourceLines
    private var headings: [Heading] = []
    private var levelOfAdornment: [Int: Int] = [:]
    private var title: String?
    private var pieces: [Piece] = []

    private struct Heading {
        var level: Int
        var text: String
        var line: Int
        /// Whether a paragraph was kept below it.
        var hasParagraph = false
    }

    /// Lines of the file that make a passage.
    private struct Piece {
        var lines: Range<Int>
        var headings: [String]
        /// The text of a heading that is a passage of its own.
        var heading: String?
    }

    private init(_ bytes: [UInt8]) {
        lines = SourceLines(bytes)
    }

    /// - Parameters:
    ///   - path: relative to the folder; its last part is the title of a file that has none.
    ///   - bytes: the file's content.
    ///   - number: index of the document among those that are indexed together.
    public static func split(path: String, bytes: [UInt8], number: Int) -> Document {
        var splitter = DocumentSplitter(bytes)
        splitter.readAll()
        let passages = splitter.joined().flatMap { piece in
            splitter.texts(of: piece).map { line, text in
                Passage(document: number, line: line + 1, headings: piece.headings, text: text)
            }
        }
        return Document(path: path, title: splitter.title ?? name(of: path), passages: passages)
    }

    /// The last part of a path on one line: a file's name may hold line feeds and control characters, which must not
    /// look like structure where the title is shown or embedded.
    private static func name(of path: String) -> String {
        let name = path.split(separator: "/").last ?? Substring(path)
        var result = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: result.append(" ")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    private func texts(of piece: Piece) -> [(line: Int, text: String)] {
        if let heading = piece.heading, heading.utf8.count <= Self.longLine {
            return [(piece.lines.lowerBound, heading)]
        }
        return lines.texts(of: piece.lines, longest: Self.longLine)
    }

    // MARK: reading

    private mutating func readAll() {
        var next = readFrontMatter()
        var paragraph: Int?
        var size = 0
        while next < lines.count {
            if lines.isBlank(next) {
                close(&paragraph, before: next)
                next += 1
            } else if let end = fenceEnd(next) {
                keep((paragraph ?? next)..<end)
                paragraph = nil
                next = end
            } else if let end = readHeading(at: next, inParagraph: &paragraph) {
                next = end
            } else if paragraph == nil, lines.adornment(next) != nil {
                next = readDelimitedBlock(at: next)
            } else {
                if paragraph == nil {
                    paragraph = next
                    size = 0
                }
                size += lines.length(next)
                next += 1
                if size > Self.longPassage {
                    close(&paragraph, before: next)
                }
            }
        }
        close(&paragraph, before: next)
        closeHeadings(from: 0)
        // A heading is known to be alone only where the next one of its level begins, after those below it were kept.
        pieces.sort { $0.lines.lowerBound < $1.lines.lowerBound }
    }

    private mutating func keep(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        pieces.append(Piece(lines: range, headings: headings.map(\.text)))
        for index in headings.indices {
            headings[index].hasParagraph = true
        }
    }

    /// Ends the headings of a level and those below it. One without a paragraph becomes a passage, or nothing would find
    /// it.
    private mutating func closeHeadings(from level: Int) {
        let kept = headings.prefix { $0.level < level }.count
        for index in headings.indices.dropFirst(kept) where !headings[index].hasParagraph {
            let heading = headings[index]
            let above = headings[..<index].map(\.text)
            pieces.append(Piece(lines: heading.line..<(heading.line + 1), headings: above, heading: heading.text))
        }
        headings.removeSubrange(kept...)
    }

    private mutating func close(_ paragraph: inout Int?, before line: Int) {
        if let start = paragraph {
            keep(start..<line)
        }
        paragraph = nil
    }

    /// Value: the first line after it.
    private mutating func readFrontMatter() -> Int {
        guard lines.count > 0, lines.text(0) == "---" else { return 0 }
        let reach = min(lines.count, Self.frontMatterReach)
        guard let end = (1..<max(reach, 1)).first(where: { lines.text($0) == "---" }) else { return 0 }
        for line in 1..<end {
            let text = lines.text(line)
            if text.hasPrefix("title:") {
                let value = text.dropFirst(6).trimming { $0.isWhitespace || $0 == "\"" || $0 == "'" }
                title = value.isEmpty ? nil : value
            }
        }
        keep(1..<end)
        return end + 1
    }

    /// The line after a fenced block that begins here; an unclosed one reaches to the end.
    private func fenceEnd(_ line: Int) -> Int? {
        guard let fence = lines.fence(line) else { return nil }
        let close = ((line + 1)..<max(lines.count, line + 1)).first { lines.closesFence($0, fence) }
        return close.map { $0 + 1 } ?? lines.count
    }

    private mutating func readHeading(at line: Int, inParagraph paragraph: inout Int?) -> Int? {
        if let heading = lines.markedHeading(line), heading.mark == UInt8(ascii: "#") || paragraph == nil {
            close(&paragraph, before: line)
            open(heading.text, at: line, level: heading.level)
            return line + 1
        }
        guard paragraph == nil else { return nil }
        if let adornment = lines.adornment(line) {
            // A title between two equal lines, as reStructuredText has them.
            guard line + 2 < lines.count, let under = lines.adornment(line + 2), under == adornment,
                !lines.isBlank(line + 1), lines.adornment(line + 1) == nil,
                (-3...6).contains(adornment.count - lines.text(line + 1).count)
            else { return nil }
            open(lines.text(line + 1), at: line + 1, adornment: Int(adornment.byte) + 256)
            return line + 3
        }
        guard line + 1 < lines.count, let under = lines.adornment(line + 1), !lines.isIndented(line),
            abs(under.count - lines.text(line).count) <= 3
        else { return nil }
        open(lines.text(line), at: line, adornment: Int(under.byte))
        return line + 2
    }

    /// In reStructuredText the order in which adornments appear gives their levels.
    private mutating func open(_ text: String, at line: Int, adornment: Int) {
        let level = levelOfAdornment[adornment] ?? levelOfAdornment.count + 1
        levelOfAdornment[adornment] = level
        open(text, at: line, level: level)
    }

    private mutating func open(_ text: String, at line: Int, level: Int) {
        guard !text.isEmpty else { return }
        closeHeadings(from: level)
        headings.append(Heading(level: level, text: text, line: line))
        title = title ?? text
    }

    /// A block between two equal lines (`----`) stays together; a lone line separates. Value: the first line after it.
    private mutating func readDelimitedBlock(at line: Int) -> Int {
        guard let opening = lines.adornment(line), opening.count >= 4, "-=.".utf8.contains(opening.byte),
            line + 1 < lines.count, !lines.isBlank(line + 1),
            let end = ((line + 1)..<min(lines.count, line + Self.blockReach)).first(where: {
                lines.adornment($0) == opening
            })
        else { return line + 1 }
        keep(line..<(end + 1))
        return end + 1
    }

    // MARK: joining

    /// A line that leads in ("as follows:") takes what follows with it, and so do a few lost words.
    private func joined() -> [Piece] {
        var result: [Piece] = []
        for piece in pieces {
            if let last = result.last, last.heading == nil, piece.heading == nil, last.headings == piece.headings,
                leadsIn(last.lines),
                lines.size(last.lines.lowerBound..<piece.lines.upperBound) < Self.longPassage
            {
                result[result.count - 1].lines = last.lines.lowerBound..<piece.lines.upperBound
            } else {
                result.append(piece)
            }
        }
        return result
    }

    private func leadsIn(_ range: Range<Int>) -> Bool {
        lines.text(range.upperBound - 1).hasSuffix(":") || lines.hasFewerWords(range, than: 4)
    }
}
