/// Workers: coming, failing, going.
extension WorkerPoolState {
    mutating func ready(_ id: WorkerID, at now: Duration) {
        guard let worker = workers[id], worker.phase == .starting else { return }
        enter(id, .spare, at: now)
        if worker.build == nextBuild { completeSwap(to: worker.build, at: now) }
        ledger.ready(at: now)
    }

    mutating func failedToLoad(_ id: WorkerID, at now: Duration, random: Double) {
        guard let worker = workers[id], worker.phase == .starting || worker.phase == .active else { return }
        if worker.load == 0 { end(id, .load, at: now) } else { kill(id, .load, at: now) }
        failed(worker, .loading, at: now, random: random)
    }

    mutating func ended(_ id: WorkerID, _ end: WorkerEnd, at now: Duration, random: Double) {
        guard let worker = workers.removeValue(forKey: id) else { return }
        for call in worker.calls.sorted() {
            running[call] = nil
            if trial == call { trial = nil }
            actions.append(.lose(call, on: id))
        }
        // What was told to end has been judged before.
        guard worker.phase != .ending, end.isFailure else { return }
        failed(worker, worker.phase == .starting ? .loading : .running, at: now, random: random)
    }

    mutating func measured(_ id: WorkerID, _ bytes: Int64, at now: Duration) {
        workers[id]?.memory = bytes
        guard let limit = rules.softMemory, bytes > limit, workers[id]?.phase == .active,
            // One after the other, so that some take calls meanwhile.
            !workers.values.contains(where: { $0.phase == .draining })
        else { return }
        leave(id, .memory, at: now)
    }

    mutating func busy(_ id: WorkerID, _ calls: Int, at now: Duration) {
        workers[id]?.untoldCalls = max(0, calls)
        workers[id]?.idleSince = now
    }

    mutating func used(_ id: WorkerID, at now: Duration) {
        guard workers[id]?.phase == .active else { return }
        workers[id]?.idleSince = now
        workers[id]?.wellAt = now
        workers[id]?.failedChecks = 0
        workers[id]?.askedAt = nil
        ledger.wasWell(at: now)
    }

    mutating func checked(_ id: WorkerID, _ isWell: Bool, at now: Duration, random: Double) {
        guard let worker = workers[id], worker.phase == .active, worker.askedAt != nil else { return }
        workers[id]?.askedAt = nil
        workers[id]?.wellAt = now
        workers[id]?.failedChecks = isWell ? 0 : worker.failedChecks + 1
        if isWell {
            ledger.wasWell(at: now)
        } else if worker.failedChecks + 1 >= rules.healthFailures {
            kill(id, .health, at: now)
            failed(worker, .running, at: now, random: random)
        }
    }

    mutating func failed(
        _ worker: Worker, _ failure: RestartLedger.Failure, at now: Duration, random: Double
    ) {
        // A build that is still to show that it can be loaded: the one before it has done nothing wrong.
        if worker.build == nextBuild { return giveUpSwap() }
        // One of a build whose place was taken says nothing about the present one.
        guard worker.build == build, !isDraining else { return }
        if rules.minimum == 0 { wanted = min(wanted, count(.active)) }
        switch ledger.failed(failure, build: build, at: now, random: random) {
        case .replace(let from): spawnFrom = max(spawnFrom, from)
        case .wait, .giveUp: break
        }
    }

    // MARK: - Verbs

    mutating func adopt(_ rules: WorkerPoolRules, at now: Duration) {
        self.rules = rules.normalized
        ledger.policy = rules.restart
        queue.limit = rules.queue
        wanted = min(max(wanted, self.rules.minimum), self.rules.maximum)
        let active = workers.values.filter { $0.phase == .active }
        for worker in active.sorted(by: { ($0.load, $1.id) < ($1.load, $0.id) })
            .prefix(max(0, active.count - self.rules.maximum))
        {
            leave(worker.id, .surplus, at: now)
        }
    }

    mutating func swap(to build: String) {
        guard !isDraining else { return actions.append(.swapFailed(build: build)) }
        guard build != nextBuild else { return }
        giveUpSwap()
        if build == self.build { actions.append(.swapped(build: build)) } else { nextBuild = build }
    }

    /// The build that was to come does not come.
    mutating func giveUpSwap() {
        guard let next = nextBuild else { return }
        nextBuild = nil
        actions.append(.swapFailed(build: next))
    }

    /// The next build is ready: new calls go to it, and the workers of the other end when their calls have.
    mutating func completeSwap(to build: String, at now: Duration) {
        self.build = build
        nextBuild = nil
        ledger.reset()
        spawnFrom = .zero
        actions.append(.swapped(build: build))
        for worker in workers.values.sorted(by: { $0.id < $1.id }) where worker.build != build {
            leave(worker.id, .swap, at: now)
        }
    }

    mutating func drainAll(at now: Duration) {
        isDraining = true
        giveUpSwap()
        for id in workers.keys.sorted() { leave(id, .stop, at: now) }
    }

    // MARK: - Going

    /// It takes no more calls, and ends when it has none.
    mutating func leave(_ id: WorkerID, _ reason: Reason, at now: Duration) {
        switch workers[id]?.phase {
        case .starting: kill(id, reason, at: now)
        case .spare: end(id, reason, at: now)
        case .active where workers[id]?.load == 0: end(id, reason, at: now)
        case .active:
            enter(id, .draining, at: now)
            workers[id]?.deadline = now + rules.drainTimeout
            workers[id]?.reason = reason
            actions.append(.drain(id, reason))
        case .draining, .ending, nil: break
        }
    }

    mutating func end(_ id: WorkerID, _ reason: Reason, at now: Duration) {
        enter(id, .ending, at: now)
        actions.append(.retire(id, reason))
    }

    mutating func kill(_ id: WorkerID, _ reason: Reason, at now: Duration) {
        enter(id, .ending, at: now)
        actions.append(.kill(id, reason))
    }

    mutating func enter(_ id: WorkerID, _ phase: Status.Phase, at now: Duration) {
        workers[id]?.phase = phase
        workers[id]?.idleSince = now
        workers[id]?.wellAt = now
        workers[id]?.askedAt = nil
        workers[id]?.deadline = nil
    }
}
