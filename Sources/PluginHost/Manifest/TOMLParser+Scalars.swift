internal import PluginCore

extension TOMLParser {
    // MARK: - Space

    /// What stands at the present place, for an error.
    var found: String {
        guard at < text.count else { return "the end" }
        switch text[at] {
        case 0x0A, 0x0D: return "the end of the line"
        case 0x21...0x7E: return "\"\(Unicode.Scalar(text[at]))\""
        default: return "the byte 0x\(String(text[at], radix: 16))"
        }
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard at < text.count, text[at] == UInt8(ascii: scalar) else { return false }
        at += 1
        return true
    }

    mutating func skipSpace() {
        while at < text.count, text[at] == 0x20 || text[at] == 0x09 { at += 1 }
    }

    /// Passes over space, comments and ends of lines. True, to stand in a condition.
    @discardableResult
    mutating func skipBlank() throws(Failure) -> Bool {
        while true {
            skipSpace()
            try skipComment()
            guard try takeLineEnd() else { return true }
        }
    }

    /// Nothing but a comment may follow on a line.
    mutating func endOfLine() throws(Failure) {
        skipSpace()
        try skipComment()
        guard at < text.count else { return }
        guard try takeLineEnd() else { throw failure("expected the end of the line, found \(found)") }
    }

    private mutating func takeLineEnd() throws(Failure) -> Bool {
        if take("\n") { return true }
        guard take("\r") else { return false }
        guard take("\n") else { throw failure("a carriage return without a line feed", at: at - 1) }
        return true
    }

    private mutating func skipComment() throws(Failure) {
        guard take("#") else { return }
        while at < text.count, text[at] != 0x0A {
            if text[at] == 0x0D, at + 1 < text.count, text[at + 1] == 0x0A { return }
            guard !Self.isControl(text[at]) else { throw failure("a control character in a comment") }
            at += 1
        }
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7F }

    // MARK: - Strings

    mutating func string(isKey: Bool) throws(Failure) -> String {
        let start = at
        let quote = text[at]
        let isLong = text[at...].starts(with: [quote, quote, quote])
        guard !isLong || !isKey else { throw failure("a key must not be a string of several lines") }
        at += isLong ? 3 : 1
        // The first line's end does not count.
        if isLong { _ = try takeLineEnd() }
        var bytes: [UInt8] = []
        while at < text.count {
            let byte = text[at]
            if byte == quote {
                if !isLong {
                    at += 1
                    return String(decoding: bytes, as: UTF8.self)
                }
                let quotes = text[at...].prefix(5).prefix { $0 == quote }.count
                at += quotes
                // Up to two may stand before the three that end it.
                for _ in 0..<(quotes < 3 ? quotes : quotes - 3) { bytes.append(quote) }
                if quotes >= 3 { return String(decoding: bytes, as: UTF8.self) }
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                try escape(into: &bytes, isLong: isLong)
            } else if isLong, try takeLineEnd() {
                bytes.append(0x0A)
            } else if byte == 0x0A || byte == 0x0D {
                throw failure("a string that does not end on its line", at: start)
            } else {
                guard !Self.isControl(byte) else { throw failure("a control character in a string must be escaped") }
                bytes.append(byte)
                at += 1
            }
        }
        throw failure("a string that does not end", at: start)
    }

    private mutating func escape(into bytes: inout [UInt8], isLong: Bool) throws(Failure) {
        let start = at
        at += 1
        guard at < text.count else { throw failure("a string that does not end", at: start) }
        let letter = text[at]
        at += 1
        switch letter {
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(letter)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = letter == UInt8(ascii: "u") ? 4 : 8
            let digits = text[at...].prefix(count)
            guard digits.count == count, digits.allSatisfy({ Self.digits[16]?.contains($0) == true }),
                let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16), let scalar = Unicode.Scalar(code)
            else { throw failure("an escape that is no character", at: start) }
            at += count
            bytes += String(Character(scalar)).utf8
        case 0x20, 0x09, 0x0A, 0x0D:
            // A backslash at the end of a line takes all space up to the next character.
            at -= 1
            skipSpace()
            guard isLong, try takeLineEnd() else { throw failure("an escape that does not exist", at: start) }
            repeat { skipSpace() } while try takeLineEnd()
        default: throw failure("an escape that does not exist", at: start)
        }
    }

    // MARK: - Numbers, words and dates

    mutating func scalar() throws(Failure) -> JSON {
        let start = at
        func end(_ from: Int) -> Int {
            text[from...].firstIndex { " \t\r\n,]}#".utf8.contains($0) } ?? text.count
        }
        at = end(start)
        var word = String(decoding: text[start..<at], as: UTF8.self)
        // A time may follow its date after a space.
        if Self.isDate(word), at + 1 < text.count, text[at] == 0x20, Self.digits[10]?.contains(text[at + 1]) == true {
            at = end(at + 1)
            word = String(decoding: text[start..<at], as: UTF8.self)
        }
        switch word {
        case "true": return true
        case "false": return false
        case "inf", "+inf", "-inf", "nan", "+nan", "-nan": return .string(word)
        case "": throw failure("expected a value, found \(found)", at: start)
        default: break
        }
        if Self.isDateOrTime(word) { return .string(word) }
        guard let number = Self.number(word) else {
            throw failure(
                "\(JSON.string(String(word.prefix(60))).text) is no value; text has to stand in quotes", at: start)
        }
        return number
    }

    private static let digits: [Int: Set<UInt8>] = [
        2: Set("01".utf8), 8: Set("01234567".utf8), 10: Set("0123456789".utf8),
        16: Set("0123456789abcdefABCDEF".utf8),
    ]

    /// Digits with single underscores between them, without those.
    private static func plain(_ text: some StringProtocol, radix: Int) -> String? {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard let allowed = digits[radix], parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(allowed.contains) })
        else { return nil }
        return parts.joined()
    }

    private static func number(_ word: String) -> JSON? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
            return plain(word.dropFirst(2), radix: radix).flatMap { Int64($0, radix: radix) }.map(JSON.int)
        }
        let sign = word.prefix { $0 == "+" || $0 == "-" }
        guard sign.utf8.count <= 1 else { return nil }
        let exponent = word.dropFirst(sign.count).split(
            maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { $0 == "e" || $0 == "E" })
        let fraction = exponent[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = plain(fraction[0], radix: 10), whole == "0" || !whole.hasPrefix("0") else { return nil }
        var text = sign + whole
        if fraction.count == 1, exponent.count == 1 { return Int64(text).map(JSON.int) }
        if fraction.count > 1 {
            guard let digits = plain(fraction[1], radix: 10) else { return nil }
            text += "." + digits
        }
        if exponent.count > 1 {
            let sign = exponent[1].prefix(1).filter { $0 == "+" || $0 == "-" }
            guard let digits = plain(exponent[1].dropFirst(sign.count), radix: 10) else { return nil }
            text += "e" + sign + digits
        }
        return Double(text).flatMap { $0.isFinite ? .double($0) : nil }
    }

    private static func isDate(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0].utf8.count == 4 && plain(parts[0], radix: 10) == String(parts[0])
            && isNumber(parts[1], 1...12) && isNumber(parts[2], 1...31)
    }

    /// Two digits.
    private static func isNumber(_ text: some StringProtocol, _ range: ClosedRange<Int>) -> Bool {
        text.utf8.count == 2 && plain(text, radix: 10).flatMap { Int($0) }.map(range.contains) == true
    }

    private static func isTime(_ text: some StringProtocol) -> Bool {
        let fraction = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        if fraction.count > 1, plain(fraction[1], radix: 10) != String(fraction[1]) { return false }
        let parts = fraction[0].split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 3 && isNumber(parts[0], 0...23) && isNumber(parts[1], 0...59)
            && isNumber(parts[2], 0...60)
    }

    private static func isOffset(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && isNumber(parts[0], 0...23) && isNumber(parts[1], 0...59)
    }

    private static func isDateOrTime(_ word: String) -> Bool {
        if isDate(word) || isTime(word) { return true }
        guard word.utf8.count > 11, isDate(word.prefix(10)), "Tt ".contains(word.dropFirst(10).prefix(1)) else {
            return false
        }
        let rest = word.dropFirst(11)
        if rest.hasSuffix("Z") || rest.hasSuffix("z") { return isTime(rest.dropLast()) }
        if let sign = rest.firstIndex(where: { $0 == "+" || $0 == "-" }) {
            return isTime(rest[..<sign]) && isOffset(rest[rest.index(after: sign)...])
        }
        return isTime(rest)
    }
}
