public import PluginCore

/// How far a file is from the best that can be said of one without running it: 0 to 100, from its findings alone.
///
/// Each group of rules has a weight; the weights sum to 100. Each rule that is broken takes eighths of its group's
/// weight away, by its worst finding: 8 for an error; for a warning 6, 4, 2 or 1 as its risk is critical, high, medium
/// or low; none for information. A group keeps what is left, rounded down, and the score is the sum; an error limits
/// it to ``limitWithError``, one with a critical risk to ``limitWithCriticalError``.
public struct SecurityScore: Sendable, Hashable {
    /// What one group adds to the score.
    public struct Part: Sendable, Hashable {
        public let group: RuleGroup
        /// 0...`weight`.
        public let points: Int
        public let weight: Int
    }

    /// 0...100.
    public let total: Int
    /// One a group, in their order. Their sum can be above `total`: errors limit that.
    public let parts: [Part]
    /// No error, and no warning of a high or critical risk.
    public let isSafe: Bool

    public static let limitWithError = 49
    public static let limitWithCriticalError = 24

    public static func weight(of group: RuleGroup) -> Int {
        switch group {
        case .format, .dependencies, .hardening: 20
        case .symbols, .lifecycle: 15
        case .manifest: 10
        }
    }

    /// Eighths of its group's weight that a finding takes away.
    static func eighths(_ severity: Finding.Severity, _ risk: Finding.Risk) -> Int {
        switch (severity, risk) {
        case (.error, _): 8
        case (.warning, .critical): 6
        case (.warning, .high): 4
        case (.warning, .medium): 2
        case (.warning, .low): 1
        case (.info, _): 0
        }
    }

    private static let groups = Dictionary(uniqueKeysWithValues: Rule.all.map { ($0.id, $0.group) })

    init(_ findings: [Finding]) {
        var worst: [String: Int] = [:]
        for finding in findings {
            worst[finding.id] = max(worst[finding.id] ?? 0, Self.eighths(finding.severity, finding.risk))
        }
        var lost: [RuleGroup: Int] = [:]
        for (id, eighths) in worst where eighths > 0 {
            if let group = Self.groups[id] { lost[group, default: 0] += eighths }
        }
        parts = RuleGroup.allCases.map { group in
            let weight = Self.weight(of: group)
            return Part(group: group, points: weight * (8 - min(lost[group] ?? 0, 8)) / 8, weight: weight)
        }
        let errors = findings.filter { $0.severity == .error }
        let limit =
            errors.contains { $0.risk == .critical }
            ? Self.limitWithCriticalError : errors.isEmpty ? 100 : Self.limitWithError
        total = min(parts.reduce(0) { $0 + $1.points }, limit)
        isSafe =
            errors.isEmpty
            && !findings.contains { $0.severity == .warning && ($0.risk == .high || $0.risk == .critical) }
    }

    /// `{"total": 90, "safe": true, "parts": {"format": {"points": 20, "weight": 20}, ...}}`
    public var json: JSON {
        let parts = parts.map { part -> (String, JSON) in
            (part.group.rawValue, ["points": .int(Int64(part.points)), "weight": .int(Int64(part.weight))])
        }
        return [
            "total": .int(Int64(total)), "safe": .bool(isSafe),
            "parts": .object(Dictionary(parts) { first, _ in first }),
        ]
    }
}
