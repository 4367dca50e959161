public import PluginCore

/// The life of one plugin in a host, as a value: what happens next, and what is not possible now. Does nothing itself; the
/// ``PluginSupervisor`` performs the actions and tells what came of them.
///
/// Verbs that make no sense in a state are refused with a reason. A verb that asks for what is already so does nothing.
public struct PluginLifecycle: Sendable, Hashable {
    /// What somebody wants, or what came of an action.
    public enum Event: Sendable, Hashable {
        // Verbs.
        case load, suspend, resume, stop, quarantine, release
        // What came of an action.
        case codeLoaded, creating, started, drained, drainTimedOut, quiesced, destroyed, unloading, unloaded
        /// An action failed, or a living plugin did. May another attempt succeed without anybody changing anything?
        case failed(isRetryable: Bool)
    }

    /// What is to be done, in order. Each is answered by an event, except those that cannot fail.
    public enum Action: Sendable, Hashable {
        /// Answered by `codeLoaded` or `failed`.
        case loadCode
        /// Answered by `creating`, then `started` or `failed`.
        case createInstance
        /// Answered by `started` or `failed`.
        case startAgain
        /// Let calls in. Not answered.
        case open
        /// Refuse calls. Not answered.
        case refuse
        /// Wait for the calls that run: `drained` or `drainTimedOut`.
        case drain
        /// Have the instance stop its work: `quiesced` or `failed`.
        case quiesce
        /// `destroyed` or `failed`.
        case destroy
        /// Leave an instance alone whose calls do not end; it is destroyed when they do. `destroyed`.
        case abandon
        /// `unloading`, then `unloaded`.
        case unload
        /// Wait as long as is right after so many failed attempts, then load again.
        case retry(after: Int)
        /// Keep a record of the failure, by which it is not loaded. Not answered.
        case recordQuarantine
    }

    public private(set) var state: PluginState
    /// Failed attempts to load since the last one that succeeded.
    public private(set) var failedAttempts = 0
    /// How many attempts it has before it is put into quarantine.
    public let attempts: Int
    /// Where draining and stopping lead to.
    private var destination = PluginState.unloaded
    /// Somebody wants it gone before it was there.
    private var isStopRequested = false

    public init(_ state: PluginState = .unloaded, attempts: Int = 3) {
        self.state = state
        self.attempts = max(1, attempts)
    }

    /// It rests, or is on its way there.
    public var isSuspending: Bool {
        switch state {
        case .suspended: true
        case .draining: destination == .suspended
        default: false
        }
    }

    /// - Returns: what is to be done now.
    /// - Throws: `conflict` if the event cannot be in this state; nothing has changed then.
    public mutating func handle(_ event: Event) throws(PluginError) -> [Action] {
        switch (state, event) {
        // Coming to life.
        case (.unloaded, .load), (.error, .load):
            isStopRequested = false
            return enter(.loading, [.loadCode])
        case (.loading, .codeLoaded):
            return isStopRequested ? leave(to: .unloaded, [.unload]) : enter(.loaded, [.createInstance])
        case (.loaded, .creating): return enter(.initializing, [])
        case (.initializing, .started):
            failedAttempts = 0
            guard !isStopRequested else { return enter(.stopping, [.destroy], to: .unloaded) }
            return enter(.active, [.open])
        case (.loading, .failed(let isRetryable)), (.loaded, .failed(let isRetryable)),
            (.initializing, .failed(let isRetryable)):
            return failAttempt(isRetryable)

        // A failure of a living plugin, or of its end.
        case (.active, .failed): return enter(.error, [.refuse])
        case (.draining, .failed): return enter(.error, [])
        case (.stopping, .failed): return enter(.stopped, [.unload])

        // Suspending and resuming.
        case (.active, .suspend): return enter(.draining, [.refuse, .drain], to: .suspended)
        case (.draining, .drained):
            return destination == .suspended ? [.quiesce] : enter(.stopping, [.destroy])
        case (.draining, .drainTimedOut):
            // A plugin that is only to rest goes on; one that is to go is left to its calls.
            return destination == .suspended ? enter(.active, [.open]) : enter(.stopping, [.abandon])
        case (.draining, .quiesced):
            return destination == .suspended ? enter(.suspended, []) : enter(.stopping, [.destroy])
        case (.suspended, .resume): return enter(.initializing, [.startAgain])

        // Going.
        case (.active, .stop): return enter(.draining, [.refuse, .drain], to: .unloaded)
        case (.active, .quarantine): return enter(.draining, [.refuse, .drain], to: .quarantined)
        case (.draining, .stop), (.stopping, .stop), (.stopped, .stop), (.unloading, .stop):
            return lead(to: .unloaded)
        case (.draining, .quarantine), (.stopping, .quarantine), (.stopped, .quarantine), (.unloading, .quarantine):
            return lead(to: .quarantined)
        case (.suspended, .stop): return enter(.stopping, [.refuse, .destroy], to: .unloaded)
        case (.suspended, .quarantine): return enter(.stopping, [.refuse, .destroy], to: .quarantined)
        case (.stopping, .destroyed): return enter(.stopped, [.unload])
        case (.stopped, .unloading): return enter(.unloading, [])
        case (.unloading, .unloaded): return enter(destination, [])
        case (.error, .stop): return leave(to: .unloaded, [.unload])
        case (.error, .quarantine): return leave(to: .quarantined, [.unload])
        case (.loading, .stop), (.loaded, .stop), (.initializing, .stop):
            isStopRequested = true
            return []
        case (.unloaded, .quarantine): return enter(.quarantined, [])
        case (.quarantined, .release):
            failedAttempts = 0
            return enter(.unloaded, [])

        // What is so already.
        case (.active, .load), (.active, .resume), (.loading, .load), (.loaded, .load), (.initializing, .load),
            (.initializing, .resume), (.suspended, .suspend), (.unloaded, .stop), (.quarantined, .stop),
            (.quarantined, .quarantine):
            return []
        case (.draining, .suspend) where destination == .suspended: return []

        default: throw impossible(event)
        }
    }

    private mutating func enter(
        _ state: PluginState, _ actions: [Action], to destination: PluginState? = nil
    ) -> [Action] {
        self.state = state
        if let destination { self.destination = destination }
        return actions
    }

    /// There is no instance: only the code is let go of.
    private mutating func leave(to destination: PluginState, _ actions: [Action]) -> [Action] {
        enter(.stopped, actions, to: destination)
    }

    /// It goes already, perhaps further than it was to.
    private mutating func lead(to destination: PluginState) -> [Action] {
        self.destination = destination
        return []
    }

    private mutating func failAttempt(_ isRetryable: Bool) -> [Action] {
        failedAttempts += 1
        if isStopRequested { return leave(to: .unloaded, [.unload]) }
        guard isRetryable else { return enter(.error, []) }
        guard failedAttempts >= attempts else { return enter(.error, [.retry(after: failedAttempts)]) }
        return leave(to: .quarantined, [.recordQuarantine, .unload])
    }

    private func impossible(_ event: Event) -> PluginError {
        let remedy: String? =
            switch state {
            case .suspended: "Resume it first"
            case .quarantined: "Release it from quarantine first: keyway quarantine clear"
            case .unloaded, .error: "Load it first"
            case .draining, .stopping, .stopped, .unloading: "Wait until it is unloaded"
            default: nil
            }
        return PluginError(.conflict, "it cannot be \(Self.word(event)): it is \(state.rawValue)", remedy: remedy)
    }

    private static func word(_ event: Event) -> String {
        switch event {
        case .load: "loaded"
        case .suspend: "suspended"
        case .resume: "resumed"
        case .stop: "stopped"
        case .quarantine: "quarantined"
        case .release: "released"
        case .codeLoaded, .creating, .started, .drained, .drainTimedOut, .quiesced, .destroyed, .unloading, .unloaded,
            .failed:
            "taken to be \(event)"
        }
    }
}
