internal import PluginCore
internal import Synchronization

/// Counts the calls of an instance, and says when the last has left after the instance was closed.
///
/// Entering and leaving cost one atomic addition each, and no lock. A closed counter lets nobody in, until it is opened
/// again.
final class CallCounter: Sendable {
    /// Calls that entered; the top bit is set while the counter is closed. What is added then counts for nothing.
    private let entered = Atomic<UInt64>(0)
    private let left = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)
    /// While closed, the number of calls that have entered; else a number that is never reached.
    private let last = Atomic<UInt64>(.max)
    private let waiters = Monitor(Waiters())

    /// Tasks that wait for the last call.
    private struct Waiters {
        var next = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var cancelled: Set<Int> = []
    }

    private static let closed: UInt64 = 1 << 63

    /// - Returns: whether the call may go on. If so, it has to leave.
    @inline(__always)
    func enter() -> Bool {
        entered.add(1, ordering: .acquiring).newValue & Self.closed == 0
    }

    @inline(__always)
    func leave() {
        // Whoever closes stores `last` and then reads `left`; whoever leaves, the other way round. In one order of all
        // four, at least one of the two sees that nobody is left.
        let count = left.add(1, ordering: .sequentiallyConsistent).newValue
        if count == last.load(ordering: .sequentiallyConsistent) { wakeWaiters() }
    }

    func noteFailure() { failures.add(1, ordering: .relaxed) }

    /// Lets nobody in any more.
    /// - Returns: false if it was closed already.
    @discardableResult
    func close() -> Bool {
        let count = entered.bitwiseOr(Self.closed, ordering: .sequentiallyConsistent).oldValue
        guard count & Self.closed == 0 else { return false }
        last.store(count, ordering: .sequentiallyConsistent)
        if left.load(ordering: .sequentiallyConsistent) == count { wakeWaiters() }
        return true
    }

    /// Lets calls in again. Only after ``close()``, by whoever closed it.
    func open() {
        let count = last.exchange(.max, ordering: .sequentiallyConsistent)
        precondition(count != .max, "a counter that is open cannot be opened")
        entered.store(count, ordering: .sequentiallyConsistent)
        wakeWaiters()
    }

    var isClosed: Bool { entered.load(ordering: .acquiring) & Self.closed != 0 }

    /// Is it closed, and has the last call left?
    var isDrained: Bool {
        let count = last.load(ordering: .sequentiallyConsistent)
        return count != .max && left.load(ordering: .sequentiallyConsistent) == count
    }

    /// What was counted until now.
    var statistics: CallStatistics {
        // In this order, so that no call in flight is a negative one.
        let left = left.load(ordering: .sequentiallyConsistent)
        let last = last.load(ordering: .sequentiallyConsistent)
        let entered = last == .max ? entered.load(ordering: .sequentiallyConsistent) & ~Self.closed : last
        return CallStatistics(
            calls: entered, failures: failures.load(ordering: .relaxed), inFlight: Int(entered - min(left, entered)))
    }

    // MARK: - Waiting for the last call

    /// Blocks until it is drained.
    func waitUntilDrained() {
        waiters.wait { _ in isDrained ? () : nil }
    }

    /// Suspends until it is drained, or opened again, or the task is cancelled.
    /// - Returns: whether it is drained.
    func drain() async -> Bool {
        let number = waiters.withLock { waiters in
            waiters.next += 1
            return waiters.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = waiters.withLock { waiters in
                    if waiters.cancelled.remove(number) != nil || isDrained || !isClosed { return true }
                    waiters.waiting[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiting = waiters.withLock { waiters in
                let waiting = waiters.waiting.removeValue(forKey: number)
                if waiting == nil { waiters.cancelled.insert(number) }
                return waiting
            }
            waiting?.resume()
        }
        waiters.withLock { _ = $0.cancelled.remove(number) }
        return isDrained
    }

    private func wakeWaiters() {
        let waiting = waiters.withLock { waiters in
            defer { waiters.waiting = [:] }
            return waiters.waiting
        }
        for continuation in waiting.values { continuation.resume() }
        waiters.signal()
    }
}
