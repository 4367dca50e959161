internal import Synchronization

/// So many loads at once; of those that wait, the one with the highest priority comes first, then the one that has waited
/// longest.
final class LoadGate: Sendable {
    private struct Waiter {
        let priority: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var free: Int
        var waiting: [Waiter] = []
    }

    private let state: Mutex<State>

    init(limit: Int) { state = Mutex(State(free: max(1, limit))) }

    func enter(priority: Int) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(Waiter(priority: priority, continuation: continuation))
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> Waiter? in
            let first = state.waiting.indices.max { left, right in
                (state.waiting[left].priority, -left) < (state.waiting[right].priority, -right)
            }
            guard let first else {
                state.free += 1
                return nil
            }
            return state.waiting.remove(at: first)
        }
        next?.continuation.resume()
    }
}
