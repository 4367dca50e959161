/// Amounts in a manifest: a number in the unit that the member has, or text with a unit.
extension ManifestReader {
    /// Bytes: a number, or text such as "64MB" (64,000,000) or "64MiB" (67,108,864). At least 1.
    mutating func size(_ value: ManifestValue?, unit: Int64 = 1) -> Int64? {
        guard let value else { return nil }
        let amount: Int64?
        if let text = value.json.stringValue {
            amount = Self.amount(text.lowercased(), Self.sizes).flatMap { Int64(exactly: $0) }
        } else {
            amount = value.json.intValue.flatMap {
                let (product, overflow) = $0.multipliedReportingOverflow(by: unit)
                return overflow ? nil : product
            }
        }
        guard let amount, amount > 0 else {
            error(
                value.pointer,
                "must be a number of bytes from 1 on, or a size such as \"64MB\" or \"64MiB\", but is "
                    + value.json.brief)
            return nil
        }
        return amount
    }

    /// A number of milliseconds, or text such as "500ms", "30s", "5m", "1h" or "1d". More than none.
    mutating func duration(_ value: ManifestValue?, unit: Duration = .milliseconds(1)) -> Duration? {
        guard let value else { return nil }
        let milliseconds: Double?
        if let text = value.json.stringValue {
            milliseconds = Self.amount(text, Self.durations)
        } else {
            milliseconds = value.json.doubleValue.map { $0 * unit.milliseconds }
        }
        // A thousand years, so that sums of durations stay far from what a clock can count.
        guard let milliseconds, milliseconds > 0, milliseconds < 3.2e13 else {
            error(
                value.pointer,
                "must be a number of milliseconds above 0, or a duration such as \"500ms\", \"30s\" or \"5m\", but is "
                    + value.json.brief)
            return nil
        }
        return .microseconds(Int64((milliseconds * 1000).rounded(.up)))
    }

    /// A number, or one of the words of ``PluginPriority``.
    mutating func priority(_ value: ManifestValue?) -> Int32? {
        guard let value else { return nil }
        if let text = value.json.stringValue, let word = PluginPriority(rawValue: text.lowercased()) {
            return word.number
        }
        guard let number = value.json.intValue.flatMap({ Int32(exactly: $0) }) else {
            let words = PluginPriority.allCases.map { $0.rawValue.uppercased() }.joined(separator: ", ")
            error(value.pointer, "must be a whole number, or one of \(words), but is \(value.json.brief)")
            return nil
        }
        return number
    }

    private static let sizes: [String: Double] = [
        "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824,
        "tib": 1_099_511_627_776,
    ]

    private static let durations: [String: Double] = [
        "ms": 1, "s": 1e3, "m": 6e4, "min": 6e4, "h": 3.6e6, "d": 8.64e7,
    ]

    /// "1.5 GiB" in the unit that has the factor 1. Without digits or with an unknown unit nil.
    private static func amount(_ text: String, _ units: [String: Double]) -> Double? {
        guard text.utf8.count <= 32 else { return nil }
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let number = Double(digits), let factor = units[String(unit)] else { return nil }
        return number * factor
    }
}

/// Words for how early something comes; higher numbers come first.
public enum PluginPriority: String, Sendable, CaseIterable {
    case critical, high, normal, low, cleanup

    public var number: Int32 {
        switch self {
        case .critical: 1000
        case .high: 500
        case .normal: 100
        case .low: 50
        case .cleanup: 10
        }
    }
}
