public import PluginCore

/// How a plugin of a host is, at one moment.
public struct PluginStatus: Sendable, Hashable {
    /// Its name in the host: its id, or another if there are several of the id.
    public var name: String
    public var id: String
    public var version: SemanticVersion?
    /// The file that it was loaded from.
    public var file: String?
    /// SHA-256 of the file's bytes, lower-case hexadecimal.
    public var digest: String?
    /// How many builds of it have served calls; the number of the present one.
    public var generation = 0
    public var state = PluginState.unloaded
    public var tier = IsolationTier.inProcess
    /// Why it is in this state, if there is anything to say.
    public var reason: String?
    /// Calls that run now, in all generations.
    public var inFlight = 0
    /// Calls that began, in all generations.
    public var calls: UInt64 = 0
    /// Calls that failed, in all generations.
    public var errors: UInt64 = 0
    /// Older generations whose calls have not ended.
    public var retiring = 0

    public var json: JSON {
        var members: [String: JSON] = [
            "name": .string(name), "id": .string(id), "version": .optional(version) { .string($0.description) },
            "generation": .int(Int64(generation)), "state": .string(state.rawValue), "tier": .string(tier.rawValue),
            "inFlight": .int(Int64(inFlight)), "calls": .int(Int64(clamping: calls)),
            "errors": .int(Int64(clamping: errors)), "retiring": .int(Int64(retiring)),
        ]
        if let file { members["file"] = .string(file) }
        if let digest { members["digest"] = .string("sha256:\(digest)") }
        if let reason { members["reason"] = .string(reason) }
        return .object(members)
    }
}
