internal import PluginHost
internal import Synchronization

/// How often each operation of each plugin was called, and how long that took.
final class CallLog: Sendable {
    struct Entry: Sendable {
        let plugin: String
        let operation: String
        var count = 0
        var total = Duration.zero
    }

    private let entries = Mutex<[Entry]>([])

    /// In the order of the first call.
    var all: [Entry] { entries.withLock { $0 } }

    func add(_ plugin: String, _ operation: String, _ duration: Duration) {
        entries.withLock { entries in
            let place = entries.firstIndex { $0.plugin == plugin && $0.operation == operation }
            if let place {
                entries[place].count += 1
                entries[place].total += duration
            } else {
                entries.append(Entry(plugin: plugin, operation: operation, count: 1, total: duration))
            }
        }
    }

    /// Runs the body and counts it, also if it throws.
    func measure<Value: ~Copyable>(
        _ plugin: String, _ operation: String, _ body: () async throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        let clock = ContinuousClock()
        let began = clock.now
        defer { add(plugin, operation, clock.now - began) }
        return try await body()
    }
}
