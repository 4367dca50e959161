internal import PluginCore

/// What stands against plugins although their files are sound: who turned them off, and what they did.
struct Restrictions: Sendable {
    var filter = PluginFilter()
    var disabled: [DisabledPlugins.Entry] = []
    var quarantine = Quarantine()
    /// The SDKs that the host serves.
    var sdk: SDKRange
    /// Seconds since 1970.
    var now: Int64

    /// The entry in the state that it has under these restrictions.
    func applied(to entry: RegistryEntry) -> RegistryEntry {
        guard entry.state != .refused else { return entry }
        var entry = entry
        if let obstacle = obstacle(for: entry.names) {
            (entry.state, entry.reason, entry.remedy) = (.disabled, obstacle.reason, obstacle.remedy)
        } else if let record = record(against: entry.names, digest: { entry.digest }) {
            (entry.state, entry.reason, entry.remedy) = (.quarantined, record.failure.reason, record.error.remedy)
        }
        return entry
    }

    /// Why a plugin is in quarantine, or nil.
    /// - Parameter digest: of its file; asked for only if something is known against the names.
    func record(against names: [String], digest: () -> String?) -> QuarantineRecord? {
        guard quarantine.records.contains(where: { names.contains($0.plugin) }) else { return nil }
        let inputs = digest().map { QuarantineInputs(digest: $0, sdk: sdk) }
        guard case .quarantined(let record) = quarantine.status(of: names, inputs: inputs, now: now) else { return nil }
        return record
    }

    /// Why a plugin of these names is off, and what to do; nil if it is on.
    func obstacle(for names: [String]) -> (reason: String, remedy: String)? {
        if let found = disabled.first(where: { PluginFilter(disabled: [$0.name]).disables(names) }) {
            return (
                "it is disabled" + (found.reason.map { ": \($0)" } ?? ""),
                "Run `\(ShellWord.command(["keyway", "registry", "enable", found.name]))`"
            )
        }
        if filter.disables(names) {
            return ("the filter of the host disables it", "Change KEYWAY_PLUGINS_DISABLE or KEYWAY_PLUGINS_ALLOW")
        }
        return nil
    }
}
