/// The failures of one plugin's workers, and what follows from them. Does nothing itself.
///
/// Times are durations since any one moment, and never go back.
public struct RestartLedger: Sendable, Hashable, Codable {
    /// Whether calls are let through.
    public enum Circuit: Sendable, Hashable, Codable {
        case closed
        /// Calls fail at once until then.
        case open(until: Duration)
        /// One call is tried: its answer closes the circuit, another failure opens it again, for longer.
        case halfOpen
    }

    /// When a worker failed.
    public enum Failure: String, Sendable, Hashable, Codable, CaseIterable {
        /// Before it was ready: its constructors, or the plugin's own start.
        case loading
        case running
    }

    /// What is done about a failure.
    public enum Decision: Sendable, Hashable {
        /// Replace the worker, from this time on.
        case replace(from: Duration)
        /// The circuit is open; then one worker is tried.
        case wait(until: Duration)
        /// This build fails again and again before it is ready. Only another build, or somebody who asks for it, is tried.
        case giveUp
    }

    private struct Entry: Sendable, Hashable, Codable {
        var time: Duration
        var weight: Int
    }

    public var policy: RestartPolicy
    public private(set) var circuit = Circuit.closed
    /// Failures in a row; those before a worker was ready count ``RestartPolicy/loadFailureWeight`` times.
    public private(set) var failures = 0
    /// Tried calls that failed in a row since the circuit was closed.
    private var failedTrials = 0
    /// The build that failed last before it was ready, and how often.
    private var unloadableBuild: String?
    private var loadFailures = 0
    /// Those within the window, at most as many as open the circuit.
    private var recent: [Entry] = []
    /// Since when there has been a worker and no failure.
    private var healthySince: Duration?

    public init(policy: RestartPolicy = RestartPolicy()) { self.policy = policy }

    /// A worker failed.
    /// - Parameters:
    ///   - build: the digest of the plugin's build.
    ///   - random: from 0 to 1.
    public mutating func failed(
        _ failure: Failure, build: String, at now: Duration, random: Double
    ) -> Decision {
        forgetIfHealthy(at: now)
        healthySince = nil
        let weight = failure == .loading ? max(1, policy.loadFailureWeight) : 1
        failures = min(failures + weight, 1 << 20)
        if failure == .loading {
            loadFailures = unloadableBuild == build ? loadFailures + 1 : 1
            unloadableBuild = build
        }
        let decision = openOrReplace(weight, at: now, random: random)
        return hasGivenUp(build: build) ? .giveUp : decision
    }

    private mutating func openOrReplace(_ weight: Int, at now: Duration, random: Double) -> Decision {
        update(at: now)
        switch circuit {
        case .open(let until): return .wait(until: until)
        case .halfOpen:
            failedTrials = min(failedTrials + 1, 1 << 20)
            return open(at: now)
        case .closed:
            recent.append(Entry(time: now, weight: weight))
            recent.removeAll { $0.time + policy.window <= now }
            guard recent.reduce(0, { $0 + $1.weight }) >= policy.failures else {
                return .replace(from: now + policy.delay(afterFailures: failures, random: random))
            }
            return open(at: now)
        }
    }

    private mutating func open(at now: Duration) -> Decision {
        recent = []
        let until = now + policy.openTime(afterTrials: failedTrials)
        circuit = .open(until: until)
        return .wait(until: until)
    }

    /// A worker is ready.
    public mutating func ready(at now: Duration) {
        healthySince = healthySince ?? now
    }

    /// A worker answered a call, or was found to be well. That does not close a circuit that is half open: a call that began
    /// before it was opened says nothing of now, and a plugin may be well until it is called.
    public mutating func wasWell(at now: Duration) {
        update(at: now)
        forgetIfHealthy(at: now)
    }

    /// The call that was tried was answered: a circuit that is half open closes.
    public mutating func trialAnswered(at now: Duration) {
        update(at: now)
        if circuit == .halfOpen { (circuit, failedTrials) = (.closed, 0) }
        forgetIfHealthy(at: now)
    }

    /// Lets time go on: a circuit that has been open for long enough is half open.
    public mutating func update(at now: Duration) {
        if case .open(let until) = circuit, until <= now { circuit = .halfOpen }
    }

    /// Is this build not tried again by itself?
    public func hasGivenUp(build: String) -> Bool {
        unloadableBuild == build && loadFailures > policy.loadRetries
    }

    /// Somebody asks for another try: everything is forgotten.
    public mutating func reset() { self = RestartLedger(policy: policy) }

    private mutating func forgetIfHealthy(at now: Duration) {
        guard let healthySince, healthySince + policy.healthyAfter <= now, circuit == .closed else { return }
        failures = 0
        unloadableBuild = nil
        recent = []
    }
}
