internal import PluginCore
private import TOMLKit

/// Text in TOML 1.0 as the same JSON that every other manifest is. Dates and times become
/// text, and so does what is no number.
enum TOMLDocument {
    /// - Throws: ``PluginError`` with code `invalidArgument`, with line and column; a ``SyntaxFault`` is beneath it.
    static func json(_ text: [UInt8], what: String) throws(PluginError) -> JSON {
        // The parser takes a C string, and says nothing of what is behind a NUL.
        if let offset = text.firstIndex(of: 0) {
            throw failure(what, SyntaxFault("a NUL byte", at: TextPosition(ofByte: offset, in: text)))
        }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw failure(
                what, SyntaxFault("text that is not UTF-8", at: TextPosition(line: line(notUTF8: text), column: 1)))
        }
        guard !text.starts(with: [0xEF, 0xBB, 0xBF]) else {
            throw failure(
                what, SyntaxFault("a byte order mark must not stand before TOML", at: TextPosition(line: 1, column: 1)))
        }
        if let offset = TOMLScanner(text).tooDeep {
            let reason = "nested more than \(TOMLScanner.maximumDepth) deep"
            throw failure(what, SyntaxFault(reason, at: TextPosition(ofByte: offset, in: text)))
        }
        do {
            let table = try TOMLTable(string: string)
            return try JSON(
                parsing: table.convert(
                    to: .json, options: [.quoteDateAndTimes, .quoteInfinitesAndNaNs, .allowUnicodeStrings]), what: what)
        } catch let error as TOMLParseError {
            let place = TextPosition(line: max(1, error.source.begin.line), column: max(1, error.source.begin.column))
            throw failure(what, SyntaxFault(reason(error.description, place, text), at: place))
        } catch {
            throw (error as? PluginError)
                ?? failure(what, SyntaxFault("\(error)", at: TextPosition(line: 1, column: 1)))
        }
    }

    private static func failure(_ what: String, _ fault: SyntaxFault) -> PluginError {
        PluginError(
            .invalidArgument, "\(what) is not valid TOML: \(fault.position): \(fault.reason)",
            remedy: "Correct the TOML text and try again", underlying: fault)
    }

    /// The parser's reason, or a better one for the mistake that everybody makes who comes from JSON.
    private static func reason(_ reason: String, _ place: TextPosition, _ text: [UInt8]) -> String {
        guard reason.contains("inline table"), reason.hasSuffix(#"'\n'"#) else { return reason }
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).prefix(place.line)
        let header = lines.last { $0.first == UInt8(ascii: "[") }.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let key = lines.last.map { String(decoding: $0.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self) } ?? ""
        let parts = [header, key].map { $0.filter { !"[] \t\r".contains($0) } }.filter { !$0.isEmpty }
        return "an inline table ends on the line on which it begins (TOML 1.0); write it in one line, or as a table of"
            + " its own below [\(parts.joined(separator: "."))]"
    }

    /// The first line that is not UTF-8; a line's end is never part of another character.
    private static func line(notUTF8 text: [UInt8]) -> Int {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0) + 1
    }
}
