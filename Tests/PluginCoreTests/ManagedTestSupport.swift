import PluginCore
import Synchronization

/// A clock that passes at once the time that somebody sleeps, and keeps how long that was.
final class ManualClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let state = Mutex<(now: Duration, sleeps: [Duration])>((.zero, []))

    var now: Instant { Instant(offset: state.withLock { $0.now }) }
    var minimumResolution: Duration { .nanoseconds(1) }
    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    /// Time that passes while somebody works.
    func advance(by duration: Duration) { state.withLock { $0.now += duration } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.sleeps.append(deadline.offset - state.now)
            state.now = max(state.now, deadline.offset)
        }
    }
}

/// A clock on which everybody sleeps until they are cancelled.
struct StoppedClock: Clock {
    typealias Instant = ManualClock.Instant

    let sleepers: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation
    private let never: AsyncStream<Void>
    private let keep: AsyncStream<Void>.Continuation

    init() {
        (sleepers, arrival) = AsyncStream.makeStream()
        (never, keep) = AsyncStream.makeStream()
    }

    var now: Instant { Instant(offset: .zero) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        arrival.yield()
        // Ends with the task's cancellation, and with nothing else.
        for await _ in never {}
        throw CancellationError()
    }
}

/// Events that are there already, and then perhaps an error.
final class ListedEvents<Element: Sendable>: EventSource {
    private let rest: Mutex<ArraySlice<Element>>
    private let error: PluginError?

    init(_ events: [Element], error: PluginError? = nil) {
        rest = Mutex(events[...])
        self.error = error
    }

    func next() async throws(PluginError) -> Element? {
        if let event = rest.withLock({ $0.popFirst() }) { return event }
        if let error { throw error }
        return nil
    }
}

/// The error that the body ends with.
func thrown<Value>(_ body: () async throws(PluginError) -> Value) async -> PluginError? {
    do throws(PluginError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// A provider that answers each try as it was told, and keeps what it was asked.
final class ScriptedProvider: ModelProvider {
    enum Try: Sendable {
        case fail(PluginError)
        case answer(ModelResponse)
        case events([ModelEvent], PluginError?)
    }

    let id = "scripted"
    let version = SemanticVersion("1.0.0")!
    private let list: [Model]?
    private let rest: Mutex<ArraySlice<Try>>
    private let asked = Mutex<[(request: ModelRequest, context: CallContext)]>([])
    private let clock: ManualClock?

    /// - Parameters:
    ///   - models: nil if the provider has no such operation.
    ///   - clock: on which each try takes three seconds.
    init(_ tries: [Try], models: [Model]? = [], clock: ManualClock? = nil) {
        rest = Mutex(tries[...])
        list = models
        self.clock = clock
    }

    var requests: [ModelRequest] { asked.withLock { $0.map(\.request) } }
    var totals: [Duration?] { asked.withLock { $0.map(\.context.deadlines.total) } }

    func models(_ context: CallContext) async throws(PluginError) -> [Model] {
        guard let list else { throw PluginError(.unsupported, "it does not list its models") }
        return list
    }

    func health(_ context: CallContext) async throws(PluginError) -> Health { Health(.healthy) }
    func shutdown() async {}

    private func take(_ request: ModelRequest, _ context: CallContext) throws(PluginError) -> Try {
        asked.withLock { $0.append((request, context)) }
        clock?.advance(by: .seconds(3))
        guard let next = rest.withLock({ $0.popFirst() }) else {
            throw PluginError(.internal, "it was asked more often than it should")
        }
        if case .fail(let error) = next { throw error }
        return next
    }

    func generate(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> ModelResponse {
        guard case .answer(let response) = try take(request, context) else {
            throw PluginError(.internal, "the script has no answer here")
        }
        return response
    }

    func stream(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> EventStream<ModelEvent> {
        guard case .events(let events, let error) = try take(request, context) else {
            throw PluginError(.internal, "the script has no events here")
        }
        return EventStream(ListedEvents(events, error: error))
    }
}

extension ModelResponse {
    /// One choice of plain text.
    static func text(_ text: String, _ usage: Usage = Usage()) -> ModelResponse {
        ModelResponse(choices: [.init(parts: [.text(text)], stop: StopReason(.stop))], usage: usage)
    }
}
