/// How often something may be done: so often in a second on average, and a number of times at once. A value; the time is the
/// caller's.
package struct TokenBucket: Sendable {
    private var capacity: Double
    private var rate: Double
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
        fill(at: now)
        guard tokens >= Double(count) else { return false }
        tokens -= Double(count)
        return true
    }

    /// Has tokens come at another rate from now on. What there is stays, as far as it fits.
    package mutating func change(rate: Int, capacity: Int, at now: Duration) {
        fill(at: now)
        (self.rate, self.capacity) = (Double(rate), Double(capacity))
        tokens = min(tokens, self.capacity)
    }

    /// Puts back what was taken and not used.
    package mutating func putBack(_ count: Int) { tokens = min(capacity, tokens + Double(count)) }

    /// Until there are so many, at most as many as it holds; zero: there are.
    package func wait(for count: Int, at now: Duration) -> Duration {
        var later = self
        later.fill(at: now)
        let missing = min(Double(count), capacity) - later.tokens
        return missing > 0 ? .seconds(missing / rate) : .zero
    }

    private mutating func fill(at now: Duration) {
        tokens = min(capacity, tokens + max(0, (now - last).milliseconds) / 1000 * rate)
        last = max(last, now)
    }
}
