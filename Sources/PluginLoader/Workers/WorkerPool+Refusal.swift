internal import CPluginWorker
internal import PluginCore

/// Calls that are refused, and the one that is tried.
extension WorkerPool {
    private func refusal(_ state: State) -> CallRefusal? {
        if let breach = state.breach { return .disabled(factory.manifest.id, because: breach) }
        guard let refusal = state.decisions.refusal(at: now) else { return nil }
        guard refusal.cause == .gaveUp, let failure = state.failure else { return refusal }
        return .gaveUp(after: state.decisions.ledger.policy.loadRetries + 1, because: failure.what)
    }

    /// Why calls are refused; nil: they are made.
    var refusal: CallRefusal? { monitor.withLock { refusal($0) } }

    /// Has calls fail, or be made again, as the state says.
    func passOnRefusal(_ state: inout State) {
        let refusal = refusal(state)
        defer { state.refusal = refusal }
        guard refusal?.cause != state.refusal?.cause else { return }
        remote.refuse(refusal?.error)
    }

    /// Refuses all calls until ``readmit()``.
    /// - Parameter why: how the plugin broke.
    func disable(_ why: String) {
        change { state in
            guard state.breach == nil else { return [] }
            state.breach = why
            let reason = refusal(state)?.reason
            return [WorkerEvent(kind: .gaveUp, worker: nil, pid: 0, reason: reason)]
        }
    }

    /// Forgets failures, and lets calls be made.
    func readmit() {
        change { state in
            let wasDisabled = state.breach != nil
            state.breach = nil
            let told = advance(.retry, &state)
            guard wasDisabled, !told.contains(where: { $0.kind == .circuitClosed }) else { return told }
            return told + [WorkerEvent(kind: .circuitClosed, worker: nil, pid: 0, reason: nil)]
        }
    }

    /// The one call by which a circuit that is half open is tried, and the worker that it goes to.
    struct Trial {
        fileprivate let call: CallID
        let process: WorkerProcess
    }

    /// nil if there is nothing to try, or somebody tries already.
    func beginTrial() -> Trial? {
        var trial: Trial?
        change { state in
            guard refusal(state)?.cause == .circuitHalfOpen else { return [] }
            state.lastCall += 1
            let call = CallID(rawValue: state.lastCall)
            let told = advance(.callQueued(call, .normal, deadline: nil), &state)
            guard let id = state.started.removeValue(forKey: call) else { return told }
            guard let process = state.processes[id] else {
                return told + advance(.callEnded(call, .abandoned), &state)
            }
            trial = Trial(call: call, process: process)
            return told
        }
        return trial
    }

    /// - Parameter isAnswered: by the plugin, if only with an error.
    func end(_ trial: Trial, isAnswered: Bool) {
        // A worker that is gone tells so itself, and what it is judged by.
        guard trial.process.facts.ended == 0 else { return }
        handle(.callEnded(trial.call, isAnswered ? .answered : .abandoned))
    }
}
