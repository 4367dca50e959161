/// Calls: waiting, starting, ending.
extension WorkerPoolState {
    /// The usual case, for which nothing else has to be looked at: before the next tick, a call gets a free lane, or leaves one
    /// that nobody waits for.
    /// - Returns: nil if it is not the usual case.
    mutating func handleQuickly(_ event: Event, at now: Duration) -> [Action]? {
        guard let tick = scheduled, now < tick, queue.isEmpty, ledger.circuit == .closed, !isDraining
        else { return nil }
        switch event {
        case .callQueued(let call, _, let deadline):
            guard running[call] == nil, deadline.map({ $0 > now }) ?? true, let id = freeWorker else { return nil }
            begin(call, on: id)
            return [.start(call, on: id)]
        case .callEnded(let call, let end):
            // A worker that has nothing to do is asked how it is, and ends, at times for which a tick must be asked for.
            guard let id = running[call], workers[id]?.phase == .active,
                tick <= now + min(rules.idleTimeout, rules.healthInterval)
            else { return nil }
            finish(call, end, at: now)
            return []
        default: return nil
        }
    }

    mutating func enqueue(_ call: CallID, _ priority: PluginPriority, _ deadline: Duration?, at now: Duration) {
        guard running[call] == nil, tickets[call] == nil else { return }
        if let refusal = refusal(at: now) {
            guard refusal.cause == .circuitHalfOpen else { return reject(call, refusal.error) }
            // One is tried. Without a worker there is nothing to try it with yet.
            wanted = max(wanted, 1)
            if let id = freeWorker { return start(call, on: id) }
            return reject(call, refusal.error)
        }
        wanted = max(wanted, 1)
        let isInTime = deadline.map { $0 > now } ?? true
        if queue.isEmpty, isInTime, let id = freeWorker { return start(call, on: id) }
        do throws(PluginError) {
            tickets[call] = try queue.append(call, priority: priority, deadline: deadline, at: now)
        } catch {
            reject(call, error)
        }
    }

    mutating func expireCalls(at now: Duration) {
        while let (call, error) = queue.popExpired(at: now) {
            tickets[call] = nil
            reject(call, error)
        }
    }

    mutating func rejectWaitingCalls(_ error: PluginError) {
        for call in queue.removeAll() { reject(call, error) }
        tickets = [:]
    }

    /// Gives waiting calls to free lanes.
    mutating func startCalls(at now: Duration) {
        while !queue.isEmpty, let id = freeWorker, let call = queue.pop(at: now) {
            tickets[call] = nil
            start(call, on: id)
        }
    }

    mutating func begin(_ call: CallID, on id: WorkerID) {
        guard running[call] == nil, tickets[call] == nil else { return }
        guard workers[id] != nil else { return actions.append(.lose(call, on: id)) }
        running[call] = id
        workers[id]?.calls.insert(call)
        if ledger.circuit == .halfOpen { trial = trial ?? call }
    }

    mutating func finish(_ call: CallID, _ end: CallEnd, at now: Duration) {
        if let ticket = tickets.removeValue(forKey: call) { queue.remove(ticket) }
        guard let id = running.removeValue(forKey: call) else { return }
        let isTrial = trial == call
        if isTrial { trial = nil }
        workers[id]?.calls.remove(call)
        workers[id]?.idleSince = now
        guard end == .answered else { return }
        workers[id]?.wellAt = now
        workers[id]?.failedChecks = 0
        if isTrial { ledger.trialAnswered(at: now) } else { ledger.wasWell(at: now) }
    }

    /// The worker that the next call goes to: the one with the fewest calls, of those the one that had a call last, so that
    /// the others may end.
    var freeWorker: WorkerID? {
        guard running.count < rules.concurrency ?? .max, ledger.circuit == .closed || trial == nil else { return nil }
        return workers.values.lazy.filter { $0.phase == .active && $0.load < rules.lanes }
            .min { ($0.load, $1.idleSince, $0.id) < ($1.load, $0.idleSince, $1.id) }?.id
    }

    /// Why calls are not let in; nil: they are.
    public func refusal(at now: Duration) -> CallRefusal? {
        if isDraining { return .stopping }
        if ledger.hasGivenUp(build: build), !workers.values.contains(where: { $0.phase != .ending }), nextBuild == nil {
            return .gaveUp(after: ledger.policy.loadRetries + 1)
        }
        switch ledger.circuit {
        case .closed: return nil
        case .open(let until) where until > now: return .circuitOpen(for: until - now)
        case .open, .halfOpen: return .circuitHalfOpen
        }
    }

    private mutating func start(_ call: CallID, on id: WorkerID) {
        begin(call, on: id)
        actions.append(.start(call, on: id))
    }

    private mutating func reject(_ call: CallID, _ error: PluginError) {
        var error = error
        error.plugin = plugin
        actions.append(.reject(call, error))
    }
}
