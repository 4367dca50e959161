internal import PluginCore

/// What stands against plugins although their files are sound: who turned them off.
struct Restrictions: Sendable {
    var filter = PluginFilter()
    var disabled: [DisabledPlugins.Entry] = []

    /// The entry in the state that it has under these restrictions.
    func applied(to entry: RegistryEntry) -> RegistryEntry {
        guard entry.state != .refused else { return entry }
        var entry = entry
        if let (reason, remedy) = reasonToDisable(entry) {
            (entry.state, entry.reason, entry.remedy) = (.disabled, reason, remedy)
        }
        return entry
    }

    private func reasonToDisable(_ entry: RegistryEntry) -> (reason: String, remedy: String)? {
        let names = entry.names
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
