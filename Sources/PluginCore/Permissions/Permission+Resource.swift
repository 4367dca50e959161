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

    private static let ports: [Substring: String] = ["https": "443", "wss": "443", "http": "80", "ws": "80"]

    /// `https://api.example.com/*`, which is all of a host, as `api.example.com:443`. An address with a path stays.
    static func host(_ text: String) -> String {
        guard let separator = text.firstRange(of: "://"), let port = ports[text[..<separator.lowerBound]] else {
            return text
        }
        var rest = text[separator.upperBound...]
        if let slash = rest.firstIndex(of: "/") {
            guard ["/", "/*", "/**"].contains(rest[slash...]) else { return text }
            rest = rest[..<slash]
        }
        return isHostAndPort(String(rest)) ? String(rest) : "\(rest):\(port)"
    }

    /// An address has its port by its scheme.
    static func isHostAndPort(_ text: String) -> Bool {
        if let separator = text.firstRange(of: "://") {
            return ports[text[..<separator.lowerBound]] != nil && !text[separator.upperBound...].isEmpty
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let port = parts.last, parts.count > 1, !parts[0].isEmpty else { return false }
        return port == "*" || isPort(port)
    }

    static func isPort(_ text: Substring) -> Bool { UInt16(text).map { $0 > 0 } ?? false }
}
