/// How often something may be done: so often in a second on average, and a number of times at once. A value; the time is the
/// caller's.
package struct TokenBucket: Sendable {
    private let capacity: Double
    private let rate: Double
    private var tokens: Double
    private var last: Duration

    /// - Parameters:
    ///   - rate: tokens that come in a second.
    ///   - capacity: tokens that it holds, and begins with.
    ///   - now: of any clock that does not go back; the same for ``take(_:at:)``.
    package init(rate: Int, capacity: Int, at now: Duration) {
        (self.rate, self.capacity) = (Double(rate), Double(capacity))
        tokens = self.capacity
        last = now
    }

    /// Takes so many, if there are so many: else none.
    package mutating func take(_ count: Int = 1, at now: Duration) -> Bool {
        tokens = min(capacity, tokens + max(0, (now - last).milliseconds) / 1000 * rate)
        last = max(last, now)
        guard tokens >= Double(count) else { return false }
        tokens -= Double(count)
        return true
    }
}
