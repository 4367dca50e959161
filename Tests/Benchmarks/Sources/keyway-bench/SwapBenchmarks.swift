import CRawHost
import Foundation
import PluginHost
import Synchronization

/// Swaps a plugin again and again while threads call it without a pause: does a call fail, and what does a swap cost those
/// that run?
struct SwapBenchmarks {
    /// The plugin's file. Its embedder does nothing for a text.
    let file: String
    let name: String
    private static let threads = 4
    private static let swaps = 20
    private static let leastCalls = 1_000_000

    /// Times of calls, counted: the number of calls that took so many nanoseconds, by the power of two and its eighths.
    private struct Histogram {
        var counts = [UInt64](repeating: 0, count: 64 * 8)

        mutating func add(_ nanoseconds: UInt64) {
            let value = max(nanoseconds, 8)
            let power = 63 - value.leadingZeroBitCount
            counts[power * 8 + Int((value >> UInt64(power - 3)) & 7)] += 1
        }

        var total: UInt64 { counts.reduce(0, +) }

        /// The upper end of the bucket in which the share lies.
        func quantile(_ share: Double) -> Double {
            let wanted = UInt64((Double(total) * share).rounded(.up))
            var seen: UInt64 = 0
            for (index, count) in counts.enumerated() {
                seen += count
                guard seen >= wanted else { continue }
                return Double((UInt64(8 + index % 8) + 1) << UInt64(index / 8)) / 8
            }
            return .infinity
        }

        static func + (left: Histogram, right: Histogram) -> Histogram {
            var sum = left
            for index in sum.counts.indices { sum.counts[index] += right.counts[index] }
            return sum
        }
    }

    private struct Caller {
        var times = Histogram()
        var failures = 0
    }

    /// - Parameter folder: for the builds that are swapped in: the file, with a byte more each, so that each is another one.
    func run(in folder: String) async throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        let builds = try (0...Self.swaps).map { number in
            let path = "\(folder)/\(name)-\(number).so"
            try (bytes + Data(repeating: 0, count: number)).write(to: URL(fileURLWithPath: path))
            return path
        }
        let host = PluginHost()
        let plugin = try await host.load(builds[0])
        guard let embedder = plugin.embedder else { throw BenchmarkError("\(file) is no embedder") }
        let isOver = Mutex(false)
        let results = Mutex<[Caller]>([])
        let threads = (0..<Self.threads).map { _ in
            let thread = Thread {
                var caller = Caller()
                var matrix = Matrix(rows: 1, dims: 64)
                while !isOver.withLock({ $0 }) {
                    for _ in 0..<100 {
                        let began = raw_now_ns()
                        do {
                            try embedder.embed("?", into: &matrix)
                        } catch {
                            caller.failures += 1
                        }
                        caller.times.add(UInt64(raw_now_ns() - began))
                    }
                }
                results.withLock { $0.append(caller) }
            }
            thread.start()
            return thread
        }
        let before = Self.residentKiB
        var served: [UInt64] = []
        var seen: UInt64 = 0
        var swapTimes: [Double] = []
        func serve(_ calls: UInt64) async {
            while host.status[0].calls < seen + calls { await Task.yield() }
            let now = host.status[0].calls
            served.append(now - seen)
            seen = now
        }
        let share = UInt64(Self.leastCalls / (Self.swaps + 1) + 1)
        for number in 1...Self.swaps {
            await serve(share)
            let name = host.status[0].name
            let began = raw_now_ns()
            _ = try await host.swap(name, to: builds[number])
            swapTimes.append(Double(raw_now_ns() - began))
        }
        await serve(share)
        isOver.withLock { $0 = true }
        while results.withLock({ $0.count }) < threads.count { await Task.yield() }
        while host.status[0].retiring > 0 { await Task.yield() }
        let after = Self.residentKiB
        let callers = results.withLock { $0 }
        let times = callers.map(\.times).reduce(Histogram(), +)
        let failures = callers.reduce(0) { $0 + $1.failures }
        await host.shutdown()
        report(times, failures, served, swapTimes, growth: Double(after - before) / Double(Self.swaps))
    }

    private func report(
        _ times: Histogram, _ failures: Int, _ served: [UInt64], _ swaps: [Double], growth: Double
    ) {
        let (median, late) = (times.quantile(0.5), times.quantile(0.999))
        print(
            "\(name): \(times.total) calls of \(Self.threads) threads over \(Self.swaps) swaps, \(failures) failed; "
                + "call p50 \(Row.time(median)), p99.9 \(Row.time(late)), "
                + "\(Row.number(late / median, digits: 1)) x (budget 10); swap \(Row.time(Sample(swaps).median)); "
                + "\(Int(growth.rounded())) KiB a generation")
        print("  calls by generation: \(served.map(String.init).joined(separator: " "))")
        if failures > 0 || served.contains(0) || late > 10 * median { print("  OVER") }
    }

    private static var residentKiB: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4
    }
}
