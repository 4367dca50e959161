public import PluginCore

/// How a host looks after its plugins' lives.
public struct Supervision: Sendable {
    /// Plugins that are loaded at the same time; the others wait, by their priority.
    public var loadsAtOnce = 3
    /// For one attempt to load, make and start a plugin, unless the caller allows less.
    public var loadTimeout = Duration.seconds(30)
    /// Attempts before a plugin is put into quarantine. Only what may pass by itself is tried again.
    public var loadAttempts = 3
    /// Between two attempts.
    public var retry = RetryPolicy(initialDelay: .milliseconds(200), maximumDelay: .seconds(30))
    /// For the calls that run when a plugin is suspended, swapped or stopped. Those of a plugin that is swapped or stopped go
    /// on behind it, and nobody waits for them any longer.
    public var drainTimeout = Duration.seconds(30)
    /// For each of: ending its work, beginning it again, saying how it is.
    public var stepTimeout = Duration.seconds(30)

    public init() {}
}
