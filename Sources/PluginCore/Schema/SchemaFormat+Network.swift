/// Addresses, names of hosts, URIs.
extension SchemaFormat {
    /// The form of RFC 5321 section 4.1.2.
    static func isEmail(_ text: String) -> Bool {
        guard let mark = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return false }
        let local = text.utf8[..<mark]
        let host = String(text[text.index(after: mark)...])
        let isLocalPart: Bool
        if local.count >= 2, local.first == UInt8(ascii: "\""), local.last == UInt8(ascii: "\"") {
            var isEscaped = false
            isLocalPart =
                local.dropFirst().dropLast().allSatisfy { byte in
                    defer { isEscaped = !isEscaped && byte == UInt8(ascii: "\\") }
                    return (0x20..<0x7F).contains(byte) && (isEscaped || byte != UInt8(ascii: "\""))
                } && !isEscaped
        } else {
            let atoms = local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            isLocalPart = atoms.allSatisfy { atom in
                !atom.isEmpty && atom.allSatisfy { isAlphanumeric($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
            }
        }
        guard isLocalPart else { return false }
        guard host.hasPrefix("["), host.hasSuffix("]") else { return isHostname(host) }
        let address = String(host.dropFirst().dropLast())
        return address.hasPrefix("IPv6:") ? isIPv6(String(address.dropFirst(5))) : isIPv4(address)
    }

    /// RFC 1123 section 2.1.
    static func isHostname(_ text: String) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            let hyphen = UInt8(ascii: "-")
            return !label.isEmpty && label.count <= 63 && label.first != hyphen && label.last != hyphen
                && label.allSatisfy { isAlphanumeric($0) || $0 == hyphen }
        }
    }

    /// Four decimal numbers; no leading zeros, which some programs take for octal (RFC 2673 section 3.2).
    static func isIPv4(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(isDigit)
                    && (part.count == 1 || part.first != UInt8(ascii: "0"))
                    && part.reduce(0) { $0 * 10 + Int($1 & 0x0F) } <= 255
            }
    }

    /// RFC 4291 section 2.2.
    static func isIPv6(_ text: String) -> Bool {
        var groups = text.split(separator: ":", omittingEmptySubsequences: false)
        var count = 8
        if let last = groups.last, last.utf8.contains(UInt8(ascii: ".")) {
            guard isIPv4(String(last)) else { return false }
            groups.removeLast()
            count = 6
            // "::1.2.3.4": what stood between the last two colons is part of the gap.
            if groups.isEmpty { return false }
            if groups.last?.isEmpty == true { groups.append("") }
        }
        let isGap = groups.map(\.isEmpty)
        let gaps = isGap.count(where: \.self)
        guard groups.allSatisfy({ $0.utf8.count <= 4 && $0.utf8.allSatisfy(isHexadecimal) }) else { return false }
        if gaps == 0 { return groups.count == count }
        // A gap at an end leaves two empty groups there.
        var inner = isGap[...]
        if inner.count >= 2, inner.first == true, inner.dropFirst().first == true { inner = inner.dropFirst() }
        if inner.count >= 2, inner.last == true, inner.dropLast().last == true { inner = inner.dropLast() }
        guard inner.count(where: \.self) == 1 else { return false }
        if inner.count == isGap.count, isGap.first == true || isGap.last == true { return false }
        return groups.count - gaps < count
    }

    /// RFC 3986: the characters, the escapes, and the form of what stands before the path.
    static func isURI(_ text: String, needsScheme: Bool) -> Bool {
        let allowed = "-._~:/?#[]@!$&'()*+,;=%".utf8
        guard text.utf8.allSatisfy({ isAlphanumeric($0) || allowed.contains($0) }) else { return false }
        let uri = SchemaURI(text)
        // Two marks of a fragment, and damaged escapes.
        if uri.fragment?.utf8.contains(UInt8(ascii: "#")) == true || !hasWholeEscapes(text) { return false }
        if let scheme = uri.scheme {
            guard let first = scheme.utf8.first, isAlphanumeric(first), !isDigit(first),
                scheme.utf8.allSatisfy({ isAlphanumeric($0) || "+-.".utf8.contains($0) })
            else { return false }
        } else if needsScheme || uri.authority == nil && uri.path.hasPrefix(":") {
            return false
        }
        let brackets = "[]".utf8
        for part in [uri.path, uri.query ?? "", uri.fragment ?? ""] where part.utf8.contains(where: brackets.contains) {
            return false
        }
        return uri.authority.map(isAuthority) ?? true
    }

    private static func hasWholeEscapes(_ text: String) -> Bool {
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else { continue }
            guard rest.count >= 2, rest.prefix(2).allSatisfy(isHexadecimal) else { return false }
        }
        return true
    }

    private static func isAuthority(_ text: String) -> Bool {
        var host = text[...]
        if let mark = host.lastIndex(of: "@") {
            guard !host[..<mark].utf8.contains(where: "@[]".utf8.contains) else { return false }
            host = host[host.index(after: mark)...]
        }
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return false }
            let address = String(host[host.index(after: host.startIndex)..<end])
            guard isIPv6(address) || address.hasPrefix("v") else { return false }
            host = host[host.index(after: end)...]
        } else {
            let colon = host.firstIndex(of: ":") ?? host.endIndex
            guard !host[..<colon].utf8.contains(where: "[]".utf8.contains) else { return false }
            host = host[colon...]
        }
        return host.isEmpty || host.hasPrefix(":") && host.dropFirst().utf8.allSatisfy(isDigit)
    }
}
