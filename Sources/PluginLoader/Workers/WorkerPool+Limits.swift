internal import CPluginLinux
internal import CPluginWorker
internal import PluginCore

/// Limits that change while the plugin lives, and the one on disks, which no kernel knows.
extension WorkerPool {
    /// Has the limits hold from now on: for calls that begin from now on, for workers that are made, and for those that live.
    ///
    /// Where the kernel does not let this user raise a limit of a process, and where there was none on the network, workers are
    /// replaced when their calls have ended. If the plugin cannot be loaded within the new limits, which
    /// ``WorkerFactory/rehearse(_:)`` finds out before, those that live go on with the old ones of their processes.
    func adopt(_ limits: EffectiveLimits) {
        let before = factory.options.limits
        // Before any call has the limit, or what that call writes first would count as there before.
        if before[.disk] == nil, limits[.disk] != nil { disk?.begin() }
        factory.adopt(limits)
        remote.adopt(factory.options)
        handle(.rules(Self.rules(factory)))
        catchUp(monitor.withLock { Array($0.processes.values) }, since: before)
    }

    /// Has what the kernel limits hold in workers that have other limits. They may change again meanwhile, by another thread:
    /// what is set last is the latest.
    func catchUp(_ processes: [WorkerProcess], since before: EffectiveLimits) {
        var (held, wanted) = (before, factory.options.limits)
        while held != wanted {
            hold(wanted, since: held, in: processes)
            (held, wanted) = (wanted, factory.options.limits)
        }
    }

    /// Or replaces them.
    private func hold(_ limits: EffectiveLimits, since before: EffectiveLimits, in processes: [WorkerProcess]) {
        let sandbox = factory.options.sandbox
        // Connections that were made without a limit do not come by the host, and end with their workers.
        let isDirect = before[.network] == nil && sandbox?.network.isConnecting == true
        var isDone = !(isDirect && limits[.network] != nil)
        func isChanged(_ kind: LimitKind) -> Bool { limits[kind]?.value != before[kind]?.value }
        // All of them, also if one cannot be changed.
        if isChanged(.memory), sandbox != nil {
            for process in processes where !process.limitMemory(limits[.memory]?.value) { isDone = false }
        }
        if isChanged(.processes), sandbox?.mayStartPrograms == true { isDone = false }
        for (kind, what) in [(LimitKind.openFiles, KWL_OPEN_FILES), (.fileSize, KWL_FILE_SIZE)] where isChanged(kind) {
            for process in processes where !process.limit(UInt32(what), limits[kind]?.value) { isDone = false }
        }
        guard !isDone else { return }
        let build = monitor.withLock { state in
            state.renewals += 1
            return "\(factory.build), limits \(state.renewals)"
        }
        handle(.swap(build: build))
    }

    // MARK: - Disk

    /// How often folders are looked at while calls are made. What is written in between is not held back.
    static let diskSampling = Duration.milliseconds(250)

    var watchesDisk: Bool { disk != nil && factory.options.limits[.disk] != nil }

    /// Looks on a thread of its own: folders may be large.
    func lookAtDisk(_ state: inout State) {
        guard let disk, let limit = factory.options.limits[.disk], !state.isLookingAtDisk else { return }
        state.isLookingAtDisk = true
        HostThreads.workers.submit { [self] in
            if disk.isOver(limit.value) {
                // Also one whose call has just ended; a spare has written nothing.
                let processes = monitor.withLock { $0.processes.values.filter { $0.facts.calls > 0 } }
                for process in processes { process.kill(KWW_KILL_DISK) }
                // They may write until they are gone: that is no matter of the calls that follow.
                for process in processes { process.awaitEnd() }
                _ = disk.isOver(limit.value)
            }
            monitor.withLock { $0.isLookingAtDisk = false }
        }
    }
}
