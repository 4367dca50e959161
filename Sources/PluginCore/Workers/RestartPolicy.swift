/// How workers that fail are replaced.
public struct RestartPolicy: Sendable, Hashable, Codable {
    /// Before the second worker in a row that fails is replaced; the first is replaced at once. Doubles with each further one.
    public var initialDelay: Duration
    public var maximumDelay: Duration
    /// Share of a delay by which it varies at random, so that many plugins do not come back together.
    public var jitter: Double
    /// A plugin that has worked for so long since its last failure starts from the beginning.
    public var healthyAfter: Duration
    /// So many failures within ``window`` open the circuit: calls fail at once for ``openFor``, then one is tried. Each that
    /// fails doubles the time, up to ``maximumOpenFor``.
    public var failures: Int
    public var window: Duration
    public var openFor: Duration
    public var maximumOpenFor: Duration
    /// As how many failures one counts that came before the worker was ready.
    public var loadFailureWeight: Int
    /// How often a build that fails before it is ready is tried again without anybody asking for it.
    public var loadRetries: Int

    public init(
        initialDelay: Duration = .milliseconds(100), maximumDelay: Duration = .seconds(30), jitter: Double = 0.2,
        healthyAfter: Duration = .seconds(60), failures: Int = 5, window: Duration = .seconds(60),
        openFor: Duration = .seconds(30), maximumOpenFor: Duration = .seconds(300), loadFailureWeight: Int = 2,
        loadRetries: Int = 3
    ) {
        self.initialDelay = initialDelay
        self.maximumDelay = maximumDelay
        self.jitter = jitter
        self.healthyAfter = healthyAfter
        self.failures = failures
        self.window = window
        self.openFor = openFor
        self.maximumOpenFor = maximumOpenFor
        self.loadFailureWeight = loadFailureWeight
        self.loadRetries = loadRetries
    }

    /// How long the circuit stays open.
    /// - Parameter trials: that have failed in a row since it was closed.
    public func openTime(afterTrials trials: Int) -> Duration {
        var time = openFor
        for _ in 0..<max(0, trials) where time < maximumOpenFor { time = time * 2 }
        return min(time, max(openFor, maximumOpenFor))
    }

    /// How long to wait before the worker that failed is replaced.
    /// - Parameters:
    ///   - failures: in a row, this one included.
    ///   - random: from 0 to 1.
    public func delay(afterFailures failures: Int, random: Double) -> Duration {
        guard failures > 1 else { return .zero }
        var delay = initialDelay
        for _ in 2..<failures where delay < maximumDelay { delay = delay * 2 }
        return min(delay, maximumDelay) * (1 + jitter * (2 * random - 1))
    }
}
