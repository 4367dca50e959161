/// Where a plugin is in its life in a host.
public enum PluginState: String, Sendable, Hashable, CaseIterable {
    /// Known by name; none of its code is here.
    case unloaded
    /// Its file is read, judged and mapped; its constructors run.
    case loading
    /// Its code is here; there is no instance yet.
    case loaded
    /// Its instance is made, or started again.
    case initializing
    /// It takes calls.
    case active
    /// New calls are refused; those that run may end.
    case draining
    /// It was stopped for a while; its instance waits.
    case suspended
    /// It failed. It may be loaded again.
    case error
    /// Its instance is ended.
    case stopping
    /// Its instance is gone; its code is here.
    case stopped
    /// Its code is let go of.
    case unloading
    /// It failed too often, or an operator put it aside: it is not loaded.
    case quarantined
}
