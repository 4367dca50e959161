internal import Synchronization

/// Tells everybody who listens what happens in a host. Telling never waits: a listener that is behind loses the oldest.
final class EventHub: Sendable {
    private struct State {
        var next = 0
        var listeners: [Int: AsyncStream<HostEvent>.Continuation] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let handlers: LifecycleHandlers

    init(_ handlers: LifecycleHandlers) { self.handlers = handlers }

    /// Events from now on.
    /// - Parameter limit: events that are kept for a listener that is behind.
    func listen(limit: Int) -> AsyncStream<HostEvent> {
        AsyncStream(bufferingPolicy: .bufferingNewest(limit)) { continuation in
            let number = state.withLock { state -> Int? in
                guard !state.isClosed else { return nil }
                state.next += 1
                state.listeners[state.next] = continuation
                return state.next
            }
            guard let number else { return continuation.finish() }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
            }
        }
    }

    func tell(_ event: HostEvent) {
        handlers.handle(event)
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield(event) }
    }

    /// There is nothing more to tell.
    func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
