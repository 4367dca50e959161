/// What was asked of an instance since it was made, its own checks of health and configuration included.
public struct CallStatistics: Sendable, Hashable {
    /// Calls that began.
    public var calls: UInt64
    /// Calls that ended with an error, whether the plugin's or one about it.
    public var failures: UInt64
    /// Calls that have begun and not ended.
    public var inFlight: Int

    public init(calls: UInt64 = 0, failures: UInt64 = 0, inFlight: Int = 0) {
        self.calls = calls
        self.failures = failures
        self.inFlight = inFlight
    }

    public static func + (left: CallStatistics, right: CallStatistics) -> CallStatistics {
        CallStatistics(
            calls: left.calls + right.calls, failures: left.failures + right.failures,
            inFlight: left.inFlight + right.inFlight)
    }
}
