internal import PluginCore

/// What the parser of TOML does not do: it says how deep a document is before it is parsed, and where its keys stand.
///
/// The parser follows the tables of a dotted key by recursion, however many there are, so a document of bad will would
/// end the process. This scanner keeps to the lexical rules of TOML 1.0 and checks nothing else: where it goes astray the
/// parser has ended with an error before.
struct TOMLScanner {
    private let text: [UInt8]
    private var at = 0
    private let wanted: Set<String>
    /// By JSON pointer, of those that are wanted: the byte at which a key, a header or an element begins.
    private var offsets: [String: Int] = [:]
    /// How often each array of tables has had a header.
    private var counts: [String: Int] = [:]
    /// Where the document is deeper than ``maximumDepth``, if it is. The scan ends there.
    private(set) var tooDeep: Int?

    /// Levels of tables and arrays. No manifest comes near.
    static let maximumDepth = 64

    /// - Parameter pointers: what to note the places of.
    init(_ text: [UInt8], lookingFor pointers: [String] = []) {
        self.text = text
        var wanted: Set<String> = []
        for pointer in pointers {
            // What is not there is placed at what would hold it.
            var rest = pointer[...]
            while wanted.insert(String(rest)).inserted, let slash = rest.lastIndex(of: "/") { rest = rest[..<slash] }
        }
        self.wanted = wanted
        var (table, depth) = ("", 0)
        while tooDeep == nil, skipSpace(lines: true), at < text.count {
            if text[at] == UInt8(ascii: "[") {
                (table, depth) = header()
            } else {
                assignment(in: table, depth: depth)
            }
            skipLine()
        }
    }

    /// The place of a value, or of what would hold it if there is none.
    func position(of pointer: String) -> TextPosition {
        var pointer = pointer[...]
        while true {
            if let offset = offsets[String(pointer)] { return TextPosition(ofByte: offset, in: text) }
            guard let slash = pointer.lastIndex(of: "/") else { return TextPosition(line: 1, column: 1) }
            pointer = pointer[..<slash]
        }
    }

    private mutating func note(_ pointer: String, _ offset: Int) {
        if wanted.contains(pointer), offsets[pointer] == nil { offsets[pointer] = offset }
    }

    /// Ends the scan if a level is one too many.
    private mutating func isDeep(_ depth: Int) -> Bool {
        guard depth > Self.maximumDepth else { return false }
        tooDeep = tooDeep ?? at
        return true
    }

    // MARK: - Statements

    /// `[a.b]` or `[[a.b]]`: the pointer of the table that begins, and its depth.
    private mutating func header() -> (pointer: String, depth: Int) {
        let start = at
        at += 1
        let isArray = take("[")
        var (pointer, depth) = ("", 0)
        let keys = keys()
        for (index, key) in keys.enumerated() {
            pointer += "/\(key)"
            if isArray, index == keys.count - 1 {
                note(pointer, start)
                counts[pointer, default: 0] += 1
            }
            // A header means the last element of an array of tables.
            if let count = counts[pointer] {
                pointer += "/\(count - 1)"
                depth += 1
            }
            depth += 1
            note(pointer, start)
        }
        return (pointer, depth)
    }

    /// `a.b = value`
    private mutating func assignment(in table: String, depth: Int) {
        let start = at
        var pointer = table
        let keys = keys()
        for key in keys {
            pointer += "/\(key)"
            note(pointer, start)
        }
        guard take("=") else { return }
        value(pointer, depth: depth + keys.count, isNested: false)
    }

    /// The keys of a dotted key, escaped for a pointer; no more than may be.
    private mutating func keys() -> [String] {
        var keys: [String] = []
        repeat {
            skipSpace(lines: false)
            let start = at
            guard at < text.count else { break }
            if text[at] == UInt8(ascii: "\"") || text[at] == UInt8(ascii: "'") {
                skipString()
                // Escapes in a key are rare enough to be passed over.
                keys.append(Self.escaped(text[(start + 1)..<max(start + 1, at - 1)]))
            } else {
                while at < text.count, Self.isBare(text[at]) { at += 1 }
                guard at > start else { break }
                keys.append(Self.escaped(text[start..<at]))
            }
            skipSpace(lines: false)
        } while take(".") && !isDeep(keys.count + 1)
        return keys
    }

    private static func escaped(_ key: ArraySlice<UInt8>) -> String {
        String(decoding: key, as: UTF8.self).split(separator: "~", omittingEmptySubsequences: false).joined(
            separator: "~0"
        ).split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    // MARK: - Values

    private mutating func value(_ pointer: String, depth: Int, isNested: Bool) {
        skipSpace(lines: isNested)
        guard at < text.count, !isDeep(depth) else { return }
        switch text[at] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString()
        case UInt8(ascii: "["):
            at += 1
            var index = 0
            while skipSpace(lines: true), at < text.count, !take("]") {
                note("\(pointer)/\(index)", at)
                value("\(pointer)/\(index)", depth: depth + 1, isNested: true)
                guard tooDeep == nil else { return }
                skipSpace(lines: true)
                index += 1
                guard take(",") || at < text.count && text[at] == UInt8(ascii: "]") else { return }
            }
        case UInt8(ascii: "{"):
            at += 1
            while skipSpace(lines: true), at < text.count, !take("}") {
                let start = at
                var inner = pointer
                let keys = keys()
                for key in keys {
                    inner += "/\(key)"
                    note(inner, start)
                }
                guard take("=") else { return }
                value(inner, depth: depth + keys.count, isNested: true)
                guard tooDeep == nil else { return }
                skipSpace(lines: true)
                guard take(",") || at < text.count && text[at] == UInt8(ascii: "}") else { return }
            }
        default:
            while at < text.count, !",]}#\n".utf8.contains(text[at]) { at += 1 }
        }
    }

    private mutating func skipString() {
        let quote = text[at]
        let isLong = at + 2 < text.count && text[at + 1] == quote && text[at + 2] == quote
        at += isLong ? 3 : 1
        while at < text.count {
            if text[at] == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                at += 2
                continue
            }
            if text[at] == quote {
                guard isLong else { break }
                if at + 2 < text.count, text[at + 1] == quote, text[at + 2] == quote {
                    // Up to two quotes may stand before the three that end it.
                    while at + 3 < text.count, text[at + 3] == quote { at += 1 }
                    at += 2
                    break
                }
            }
            at += 1
        }
        at = min(at + 1, text.count)
    }

    // MARK: - Space

    /// Passes over space and comments, and over line ends if those count as space. True, to stand in a condition.
    @discardableResult
    private mutating func skipSpace(lines: Bool) -> Bool {
        while at < text.count {
            switch text[at] {
            case 0x20, 0x09, 0x0D: at += 1
            case 0x0A where lines: at += 1
            case UInt8(ascii: "#") where lines: skipLine()
            default: return true
            }
        }
        return true
    }

    private mutating func skipLine() {
        while at < text.count, text[at] != 0x0A { at += 1 }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard at < text.count, text[at] == UInt8(ascii: scalar) else { return false }
        at += 1
        return true
    }
}
