/// The lines of a file as ranges of its bytes, and what they look like.
struct SourceLines {
    /// A line of one repeated character, such as an underline.
    struct Adornment: Equatable {
        var byte: UInt8
        var count: Int
    }

    /// Valid UTF-8.
    private let bytes: [UInt8]
    /// Without line ends and trailing white space.
    private let ranges: [Range<Int>]

    /// - Parameter file: a file's bytes, in UTF-8 or Windows-1252, with or without a byte order mark.
    init(_ file: [UInt8]) {
        let bytes = SourceText.utf8(file)
        var ranges: [Range<Int>] = []
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != 0x0A {
                end += 1
            }
            var last = end
            while last > start, Self.isSpace(bytes[last - 1]) {
                last -= 1
            }
            ranges.append(start..<last)
            start = end + 1
        }
        self.bytes = bytes
        self.ranges = ranges
    }

    var count: Int { ranges.count }

    func length(_ line: Int) -> Int { ranges[line].count }

    func isBlank(_ line: Int) -> Bool { ranges[line].isEmpty }

    func isIndented(_ line: Int) -> Bool { ranges[line].first.map { Self.isSpace(bytes[$0]) } ?? false }

    /// A line without the white space around it.
    func text(_ line: Int) -> String {
        String(decoding: bytes[trimmed(line)], as: UTF8.self)
    }

    /// Bytes from the first line's start to the last one's end.
    func size(_ lines: Range<Int>) -> Int {
        guard let first = lines.first, let last = lines.last else { return 0 }
        return ranges[last].upperBound - ranges[first].lowerBound
    }

    func hasFewerWords(_ lines: Range<Int>, than limit: Int) -> Bool {
        var words = 0
        for line in lines {
            var inWord = false
            for index in ranges[line] {
                let isSpace = Self.isSpace(bytes[index])
                words += !isSpace && !inWord ? 1 : 0
                inWord = !isSpace
                if words >= limit { return false }
            }
        }
        return true
    }

    // MARK: marks

    func adornment(_ line: Int) -> Adornment? {
        let range = ranges[line]
        guard range.count >= 3 else { return nil }
        let byte = bytes[range.lowerBound]
        guard "=-~^+*#\"'`.:_".utf8.contains(byte), range.allSatisfy({ bytes[$0] == byte }) else { return nil }
        return Adornment(byte: byte, count: range.count)
    }

    /// The fence of a code block that opens here: three or more backquotes or tildes, and no more than words after them.
    func fence(_ line: Int) -> Adornment? {
        let range = trimmed(line)
        guard let byte = range.first.map({ bytes[$0] }), byte == UInt8(ascii: "`") || byte == UInt8(ascii: "~") else {
            return nil
        }
        let count = range.prefix { bytes[$0] == byte }.count
        // An underline of tildes is longer than a fence; ```code``` is not a fence.
        guard count >= 3, byte == UInt8(ascii: "`") || count < 5,
            !range.dropFirst(count).contains(where: { bytes[$0] == byte })
        else { return nil }
        return Adornment(byte: byte, count: count)
    }

    func closesFence(_ line: Int, _ fence: Adornment) -> Bool {
        let range = trimmed(line)
        return range.count >= fence.count && range.allSatisfy { bytes[$0] == fence.byte }
    }

    /// `## Heading ##` of Markdown, `== Heading` of AsciiDoc.
    func markedHeading(_ line: Int) -> (mark: UInt8, level: Int, text: String)? {
        let range = ranges[line]
        guard let mark = range.first.map({ bytes[$0] }), mark == UInt8(ascii: "#") || mark == UInt8(ascii: "=") else {
            return nil
        }
        let level = range.prefix { bytes[$0] == mark }.count
        guard level <= 6, level < range.count, Self.isSpace(bytes[range.lowerBound + level]) else { return nil }
        let text = String(decoding: bytes[range.dropFirst(level)], as: UTF8.self)
        let mine = Character(Unicode.Scalar(mark))
        return (mark, level, text.trimming { $0.isWhitespace || $0 == mine })
    }

    // MARK: text

    /// The text of some lines, in pieces of at most `longest` bytes unless lines are shorter anyway; each with the number
    /// of the line it begins on.
    func texts(of lines: Range<Int>, longest: Int) -> [(line: Int, text: String)] {
        guard let first = lines.first, let last = lines.last else { return [] }
        if size(lines) <= longest {
            return [(first, String(decoding: bytes[ranges[first].lowerBound..<ranges[last].upperBound], as: UTF8.self))]
        }
        guard lines.count > 1 else { return cut(first, longest) }
        let middle = first + lines.count / 2
        return texts(of: first..<middle, longest: longest) + texts(of: middle..<(last + 1), longest: longest)
    }

    private func cut(_ line: Int, _ longest: Int) -> [(line: Int, text: String)] {
        var result: [(line: Int, text: String)] = []
        var start = ranges[line].lowerBound
        let end = ranges[line].upperBound
        while start < end {
            var stop = min(end, start + longest)
            if stop < end {
                let space = (start..<stop).suffix(200).last { Self.isSpace(bytes[$0]) }
                // Without a space, at least not inside a UTF-8 sequence.
                stop = space.map { $0 + 1 } ?? (start..<stop).suffix(4).last { bytes[$0] & 0xC0 != 0x80 } ?? stop
            }
            result.append((line, String(decoding: bytes[start..<stop], as: UTF8.self)))
            start = stop
        }
        return result
    }

    private func trimmed(_ line: Int) -> Range<Int> {
        let range = ranges[line]
        let start = range.first { !Self.isSpace(bytes[$0]) } ?? range.upperBound
        return start..<range.upperBound
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
    }
}

extension StringProtocol {
    /// Without the characters at both ends that satisfy a condition.
    func trimming(_ condition: (Character) -> Bool) -> String {
        guard let first = firstIndex(where: { !condition($0) }), let last = lastIndex(where: { !condition($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
