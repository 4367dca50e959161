/// What is done after every event: the pool becomes what it is to be, as far as it can now.
extension WorkerPoolState {
    mutating func upkeep(at now: Duration, random: Double) {
        if ledger.circuit != .halfOpen { trial = nil }
        expireCalls(at: now)
        overdue(at: now, random: random)
        if let refusal = refusal(at: now) { rejectWaitingCalls(refusal.error) }
        promote(at: now)
        startCalls(at: now)
        grow(at: now)
        promote(at: now)
        startCalls(at: now)
        shrink(at: now)
        for worker in sorted(.draining) where worker.load == 0 { end(worker.id, worker.reason ?? .stop, at: now) }
        makeRoomForNextBuild(at: now)
        spawn(at: now)
        if isDraining, workers.isEmpty, !isDrained {
            isDrained = true
            actions.append(.drained)
        }
        schedule(at: now)
    }

    func sorted(_ phase: Status.Phase) -> [Worker] {
        workers.values.filter { $0.phase == phase }.sorted { $0.id < $1.id }
    }

    func count(_ phase: Status.Phase) -> Int { workers.values.count { $0.phase == phase } }

    /// Workers whose time is over, and those that are to be asked how they are.
    private mutating func overdue(at now: Duration, random: Double) {
        for worker in workers.values.sorted(by: { $0.id < $1.id }) {
            if let deadline = worker.deadline, deadline <= now {
                kill(worker.id, worker.phase == .starting ? .load : .drainTimeout, at: now)
                if worker.phase == .starting { failed(worker, .loading, at: now, random: random) }
            } else if let asked = worker.askedAt, asked + rules.healthTimeout <= now {
                // A worker with calls may have no time to answer: the limits of those calls tell whether it hangs.
                if worker.load == 0 {
                    checked(worker.id, false, at: now, random: random)
                } else {
                    workers[worker.id]?.askedAt = nil
                    workers[worker.id]?.wellAt = now
                }
            } else if isCheckDue(worker), worker.wellAt + rules.healthInterval <= now {
                workers[worker.id]?.askedAt = now
                actions.append(.checkHealth(worker.id))
            }
        }
    }

    private func isCheckDue(_ worker: Worker) -> Bool {
        worker.phase == .active && worker.load == 0 && worker.askedAt == nil
    }

    /// When the pool is to grow by a worker; nil: not as things stand.
    private var growthTime: Duration? {
        guard let oldest = [queue.oldestArrival, untoldWait].compactMap(\.self).min(), wanted < rules.maximum,
            ledger.circuit == .closed, nextBuild == nil, count(.active) >= wanted,
            untoldWait != nil || freeWorker == nil && running.count < rules.concurrency ?? .max
        else { return nil }
        return max(oldest, lastGrowth ?? oldest) + rules.growthWait
    }

    private mutating func grow(at now: Duration) {
        if isAwaited { wanted = max(wanted, 1) }
        guard let time = growthTime, time <= now else { return }
        wanted += 1
        lastGrowth = now
    }

    /// Does a call wait?
    private var isAwaited: Bool { !queue.isEmpty || untoldWait != nil }

    /// Workers without calls above the least number end, the one that has had none for the longest first; and spares that
    /// nobody needs.
    private mutating func shrink(at now: Duration) {
        let idle = sorted(.active).filter { $0.load == 0 && $0.idleSince + rules.idleTimeout <= now }
        let above = isAwaited ? 0 : max(0, count(.active) - rules.minimum)
        for worker in idle.sorted(by: { ($0.idleSince, $0.id) < ($1.idleSince, $1.id) }).prefix(above) {
            end(worker.id, .idle, at: now)
            wanted = max(rules.minimum, wanted - 1)
        }
        let spares = sorted(.spare)
        let needed = max(0, wanted - count(.active)) + rules.spares
        for worker in spares.suffix(max(0, spares.count - needed)) { end(worker.id, .surplus, at: now) }
    }

    private mutating func promote(at now: Duration) {
        for worker in sorted(.spare).prefix(max(0, wanted - count(.active))) {
            enter(worker.id, .active, at: now)
            actions.append(.promote(worker.id))
        }
    }

    // MARK: - Starting

    private var room: Int { max(0, rules.processes - workers.count) }

    private func isStarting(_ build: String) -> Bool {
        workers.values.contains { $0.build == build && $0.phase == .starting }
    }

    /// Workers of a build that is no longer wanted go, and what stands in the way of the next build.
    private mutating func makeRoomForNextBuild(at now: Duration) {
        for worker in sorted(.starting) where worker.build != build && worker.build != nextBuild {
            kill(worker.id, .swap, at: now)
        }
        guard let next = nextBuild, !isStarting(next) else { return }
        if !rules.isShareable {
            for id in workers.keys.sorted() { leave(id, .swap, at: now) }
        } else if room == 0, count(.ending) == 0 {
            if let other = sorted(.spare).first ?? sorted(.starting).first { leave(other.id, .swap, at: now) }
        }
    }

    /// How many workers of the present build are to be started, were there room.
    private var missing: Int {
        let coming = workers.values.count { $0.build == build && ($0.phase == .starting || $0.phase == .spare) }
        guard !isDraining, !ledger.hasGivenUp(build: build) else { return 0 }
        switch ledger.circuit {
        case .open: return 0
        case .halfOpen: return coming + count(.active) == 0 ? min(1, wanted) : 0
        case .closed:
            // Until the next build is there, spares of this one would only take its room.
            let spares = nextBuild == nil ? rules.spares : 0
            return max(0, wanted - count(.active) + spares - coming)
        }
    }

    private mutating func spawn(at now: Duration) {
        if let next = nextBuild, room > 0, !isStarting(next) { start(next, at: now) }
        guard rules.isShareable || nextBuild == nil, spawnFrom <= now else { return }
        for _ in 0..<min(missing, room) { start(build, at: now) }
    }

    private mutating func start(_ build: String, at now: Duration) {
        lastWorker += 1
        let id = WorkerID(rawValue: lastWorker)
        var worker = Worker(id: id, build: build, idleSince: now, wellAt: now)
        worker.deadline = now + rules.loadTimeout
        workers[id] = worker
        actions.append(.spawn(id, build: build))
    }

    // MARK: - Time

    /// Asks for a tick at the next time at which something is to be done. One that comes too early does no harm, so that it
    /// is asked for anew only when it would come too late.
    private mutating func schedule(at now: Duration) {
        var times = [queue.nextDeadline, growthTime]
        if case .open(let until) = ledger.circuit { times.append(until) }
        if spawnFrom > now, missing > 0 { times.append(spawnFrom) }
        let mayEnd = count(.active) > rules.minimum && !isAwaited
        for worker in workers.values {
            times.append(worker.deadline)
            if let asked = worker.askedAt { times.append(asked + rules.healthTimeout) }
            if isCheckDue(worker) { times.append(worker.wellAt + rules.healthInterval) }
            if mayEnd, worker.phase == .active, worker.load == 0 {
                times.append(worker.idleSince + rules.idleTimeout)
            }
        }
        guard let next = times.compactMap(\.self).min(), scheduled.map({ next < $0 }) ?? true else { return }
        scheduled = next
        actions.append(.schedule(at: next))
    }
}
