/// What a suite found out about one implementation: a check each, in the suite's order.
///
///     let report = await EmbedderConformance().run(on: embedder)
///     print(report)
///     precondition(report.isConformant)
public struct ConformanceReport: Sendable, Hashable {
    public struct Check: Sendable, Hashable {
        /// The raw value of the suite's `Check`.
        public var name: String
        public var outcome: Outcome

        public init(name: String, outcome: Outcome) {
            self.name = name
            self.outcome = outcome
        }
    }

    public enum Outcome: Sendable, Hashable {
        case passed(seen: String)
        case failed(expected: String, seen: String)
        /// Does not apply to this implementation, and why.
        case skipped(reason: String)
    }

    /// What was examined: the suite and the plugin's id.
    public var subject: String
    public var checks: [Check]

    public init(subject: String, checks: [Check]) {
        self.subject = subject
        self.checks = checks
    }

    /// Nothing failed, and something passed: a report of nothing but skipped checks says nothing.
    public var isConformant: Bool { failures.isEmpty && checks.contains(where: \.isPassed) }

    public var failures: [Check] { checks.filter(\.isFailed) }

    public var skipped: [Check] {
        checks.filter { if case .skipped = $0.outcome { true } else { false } }
    }
}

extension ConformanceReport.Check {
    public var isPassed: Bool { if case .passed = outcome { true } else { false } }
    public var isFailed: Bool { if case .failed = outcome { true } else { false } }
}

extension ConformanceReport.Check: CustomStringConvertible {
    public var description: String {
        switch outcome {
        case .passed(let seen): "PASS \(name): \(seen)"
        case .failed(let expected, let seen): "FAIL \(name): expected \(expected); seen: \(seen)"
        case .skipped(let reason): "SKIP \(name): \(reason)"
        }
    }
}

extension ConformanceReport: CustomStringConvertible {
    /// A line a check under a line with the counts.
    public var description: String {
        let passed = checks.count(where: \.isPassed)
        let head = "\(subject): \(passed) passed, \(failures.count) failed, \(skipped.count) skipped"
        return ([head] + checks.map { "  \($0)" }).joined(separator: "\n")
    }
}
