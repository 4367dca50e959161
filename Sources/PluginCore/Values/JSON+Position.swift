extension JSON {
    /// Where a value stands in the text of a document: at the key of a member, at the beginning of an element. Of what
    /// does not exist, the place of what would hold it.
    ///
    /// - Returns: nil if the text is no JSON up to that place.
    public static func position(of pointer: String, in text: [UInt8]) -> TextPosition? {
        var parser = JSONParser(text)
        let keys = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(unescapedFromPointer)
        guard let offset = try? parser.offset(of: keys[...]) else { return nil }
        return TextPosition(ofByte: offset, in: text)
    }

    /// A part of a JSON pointer as a key (RFC 6901 section 4).
    static func unescapedFromPointer(_ part: Substring) -> String {
        guard part.utf8.contains(UInt8(ascii: "~")) else { return String(part) }
        var text = ""
        var isEscape = false
        for scalar in part.unicodeScalars {
            switch (isEscape, scalar) {
            case (false, "~"): isEscape = true
            case (true, "0"): (text, isEscape) = (text + "~", false)
            case (true, "1"): (text, isEscape) = (text + "/", false)
            default:
                text.unicodeScalars.append(scalar)
                isEscape = false
            }
        }
        return text
    }
}

extension JSONParser {
    /// Where the value at some keys begins, from the value that comes next.
    mutating func offset(of keys: ArraySlice<String>) throws(Failure) -> Int {
        skipSpace()
        var place = at
        var keys = keys
        // What is not looked for is parsed and dropped: it is checked for sense, and its depth is bounded.
        while let key = keys.popFirst(), at < bytes.count {
            let isObject = bytes[at] == UInt8(ascii: "{")
            guard isObject || bytes[at] == UInt8(ascii: "["), let found = try enter(key, isObject: isObject) else {
                return place
            }
            place = found
        }
        return place
    }

    /// Goes on to the value of a member or an element. Its place, or nil if there is none.
    private mutating func enter(_ key: String, isObject: Bool) throws(Failure) -> Int? {
        at += 1
        var index = 0
        while true {
            skipSpace()
            guard at < bytes.count, bytes[at] != UInt8(ascii: "]"), bytes[at] != UInt8(ascii: "}") else { return nil }
            let start = at
            let isFound: Bool
            if isObject {
                guard bytes[at] == UInt8(ascii: "\"") else { return nil }
                isFound = try string().hasSameScalars(as: key)
                skipSpace()
                guard take(":") else { return nil }
                skipSpace()
            } else {
                isFound = key == "\(index)"
            }
            if isFound { return start }
            _ = try value(depth: 0)
            skipSpace()
            guard take(",") else { return nil }
            index += 1
        }
    }
}
