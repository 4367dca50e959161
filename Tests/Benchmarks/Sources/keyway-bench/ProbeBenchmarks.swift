import CRawHost
import PluginHost

/// Trying plugins in processes of their own: what one costs that behaves, crashes or hangs.
struct ProbeBenchmarks {
    private static let rounds = 15
    private static let crashing = 20
    private static let behaving = 180

    /// A plugin in C that behaves, one in Swift, one that crashes in a constructor, one that hangs in it.
    let good, swift, bad, stuck: PreparedPlugin
    let scanner: PluginScanner

    /// Nanoseconds from the request for all of them to the last result.
    private func time(
        _ plugins: [PreparedPlugin], passing: Int, deadline: Duration = .seconds(60)
    ) async throws -> Double {
        let began = raw_now_ns()
        let results = try await scanner.probe(plugins, deadline: deadline)
        let took = Double(raw_now_ns() - began)
        let passed = results.count { $0.hasPassed }
        guard passed == passing else {
            let first = results.first { !$0.hasPassed }?.reason ?? "none failed"
            throw BenchmarkError("\(passed) of \(plugins.count) plugins passed a probe, not \(passing): \(first)")
        }
        return took
    }

    func rows() async throws -> [Row] {
        let alone = [PreparedPlugin](repeating: good, count: Self.behaving)
        let mixed = alone + [PreparedPlugin](repeating: bad, count: Self.crashing)
        let swifts = [PreparedPlugin](repeating: swift, count: Self.crashing)
        var (starts, goods, crashes, others, hangs): ([Double], [Double], [Double], [Double], [Double])
        (starts, goods, crashes, others, hangs) = ([], [], [], [], [])
        for _ in 0..<Self.rounds {
            let start = try await time([good], passing: 1)
            let without = try await time(alone, passing: Self.behaving)
            let with = try await time(mixed, passing: Self.behaving)
            starts.append(start)
            goods.append(without / Double(Self.behaving))
            crashes.append((with - without) / Double(Self.crashing))
            others.append(try await time(swifts, passing: Self.crashing) / Double(Self.crashing))
            hangs.append(try await time([stuck], passing: 0, deadline: .milliseconds(200)) - 200e6)
        }
        return [
            Row("probe: start the scanner, one plugin", Sample(starts)),
            Row("probe of one of 180 plugins in C", Sample(goods)),
            Row("probe of one of 20 plugins in Swift", Sample(others)),
            Row("each of 20 that crash among 200", Sample(crashes), .nanoseconds(1_000_000)),
            Row("one that hangs, beyond its deadline", Sample(hangs), .nanoseconds(20_000_000)),
        ]
    }
}
