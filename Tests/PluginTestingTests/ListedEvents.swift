import PluginCore
import Synchronization

/// The events of a list, then an error or the end.
final class ListedEvents<Element: Sendable>: EventSource {
    private let rest: Mutex<ArraySlice<Element>>
    private let error: PluginError?

    init(_ events: [Element], then error: PluginError? = nil) {
        rest = Mutex(events[...])
        self.error = error
    }

    func next() async throws(PluginError) -> Element? {
        if let event = rest.withLock({ $0.popFirst() }) { return event }
        if let error { throw error }
        return nil
    }
}
