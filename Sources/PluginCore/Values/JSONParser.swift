/// A strict reader of RFC 8259.
///
/// Our own, because every plugin and every load needs one, and Foundation's costs more than the rest of loading together:
/// its library has to be mapped and initialised, and decoding a value of unknown shape tries each type in turn.
struct JSONParser {
    /// What is wrong, and at which byte.
    struct Failure: Error {
        let reason: String
        let offset: Int
    }

    let bytes: [UInt8]
    var at = 0
    /// Members of the objects that have not ended yet. A dictionary that is made when its size is known never grows.
    private var pending: [(key: String, place: Int, value: JSON)] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(Failure) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw failure("a byte order mark must not stand before JSON") }
        let value = try value(depth: 0)
        skipSpace()
        guard at == bytes.count else { throw failure("expected the end of the document, found \(found)") }
        return value
    }

    private func failure(_ reason: String, at offset: Int? = nil) -> Failure {
        Failure(reason: reason, offset: offset ?? at)
    }

    /// What stands at the present place, for an error.
    private var found: String {
        guard at < bytes.count else { return "the end" }
        switch bytes[at] {
        case 0x21...0x7E: return "\"\(Unicode.Scalar(bytes[at]))\""
        default: return "the byte 0x\(String(bytes[at], radix: 16))"
        }
    }

    // MARK: - Structure

    mutating func skipSpace() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default: return
            }
        }
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: scalar) else { return false }
        at += 1
        return true
    }

    mutating func value(depth: Int) throws(Failure) -> JSON {
        skipSpace()
        guard at < bytes.count else { throw failure("expected a value, found the end") }
        switch bytes[at] {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw failure("expected a value, found \(found)")
        }
    }

    private mutating func word(_ text: String, _ value: JSON) throws(Failure) -> JSON {
        guard bytes[at...].starts(with: text.utf8) else {
            throw failure("expected a value, found a word that is not true, false or null")
        }
        at += text.utf8.count
        return value
    }

    private func checkDepth(_ depth: Int) throws(Failure) {
        guard depth <= JSON.maximumDepth else { throw failure("nested more than \(JSON.maximumDepth) deep") }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSON {
        try checkDepth(depth)
        at += 1
        var elements: [JSON] = []
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw failure("expected \",\" or \"]\", found \(found)") }
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSON {
        try checkDepth(depth)
        at += 1
        let first = pending.count
        skipSpace()
        if take("}") { return .object([:]) }
        while true {
            skipSpace()
            let start = at
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
                throw failure("expected a key in quotes, found \(found)")
            }
            let key = try string()
            skipSpace()
            guard take(":") else { throw failure("expected \":\", found \(found)") }
            pending.append((key, start, try value(depth: depth)))
            skipSpace()
            if take("}") { return .object(try members(from: first)) }
            guard take(",") else { throw failure("expected \",\" or \"}\", found \(found)") }
        }
    }

    /// The members of the object that ends here.
    private mutating func members(from first: Int) throws(Failure) -> [String: JSON] {
        var members = [String: JSON](minimumCapacity: pending.count - first)
        for (key, place, value) in pending[first...] {
            let count = members.count
            // The first of two equal keys stays.
            members[key] = value
            guard members.count > count else { throw failure(JSON.repeatedKey(key, in: members.keys), at: place) }
        }
        pending.removeSubrange(first...)
        return members
    }

    // MARK: - Strings

    mutating func string() throws(Failure) -> String {
        let opening = at
        at += 1
        var start = at
        var decoded: [UInt8]?
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                let text = String(utf8: decoded.map { ($0 + bytes[start..<at])[...] } ?? bytes[start..<at])
                at += 1
                guard let text else { throw failure("a string that is not UTF-8", at: opening) }
                return text
            case UInt8(ascii: "\\"):
                var sofar = decoded ?? []
                decoded = nil
                sofar += bytes[start..<at]
                at += 1
                try escape(into: &sofar)
                decoded = consume sofar
                start = at
            case 0..<0x20: throw failure("a control character in a string must be escaped, found \(found)")
            default: at += 1
            }
        }
        throw failure("a string that does not end", at: opening)
    }

    /// The part of an escape behind the backslash.
    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        let start = at - 1
        guard at < bytes.count else { throw failure("a string that does not end", at: start) }
        let letter = bytes[at]
        at += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal(start)
            if code & 0xFC00 == 0xD800 {
                guard take("\\"), take("u") else { throw failure("half of a surrogate pair", at: start) }
                let low = try hexadecimal(start)
                guard low & 0xFC00 == 0xDC00 else { throw failure("half of a surrogate pair", at: start) }
                code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair", at: start) }
            text += String(Character(scalar)).utf8
        default: throw failure("an escape that does not exist", at: start)
        }
    }

    private mutating func hexadecimal(_ start: Int) throws(Failure) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard at < bytes.count, let digit = Character(Unicode.Scalar(bytes[at])).hexDigitValue, bytes[at] < 0x80
            else {
                throw failure("\\u without four hexadecimal digits", at: start)
            }
            code = code << 4 | UInt32(digit)
            at += 1
        }
        return code
    }

    // MARK: - Numbers

    private mutating func digits() -> Int {
        let start = at
        while at < bytes.count, (0x30...0x39).contains(bytes[at]) { at += 1 }
        return at - start
    }

    private mutating func number() throws(Failure) -> JSON {
        let start = at
        let isNegative = take("-")
        let leading = at
        let count = digits()
        guard count > 0 else { throw failure("expected a digit, found \(found)") }
        if count > 1, bytes[leading] == UInt8(ascii: "0") { throw failure("a number with a leading zero", at: start) }
        var isInteger = true
        if take(".") {
            isInteger = false
            guard digits() > 0 else { throw failure("expected a digit, found \(found)") }
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            at += 1
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw failure("expected a digit, found \(found)") }
        }
        // At most 18 digits cannot overflow; the rest is rare enough for the general way.
        if isInteger, count <= 18 {
            let magnitude = bytes[leading..<at].reduce(Int64(0)) { $0 * 10 + Int64($1 & 0x0F) }
            // Minus zero is a double: an integer has no sign of zero to keep.
            if isNegative, magnitude == 0 { return .double(-0.0) }
            return .int(isNegative ? -magnitude : magnitude)
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw failure("a number that is too large", at: start) }
        return .double(value)
    }
}
