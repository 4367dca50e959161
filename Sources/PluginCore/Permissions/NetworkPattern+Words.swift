extension NetworkPattern {
    /// A text taken apart, and whether its host and its port are such as there can be. What is refused here could never be
    /// reached, so whoever wrote it meant something else.
    struct Words {
        /// In lower-case.
        let scheme: String?
        /// In lower-case, without a final point.
        let host: String
        /// As it stands, or the scheme's; nil: there is neither.
        let port: String?
        let path: Substring
        private let text: String

        init(_ text: String) {
            self.text = text
            var authority = Substring(text)
            var path: Substring = ""
            let separator = text.firstRange(of: "://")
            scheme = separator.map { text[..<$0.lowerBound].lowercased() }
            if let separator {
                authority = text[separator.upperBound...]
                if let slash = authority.firstIndex(of: "/") {
                    path = authority[slash...]
                    authority = authority[..<slash]
                }
            }
            // Those in brackets are of an address.
            let colon = authority.lastIndex(of: ":").flatMap { authority[$0...].contains("]") ? nil : $0 }
            port =
                colon.map { String(authority[authority.index(after: $0)...]) } ?? scheme.flatMap { Self.ports[$0] }
            var host = (colon.map { authority[..<$0] } ?? authority).lowercased()
            // One point at the end of a name says that the name is whole.
            if host.hasSuffix("."), !host.hasSuffix("*.") { host.removeLast() }
            self.host = host
            self.path = path
        }

        private static let ports = ["https": "443", "wss": "443", "http": "80", "ws": "80"]

        /// As a sentence without a final full stop; nil: there is none.
        var mistake: String? {
            if let scheme, Self.ports[scheme] == nil {
                return "\(scheme) is no scheme that has hosts; there are http, https, ws and wss"
            }
            guard let port else { return "a host needs a port, such as \(text):443" }
            if host.isEmpty { return "there is no host before the port" }
            return mistakeOfHost ?? mistake(ofPort: port)
        }

        private func mistake(ofPort port: String) -> String? {
            let isNumber = !port.isEmpty && port.utf8.allSatisfy { (0x30...0x39).contains($0) }
            let isPort = port == "*" || isNumber && UInt16(port).map { $0 > 0 } == true
            return isPort ? nil : "a port is 1 to 65535, or *, and not \"\(port)\""
        }

        private var mistakeOfHost: String? {
            guard host != "*" else { return nil }
            if host.contains(where: { "[]:".contains($0) }) {
                return host.hasPrefix("[") && NetworkAddress(host) != nil
                    ? nil : "an address of IPv6 stands in brackets, such as [2001:db8::1]:443"
            }
            if NetworkAddress(host) != nil { return nil }
            let name = host.hasPrefix("*.") ? host.dropFirst(2) : host[...]
            if name.contains("*") { return "a * stands for a whole host, or for whole labels at its beginning" }
            guard name.utf8.count <= 253 else { return "the name of a host has at most 253 bytes" }
            let labels = name.split(separator: ".", omittingEmptySubsequences: false)
            for label in labels {
                guard !label.isEmpty else { return "nothing stands between two points of the host, or beside one" }
                guard label.utf8.count <= 63 else { return "a label of a host has at most 63 bytes" }
                guard !label.hasPrefix("-"), !label.hasSuffix("-") else {
                    return "a label of a host neither begins nor ends with -"
                }
                guard label.utf8.allSatisfy(Self.isOfName) else {
                    return "the name of a host has letters, digits, - and _; others are written as xn--..."
                }
            }
            // Whoever looks for such a name takes it for an address.
            let isNumeric = labels.last?.utf8.allSatisfy { (0x30...0x39).contains($0) } == true
            return isNumeric ? "an address of IPv4 has four numbers up to 255" : nil
        }

        private static func isOfName(_ byte: UInt8) -> Bool {
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
        }
    }
}
