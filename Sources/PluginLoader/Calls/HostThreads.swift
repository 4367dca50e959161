internal import Glibc

/// Threads on which plugins run when the caller is a task: an operation may block, and Swift's cooperative pool must
/// never be blocked.
///
/// Grows with demand up to a limit; beyond it, work waits in order. Threads are kept: a host that calls plugins will
/// call them again.
final class HostThreads: Sendable {
    typealias Job = @Sendable () -> Void

    /// The process's threads for operations of plugins.
    static let shared = HostThreads(limit: 256)
    /// Those for what plugins' lives need. Operations that wait for a swap to end cannot take all of these.
    static let lifecycle = HostThreads(limit: 64)
    /// Those that look after worker processes. What waits for a worker runs on the others.
    static let workers = HostThreads(limit: 32)

    private struct State {
        var queue: [Job] = []
        var head = 0
        /// Threads that wait for a job.
        var idle = 0
        var count = 0

        mutating func take() -> Job? {
            guard head < queue.count else { return nil }
            let job = queue[head]
            head += 1
            if head == queue.count {
                queue.removeAll(keepingCapacity: true)
                head = 0
            }
            return job
        }
    }

    private let limit: Int
    private let monitor = Monitor(State())

    init(limit: Int) { self.limit = limit }

    /// Has some thread run the job, soon.
    func submit(_ job: @escaping Job) {
        let needsThread = monitor.withLock { state in
            state.queue.append(job)
            guard state.queue.count - state.head > state.idle, state.count < limit else { return false }
            state.count += 1
            return true
        }
        if needsThread, !startThread() {
            let noneLeft = monitor.withLock { state in
                state.count -= 1
                return state.count == 0
            }
            // Without a single thread the job would wait for ever. Never the caller's: it may hold a lock that the job takes.
            if noneLeft, let job = monitor.withLock({ $0.take() }) { Task.detached { job() } }
        }
        monitor.signalOne()
    }

    /// Threads that live now.
    var threadCount: Int { monitor.withLock { $0.count } }

    /// Threads that wait for a job.
    var idleCount: Int { monitor.withLock { $0.idle } }

    private func startThread() -> Bool { DetachedThread.start { self.run() } == 0 }

    private func run() {
        while true {
            monitor.withLock { $0.idle += 1 }
            let job = monitor.wait { state -> Job? in
                guard let job = state.take() else { return nil }
                state.idle -= 1
                return job
            }
            job()
        }
    }
}
