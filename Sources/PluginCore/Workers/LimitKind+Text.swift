/// Limits as text: `wall=500ms`, `memory=64M`, `queue=100`.
extension LimitKind {
    /// A limit's number as text, in the largest unit that divides it.
    public func text(_ value: Int64) -> String {
        let units = units.filter { value != 0 && value % $0.factor == 0 }
        guard let unit = units.max(by: { $0.factor < $1.factor }) else { return String(value) }
        return "\(value / unit.factor)\(unit.name)"
    }

    /// The number that a text such as "500ms", "64M" or "100" stands for, in this kind's ``unit``.
    ///
    /// Sizes are as in the GNU tools: K, M, G and T, and KiB and so on, are powers of 1024; KB and so on are powers of 1000.
    /// They are the same in small letters.
    /// - Throws: `invalidArgument`, which says what is allowed.
    public func value(_ text: some StringProtocol) throws(PluginError) -> Int64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count).lowercased()
        let unit = units.first { $0.name.lowercased() == name }
        guard let number = Int64(digits), let unit else { throw wrong(text) }
        let (value, overflow) = number.multipliedReportingOverflow(by: unit.factor)
        guard !overflow, range.contains(value) else { throw wrong(text) }
        return value
    }

    /// What can be written after the sign of equality, in words.
    public var syntax: String {
        let bounds = "from \(range.lowerBound)" + (range.upperBound == .max ? " on" : " to \(range.upperBound)")
        return switch unit {
        case .milliseconds: "a whole number with ms, s, m or h, such as 500ms"
        case .bytes: "a whole number of bytes \(bounds), or one with K, M, G, T, KB, MB, GB or TB, such as 64M"
        case .bytesPerSecond: "a whole number of bytes a second \(bounds), or one with K, M, G, T, KB, MB, GB or TB"
        case .count: "a whole number \(bounds)"
        }
    }

    private func wrong(_ text: some StringProtocol) -> PluginError {
        PluginError(
            .invalidArgument, "\"\(rawValue)=\(text)\" is not a limit", remedy: "Give \(rawValue) \(syntax)",
            facts: .names([rawValue]))
    }

    private var units: [(name: String, factor: Int64)] {
        switch unit {
        case .milliseconds: [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        // Those of one factor: the first is printed.
        case .bytes, .bytesPerSecond:
            [
                ("", 1), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
                ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40), ("KiB", 1 << 10), ("MiB", 1 << 20),
                ("GiB", 1 << 30), ("TiB", 1 << 40), ("B", 1),
            ]
        case .count: [("", 1)]
        }
    }
}
