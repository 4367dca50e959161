import PluginCore
import PluginTesting
import Synchronization
import Testing

/// What the doubles count.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    private let running = Atomic<Int>(0)

    /// 1, 2, 3 ...
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }

    /// Whether another call is here at the same time; lets others come first.
    func meetsAnother() async -> Bool {
        running.add(1, ordering: .relaxed)
        defer { running.subtract(1, ordering: .relaxed) }
        for _ in 0..<10_000 {
            if running.load(ordering: .relaxed) > 1 {
                // Those who met must both see it.
                for _ in 0..<100 { await Task.yield() }
                return true
            }
            await Task.yield()
        }
        return false
    }
}

/// Waits for something that never happens, whatever becomes of the task.
func never() async {
    unsafe await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
}

/// The names of what failed, sorted.
extension ConformanceReport {
    var failedNames: [String] { failures.map(\.name).sorted() }
}
