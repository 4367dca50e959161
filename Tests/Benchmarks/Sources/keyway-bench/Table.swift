/// What a figure must not exceed.
enum Budget {
    case nanoseconds(Double)
    case ratio(Double)
    case mebibytes(Double)
    /// Reported for what it tells, not judged.
    case none
}

struct Row {
    let what: String
    /// Nanoseconds.
    let measured: Sample
    let baseline: Sample?
    let ratio: Double?
    let budget: Budget

    init(_ what: String, _ contest: Contest, _ way: Int, _ budget: Budget = .none) {
        self.what = what
        measured = contest.result(way)
        baseline = contest.baseline
        ratio = contest.ratio(way)
        self.budget = budget
    }

    init(_ what: String, _ measured: Sample, baseline: Sample? = nil, _ budget: Budget = .none) {
        self.what = what
        self.measured = measured
        self.baseline = baseline
        ratio = baseline.map { measured.median / $0.median }
        self.budget = budget
    }

    /// Of memory rather than time.
    init(_ what: String, mebibytes: Sample, limit: Double) {
        self.init(what, mebibytes, .mebibytes(limit))
    }

    fileprivate var cells: [String] {
        if case .mebibytes(let limit) = budget {
            let spread = "+-\(Int((measured.spread * 100).rounded())) %"
            func text(_ value: Double) -> String { "\(Self.number(value, digits: 1)) MiB" }
            return [
                what, text(measured.median), spread, "", "", "<= \(text(limit))",
                measured.median > limit ? "OVER" : "ok",
            ]
        }
        let (limit, isOver): (String, Bool?) =
            switch budget {
            case .nanoseconds(let limit): ("<= \(Self.time(limit))", measured.median > limit)
            case .ratio(let limit): ("<= \(Self.number(limit, digits: 2)) x", ratio.map { $0 > limit })
            case .none, .mebibytes: ("", nil)
            }
        return [
            what, Self.time(measured.median), "+-\(Int((measured.spread * 100).rounded())) %",
            baseline.map { Self.time($0.median) } ?? "", ratio.map { "\(Self.number($0, digits: 2)) x" } ?? "", limit,
            isOver.map { $0 ? "OVER" : "ok" } ?? "",
        ]
    }

    static func time(_ nanoseconds: Double) -> String {
        nanoseconds < 1000
            ? "\(number(nanoseconds, digits: 1)) ns"
            : nanoseconds < 1_000_000
                ? "\(number(nanoseconds / 1000, digits: 2)) us" : "\(number(nanoseconds / 1_000_000, digits: 2)) ms"
    }

    static func number(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((value * scale).rounded())
        let fraction = String(whole % Int(scale))
        return "\(whole / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}

/// Prints rows under one headline.
enum Table {
    private static let headline = ["", "measured", "spread", "baseline", "ratio", "budget", ""]

    static func print(_ rows: [Row]) {
        let lines = [headline] + rows.map(\.cells)
        let widths = headline.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        for line in lines {
            var text = ""
            for (column, cell) in line.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                // Words to the left, numbers to the right.
                text += column == 0 || column == line.count - 1 ? cell + padding : padding + cell
                text += "  "
            }
            while text.last == " " { text.removeLast() }
            Swift.print(text)
        }
    }
}
