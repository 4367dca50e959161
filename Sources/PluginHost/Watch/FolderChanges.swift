package import PluginCore
internal import Synchronization

/// What changes in some folders, for one consumer.
///
///     let changes = try await FolderChanges.start(["plugins"])
///     for await report in changes { ... }
///
/// A ``FolderWatcher`` feeds a ``WatchDebouncer``, and the consumer asks that when it is ready for another report. So there
/// is no queue: what happens while nobody asks is kept together, and beyond ``WatchRules/pathLimit`` files it becomes
/// ``WatchReport/everything``. No thread of Swift's pool is held. The sequence ends after ``stop()``, and the consumer's
/// loop ends when its task is cancelled.
package final class FolderChanges: AsyncSequence, Sendable {
    package typealias Element = WatchReport
    package typealias Failure = Never

    private let watcher: FolderWatcher
    private let inbox: Inbox

    private init(_ watcher: FolderWatcher, _ inbox: Inbox) { (self.watcher, self.inbox) = (watcher, inbox) }

    /// Returns when the folders are watched: whatever is looked at afterwards is looked at in time.
    ///
    /// - Parameters:
    ///   - folders: need not be there. Reports begin with their names as they are here.
    ///   - clock: by which changes are held back.
    /// - Throws: as ``FolderWatcher``.
    package static func start(
        _ folders: [String], rules: WatchRules = WatchRules(),
        clock: some _Concurrency.Clock<Duration> = ContinuousClock()
    ) async throws(PluginError) -> FolderChanges {
        let inbox = Inbox(rules, clock)
        let watcher = try await FolderWatcher.start(folders, rules: rules) { events in
            inbox.record(events)
        } ended: {
            inbox.end()
        }
        return FolderChanges(watcher, inbox)
    }

    /// Ends the sequence, as soon as nothing of the watcher is open any more. What was not told yet is dropped. Any thread.
    package func stop() { watcher.stop() }

    package func makeAsyncIterator() -> Iterator { Iterator(changes: self) }

    package struct Iterator: AsyncIteratorProtocol {
        let changes: FolderChanges

        package mutating func next() async -> WatchReport? { await changes.inbox.next() }

        package mutating func next(isolation actor: isolated (any Actor)?) async -> WatchReport? {
            await changes.inbox.next()
        }
    }
}

extension FolderChanges {
    /// Where the watcher's thread and the consumer meet.
    private final class Inbox: Sendable {
        private struct State {
            var debouncer: WatchDebouncer
            var waiter: CheckedContinuation<Void, Never>?
            /// Counts what could be a reason to ask the debouncer again.
            var revision: UInt64 = 0
            var hasEnded = false
        }

        private let state: Mutex<State>
        /// Times are counted from the start.
        private let now: @Sendable () -> Duration
        /// Answers whether the time has come; otherwise the task was cancelled.
        private let sleep: @Sendable (_ until: Duration) async -> Bool

        init(_ rules: WatchRules, _ clock: some _Concurrency.Clock<Duration>) {
            state = Mutex(State(debouncer: WatchDebouncer(rules: rules)))
            let start = clock.now
            now = { start.duration(to: clock.now) }
            sleep = { (try? await clock.sleep(until: start.advanced(by: $0), tolerance: nil)) != nil }
        }

        func record(_ events: [FileEvent]) {
            let now = now()
            wake { state in for event in events { state.debouncer.record(event, at: now) } }
        }

        func end() { wake { $0.hasEnded = true } }

        private func wake(_ change: (inout State) -> Void) {
            let waiter = state.withLock { state in
                change(&state)
                state.revision += 1
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }

        func next() async -> WatchReport? {
            while !Task.isCancelled {
                let (action, revision) = state.withLock { state in
                    (state.hasEnded ? nil : state.debouncer.next(at: now()), state.revision)
                }
                switch action {
                case nil: return nil
                case .report(let report): return report
                case .wait(let date): await wait(until: date, or: revision)
                }
            }
            return nil
        }

        /// Returns at the date, when something has happened since the revision, or when the task is cancelled.
        private func wait(until date: Duration?, or revision: UInt64) async {
            let timer = date.map { date in
                Task { if await sleep(date) { wake { _ in } } }
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { park($0, revision) }
            } onCancel: {
                wake { _ in }
            }
            timer?.cancel()
        }

        private func park(_ continuation: CheckedContinuation<Void, Never>, _ revision: UInt64) {
            let isParked = state.withLock { state in
                guard state.revision == revision, !Task.isCancelled else { return false }
                precondition(state.waiter == nil, "changes of folders have one consumer")
                state.waiter = continuation
                return true
            }
            if !isParked { continuation.resume() }
        }
    }
}
