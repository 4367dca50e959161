internal import PluginCore

/// What stands against plugins although their files are sound: who turned them off.
struct Restrictions: Sendable {
    var filter = PluginFilter()
    var disabled: [DisabledPlugins.Entry] = []

    /// The entry in the state that it has under these restrictions.
    func applied(to entry: RegistryEntry) -> RegistryEntry {
        guard entry.state != .refused else { return entry }
        var entry = entry
        if let obstacle = obstacle(for: entry.names) {
            (entry.state, entry.reason, entry.remedy) = (.disabled, obstacle.reason, obstacle.remedy)
        }
        return entry
    }

    /// Why a plugin of these names is off, and what to do; nil if it is on.
    func obstacle(for names: [String]) -> (reason: String, remedy: String)? {
        if let found = disabled.first(where: { PluginFilter(disabled: [$0.name]).disables(names) }) {
            return (
                "it is disabled" + (found.reason.map { ": \($0)" } ?? ""),
                "Run `keyway registry enable \(found.name)`"
            )
        }
        if filter.disables(names) {
            return ("the filter of the host disables it", "Change KEYWAY_PLUGINS_DISABLE or KEYWAY_PLUGINS_ALLOW")
        }
        return nil
    }
}
