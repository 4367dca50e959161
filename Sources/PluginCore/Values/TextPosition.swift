/// A place in a text, for a person: both numbers are from 1 on, and columns count characters.
public struct TextPosition: Sendable, Hashable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The place of a byte in UTF-8 text.
    package init(ofByte offset: Int, in text: [UInt8]) {
        let before = text[..<min(offset, text.count)]
        line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // A continuation byte of UTF-8 begins no character.
        column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
    }
}

extension TextPosition: CustomStringConvertible {
    public var description: String { "line \(line), column \(column)" }
}

/// Text that is not in the language that it should be in.
public struct SyntaxFault: Error, Sendable, Hashable {
    public var position: TextPosition
    /// What is wrong there, without a final full stop.
    public var reason: String

    public init(_ reason: String, at position: TextPosition) {
        self.reason = reason
        self.position = position
    }
}
