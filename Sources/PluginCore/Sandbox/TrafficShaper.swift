/// Which of several flows may carry how many bytes now, where all of them share one limit. A value that decides; the time is
/// the caller's, and so is the carrying.
///
/// In any time t no more bytes are granted than ``burst(_:)`` and t times the limit. Flows have their turn one after the
/// other, each for at most ``quantum`` bytes: however much one has, the others get as much.
package struct TrafficShaper<Flow: Hashable & Sendable>: Sendable {
    /// Bytes of one turn.
    package static var quantum: Int { 16384 }

    /// nil: there is no limit.
    private var bucket: TokenBucket?
    private var burst = 0
    private var waiting: Set<Flow> = []
    /// In the order of their turns, from `first` on.
    private var queue: [Flow] = []
    private var first = 0

    /// - Parameters:
    ///   - limit: in bytes a second; nil: none.
    ///   - now: of any clock that does not go back; the same for all that follows.
    package init(limit: Int?, at now: Duration) {
        change(limit: limit, at: now)
    }

    /// Bytes that may be carried at once after a while without any: those of a tenth of a second.
    package static func burst(_ limit: Int) -> Int { max(1, limit / 10) }

    /// Has another limit hold from now on.
    package mutating func change(limit: Int?, at now: Duration) {
        guard let limit else {
            bucket = nil
            return
        }
        burst = Self.burst(limit)
        if bucket == nil {
            bucket = TokenBucket(rate: limit, capacity: burst, at: now)
        } else {
            bucket?.change(rate: limit, capacity: burst, at: now)
        }
    }

    /// The flow has something to carry: it gets a turn after those that wait already.
    package mutating func want(_ flow: Flow) {
        if waiting.insert(flow).inserted { queue.append(flow) }
    }

    /// The flow is gone, or has nothing more.
    package mutating func forget(_ flow: Flow) {
        guard waiting.remove(flow) != nil else { return }
        queue = queue[first...].filter { $0 != flow }
        first = 0
    }

    /// Whose turn it is, and how many bytes it may carry now; then it does not wait any more. nil: nobody waits, or has to
    /// wait for longer, see ``wait(at:)``.
    package mutating func next(at now: Duration) -> (flow: Flow, bytes: Int)? {
        let share = share
        guard first < queue.count, bucket?.take(share, at: now) != false else { return nil }
        let flow = queue[first]
        first += 1
        if first * 2 > queue.count { compact() }
        waiting.remove(flow)
        return (flow, share)
    }

    /// Gives back what a turn was given and has not carried, at once.
    package mutating func putBack(_ bytes: Int) { bucket?.putBack(bytes) }

    /// Until ``next(at:)`` has something; nil: nobody waits.
    package func wait(at now: Duration) -> Duration? {
        guard first < queue.count else { return nil }
        return bucket?.wait(for: share, at: now) ?? .zero
    }

    /// Bytes of one turn: not fewer if fewer may be carried now, or the smallest of pieces would be carried for ever.
    private var share: Int { bucket == nil ? Self.quantum : min(Self.quantum, burst) }

    private mutating func compact() {
        queue.removeFirst(first)
        first = 0
    }
}
