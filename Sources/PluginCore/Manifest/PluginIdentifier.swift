/// The grammar of a plugin's id: NAME or @SCOPE/NAME, each of which begins with a letter or a digit and goes on with
/// letters, digits and `_ - .`.
package enum PluginIdentifier {
    /// In bytes.
    package static let maximumLength = 128

    /// Words that commands and configuration use for something else.
    package static let reserved: Set<String> = ["keyway", "host", "all", "default", "none", "self", "core"]

    /// Only characters of the grammar, and not too many of them? What a host can work with, if not what it recommends.
    package static func isReadable(_ id: String) -> Bool {
        (1...maximumLength).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                isAlphanumeric(byte) || "_-./@".utf8.contains(byte)
            }
    }

    /// What is wrong with a readable id, as the rest of a sentence; nil if nothing is.
    package static func fault(_ id: String) -> String? {
        var parts = id.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if parts.count == 2, parts[0].first == UInt8(ascii: "@") {
            parts[0].removeFirst()
        } else if parts.count != 1 {
            return "has a slash, which only follows a scope, as in @acme/name"
        }
        for part in parts {
            guard let first = part.first, isAlphanumeric(first), !part.contains(UInt8(ascii: "@")) else {
                return "does not begin with a letter or a digit"
            }
            if zip(part, part.dropFirst()).contains(where: { $0 == UInt8(ascii: ".") && $0 == $1 }) {
                return "holds two dots in a row"
            }
        }
        let name = Substring(parts[0]).lowercased()
        return reserved.contains(name) || name.hasPrefix("keyway.") ? "is reserved for the host" : nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
