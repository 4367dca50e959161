public import PluginCore
internal import Synchronization

extension EventStream where Element == ModelEvent {
    /// The same events, as long as they obey the contract of ``ModelEvent``.
    ///
    ///     for try await event in try await provider.stream(request, context).checked() { ... }
    ///
    /// The first breach ends the stream with `protocolViolation`, and lets go of the stream behind it. Costs one more copy
    /// of the answer, so it is for tests and debug builds.
    public func checked() -> EventStream<ModelEvent> { EventStream(CheckedEvents(source)) }
}

private final class CheckedEvents: EventSource {
    typealias Element = ModelEvent

    private struct State {
        var check = ModelStreamCheck()
        /// nil once a breach was reported: nobody listens any more.
        var source: (any EventSource<ModelEvent>)?
    }

    private let state: Mutex<State>

    init(_ source: any EventSource<ModelEvent>) { state = Mutex(State(source: source)) }

    /// One caller at a time, so the lock is never held while it waits.
    func next() async throws(PluginError) -> ModelEvent? {
        guard let source = state.withLock({ $0.source }) else { return nil }
        let event: ModelEvent?
        do throws(PluginError) {
            event = try await source.next()
        } catch {
            try pass(state.withLock { $0.check.end(with: error) }, underlying: error)
            throw error
        }
        let breach = state.withLock { state in
            if let event { state.check.accept(event) } else { state.check.end() }
        }
        try pass(breach, underlying: nil)
        return event
    }

    private func pass(_ breach: ModelStreamCheck.Breach?, underlying: PluginError?) throws(PluginError) {
        guard let breach else { return }
        state.withLock { $0.source = nil }
        var error = PluginError(
            .protocolViolation, "the stream broke its contract at \(breach)",
            remedy: "Report this to the provider's author", stage: .call, operation: "provider.stream",
            underlying: underlying ?? breach)
        error.partial = state.withLock { $0.check.folded }
        throw error
    }
}
