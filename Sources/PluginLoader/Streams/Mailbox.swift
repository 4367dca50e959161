internal import PluginCore
internal import Synchronization

/// A bounded hand-over between a plugin's thread and one consuming task.
///
/// At most `limit` bytes are under way: half of them wait while the producer blocks, half are in the consumer's hand, who
/// takes all that waits at once. Elements that can be merged with the last one that waits are, so that a slow consumer gets
/// few large pieces instead of many small ones. Cancelling resumes the consumer at once, whatever the producer does.
final class Mailbox<Element: Sendable>: Sendable {
    /// What an element weighs, and whether a later one can join the one before it.
    struct Traits: Sendable {
        /// Bytes of its contents; each element that is not merged weighs ``overhead`` more.
        var cost: @Sendable (Element) -> Int
        var merge: @Sendable (inout Element, Element) -> Bool
        /// Part of what was asked for, and not only a sign of life.
        var isContent: @Sendable (Element) -> Bool = { _ in true }
    }

    enum Put {
        case taken
        /// Only if the producer does not want to wait.
        case full
        /// Nobody will take anything any more.
        case cancelled
    }

    private struct State {
        var queue: [Element] = []
        var bytes = 0
        var end: Result<Void, PluginError>?
        var cancellation: PluginError?
        var waiter: CheckedContinuation<Void, Never>?
        var producerWasRefused = false
    }

    /// So that empty elements cannot pile up without end.
    static var overhead: Int { 64 }

    private let traits: Traits
    /// What may wait: half of the limit, because the consumer has up to as much in hand.
    private let room: Int
    private let monitor = Monitor(State())
    private let deadlines: StreamDeadlines?
    /// What the consumer has taken out at once and not returned yet, the next one last.
    private let taken = Mutex<[Element]>([])
    /// Says without the lock that `cancellation` is set.
    private let isCancelled = Atomic<Bool>(false)

    init(limit: Int = 64 << 10, traits: Traits, deadlines: StreamDeadlines? = nil) {
        self.deadlines = deadlines
        room = limit / 2
        self.traits = traits
    }

    // MARK: Producer

    /// Hands over one element; waits for room unless told not to. Any thread that may block.
    func put(_ element: Element, mayWait: Bool) -> Put {
        deadlines?.note(isContent: traits.isContent(element))
        let cost = traits.cost(element)
        let (result, waiter) = monitor.wait { state -> (Put, CheckedContinuation<Void, Never>?)? in
            if state.cancellation != nil { return (.cancelled, nil) }
            // An element larger than the room passes when it is alone, or it would never pass.
            if state.bytes > 0, state.bytes + cost + Self.overhead > room {
                if mayWait { return nil }
                state.producerWasRefused = true
                return (.full, nil)
            }
            state.bytes += cost
            if state.queue.isEmpty || !traits.merge(&state.queue[state.queue.count - 1], element) {
                state.queue.append(element)
                state.bytes += Self.overhead
            }
            let waiter = state.waiter
            state.waiter = nil
            return (.taken, waiter)
        }
        waiter?.resume()
        return result
    }

    /// The last word of the producer. Elements that wait are still delivered before it.
    func finish(_ result: Result<Void, PluginError>) {
        let waiter = monitor.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.end == nil { state.end = result }
            let waiter = state.waiter
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Bytes that wait.
    var waiting: Int { monitor.withLock { $0.bytes } }

    // MARK: Consumer

    /// Ends the stream for the consumer with this error, now; the producer is told at its next element.
    func cancel(_ error: PluginError) {
        let waiter = monitor.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.cancellation == nil { state.cancellation = error }
            state.queue = []
            isCancelled.store(true, ordering: .releasing)
            let waiter = state.waiter
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
        monitor.signal()
    }

    private enum Step {
        case elements([Element], producerWasRefused: Bool)
        case end(Result<Void, PluginError>)
        case wait
    }

    /// The next element, nil at the end.
    ///
    /// - Parameters:
    ///   - onRoom: called, without a lock, when a producer that was refused may try again.
    ///   - onCancel: called when the consuming task is cancelled; has to call ``cancel(_:)``.
    func next(onRoom: () -> Void, onCancel: @escaping @Sendable () -> Void) async throws(PluginError) -> Element? {
        if Task.isCancelled { onCancel() }
        while true {
            // Everything that waits is taken at once: the lock is for the two sides to meet, not for each element.
            if !isCancelled.load(ordering: .acquiring), let element = taken.withLock({ $0.popLast() }) {
                return element
            }
            let step = monitor.withLock { state -> Step in
                if let error = state.cancellation { return .end(.failure(error)) }
                guard !state.queue.isEmpty else { return state.end.map(Step.end) ?? .wait }
                let step = Step.elements(state.queue, producerWasRefused: state.producerWasRefused)
                state.queue = []
                state.bytes = 0
                state.producerWasRefused = false
                return step
            }
            switch step {
            case .elements(let elements, let refused):
                monitor.signal()
                if refused { onRoom() }
                taken.withLock { $0 = elements.reversed() }
            case .end(.success): return nil
            case .end(.failure(let error)): throw error
            case .wait:
                await withTaskCancellationHandler {
                    await withCheckedContinuation { park($0) }
                } onCancel: {
                    onCancel()
                }
            }
        }
    }

    private func park(_ continuation: CheckedContinuation<Void, Never>) {
        let isReady = monitor.withLock { state in
            if state.cancellation != nil || !state.queue.isEmpty || state.end != nil { return true }
            precondition(state.waiter == nil, "an event stream has one consumer")
            state.waiter = continuation
            return false
        }
        if isReady { continuation.resume() }
    }
}
