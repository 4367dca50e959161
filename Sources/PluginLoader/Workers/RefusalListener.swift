internal import CPluginLinux
internal import CPluginSandbox
internal import Glibc
internal import PluginCore

/// Hears of the system calls that a worker's sandbox refuses (seccomp_unotify(2)). The worker cannot keep them from being
/// told, and waits until they were.
struct RefusalListener: Sendable {
    /// Told of all of them, by name, on a thread of its own.
    let observer: @Sendable (String) -> Void
    /// Told of each name once.
    let first: @Sendable (String) -> Void

    /// Beyond so many a second whoever is refused waits: it costs the host more than the worker.
    private static let rate = 500

    private static var now: Duration { .nanoseconds(kwl_monotonic_ns()) }

    /// Listens until the worker and all that it started are gone.
    /// - Parameter listener: its own from now on.
    func start(_ listener: Int32) {
        let hasThread = DetachedThread.start {
            serve(listener)
            close(listener)
        }
        // Without it what is refused fails with ENOSYS, and nobody is told.
        if !hasThread { close(listener) }
    }

    private func serve(_ listener: Int32) {
        var budget = TokenBucket(rate: Self.rate, capacity: Self.rate, at: Self.now)
        var told: Set<Int32> = []
        var refusal = kws_refusal()
        while unsafe kws_take_refusal(listener, &refusal) > 0 {
            if !budget.take(at: Self.now) { usleep(10_000) }
            var name = [CChar](repeating: 0, count: 64)
            unsafe kws_call_name(refusal.number, &name, name.count)
            let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            observer(text)
            if told.insert(refusal.number).inserted { first(text) }
            // Only now does the call return: whoever asks the plugin finds it told.
            unsafe kws_end_refusal(listener, &refusal)
        }
    }
}
