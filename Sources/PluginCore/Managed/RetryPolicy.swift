/// When a failed call is tried again. A pure decision; who asks also waits.
public struct RetryPolicy: Sendable, Hashable {
    /// Tries after the first; 0 = never again.
    public var maximumRetries: Int
    /// Wait before the second try; each later wait is ``factor`` times as long, up to ``maximumDelay``.
    public var initialDelay: Duration
    public var maximumDelay: Duration
    public var factor: Double
    /// Share of a wait by which it varies at random, so that many callers do not come back together.
    public var jitter: Double
    /// The longest wait that a service may ask for (Retry-After); if it asks for more, the call fails at once.
    public var maximumRetryAfter: Duration

    public init(
        maximumRetries: Int = 3, initialDelay: Duration = .seconds(1), maximumDelay: Duration = .seconds(10),
        factor: Double = 2, jitter: Double = 0.1, maximumRetryAfter: Duration = .seconds(60)
    ) {
        self.maximumRetries = maximumRetries
        self.initialDelay = initialDelay
        self.maximumDelay = maximumDelay
        self.factor = factor
        self.jitter = jitter
        self.maximumRetryAfter = maximumRetryAfter
    }

    public static let never = RetryPolicy(maximumRetries: 0)

    /// How long to wait before another try; nil: none.
    ///
    /// A service's own wish (Retry-After) is a lower bound, and nobody waits for a deadline that would pass meanwhile.
    /// - Parameters:
    ///   - retries: tries after the first that were made already.
    ///   - remaining: until the call's deadline; nil = there is none.
    ///   - random: from 0 to 1.
    public func delay(
        after error: PluginError, retries: Int, remaining: Duration?, random: Double
    ) -> Duration? {
        guard error.retryable, retries < maximumRetries else { return nil }
        var delay = initialDelay
        for _ in 0..<retries where delay < maximumDelay { delay = delay * factor }
        delay = min(delay, maximumDelay) * (1 + jitter * (2 * random - 1))
        if let asked = error.retryAfter {
            guard asked <= maximumRetryAfter else { return nil }
            delay = max(delay, asked)
        }
        if let remaining, delay >= remaining { return nil }
        return delay
    }
}
