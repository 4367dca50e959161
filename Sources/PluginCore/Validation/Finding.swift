/// One thing that a check found in a plugin's file. Facts are in the fields, prose in `message`, `why` and `remedy`.
public struct Finding: Sendable, Hashable {
    /// What a finding means for loading.
    public enum Severity: String, Sendable, Comparable, CaseIterable {
        case info, warning, error

        public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
        private var rank: Int {
            switch self {
            case .info: 0
            case .warning: 1
            case .error: 2
            }
        }
    }

    /// How much harm it can do.
    public enum Risk: String, Sendable, CaseIterable {
        case low, medium, high, critical
    }

    /// Stable identifier of the rule, such as "N004" or "S031".
    public var id: String
    /// An error refuses the plugin.
    public var severity: Severity
    public var risk: Risk
    /// The place: a segment, symbol, note or library.
    public var place: String
    /// Why it matters.
    public var why: String
    /// What is the case, without a final full stop.
    public var message: String
    /// What to do, as a sentence without a final full stop.
    public var remedy: String

    public init(
        id: String, severity: Severity, risk: Risk, place: String, why: String, message: String, remedy: String
    ) {
        self.id = id
        self.severity = severity
        self.risk = risk
        self.place = place
        self.why = why
        self.message = message
        self.remedy = remedy
    }

    public var json: JSON {
        [
            "id": .string(id), "severity": .string(severity.rawValue), "risk": .string(risk.rawValue),
            "where": .string(place), "why": .string(why), "message": .string(message), "remedy": .string(remedy),
        ]
    }
}
