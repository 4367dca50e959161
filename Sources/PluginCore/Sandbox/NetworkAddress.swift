internal import Glibc

/// An IP address. An IPv4 address that is written as one of IPv6 (`::ffff:192.0.2.1`) is the same as that of IPv4.
public struct NetworkAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four, or sixteen; as they go over the network.
    package let bytes: [UInt8]

    /// - Returns: nil if it has neither four nor sixteen bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes.starts(with: Self.mapped) && bytes.count == 16 ? Array(bytes[12...]) : bytes
    }

    /// - Parameter text: `192.0.2.1`, `2001:db8::1` or `[2001:db8::1]`.
    public init?(_ text: some StringProtocol) {
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        let inner = isBracketed ? String(text.dropFirst().dropLast()) : String(text)
        var six = [UInt8](repeating: 0, count: 16)
        var four = [UInt8](repeating: 0, count: 4)
        if !isBracketed, unsafe inet_pton(AF_INET, inner, &four) == 1 {
            self.init(bytes: four)
        } else if unsafe inet_pton(AF_INET6, inner, &six) == 1 {
            self.init(bytes: six)
        } else {
            return nil
        }
    }

    private static let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]
    /// What stands before an IPv4 address in those of IPv6 that lead to it: nothing (RFC 4291), a translator (RFC 2765,
    /// RFC 6052), and behind which 6to4 (RFC 3056) has it.
    private static let carriers: [[UInt8]] = [
        Array(repeating: 0, count: 12), Array(repeating: 0, count: 8) + [0xFF, 0xFF, 0, 0],
        [0, 0x64, 0xFF, 0x9B] + Array(repeating: 0, count: 8), [0x20, 0x02],
    ]

    /// This machine itself.
    package var isLoopback: Bool { bytes.count == 4 ? bytes[0] == 127 : bytes == Self.loopback }

    private static let loopback: [UInt8] = Array(repeating: 0, count: 15) + [1]

    /// Is it none (`0.0.0.0`, `::`), that is every one of this machine for who listens?
    package var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    /// What no name of another host leads to: this machine, its own links, several hosts at once, or none. Also where it
    /// is in an address that a translator makes of it.
    package var isSpecial: Bool {
        guard bytes.count == 16 else {
            return bytes[0] == 0 || bytes[0] == 127 || bytes[0] == 169 && bytes[1] == 254 || bytes[0] >= 224
        }
        if bytes[0] == 0xFF || bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 { return true }
        for carrier in Self.carriers where bytes.starts(with: carrier) {
            let inner = bytes[carrier.count..<carrier.count + 4]
            if NetworkAddress(bytes: Array(inner))?.isSpecial == true { return true }
        }
        return false
    }

    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        _ = unsafe inet_ntop(family, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// `192.0.2.1:443`, `[2001:db8::1]:443`.
    package func with(port: UInt16) -> String { bytes.count == 4 ? "\(self):\(port)" : "[\(self)]:\(port)" }
}
