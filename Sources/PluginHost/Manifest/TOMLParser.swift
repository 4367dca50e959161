internal import PluginCore

/// A strict reader of TOML 1.0, as ``JSONParser`` is one of JSON. Dates and times become text, and so do infinity and what
/// is no number, because JSON has neither.
///
/// Our own, because what it reads may be of bad will, and its errors need places: TOMLKit 0.6 ends the process at a key of
/// some ten thousand dots, never frees a document, and tells the places of syntax errors only.
struct TOMLParser {
    /// What is wrong, and at which byte.
    struct Failure: Error {
        let reason: String
        let offset: Int
    }

    /// Levels of tables and arrays. No manifest comes near.
    static let maximumDepth = 64

    /// UTF-8.
    let text: [UInt8]
    var at = 0
    /// Pointers whose places are noted.
    private let wanted: Set<String>
    /// By JSON pointer: the byte at which a key, a header or an element begins.
    private(set) var offsets: [String: Int] = [:]
    /// Of the table that assignments are for, for an error.
    private var headerKeys: [String] = []

    init(_ text: [UInt8], lookingFor wanted: Set<String> = []) {
        self.text = text
        self.wanted = wanted
    }

    mutating func document() throws(Failure) -> JSON {
        guard !text.starts(with: [0xEF, 0xBB, 0xBF]) else {
            throw failure("a byte order mark must not stand before TOML")
        }
        let root = TOMLTable(.header)
        var (table, place) = (root, Place())
        while try skipBlank(), at < text.count {
            if text[at] == UInt8(ascii: "[") {
                (table, place) = try header(in: root)
            } else {
                try assignment(in: table, at: place)
            }
            try endOfLine()
        }
        return root.json
    }

    // MARK: - Places

    /// Where something stands in the document.
    struct Place {
        var pointer = ""
        var depth = 0
    }

    func failure(_ reason: String, at offset: Int? = nil) -> Failure { Failure(reason: reason, offset: offset ?? at) }

    private mutating func step(_ place: Place, _ key: String, from offset: Int) throws(Failure) -> Place {
        guard place.depth < Self.maximumDepth else { throw failure("nested more than \(Self.maximumDepth) deep") }
        // Without anything to find the pointer is not needed.
        let pointer = wanted.isEmpty ? "" : "\(place.pointer)/\(JSON.escapedForPointer(key))"
        if wanted.contains(pointer), offsets[pointer] == nil { offsets[pointer] = offset }
        return Place(pointer: pointer, depth: place.depth + 1)
    }

    // MARK: - Statements

    /// `[a.b]` or `[[a.b]]`
    private mutating func header(in root: TOMLTable) throws(Failure) -> (TOMLTable, Place) {
        let start = at
        at += 1
        let isArray = take("[")
        let keys = try keys()
        headerKeys = keys
        guard take("]"), !isArray || take("]") else {
            throw failure("expected \"\(isArray ? "]]" : "]")\", found \(found)")
        }
        var (table, place) = (root, Place())
        for (index, key) in keys.enumerated() {
            place = try step(place, key, from: start)
            let isLast = index == keys.count - 1
            try checkForm(of: key, in: table, at: start)
            switch table.items[key] {
            case nil:
                let next = TOMLTable(isLast ? .header : .implied)
                table.items[key] = isLast && isArray ? .tables([next]) : .table(next)
                if isLast, isArray { place = try step(place, "0", from: start) }
                table = next
            case .table(let next):
                if isLast {
                    guard !isArray, next.origin == .implied else { throw failure("\(key) is defined twice", at: start) }
                    next.origin = .header
                }
                table = next
            case .tables(var tables):
                if isLast {
                    guard isArray else { throw failure("\(key) is defined twice", at: start) }
                    tables.append(TOMLTable(.header))
                    table.items[key] = .tables(tables)
                }
                place = try step(place, "\(tables.count - 1)", from: start)
                table = tables[tables.count - 1]
            case .value: throw failure("\(key) is no table", at: start)
            }
        }
        return (table, place)
    }

    /// `a.b = value`
    private mutating func assignment(in table: TOMLTable, at place: Place) throws(Failure) {
        let start = at
        let keys = try keys()
        guard take("=") else { throw failure("expected \"=\", found \(found)") }
        var (table, place) = (table, place)
        for key in keys.dropLast() {
            place = try step(place, key, from: start)
            try checkForm(of: key, in: table, at: start)
            switch table.items[key] {
            case nil:
                let next = TOMLTable(.dotted)
                table.items[key] = .table(next)
                table = next
            case .table(let next) where next.origin == .dotted: table = next
            default: throw failure("\(key) is defined twice", at: start)
            }
        }
        let last = keys[keys.count - 1]
        guard table.items[last] == nil else {
            throw failure(JSON.repeatedKey(last, in: table.items.keys), at: start)
        }
        place = try step(place, last, from: start)
        table.items[last] = .value(try value(place, keys))
    }

    /// Keys in two Unicode forms are two in TOML, but one in Swift.
    private func checkForm(of key: String, in table: TOMLTable, at start: Int) throws(Failure) {
        guard table.items[key] != nil, table.items[exactly: key] == nil else { return }
        throw failure(JSON.repeatedKey(key, in: table.items.keys), at: start)
    }

    /// The keys of a dotted key, at least one.
    private mutating func keys() throws(Failure) -> [String] {
        var keys: [String] = []
        repeat {
            guard keys.count < Self.maximumDepth else { throw failure("nested more than \(Self.maximumDepth) deep") }
            skipSpace()
            let start = at
            if at < text.count, text[at] == UInt8(ascii: "\"") || text[at] == UInt8(ascii: "'") {
                keys.append(try string(isKey: true))
            } else {
                while at < text.count, Self.isBare(text[at]) { at += 1 }
                guard at > start else { throw failure("expected a key, found \(found)") }
                keys.append(String(decoding: text[start..<at], as: UTF8.self))
            }
            skipSpace()
        } while take(".")
        return keys
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    // MARK: - Values

    private mutating func value(_ place: Place, _ keys: [String]) throws(Failure) -> JSON {
        skipSpace()
        guard at < text.count else { throw failure("expected a value, found the end") }
        switch text[at] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string(isKey: false))
        case UInt8(ascii: "["): return try array(place, keys)
        case UInt8(ascii: "{"): return try inlineTable(place, keys)
        default: return try scalar()
        }
    }

    private mutating func array(_ place: Place, _ keys: [String]) throws(Failure) -> JSON {
        at += 1
        var elements: [JSON] = []
        while true {
            try skipBlank()
            if take("]") { return .array(elements) }
            let inner = try step(place, "\(elements.count)", from: at)
            elements.append(try value(inner, keys))
            try skipBlank()
            if take("]") { return .array(elements) }
            guard take(",") else { throw failure("expected \",\" or \"]\", found \(found)") }
        }
    }

    private mutating func inlineTable(_ place: Place, _ keys: [String]) throws(Failure) -> JSON {
        at += 1
        let table = TOMLTable(.dotted)
        skipSpace()
        if take("}") { return [:] }
        while true {
            skipSpace()
            try checkLine(keys)
            try assignment(in: table, at: place)
            skipSpace()
            try checkLine(keys)
            if take("}") { return table.json }
            guard take(",") else { throw failure("expected \",\" or \"}\", found \(found)") }
        }
    }

    /// The mistake that everybody makes who comes from JSON.
    private func checkLine(_ keys: [String]) throws(Failure) {
        guard at < text.count, [0x0A, 0x0D, UInt8(ascii: "#")].contains(text[at]) else { return }
        throw failure(
            "an inline table ends on the line on which it begins (TOML 1.0); write it in one line, or as a table of its"
                + " own below [\((headerKeys + keys).joined(separator: "."))]")
    }
}
