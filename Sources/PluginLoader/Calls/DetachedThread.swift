internal import Glibc

/// A thread for one thing that lasts as long as a worker: it would keep one of ``HostThreads`` from everybody else.
enum DetachedThread {
    private final class Job: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs the body on a new thread, which ends with it (pthread_create(3)).
    /// - Returns: false if there is no thread for it.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
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
            return false
        }
        pthread_detach(thread)
        return true
    }
}
