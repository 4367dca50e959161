internal import Glibc

/// Holds threads until a number of them has come.
@safe
final class Gate: @unchecked Sendable {  // the barrier is made for several threads
    private let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)

    init(_ count: UInt32) { unsafe pthread_barrier_init(barrier, nil, count) }

    deinit {
        unsafe pthread_barrier_destroy(barrier)
        unsafe barrier.deallocate()
    }

    func pass() { unsafe pthread_barrier_wait(barrier) }
}
