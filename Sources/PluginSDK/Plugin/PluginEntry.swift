public import PluginABI

/// What a plugin's `kw_plugin_entry_1` calls.
public enum PluginEntry {
    /// Gives the host the table of a Swift type. The first call makes the table, later ones return the same.
    ///
    /// - Returns: `KW_OK`; `KW_SDK_MISMATCH` if the type does not work with `sdk`; `KW_RESOURCE_EXHAUSTED` if the image has
    ///   exported ``maximumTypes`` other types already.
    public static func export<Implementation: PluginImplementation>(
        _ type: Implementation.Type, _ host: UnsafePointer<kw_host>?, _ sdk: UInt32,
        _ table: UnsafeMutablePointer<UnsafePointer<kw_plugin>?>?
    ) -> kw_status {
        guard let table = unsafe table else { return KW_INVALID_ARGUMENT }
        guard type.description.sdk.contains(sdk) else { return KW_SDK_MISMATCH }
        guard let exported = PluginTable.of(type) else { return KW_RESOURCE_EXHAUSTED }
        unsafe table.pointee = exported.pointer
        return KW_OK
    }

    /// A plugin is one type. Tests export several in one process.
    public static let maximumTypes = 16
}
