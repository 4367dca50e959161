/// The one form of a resource, and what it has to be.
extension Permission {
    /// Without "." and doubled slashes; the data folder itself is ".".
    static func path(_ text: String) -> String {
        guard !text.isEmpty else { return text }
        let parts = text.split(separator: "/").filter { $0 != "." }
        let path = (text.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
        return path.isEmpty ? "." : path
    }

    /// A path, or a method and a path.
    static func endpoint(_ text: String) -> String {
        let words = text.split(separator: " ", maxSplits: 1)
        return words.count == 2 ? "\(words[0]) \(path(String(words[1])))" : path(text)
    }

    /// Does a relative path lead above where it starts?
    static func escapes(_ path: String) -> Bool {
        guard !path.hasPrefix("/") else { return false }
        var depth = 0
        for part in path.split(separator: "/") {
            depth += part == ".." ? -1 : 1
            if depth < 0 { return true }
        }
        return false
    }

    /// `https://api.example.com/*`, which is all of a host, as `api.example.com:443`. An address with a path stays, and so does
    /// what is no address.
    static func host(_ text: String) -> String {
        guard let separator = text.firstRange(of: "://"), NetworkPattern.mistake(in: text) == nil,
            let port = NetworkPattern.Words(text).port
        else { return text }
        var rest = text[separator.upperBound...]
        if let slash = rest.firstIndex(of: "/") {
            guard ["/", "/*", "/**"].contains(rest[slash...]) else { return text }
            rest = rest[..<slash]
        }
        return NetworkPattern.mistake(in: String(rest)) == nil ? String(rest) : "\(rest):\(port)"
    }

    static func isPort(_ text: Substring) -> Bool { UInt16(text).map { $0 > 0 } ?? false }
}
