/// The words of a text, in order, lowercased: runs of letters and digits of any script; each Chinese, Japanese or Korean
/// character is a word of its own. A compound such as `readFile` is followed by its parts.
///
/// The same words as those of the sample plugin `hash-embedder`, so that both sides of a hybrid search see one text.
enum WordReader {
    /// Longer runs are digests, keys and encoded data: they say nothing about meaning and are left out.
    static let longest = 39

    /// Calls `body` with every word, lowercased. `word` is reused; copy what must last.
    static func read(_ text: Span<UInt8>, _ body: (_ word: [UInt8]) -> Void) {
        var word: [UInt8] = []
        word.reserveCapacity(64)
        var position = 0
        while position < text.count {
            let start = position
            var step = classify(text, position)
            position += step.size
            if step.kind == .separator { continue }
            var hasUpper = isUpper(text[start])
            var mayBeCompound = false
            if step.kind == .letter {
                while position < text.count {
                    step = classify(text, position)
                    guard step.kind == .letter else { break }
                    let byte = text[position]
                    if isUpper(byte) {
                        hasUpper = true
                        mayBeCompound = true
                    } else if isDigit(byte) {
                        mayBeCompound = true
                    }
                    position += step.size
                }
                mayBeCompound = mayBeCompound || isDigit(text[start])
            }
            if position - start <= longest {
                lowercase(text, start, position, into: &word)
                body(word)
            }
            if hasUpper && mayBeCompound {
                readParts(text, start, position, &word, body)
            }
        }
    }

    static func words(of text: String) -> [String] {
        var result: [String] = []
        let bytes = Array(text.utf8)
        read(bytes.span) { result.append(String(decoding: $0, as: UTF8.self)) }
        return result
    }

    // MARK: compounds

    private static func readParts(
        _ text: Span<UInt8>, _ start: Int, _ end: Int, _ word: inout [UInt8], _ body: (_ word: [UInt8]) -> Void
    ) {
        var part = start
        while part < end {
            var next = part + 1
            while next < end, !beginsPart(text, part, end, next) {
                next += 1
            }
            let isWhole = part == start && next == end
            if !isWhole, next - part > 1, next - part <= longest {
                lowercase(text, part, next, into: &word)
                body(word)
            }
            part = next
        }
    }

    private static func beginsPart(_ text: Span<UInt8>, _ start: Int, _ end: Int, _ index: Int) -> Bool {
        guard index != start else { return false }
        let before = text[index - 1]
        let here = text[index]
        if isDigit(before) != isDigit(here) { return true }
        guard isUpper(here) else { return false }
        return !isUpper(before) || (index + 1 < end && isLower(text[index + 1]))
    }

    private static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }
    private static func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    // MARK: UTF-8

    private enum Kind {
        case separator, letter, ideograph
    }

    private static func classify(_ text: Span<UInt8>, _ index: Int) -> (kind: Kind, size: Int) {
        let byte = text[index]
        if byte < 0x80 {
            let folded = byte | 0x20
            let isWord = (folded >= 0x61 && folded <= 0x7A) || isDigit(byte)
            return (isWord ? .letter : .separator, 1)
        }
        guard let (scalar, size) = decode(text, index) else { return (.separator, 1) }
        if isSeparator(scalar) { return (.separator, size) }
        return (isIdeograph(scalar) ? .ideograph : .letter, size)
    }

    /// The scalar at an index, or nil where the bytes are not valid UTF-8 (overlong, surrogate, cut off).
    private static func decode(_ text: Span<UInt8>, _ index: Int) -> (UInt32, Int)? {
        func continuation(_ offset: Int) -> UInt32? {
            guard index + offset < text.count, text[index + offset] & 0xC0 == 0x80 else { return nil }
            return UInt32(text[index + offset] & 0x3F)
        }
        let first = UInt32(text[index])
        guard first >= 0xC2, first <= 0xF4, let second = continuation(1) else { return nil }
        if first <= 0xDF { return ((first & 0x1F) << 6 | second, 2) }
        guard let third = continuation(2) else { return nil }
        if first <= 0xEF {
            let scalar = (first & 0x0F) << 12 | second << 6 | third
            return scalar >= 0x800 && !(0xD800...0xDFFF).contains(scalar) ? (scalar, 3) : nil
        }
        guard let fourth = continuation(3) else { return nil }
        let scalar = (first & 0x07) << 18 | second << 12 | third << 6 | fourth
        return (0x10000...0x10FFFF).contains(scalar) ? (scalar, 4) : nil
    }

    /// Blocks of punctuation and symbols; whatever else lies beyond ASCII counts as a letter.
    private static func isSeparator(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0xAA, 0xB5, 0xBA: false
        case 0..<0xC0, 0xD7, 0xF7, 0x2000...0x2BFF, 0x3000...0x303F, 0xFF00...0xFF0F, 0xFEFF, 0x1F000...: true
        default: false
        }
    }

    /// Scripts written without spaces.
    private static func isIdeograph(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x3040...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF: true
        default: false
        }
    }

    /// Lowercases ASCII, Latin-1, Greek and Cyrillic, where both cases have the same number of bytes.
    private static func lowercase(_ text: Span<UInt8>, _ start: Int, _ end: Int, into word: inout [UInt8]) {
        word.removeAll(keepingCapacity: true)
        var index = start
        while index < end {
            let byte = text[index]
            if byte < 0x80 {
                word.append(isUpper(byte) ? byte + 32 : byte)
                index += 1
            } else if let (scalar, size) = decode(text, index), size == 2 {
                let lower = lowercase(scalar)
                word.append(UInt8(0xC0 | lower >> 6))
                word.append(UInt8(0x80 | lower & 0x3F))
                index += 2
            } else {
                word.append(byte)
                index += 1
            }
        }
    }

    private static func lowercase(_ scalar: UInt32) -> UInt32 {
        switch scalar {
        case 0xD7: scalar
        case 0xC0...0xDE, 0x391...0x3A9, 0x410...0x42F: scalar + 32
        case 0x400...0x40F: scalar + 80
        default: scalar
        }
    }
}
