import Synchronization

/// A clock that stands still until somebody moves it.
final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct State {
        var now = Instant(offset: .zero)
        var sleepers: [Int: (date: Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
        var observers: [CheckedContinuation<Void, Never>] = []
        var number = 0
        var wishes: [Duration] = []

        mutating func takeObservers() -> [CheckedContinuation<Void, Never>] {
            defer { observers = [] }
            return observers
        }
    }

    private let state = Mutex(State())

    var now: Instant { state.withLock { $0.now } }
    let minimumResolution = Swift.Duration.zero

    func sleep(until date: Instant, tolerance: Duration?) async throws {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (isOver, observers) = state.withLock { state in
                    state.wishes.append(state.now.duration(to: date))
                    let isCancelled = state.cancelled.remove(number) != nil
                    if !isCancelled, date > state.now { state.sleepers[number] = (date, continuation) }
                    let isOver: Bool? = isCancelled ? nil : date <= state.now
                    return (isOver, state.takeObservers())
                }
                switch isOver {
                case nil: continuation.resume(throwing: CancellationError())
                case true?: continuation.resume()
                case false?: break
                }
                for observer in observers { observer.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: number)
                if sleeper == nil { state.cancelled.insert(number) }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    func advance(to date: Instant) {
        let woken = state.withLock { state in
            state.now = max(state.now, date)
            let woken = state.sleepers.filter { $0.value.date <= state.now }
            for number in woken.keys { state.sleepers[number] = nil }
            return woken
        }
        for sleeper in woken.values { sleeper.continuation.resume() }
    }

    func advance(by duration: Duration) { advance(to: now.advanced(by: duration)) }

    /// Waits until somebody sleeps.
    /// - Returns: when the first of them wants to be woken.
    func sleeper() async -> Instant {
        while true {
            if let date = state.withLock({ $0.sleepers.values.map(\.date).min() }) { return date }
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if !state.sleepers.isEmpty { return true }
                    state.observers.append(continuation)
                    return false
                }
                if isThere { continuation.resume() }
            }
        }
    }

    /// How long each sleep was to be, in the order in which they began.
    var wishes: [Duration] { state.withLock { $0.wishes } }

    /// Waits until so many sleeps have begun since the clock was made.
    func sleeps(_ count: Int) async {
        while true {
            if wishes.count >= count { return }
            await withCheckedContinuation { continuation in
                let isSo = state.withLock { state in
                    if state.wishes.count >= count { return true }
                    state.observers.append(continuation)
                    return false
                }
                if isSo { continuation.resume() }
            }
        }
    }

    /// Lets time go on whenever somebody waits for it, until the task is cancelled.
    func run() async {
        while true {
            let date = await sleeper()
            if Task.isCancelled { return }
            advance(to: date)
        }
    }
}
