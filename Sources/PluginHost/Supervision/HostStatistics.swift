/// Numbers of all plugins of a host, at one moment.
public struct HostStatistics: Sendable, Hashable {
    /// How many plugins are in each state; states without any are left out.
    public var plugins: [PluginState: Int] = [:]
    /// Calls that began.
    public var calls: UInt64 = 0
    /// Calls that failed.
    public var errors: UInt64 = 0
    /// Calls that run now.
    public var inFlight = 0
    /// Swaps that were made.
    public var swaps = 0

    init(_ status: [PluginStatus]) {
        for plugin in status {
            plugins[plugin.state, default: 0] += 1
            calls += plugin.calls
            errors += plugin.errors
            inFlight += plugin.inFlight
            swaps += max(0, plugin.generation - 1)
        }
    }
}
