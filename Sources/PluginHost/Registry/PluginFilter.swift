internal import PluginELF

/// Plugins that are turned off by name, and those that are not although their name is among them.
///
/// Names are ids, display names or names of files without their ending, and may be globs: `*`, `?` and `[a-z]`.
public struct PluginFilter: Sendable, Hashable {
    public var disabled: Set<String>
    /// Stronger than `disabled`: `disabled: ["*"], allowed: ["hash-*"]` leaves only what begins with hash-.
    public var allowed: Set<String>

    public init(disabled: Set<String> = [], allowed: Set<String> = []) {
        self.disabled = disabled
        self.allowed = allowed
    }

    /// Is a plugin that has these names turned off?
    public func disables(_ names: [String]) -> Bool {
        names.contains(where: disabled.matches) && !names.contains(where: allowed.matches)
    }
}
