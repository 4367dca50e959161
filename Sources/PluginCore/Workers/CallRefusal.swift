/// Why a plugin's calls are refused though it is loaded.
public struct CallRefusal: Sendable, Hashable {
    public enum Cause: String, Sendable, Hashable, CaseIterable {
        /// Its workers failed again and again: calls fail at once for a while.
        case circuitOpen
        /// That while is over: one call is tried, and the others are refused until it has been answered.
        case circuitHalfOpen
        /// Its workers do not become ready, and no more are started by themselves.
        case gaveUp
        /// It broke, and is to be disabled then.
        case disabled
        /// It is being stopped.
        case stopping
    }

    public let cause: Cause
    /// As a person would say it.
    public let reason: String
    /// What to do about it.
    public let remedy: String
    /// After how long a call is let in; nil: nobody knows, or somebody has to do something first.
    public let retryAfter: Duration?

    private init(_ cause: Cause, _ reason: String, _ remedy: String, retryAfter: Duration? = nil) {
        self.cause = cause
        self.reason = reason
        self.remedy = remedy
        self.retryAfter = retryAfter
    }

    /// - Parameter left: the time until a call is tried.
    public static func circuitOpen(for left: Duration) -> CallRefusal {
        CallRefusal(
            .circuitOpen, "its workers fail again and again, so that calls are refused for now",
            "Try again later; if it goes on, look at how its workers end", retryAfter: left)
    }

    public static let circuitHalfOpen = CallRefusal(
        .circuitHalfOpen, "its workers failed again and again; calls are refused until one that is tried is answered",
        "Try again; if it goes on, look at how its workers end")

    /// - Parameter why: the failure of the last worker, if it is known.
    public static func gaveUp(after failures: Int, because why: String? = nil) -> CallRefusal {
        let last = why.map { ": \($0)" } ?? ""
        return CallRefusal(
            .gaveUp, "its workers failed \(failures) times before they were ready\(last)",
            "Give it another build, or correct what keeps it from loading and ask for another try: keyway resume")
    }

    /// - Parameter why: how it broke.
    public static func disabled(_ plugin: String, because why: String) -> CallRefusal {
        CallRefusal(
            .disabled, "\(plugin) broke (\(why)), and is not called any more",
            "When it is mended, let it be called again: keyway resume \(plugin)")
    }

    public static let stopping = CallRefusal(.stopping, "it is being stopped", "Load it again first")

    /// What callers get.
    public var error: PluginError {
        let isTemporary = cause == .circuitOpen || cause == .circuitHalfOpen
        return PluginError(
            cause == .disabled ? .disabled : .unavailable, reason, remedy: remedy, stage: .call,
            retryable: isTemporary, retryAfter: retryAfter)
    }
}
