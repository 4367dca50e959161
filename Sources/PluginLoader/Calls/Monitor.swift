internal import Glibc

/// A lock with a condition: state that several threads share, and wait on.
///
/// `Synchronization.Mutex` has no way to wait, and the threads here are plugins' threads, which must block: that is the
/// back-pressure.
@safe
final class Monitor<State>: @unchecked Sendable {  // state is touched only between lock and unlock
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    init(_ state: sending State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs the body under the lock.
    func withLock<Result, Failure: Error>(_ body: (inout State) throws(Failure) -> sending Result) throws(Failure)
        -> sending Result
    {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Runs the body under the lock, again after each ``signal()``, until it answers something.
    func wait<Result>(_ body: (inout State) -> Result?) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            unsafe pthread_cond_wait(condition, mutex)
        }
    }

    /// Has one of those who wait look again; for waiters of whom any will do. Without the lock held.
    func signalOne() {
        unsafe pthread_cond_signal(condition)
    }

    /// Has everybody who waits look again. Without the lock held.
    func signal() {
        unsafe pthread_cond_broadcast(condition)
    }
}
