internal import ExtractiveProvider
public import PluginSDK

/// The one symbol that the plugin exports.
@c(kw_plugin_entry_1)
public func entry(
    host: UnsafePointer<kw_host>?, sdk: UInt32, table: UnsafeMutablePointer<UnsafePointer<kw_plugin>?>?
) -> kw_status {
    unsafe PluginEntry.export(ExtractiveProvider.self, host, sdk, table)
}
