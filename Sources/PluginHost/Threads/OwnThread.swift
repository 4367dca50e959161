internal import Glibc
internal import PluginCore

/// A thread for work that waits for descriptors for as long as the host lives: neither Swift's cooperative pool nor the
/// threads on which plugins run may be held by it.
enum OwnThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs the body on a new thread, which ends with it (pthread_create(3)).
    /// - Parameter owner: what the thread is for, for messages: "watching folders".
    /// - Throws: ``PluginError`` with code `resourceExhausted`; the body was not and will not be run.
    static func start(for owner: String, _ body: @escaping @Sendable () -> Void) throws(PluginError) {
        var thread = pthread_t()
        let boxed = unsafe Unmanaged.passRetained(Body(body))
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, boxed.toOpaque())
        guard status == 0 else {
            unsafe boxed.release()
            throw PluginError(
                .resourceExhausted, "a thread for \(owner) cannot be started (error \(status))",
                remedy: "Raise the limit on processes and threads (ulimit -u)",
                facts: .errno(status, call: "pthread_create"))
        }
        pthread_detach(thread)
    }
}
