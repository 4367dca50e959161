public import PluginCore

/// Watches, changes or forbids what a host does at named points: `keyway.hooks/1`.
public protocol HookPlugin: PluginImplementation {
    /// Where the plugin wants to be called. Constant between two configurations.
    func hooks(_ call: borrowing PluginCall) throws(PluginError) -> [Hook]

    /// One hook point was reached. An error counts as the host's policy says: go on, or stop.
    func handle(_ event: borrowing HookInput, _ call: borrowing PluginCall) throws(PluginError) -> HookReply
}
