/// A version as semver.org 2.0.0 defines it.
public struct SemanticVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let major: UInt64
    public let minor: UInt64
    public let patch: UInt64
    /// Dot-separated identifiers after `-`.
    public let prerelease: [String]
    /// What follows `+`; it takes no part in the order.
    public let build: String?

    init(_ major: UInt64, _ minor: UInt64, _ patch: UInt64, prerelease: [String] = []) {
        (self.major, self.minor, self.patch) = (major, minor, patch)
        self.prerelease = prerelease
        build = nil
    }

    /// nil if the text is not exactly a version: "1.0", "v1.0.0" and "01.0.0" are not.
    public init?(_ text: String) {
        // By bytes: every part is ASCII, or it is refused.
        let parts = text.utf8.split(separator: UInt8(ascii: "+"), maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            guard Self.identifiers(Substring(parts[1]), numbersMayHaveLeadingZeros: true) != nil else { return nil }
            build = String(Substring(parts[1]))
        } else {
            build = nil
        }
        let core = parts[0].split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        if core.count == 2 {
            let text = Substring(core[1])
            guard let found = Self.identifiers(text, numbersMayHaveLeadingZeros: false) else { return nil }
            prerelease = found
        } else {
            prerelease = []
        }
        let numbers = core[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard numbers.count == 3, let major = Self.number(numbers[0]), let minor = Self.number(numbers[1]),
            let patch = Self.number(numbers[2])
        else { return nil }
        (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    /// Without a leading zero; nil if it is larger than 64 bits hold.
    private static func number(_ digits: Substring.UTF8View) -> UInt64? {
        guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0") else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (product, isLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = product.addingReportingOverflow(UInt64(digit & 0x0F))
            guard !isLarge, !isLarger else { return nil }
            value = sum
        }
        return value
    }

    /// Between dots; nil if one is empty or has other characters than letters, digits and hyphens.
    static func identifiers(_ text: Substring, numbersMayHaveLeadingZeros: Bool) -> [String]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        for part in parts {
            guard !part.isEmpty,
                part.utf8.allSatisfy({ byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
                    default: false
                    }
                })
            else { return nil }
            if isNumber(part), !numbersMayHaveLeadingZeros, part.count > 1, part.first == "0" { return nil }
        }
        return parts.map(String.init)
    }

    private static func isNumber(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    public static func < (left: Self, right: Self) -> Bool {
        let (a, b) = ((left.major, left.minor, left.patch), (right.major, right.minor, right.patch))
        if a != b { return a < b }
        // A version with a prerelease comes before the one without.
        if left.prerelease.isEmpty || right.prerelease.isEmpty {
            return !left.prerelease.isEmpty && right.prerelease.isEmpty
        }
        for (a, b) in zip(left.prerelease, right.prerelease) where a != b {
            switch (isNumber(a), isNumber(b)) {
            // Numbers of any length: without leading zeros the longer one is the larger.
            case (true, true): return a.utf8.count == b.utf8.count ? a < b : a.utf8.count < b.utf8.count
            case (true, false): return true
            case (false, true): return false
            case (false, false): return a < b
            }
        }
        return left.prerelease.count < right.prerelease.count
    }

    public var description: String {
        "\(major).\(minor).\(patch)" + (prerelease.isEmpty ? "" : "-" + prerelease.joined(separator: "."))
            + (build.map { "+" + $0 } ?? "")
    }
}
