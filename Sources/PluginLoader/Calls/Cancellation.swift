internal import CPluginCall
internal import Synchronization

/// Lets another thread cancel a call while it runs, and only then: the frame is reachable here exactly as long as the
/// call lives.
@safe
final class Cancellation: Sendable {
    @safe
    private struct State: @unchecked Sendable {  // the pointer is used only under the lock, while the call lives
        var frame: UnsafeMutablePointer<kwc_frame>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    init() {}

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Remembers the wish for a call that has not begun; passes it on to one that has.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            if let frame = unsafe state.frame { unsafe kwc_cancel(frame) }
        }
    }

    /// Tells a producer that there is room again.
    func wake() {
        state.withLock { state in
            if let frame = unsafe state.frame { unsafe kwc_wake(frame) }
        }
    }

    /// Called by the thread that runs the call, around it.
    @unsafe
    func attach(_ frame: UnsafeMutablePointer<kwc_frame>) {
        state.withLock { state in
            unsafe state.frame = frame
            if state.isCancelled { unsafe kwc_cancel(frame) }
        }
    }

    func detach() {
        state.withLock { unsafe $0.frame = nil }
    }
}
