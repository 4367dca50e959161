internal import CPluginLinux
internal import PluginBridge
internal import PluginCore
internal import Synchronization

/// The deadlines of a stream that its host can see: of the whole, until the first content, between two pieces.
///
/// The other two, of connecting and of headers, only the plugin can see; they reach it with the call.
final class StreamDeadlines: Sendable {
    private let deadlines: Deadlines
    private let began = kwl_monotonic_ns()
    /// When the plugin gave the last element.
    private let last = Atomic<Int64>(kwl_monotonic_ns())
    private let hasContent = Atomic<Bool>(false)

    /// nil if there is nothing to watch.
    init?(_ deadlines: Deadlines) {
        guard deadlines.total != nil || deadlines.firstContent != nil || deadlines.betweenChunks != nil else {
            return nil
        }
        self.deadlines = deadlines
    }

    /// The plugin gave something. Any thread.
    func note(isContent: Bool) {
        last.store(kwl_monotonic_ns(), ordering: .relaxed)
        if isContent { hasContent.store(true, ordering: .relaxed) }
    }

    /// Waits until one of the deadlines has passed.
    ///
    /// - Parameter isConsumerBehind: whether the plugin has done its part and something waits to be taken; then no pause
    ///   is the plugin's.
    /// - Returns: which one, as the ABI names it; nil if the task was cancelled.
    func passed(isConsumerBehind: () -> Bool) async -> (kind: String, limit: Duration)? {
        while true {
            if isConsumerBehind() { last.store(kwl_monotonic_ns(), ordering: .relaxed) }
            let now = kwl_monotonic_ns()
            guard let next = dates.min(by: { $0.at < $1.at }) else { return nil }
            if next.at <= now { return (next.kind, next.limit) }
            do {
                try await Task.sleep(for: .nanoseconds(next.at - now))
            } catch {
                return nil
            }
        }
    }

    private var dates: [(kind: String, limit: Duration, at: Int64)] {
        var dates: [(kind: String, limit: Duration, at: Int64)] = []
        if let limit = deadlines.total { dates.append(("total", limit, began.saturatingAdd(limit.nanoseconds))) }
        if hasContent.load(ordering: .relaxed) {
            if let limit = deadlines.betweenChunks {
                dates.append(
                    ("betweenChunks", limit, last.load(ordering: .relaxed).saturatingAdd(limit.nanoseconds)))
            }
        } else if let limit = deadlines.firstContent {
            dates.append(("firstContent", limit, began.saturatingAdd(limit.nanoseconds)))
        }
        return dates
    }
}
