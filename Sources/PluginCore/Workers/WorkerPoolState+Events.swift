extension WorkerPoolState {
    /// What happened, or what somebody wants. What is said of workers and calls that the pool does not know, or no longer,
    /// does nothing.
    public enum Event: Sendable, Hashable {
        /// Time went on. Made at the times of ``Action/schedule(at:)``; more often does no harm.
        case tick

        // Of workers.
        /// It has loaded the plugin and waits.
        case ready(WorkerID)
        /// It cannot load the plugin, or, when it was promoted, not make what takes the calls. It is told to end, and `ended`
        /// follows.
        case failedToLoad(WorkerID)
        /// Its process is gone, or could not be made.
        case ended(WorkerID, WorkerEnd)
        case memory(WorkerID, bytes: Int64)
        /// The answer to ``Action/checkHealth(_:)``. None need come: time runs out then.
        case health(WorkerID, isWell: Bool)

        // Of calls.
        /// It wants a worker: `start` or `reject` follows, once, now or later, unless its caller gives it up before.
        case callQueued(CallID, PluginPriority, deadline: Duration?)
        /// It has taken a free lane of an active worker without asking. `lose` follows if that worker is gone.
        case callStarted(CallID, on: WorkerID)
        case callEnded(CallID, CallEnd)

        // Of calls that find their workers without the pool, which would cost them more than they take themselves.
        /// A worker has so many of them now.
        case busy(WorkerID, calls: Int)
        /// It has answered some of them since this was last said.
        case used(WorkerID)
        /// They have waited for a worker since then; nil: none waits.
        case waiting(since: Duration?)

        // Verbs.
        /// Other rules hold from now on.
        case rules(WorkerPoolRules)
        /// Another build takes the place of this one: `swapped` or `swapFailed` follows.
        case swap(build: String)
        /// No more calls; the workers end when their calls have. `drained` follows. A drained pool stays so.
        case drain
        /// Somebody wants failures forgotten and workers started now.
        case retry
    }

    /// What is to be done, in order.
    public enum Action: Sendable, Equatable {
        /// Start a process that loads this build: `ready`, `failedToLoad` or `ended`.
        case spawn(WorkerID, build: String)
        /// From now on it takes calls.
        case promote(WorkerID)
        /// From now on it takes no more calls; those that it has may end.
        case drain(WorkerID, Reason)
        /// It has no call: tell it to end, and see to it that it does. `ended`.
        case retire(WorkerID, Reason)
        /// Kill it. `ended`.
        case kill(WorkerID, Reason)
        /// Ask it how it is: `health`. Its lanes stay free for calls.
        case checkHealth(WorkerID)
        /// Make the call on this worker: `callEnded`.
        case start(CallID, on: WorkerID)
        /// The call is not made. Its caller gets the error.
        case reject(CallID, PluginError)
        /// Its worker is gone. What its caller gets depends on how, and on the ``RecoveryPolicy``.
        case lose(CallID, on: WorkerID)
        /// Calls are refused, tried or let through from now on.
        case circuit(RestartLedger.Circuit)
        /// This build is not tried again by itself.
        case giveUp(build: String)
        /// New calls go to this build.
        case swapped(build: String)
        /// This build cannot be loaded; the one before it stays.
        case swapFailed(build: String)
        /// No worker is left.
        case drained
        /// Make a `tick` at this time, unless one comes before.
        case schedule(at: Duration)
    }

    /// Why a worker goes.
    public enum Reason: String, Sendable, Hashable, CaseIterable, Codable {
        /// It had nothing to do.
        case idle
        /// There are more than the rules allow.
        case surplus
        /// It has more memory than the soft limit.
        case memory
        /// It does not answer, or is not well.
        case health
        /// It does not become ready, or cannot.
        case load
        /// Its calls do not end.
        case drainTimeout
        /// Another build takes its place.
        case swap
        /// The pool is drained.
        case stop
    }

    /// A worker, as others see it.
    public struct Status: Sendable, Hashable {
        public enum Phase: String, Sendable, Hashable, CaseIterable {
            /// It loads the plugin.
            case starting
            /// It has loaded the plugin and waits to be needed.
            case spare
            /// It takes calls.
            case active
            /// It ends its calls.
            case draining
            /// It was told to end, or killed.
            case ending
        }

        public let id: WorkerID
        /// The digest of the plugin's build.
        public let build: String
        public let phase: Phase
        public let calls: Int
        /// As it was last seen, in bytes.
        public let memory: Int64?
    }
}

/// How a worker's process came to its end.
public enum WorkerEnd: Sendable, Hashable {
    /// The host ended it, or ended it for a reason that is not the plugin's fault, such as a call that was cancelled.
    case asked
    /// The host killed it because of a limit.
    case limit(LimitKind)
    /// By a signal that it got otherwise.
    case signal(Int32, address: UInt64?)
    /// By itself.
    case exit(Int32)
    /// Its process could not be made, or nobody can say.
    case unknown

    /// Was it not the host's wish?
    package var isFailure: Bool { self != .asked }
}

/// How a call came to its end on a worker that lives on.
public enum CallEnd: String, Sendable, Hashable, CaseIterable {
    /// The plugin answered, if only with an error.
    case answered
    /// Its caller gave it up.
    case abandoned
}
