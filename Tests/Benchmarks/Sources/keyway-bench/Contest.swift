/// Ways of doing one thing, measured in turns, so that all of them meet the same neighbours, clock speed and cache.
struct Contest {
    /// One number a round and way, in the unit that the ways return.
    private let rounds: [[Double]]

    /// - Parameter ways: each does the thing many times and returns what once took. The last is the baseline.
    init(rounds count: Int, _ ways: [() async throws -> Double]) async throws {
        for way in ways { _ = try await way() }
        var rounds: [[Double]] = []
        for round in 0..<count {
            var results = [Double](repeating: 0, count: ways.count)
            // Every other round backwards: who runs after whom must not decide.
            for place in round.isMultiple(of: 2) ? Array(ways.indices) : ways.indices.reversed() {
                results[place] = try await ways[place]()
            }
            rounds.append(results)
        }
        self.rounds = rounds
    }

    func result(_ way: Int) -> Sample { Sample(rounds.map { $0[way] }) }

    /// The baseline's result.
    var baseline: Sample { Sample(rounds.map { $0[$0.count - 1] }) }

    /// Taken round by round, so that a slow minute of the machine is in both numbers of each quotient.
    func ratio(_ way: Int) -> Double { Sample(rounds.map { $0[way] / $0[$0.count - 1] }).median }
}

/// Repeated measurements of one thing.
struct Sample {
    let median: Double
    /// Half of the distance between the quartiles, as a share of the median.
    let spread: Double

    /// - Precondition: there is at least one value.
    init(_ values: [Double]) {
        let sorted = values.sorted()
        func quantile(_ share: Double) -> Double { sorted[Int((Double(sorted.count - 1) * share).rounded())] }
        median = quantile(0.5)
        spread = median == 0 ? 0 : (quantile(0.75) - quantile(0.25)) / 2 / median
    }
}
