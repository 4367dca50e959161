internal import CPluginLinux
internal import Glibc

/// The clocks of the machine.
enum Clock {
    /// Nanoseconds that only go forward, for measuring.
    static func monotonic() -> Int64 { kwl_monotonic_ns() }

    /// Nanoseconds since 1970, as file systems have them.
    static func realtime() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
