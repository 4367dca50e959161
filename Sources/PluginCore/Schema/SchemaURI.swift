/// A URI reference in its parts (RFC 3986, appendix B), as far as schemas need it.
struct SchemaURI {
    var scheme: String?
    var authority: String?
    var path: String
    var query: String?
    var fragment: String?

    init(_ text: String) {
        var rest = text.unicodeScalars[...]
        func head(_ scalars: Substring.UnicodeScalarView) -> String { String(scalars) }
        if let mark = rest.firstIndex(of: "#") {
            fragment = head(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(of: "?") {
            query = head(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let colon = rest.firstIndex(where: { ":/".unicodeScalars.contains($0) }), rest[colon] == ":",
            colon != rest.startIndex
        {
            scheme = head(rest[..<colon])
            rest = rest[rest.index(after: colon)...]
        }
        if rest.starts(with: "//".unicodeScalars) {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = head(rest[..<end])
            rest = rest[end...]
        }
        // What may not stand in a URI, such as a space, means its escape: one resource has one spelling.
        path = Self.escaped(head(rest))
    }

    var text: String {
        var text = scheme.map { "\($0):" } ?? ""
        if let authority { text += "//\(authority)" }
        text += path
        if let query { text += "?\(query)" }
        if let fragment { text += "#\(fragment)" }
        return text
    }

    /// The URI that a reference in a document means (RFC 3986 section 5.2).
    func resolving(_ reference: String) -> SchemaURI {
        var target = SchemaURI(reference)
        if target.scheme != nil {
            target.path = Self.withoutDots(target.path)
            return target
        }
        target.scheme = scheme
        if target.authority != nil {
            target.path = Self.withoutDots(target.path)
            return target
        }
        target.authority = authority
        if target.path.isEmpty {
            target.path = path
            target.query = target.query ?? query
        } else if target.path.hasPrefix("/") {
            target.path = Self.withoutDots(target.path)
        } else {
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? (authority == nil ? "" : "/")
            target.path = Self.withoutDots(folder + target.path)
        }
        return target
    }

    /// The path without "." and ".." (RFC 3986 section 5.2.4).
    private static func withoutDots(_ path: String) -> String {
        guard path.contains("/.") || path.hasPrefix(".") else { return path }
        let isAbsolute = path.hasPrefix("/")
        var kept: [Substring] = []
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(isAbsolute ? 1 : 0)
        for part in parts {
            switch part {
            case ".": break
            case "..": _ = kept.popLast()
            default: kept.append(part)
            }
        }
        if parts.last == "." || parts.last == ".." { kept.append("") }
        return (isAbsolute ? "/" : "") + kept.joined(separator: "/")
    }

    static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }

    /// The text with an escape for every byte that no URI has (RFC 3986 section 2); its own escapes stay.
    private static func escaped(_ text: String) -> String {
        let isAllowed = { (byte: UInt8) in
            isLetter(byte) || (0x30...0x39).contains(byte) || "-._~:/?#[]@!$&'()*+,;=%".utf8.contains(byte)
        }
        return text.utf8.allSatisfy(isAllowed) ? text : escaped(text, where: { !isAllowed($0) })
    }

    static func escaped(_ text: String, where isEscaped: (UInt8) -> Bool) -> String {
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            isEscaped(byte) ? [UInt8(ascii: "%")] + Hexadecimal.text([byte]).uppercased().utf8 : [byte]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The fragment with its escapes undone; nil if they are damaged.
    var decodedFragment: String? { fragment.map(Self.decoded) ?? "" }

    /// A text with its escapes (`%25`) undone; nil if they are damaged.
    static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            guard digits.count == 2 else { return nil }
            bytes.append(UInt8(digits[0] << 4 | digits[1]))
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// JSON pointers (RFC 6901).
enum SchemaPointer {
    /// The keys of a pointer; nil if it is none.
    static func tokens(_ pointer: String) -> [String]? {
        if pointer.isEmpty { return [] }
        guard pointer.hasPrefix("/") else { return nil }
        var tokens: [String] = []
        for part in pointer.unicodeScalars.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            var token = ""
            var rest = part
            while let scalar = rest.popFirst() {
                guard scalar == "~" else {
                    token.unicodeScalars.append(scalar)
                    continue
                }
                switch rest.popFirst() {
                case "0": token += "~"
                case "1": token += "/"
                default: return nil
                }
            }
            tokens.append(token)
        }
        return tokens
    }

    /// The part of a value that a key of a pointer names.
    static func step(_ value: JSON, _ token: String) -> JSON? {
        switch value {
        case .object(let members): return members[exactly: token]
        case .array(let elements):
            guard let index = Int(token), String(index) == token, elements.indices.contains(index) else { return nil }
            return elements[index]
        default: return nil
        }
    }
}
