import PluginHost
import Testing

@Suite("The life of a plugin, as a value")
struct LifecycleTests {
    typealias Event = PluginLifecycle.Event
    typealias Action = PluginLifecycle.Action

    static let events: [Event] = [
        .load, .suspend, .resume, .stop, .quarantine, .release, .codeLoaded, .creating, .started, .drained,
        .drainTimedOut, .quiesced, .destroyed, .unloading, .unloaded, .failed(isRetryable: true),
        .failed(isRetryable: false),
    ]

    /// How each state is reached. Draining, stopping, stopped and unloading lead to "unloaded".
    static func lifecycle(_ state: PluginState) throws -> PluginLifecycle {
        let paths: [PluginState: [Event]] = [
            .unloaded: [], .loading: [.load], .loaded: [.load, .codeLoaded],
            .initializing: [.load, .codeLoaded, .creating], .active: [.load, .codeLoaded, .creating, .started],
            .draining: [.load, .codeLoaded, .creating, .started, .stop],
            .suspended: [.load, .codeLoaded, .creating, .started, .suspend, .drained, .quiesced],
            .error: [.load, .failed(isRetryable: false)],
            .stopping: [.load, .codeLoaded, .creating, .started, .stop, .drained],
            .stopped: [.load, .codeLoaded, .creating, .started, .stop, .drained, .destroyed],
            .unloading: [.load, .codeLoaded, .creating, .started, .stop, .drained, .destroyed, .unloading],
            .quarantined: [.quarantine],
        ]
        var lifecycle = PluginLifecycle()
        for event in try #require(paths[state]) { _ = try lifecycle.handle(event) }
        try #require(lifecycle.state == state)
        return lifecycle
    }

    /// What each event makes of each state. What is not here is refused.
    static let transitions: [PluginState: [Event: (PluginState, [Action])]] = [
        .unloaded: [
            .load: (.loading, [.loadCode]), .stop: (.unloaded, []), .quarantine: (.quarantined, []),
        ],
        .loading: [
            .load: (.loading, []), .stop: (.loading, []), .codeLoaded: (.loaded, [.createInstance]),
            .failed(isRetryable: true): (.error, [.retry(after: 1)]), .failed(isRetryable: false): (.error, []),
        ],
        .loaded: [
            .load: (.loaded, []), .stop: (.loaded, []), .creating: (.initializing, []),
            .failed(isRetryable: true): (.error, [.retry(after: 1)]), .failed(isRetryable: false): (.error, []),
        ],
        .initializing: [
            .load: (.initializing, []), .resume: (.initializing, []), .stop: (.initializing, []),
            .started: (.active, [.open]), .failed(isRetryable: true): (.error, [.retry(after: 1)]),
            .failed(isRetryable: false): (.error, []),
        ],
        .active: [
            .load: (.active, []), .resume: (.active, []), .suspend: (.draining, [.refuse, .drain]),
            .stop: (.draining, [.refuse, .drain]), .quarantine: (.draining, [.refuse, .drain]),
            .failed(isRetryable: true): (.error, [.refuse]), .failed(isRetryable: false): (.error, [.refuse]),
        ],
        .draining: [
            .stop: (.draining, []), .quarantine: (.draining, []), .drained: (.stopping, [.destroy]),
            .drainTimedOut: (.stopping, [.abandon]), .quiesced: (.stopping, [.destroy]),
            .failed(isRetryable: true): (.error, []), .failed(isRetryable: false): (.error, []),
        ],
        .suspended: [
            .suspend: (.suspended, []), .resume: (.initializing, [.startAgain]),
            .stop: (.stopping, [.refuse, .destroy]), .quarantine: (.stopping, [.refuse, .destroy]),
        ],
        .error: [
            .load: (.loading, [.loadCode]), .stop: (.stopped, [.unload]), .quarantine: (.stopped, [.unload]),
        ],
        .stopping: [
            .stop: (.stopping, []), .quarantine: (.stopping, []), .destroyed: (.stopped, [.unload]),
            .failed(isRetryable: true): (.stopped, [.unload]), .failed(isRetryable: false): (.stopped, [.unload]),
        ],
        .stopped: [.stop: (.stopped, []), .quarantine: (.stopped, []), .unloading: (.unloading, [])],
        .unloading: [.stop: (.unloading, []), .quarantine: (.unloading, []), .unloaded: (.unloaded, [])],
        .quarantined: [.stop: (.quarantined, []), .quarantine: (.quarantined, []), .release: (.unloaded, [])],
    ]

    @Test("every event in every state does what the table says, or is refused and changes nothing")
    func exhaustive() throws {
        for state in PluginState.allCases {
            for event in Self.events {
                var lifecycle = try Self.lifecycle(state)
                let before = lifecycle
                if let (next, actions) = Self.transitions[state]?[event] {
                    #expect(try lifecycle.handle(event) == actions, "\(state) \(event)")
                    #expect(lifecycle.state == next, "\(state) \(event)")
                } else {
                    let error = #expect(throws: PluginError.self, "\(state) \(event)") {
                        _ = try lifecycle.handle(event)
                    }
                    #expect(error?.code == .conflict && error?.message.contains(state.rawValue) == true)
                    #expect(lifecycle == before, "\(state) \(event)")
                }
            }
        }
    }

    @Test("what is suspended and cannot be drained goes on; what is quarantined ends as such")
    func destinations() throws {
        var lifecycle = try Self.lifecycle(.active)
        #expect(try lifecycle.handle(.suspend) == [.refuse, .drain] && lifecycle.isSuspending)
        #expect(try lifecycle.handle(.drainTimedOut) == [.open] && lifecycle.state == .active)
        #expect(!lifecycle.isSuspending)
        _ = try lifecycle.handle(.suspend)
        #expect(try lifecycle.handle(.drained) == [.quiesce] && lifecycle.state == .draining)
        #expect(try lifecycle.handle(.suspend).isEmpty)
        // Somebody wants it gone meanwhile.
        #expect(try lifecycle.handle(.quarantine).isEmpty)
        #expect(try lifecycle.handle(.quiesced) == [.destroy] && lifecycle.state == .stopping)
        for event in [Event.destroyed, .unloading, .unloaded] { _ = try lifecycle.handle(event) }
        #expect(lifecycle.state == .quarantined)
        #expect(throws: PluginError.self) { _ = try lifecycle.handle(.load) }
        #expect(try lifecycle.handle(.release).isEmpty && lifecycle.state == .unloaded)
    }

    @Test("what may pass is tried again, so often as it is allowed, and then put into quarantine")
    func attempts() throws {
        var lifecycle = PluginLifecycle(attempts: 3)
        for attempt in 1...2 {
            _ = try lifecycle.handle(.load)
            #expect(try lifecycle.handle(.failed(isRetryable: true)) == [.retry(after: attempt)])
            #expect(lifecycle.state == .error && lifecycle.failedAttempts == attempt)
        }
        _ = try lifecycle.handle(.load)
        #expect(try lifecycle.handle(.failed(isRetryable: true)) == [.recordQuarantine, .unload])
        for event in [Event.unloading, .unloaded] { _ = try lifecycle.handle(event) }
        #expect(lifecycle.state == .quarantined)
        _ = try lifecycle.handle(.release)
        for event in [Event.load, .codeLoaded, .creating, .started] { _ = try lifecycle.handle(event) }
        #expect(lifecycle.failedAttempts == 0)
    }

    @Test("a plugin that is not wanted any more before it is there goes as soon as it is")
    func stoppedWhileComing() throws {
        var lifecycle = try Self.lifecycle(.loading)
        _ = try lifecycle.handle(.stop)
        #expect(try lifecycle.handle(.codeLoaded) == [.unload] && lifecycle.state == .stopped)
        lifecycle = try Self.lifecycle(.initializing)
        _ = try lifecycle.handle(.stop)
        #expect(try lifecycle.handle(.started) == [.destroy] && lifecycle.state == .stopping)
        lifecycle = try Self.lifecycle(.initializing)
        _ = try lifecycle.handle(.stop)
        #expect(try lifecycle.handle(.failed(isRetryable: true)) == [.unload] && lifecycle.state == .stopped)
    }
}
