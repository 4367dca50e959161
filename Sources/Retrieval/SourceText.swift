/// Makes the bytes of a text file valid UTF-8, whatever they were written as.
enum SourceText {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The file's text as UTF-8, without a byte order mark. Line feeds stay where they are, so line numbers hold.
    ///
    /// Older files are in Latin-1 or Windows-1252, and some mix them with UTF-8. Bytes that are no UTF-8 are therefore
    /// read as Windows-1252, of which Latin-1's printable characters are a part; everything else stays as it is.
    static func utf8(_ bytes: [UInt8]) -> [UInt8] {
        let text = bytes.starts(with: byteOrderMark) ? Array(bytes.dropFirst(byteOrderMark.count)) : bytes
        guard String(validating: text, as: UTF8.self) == nil else { return text }
        return repaired(text)
    }

    private static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + bytes.count / 8)
        var parser = Unicode.UTF8.ForwardParser()
        var source = bytes.makeIterator()
        var position = 0
        while position < bytes.count {
            switch parser.parseScalar(from: &source) {
            case .valid(let encoded):
                result.append(contentsOf: encoded)
                position += encoded.count
            case .error(let length):
                for byte in bytes[position..<(position + length)] {
                    result.append(contentsOf: Character(windows1252(byte)).utf8)
                }
                position += length
            case .emptyInput:
                return result
            }
        }
        return result
    }

    private static func windows1252(_ byte: UInt8) -> Unicode.Scalar {
        (0x80...0x9F).contains(byte) ? upperControls[Int(byte) - 0x80] : Unicode.Scalar(byte)
    }

    /// What Windows-1252 has in place of Latin-1's control characters 0x80 to 0x9F. It leaves five undefined.
    private static let upperControls: [Unicode.Scalar] = [
        "\u{20AC}", "\u{FFFD}", "\u{201A}", "\u{0192}", "\u{201E}", "\u{2026}", "\u{2020}", "\u{2021}",
        "\u{02C6}", "\u{2030}", "\u{0160}", "\u{2039}", "\u{0152}", "\u{FFFD}", "\u{017D}", "\u{FFFD}",
        "\u{FFFD}", "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{2022}", "\u{2013}", "\u{2014}",
        "\u{02DC}", "\u{2122}", "\u{0161}", "\u{203A}", "\u{0153}", "\u{FFFD}", "\u{017E}", "\u{0178}",
    ]
}
