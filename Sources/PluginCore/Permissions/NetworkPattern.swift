/// What a permission of the kind `net` is about: some hosts, a port, and for addresses with a scheme their paths.
package struct NetworkPattern: Sendable, Hashable {
    /// Lower-case; "*" for all, "*.example.com" for all below example.com, which itself is not among them.
    private let host: String
    /// A number, or "*".
    private let port: String
    /// nil: every path, and whatever is spoken on the port.
    private let address: Address?

    private struct Address: Hashable {
        let scheme: String
        let path: [Substring]
        /// Does it end in `*`?
        let isPrefix: Bool
    }

    /// - Parameter text: `HOST:PORT`, or `SCHEME://HOST[:PORT][/PATH]`, of which `/*` is every path.
    /// - Returns: nil for what has another form; it is equal to nothing but itself.
    package init?(_ text: String) {
        let words = Words(text)
        let path = words.path
        guard words.mistake == nil, let port = words.port, !path.contains(where: { "?#%".contains($0) }) else {
            return nil
        }
        host = words.host
        self.port = port
        var parts = path.split(separator: "/")
        guard !parts.contains(".."), !parts.contains(".") else { return nil }
        let isPrefix = parts.last == "*" || parts.last == "**"
        if isPrefix { parts.removeLast() }
        address =
            if let scheme = words.scheme, !parts.isEmpty {
                Address(scheme: scheme, path: parts, isPrefix: isPrefix)
            } else {
                nil
            }
    }

    /// Why no host and no port can be meant by it, as a sentence without a final full stop; nil if some can.
    package static func mistake(in text: String) -> String? { Words(text).mistake }

    /// Does a `*` of its path stand where it is no wildcard, but a character like others?
    package var hasIdleWildcard: Bool { address?.path.contains { $0.contains("*") } == true }

    /// Every host there is, on whatever port.
    package var isEverything: Bool { host == "*" }

    /// nil: every port.
    package var portNumber: UInt16? { UInt16(port) }

    /// Is it about some of the paths of a host, and not all of them?
    package var hasPath: Bool { address != nil }

    /// The one host that it is about, if it is about one.
    package var exactHost: String? { host.contains("*") ? nil : host }

    /// Is this host, by its name in lower-case, among those that it is about?
    /// - Parameter port: nil: on whatever port.
    package func isAbout(_ name: String, port: UInt16?) -> Bool {
        guard port == nil || portNumber == nil || port == portNumber else { return false }
        return host == "*" || host == name || host.hasPrefix("*.") && name.hasSuffix(host.dropFirst())
    }

    package func covers(_ other: Self) -> Bool {
        guard port == "*" || port == other.port else { return false }
        guard host == "*" || host == other.host || host.hasPrefix("*.") && other.host.hasSuffix(host.dropFirst()) else {
            return false
        }
        guard let address else { return true }
        guard let wanted = other.address, address.scheme == wanted.scheme else { return false }
        return address == wanted || address.isPrefix && wanted.path.starts(with: address.path)
    }
}
