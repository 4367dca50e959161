internal import PluginABI
public import PluginCore

/// What a host does for one plugin that asks for it: the services `keyway.host.NAME/1` of the ABI. What is nil, the plugin does
/// not find.
///
/// The functions are called on the thread that runs the plugin's operation, in this process and for plugins in workers alike,
/// and may block it; or, for what a plugin asks for outside of operations, on a thread of the host's. Several may run at once.
public struct HostServices: Sendable {
    /// `keyway.host.secrets/1`: the secret of a name. What the plugin gets is wiped when its call ends.
    /// - Throws: `permissionDenied` if the plugin may not have this one, `notFound` if there is none.
    public var secret: (@Sendable (_ name: String) throws(PluginError) -> String)?

    public init() {}

    /// The growable table of a service, which lives for ever; nil if the plugin does not get it.
    @unsafe
    func table(of id: String) -> UnsafeRawPointer? {
        switch id {
        case KW_HOST_SECRETS_ID where secret != nil: unsafe SecretService.table
        default: nil
        }
    }
}
