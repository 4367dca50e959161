internal import PluginCore

/// Text in TOML 1.0 as the same JSON that every other manifest is.
enum TOMLDocument {
    /// - Throws: ``PluginError`` with code `invalidArgument`, with line and column; a ``SyntaxFault`` is beneath it.
    static func json(_ text: [UInt8], what: String) throws(PluginError) -> JSON {
        guard String(validating: text, as: UTF8.self) != nil else {
            throw failure(
                what, SyntaxFault("text that is not UTF-8", at: TextPosition(line: line(notUTF8: text), column: 1)))
        }
        var parser = TOMLParser(text)
        do throws(TOMLParser.Failure) {
            return try parser.document()
        } catch {
            throw failure(what, SyntaxFault(error.reason, at: TextPosition(ofByte: error.offset, in: text)))
        }
    }

    /// Where values stand; of what is not there, where what would hold it stands.
    static func positions(of pointers: [String], in text: [UInt8]) -> [TextPosition] {
        var wanted: Set<String> = []
        for pointer in pointers {
            var rest = pointer[...]
            while wanted.insert(String(rest)).inserted, let slash = rest.lastIndex(of: "/") { rest = rest[..<slash] }
        }
        var parser = TOMLParser(text, lookingFor: wanted)
        // The text has been read once; and if not, what comes before the error has its places.
        _ = try? parser.document()
        return pointers.map { pointer in
            var rest = pointer[...]
            while true {
                if let offset = parser.offsets[String(rest)] { return TextPosition(ofByte: offset, in: text) }
                guard let slash = rest.lastIndex(of: "/") else { return TextPosition(line: 1, column: 1) }
                rest = rest[..<slash]
            }
        }
    }

    private static func failure(_ what: String, _ fault: SyntaxFault) -> PluginError {
        PluginError(
            .invalidArgument, "\(what) is not valid TOML: \(fault.position): \(fault.reason)",
            remedy: "Correct the TOML text and try again", underlying: fault)
    }

    /// The first line that is not UTF-8; a line's end is never part of another character.
    private static func line(notUTF8 text: [UInt8]) -> Int {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0) + 1
    }
}
