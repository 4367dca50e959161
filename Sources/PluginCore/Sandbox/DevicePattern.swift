/// Which USB devices a plugin may use: all of a vendor, or one product of it.
public struct DevicePattern: Sendable, Hashable, CustomStringConvertible {
    public let vendor: UInt16
    /// nil: all products.
    public let product: UInt16?

    /// - Parameter text: `usb:VENDOR` or `usb:VENDOR:PRODUCT` in hexadecimal, as `lsusb` shows them.
    public init?(_ text: String) {
        let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts[0] == "usb", let vendor = Self.number(parts[1]) else {
            return nil
        }
        self.vendor = vendor
        product = parts.count == 3 ? Self.number(parts[2]) : nil
        if parts.count == 3, product == nil { return nil }
    }

    private static func number(_ text: Substring) -> UInt16? {
        (1...4).contains(text.utf8.count) && text.allSatisfy(\.isHexDigit) ? UInt16(text, radix: 16) : nil
    }

    package func isAbout(vendor: UInt16, product: UInt16) -> Bool {
        self.vendor == vendor && (self.product ?? product) == product
    }

    public var description: String {
        "usb:" + [vendor, product].compactMap(\.self).map(Self.text).joined(separator: ":")
    }

    private static func text(_ number: UInt16) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
