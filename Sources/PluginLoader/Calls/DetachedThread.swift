internal import Glibc

/// A thread that nobody waits for. What waits for long has one of its own: neither Swift's cooperative pool nor
/// ``HostThreads`` may be held by it.
package enum DetachedThread {
    private final class Job: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs the body on a new thread, which ends with it (pthread_create(3)).
    /// - Returns: 0, or an errno: then there is no thread for it, and the body is not run.
    package static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
        let job = unsafe Unmanaged.passRetained(Job(body))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, job.toOpaque())
        guard status == 0 else {
            unsafe job.release()
            return status
        }
        pthread_detach(thread)
        return 0
    }
}
