/// What a program does when something happens to a plugin, in the order in which it happens. For whoever need not wait:
/// ``PluginHost/events``.
///
/// Called on the thread on which it happens, before the plugin goes on: a handler must be quick, and must not call the host's
/// verbs of the same plugin and wait for them. nil: nothing.
public struct LifecycleHandlers: Sendable {
    public typealias Handler = @Sendable (HostEvent) -> Void

    /// Its code is here.
    public var loaded: Handler?
    /// Its code is gone, as far as the host is concerned.
    public var unloaded: Handler?
    /// It takes calls; also after it rested, and with another build.
    public var activated: Handler?
    /// It takes no calls any more.
    public var deactivated: Handler?
    /// It failed, or another build or configuration was refused.
    public var failed: Handler?
    /// It has a new configuration.
    public var configured: Handler?

    public init() {}

    func handle(_ event: HostEvent) {
        switch (event.kind, event.state) {
        case (.state, .loaded): loaded?(event)
        case (.state, .unloaded), (.state, .quarantined): unloaded?(event)
        case (.state, .active), (.swapped, _): activated?(event)
        case (.state, .draining): deactivated?(event)
        case (.state, .error), (.retrying, _), (.swapRefused, _), (.configurationRefused, _): failed?(event)
        case (.configured, _): configured?(event)
        default: break
        }
    }
}
