/// How many workers a plugin has, and how they are looked after.
public struct WorkerPoolRules: Sendable, Hashable, Codable {
    /// Workers that take calls, at least. 0: the first comes with the first call, and one that is lost is replaced when a call
    /// needs one.
    public var minimum = 1
    /// Workers that take calls, at most.
    public var maximum = 4
    /// Workers that have loaded the plugin and wait to take the place of one that is lost, or to help. They come on top of
    /// ``maximum``.
    public var spares = 1
    /// Calls of one worker at once.
    public var lanes = 4
    /// Calls of all workers at once; nil: as many as there are lanes.
    public var concurrency: Int?
    /// Calls that wait.
    public var queue = EffectiveLimit(.queue, 256, source: .host)
    /// After how long a waiting call rises by one priority. Fixed when the pool is made.
    public var ageing = Duration.seconds(1)
    /// A call that has waited for so long has the pool grow by one worker.
    public var growthWait = Duration.milliseconds(50)
    /// A worker above ``minimum`` ends when it has had no call for so long.
    public var idleTimeout = Duration.seconds(300)
    /// Between two checks of a worker that has nothing to do.
    public var healthInterval = Duration.seconds(60)
    /// Of one check.
    public var healthTimeout = Duration.seconds(10)
    /// Failed checks in a row, after which a worker is killed.
    public var healthFailures = 3
    /// From starting a worker until it is ready.
    public var loadTimeout = Duration.seconds(30)
    /// For the calls of a worker that is to go. Then it is killed.
    public var drainTimeout = Duration.seconds(30)
    /// A worker with more bytes of memory is replaced when its calls have ended; nil: never.
    public var softMemory: Int64?
    /// May several workers of the plugin live at the same time? Not if they write to the same place. Such a plugin has one
    /// worker, no spare, and none beside an old one that still ends its calls.
    public var isShareable = true
    /// How workers that fail are replaced.
    public var restart = RestartPolicy()

    public init() {}

    /// For a plugin with these limits.
    /// - Parameters:
    ///   - limits: its number of workers, calls at once and waiting calls. Four fifths of its memory are the soft limit.
    ///   - health: what its manifest says.
    public init(
        limits: EffectiveLimits, health: ManifestHealth = ManifestHealth(), recovery: RecoveryPolicy = .restart,
        isShareable: Bool = true
    ) {
        if let workers = limits[.workers] { maximum = Int(clamping: workers.value) }
        concurrency = limits[.concurrency].map { Int(clamping: $0.value) }
        if let waiting = limits[.queue] { queue = waiting }
        softMemory = limits[.memory].map { $0.value / 5 * 4 }
        healthInterval = health.interval ?? healthInterval
        healthTimeout = health.timeout ?? min(healthTimeout, healthInterval)
        healthFailures = health.failures ?? healthFailures
        if recovery == .ignore { (minimum, spares) = (0, 0) }
        self.isShareable = isShareable
    }

    /// These rules with what contradicts itself made possible: a pool never has fewer than one worker at most, and no time
    /// is shorter than a millisecond.
    public var normalized: WorkerPoolRules {
        var rules = self
        rules.maximum = isShareable ? max(1, maximum) : 1
        rules.minimum = min(max(0, minimum), rules.maximum)
        rules.spares = isShareable ? max(0, spares) : 0
        rules.lanes = max(1, lanes)
        rules.concurrency = concurrency.map { max(1, $0) }
        rules.healthFailures = max(1, healthFailures)
        for time in [
            \Self.growthWait, \.idleTimeout, \.healthInterval, \.healthTimeout, \.loadTimeout, \.drainTimeout,
        ] {
            rules[keyPath: time] = max(.milliseconds(1), rules[keyPath: time])
        }
        return rules
    }

    /// Processes at once, those that end included: one more than ``maximum`` has room for a replacement even without spares.
    public var processes: Int {
        let rules = normalized
        return rules.isShareable ? rules.maximum + max(1, rules.spares) : 1
    }
}
