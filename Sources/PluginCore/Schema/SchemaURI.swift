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
        path = head(rest)
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

    /// The fragment with its escapes (`%25`) undone; nil if they are damaged.
    var decodedFragment: String? {
        guard let fragment else { return "" }
        var bytes: [UInt8] = []
        var rest = fragment.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2,
                let value = UInt8(rest.prefix(2).map { String(UnicodeScalar($0)) }.joined(), radix: 16)
            else { return nil }
            bytes.append(value)
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
        case .object(let members): return members[token]
        case .array(let elements):
            guard let index = Int(token), String(index) == token, elements.indices.contains(index) else { return nil }
            return elements[index]
        default: return nil
        }
    }
}
