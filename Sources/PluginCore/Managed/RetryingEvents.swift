internal import Synchronization

/// The events of an answer that may be begun again until its first content was shown. What comes before content is held
/// back until then, so that the consumer sees one beginning.
final class RetryingEvents: EventSource {
    typealias Element = ModelEvent

    private struct State: Sendable {
        var attempt: RetryAttempt
        var events: (any EventSource<ModelEvent>)?
        /// Held back: what comes before the first content.
        var held: [ModelEvent] = []
        var ready: [ModelEvent] = []
        var isContentShown = false
        var isOver = false
    }

    private let state: Mutex<State>
    private let plugin: String
    private let open: @Sendable (CallContext) async throws(PluginError) -> EventStream<ModelEvent>
    private let finish: @Sendable (ModelResponse, _ isContentShown: Bool) throws(PluginError) -> ModelResponse

    init(
        _ attempt: RetryAttempt, plugin: String,
        open: @escaping @Sendable (CallContext) async throws(PluginError) -> EventStream<ModelEvent>,
        finish: @escaping @Sendable (ModelResponse, _ isContentShown: Bool) throws(PluginError) -> ModelResponse
    ) {
        state = Mutex(State(attempt: attempt))
        self.plugin = plugin
        self.open = open
        self.finish = finish
    }

    /// One caller at a time, so the state can be taken out while it waits.
    func next() async throws(PluginError) -> ModelEvent? {
        var own = state.withLock { $0 }
        defer { state.withLock { [own] in $0 = own } }
        while true {
            if !own.ready.isEmpty { return own.ready.removeFirst() }
            if own.isOver { return nil }
            do throws(PluginError) {
                try await advance(&own)
            } catch {
                own.events = nil
                guard !own.isContentShown else {
                    own.isOver = true
                    throw error
                }
                own.held = []
                do throws(PluginError) {
                    try await own.attempt.wait(after: error)
                } catch {
                    own.isOver = true
                    throw error
                }
            }
        }
    }

    private func advance(_ own: inout State) async throws(PluginError) {
        if own.events == nil { own.events = try await open(own.attempt.context).source }
        guard let event = try await own.events?.next() else {
            own.isOver = true
            own.ready = own.held
            own.held = []
            return
        }
        switch event {
        case .completed(let response):
            let response = try finish(response, own.isContentShown)
            own.ready = own.held + [.completed(response)]
            own.held = []
            own.isContentShown = true
        case _ where own.isContentShown: own.ready.append(event)
        case .heartbeat: break
        case .started, .usage, .rateLimits, .warning, .raw: own.held.append(event)
        default:
            own.isContentShown = true
            own.ready = own.held + [event]
            own.held = []
        }
    }
}
