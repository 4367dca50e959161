#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

/// A moment of CLOCK_MONOTONIC, the clock of all deadlines; the host reads the same one.
public struct MonotonicTime: Sendable, Hashable, Comparable {
    /// Since an arbitrary moment, the same for the whole machine.
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static var now: MonotonicTime {
        var time = timespec()
        // Cannot fail: the clock exists on every Linux, and the pointer is good.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    public func duration(to other: MonotonicTime) -> Duration { .nanoseconds(other.nanoseconds - nanoseconds) }

    /// Time until this moment; negative once it has passed.
    public var remaining: Duration { Self.now.duration(to: self) }

    public var hasPassed: Bool { Self.now >= self }
}

/// The limits on the time of a call, as moments; nil = none. The host enforces them, too: they are here so that a plugin
/// can choose what still fits, and pass them on to a remote service.
public struct CallDeadlines: Sendable, Hashable {
    /// The whole call ends by then.
    public var total: MonotonicTime?
    /// Connected to a remote service by then.
    public var connect: MonotonicTime?
    /// Its response has begun by then.
    public var headers: MonotonicTime?
    /// The first content by then.
    public var firstContent: MonotonicTime?
    /// Longest pause between two pieces of content.
    public var betweenChunks: Duration?
}
