internal import CPluginLinux
public import PluginCore
internal import Synchronization

/// What the connections of one plugin may carry, of all its workers together, and have carried.
package final class TrafficAccount: Sendable {
    /// One direction of one connection.
    struct Flow: Hashable, Sendable {
        let connection: UInt64
        let direction: TrafficDirection
    }

    private struct State {
        var limit: Int64?
        var shaper: TrafficShaper<Flow>
        var carried = TrafficCount()
        var connections = 0
        /// Has the relay look again, which may wait for what the former limit would allow.
        var changed: @Sendable () -> Void = {}
    }

    /// Connections of one plugin at once: each costs the host two descriptors.
    static let connectionLimit = 256

    private let state: Mutex<State>

    package init() { state = Mutex(State(shaper: TrafficShaper(limit: nil, at: Self.now))) }

    static var now: Duration { .nanoseconds(kwl_monotonic_ns()) }

    /// Has the limit hold from now on, in bytes a second, both directions together; nil: none. Any thread.
    func change(limit: EffectiveLimit?) {
        let changed: (@Sendable () -> Void)? = state.withLock { state in
            guard state.limit != limit?.value else { return nil }
            state.limit = limit?.value
            state.shaper.change(limit: limit.map { Int($0.value) }, at: Self.now)
            return state.changed
        }
        changed?()
    }

    /// Do connections have to be relayed?
    var isLimited: Bool { state.withLock { $0.limit != nil } }

    /// What has been carried since the plugin was first loaded; nil: nothing was relayed, so that nobody knows.
    package var carried: TrafficCount? { state.withLock { $0.carried.connections > 0 ? $0.carried : nil } }

    // MARK: - The relay's

    /// - Returns: false if there are too many connections.
    func open(_ changed: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.connections < Self.connectionLimit else { return false }
            state.connections += 1
            state.carried.connections += 1
            state.changed = changed
            return true
        }
    }

    func close(_ connection: UInt64) {
        state.withLock { state in
            state.connections -= 1
            for direction in TrafficDirection.allCases {
                state.shaper.forget(Flow(connection: connection, direction: direction))
            }
        }
    }

    func want(_ flow: Flow) { state.withLock { $0.shaper.want(flow) } }

    func next(at now: Duration) -> (flow: Flow, bytes: Int)? { state.withLock { $0.shaper.next(at: now) } }

    /// Until there is something for ``next(at:)``; nil: nobody wants anything.
    func wait(at now: Duration) -> Duration? { state.withLock { $0.shaper.wait(at: now) } }

    /// What became of a turn.
    func note(_ flow: Flow, carried: Int, of granted: Int) {
        state.withLock { state in
            if carried < granted { state.shaper.putBack(granted - carried) }
            switch flow.direction {
            case .sent: state.carried.sent += Int64(carried)
            case .received: state.carried.received += Int64(carried)
            }
        }
    }
}

/// Seen from the plugin.
enum TrafficDirection: Int, CaseIterable, Sendable { case sent, received }

/// What a plugin's relayed connections have carried.
public struct TrafficCount: Sendable, Hashable {
    /// Bytes to others.
    public internal(set) var sent: Int64 = 0
    /// Bytes from others.
    public internal(set) var received: Int64 = 0
    /// Connections that were begun.
    public internal(set) var connections: Int64 = 0

    /// `{sent,received,connections}`
    public var json: JSON {
        ["sent": .int(sent), "received": .int(received), "connections": .int(connections)]
    }
}
