internal import Synchronization

/// Somebody's wish that a host ends, and the wait for it.
final class EndRequest: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Void, Never>)
        case made
    }

    private let state = Mutex(State.idle)

    func make() {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .made }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume()
    }

    /// Waits until it is made, or the task is cancelled. For one task.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isMade = state.withLock { state in
                    if case .made = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isMade { continuation.resume() }
            }
        } onCancel: {
            make()
        }
    }
}
