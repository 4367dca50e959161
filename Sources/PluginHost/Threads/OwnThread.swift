internal import PluginCore
internal import PluginLoader

/// A thread for work that waits for descriptors for as long as the host lives.
enum OwnThread {
    /// Runs the body on a new thread, which ends with it: see ``DetachedThread``.
    /// - Parameter owner: what the thread is for, for messages: "watching folders".
    /// - Throws: ``PluginError`` with code `resourceExhausted`; the body was not and will not be run.
    static func start(for owner: String, _ body: @escaping @Sendable () -> Void) throws(PluginError) {
        let status = DetachedThread.start(body)
        guard status != 0 else { return }
        throw PluginError(
            .resourceExhausted, "a thread for \(owner) cannot be started (error \(status))",
            remedy: "Raise the limit on processes and threads (ulimit -u)",
            facts: .errno(status, call: "pthread_create"))
    }
}
