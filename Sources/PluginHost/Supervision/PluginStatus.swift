public import PluginCore
public import PluginLoader

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
    /// Why it runs there: whether it is trusted; nil before its file was judged.
    public var trust: TrustVerdict?
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
    /// Why its workers get no calls; nil: they do, or it runs in the host's process. Its ``state`` is `error` then.
    public var refusal: CallRefusal?
    /// Calls that another plugin answered in its place, since it was loaded.
    public var fallbacks: UInt64 = 0
    /// What its workers' connections have carried while there was a limit on it; nil: nothing.
    public var traffic: TrafficCount?
    /// What it wanted since the host began and was refused, as far as the host sees it.
    public var refusals: UInt64 = 0
    /// Is it active as far as its life goes? So it is also when its workers get no calls.
    var isActive = false

    public var json: JSON {
        var members: [String: JSON] = [
            "name": .string(name), "id": .string(id), "version": .optional(version) { .string($0.description) },
            "generation": .int(Int64(generation)), "state": .string(state.rawValue), "tier": .string(tier.rawValue),
            "inFlight": .int(Int64(inFlight)), "calls": .int(Int64(clamping: calls)),
            "errors": .int(Int64(clamping: errors)), "retiring": .int(Int64(retiring)),
        ]
        if let file { members["file"] = .string(file) }
        if let digest { members["digest"] = .string("sha256:\(digest)") }
        if let trust { members["trust"] = trust.json }
        if let reason { members["reason"] = .string(reason) }
        if refusals > 0 { members["refusals"] = .int(Int64(clamping: refusals)) }
        if let traffic { members["traffic"] = traffic.json }
        if fallbacks > 0 { members["fallbacks"] = .int(Int64(clamping: fallbacks)) }
        if let refusal { members["refused"] = Self.json(refusal) }
        return .object(members)
    }

    /// `{"cause","reason","remedy","until","retryAfterMs"}`, the last two if anybody knows.
    private static func json(_ refusal: CallRefusal) -> JSON {
        var members: [String: JSON] = [
            "cause": .string(refusal.cause.rawValue), "reason": .string(refusal.reason),
            "remedy": .string(refusal.remedy),
        ]
        if let left = refusal.retryAfter {
            members["until"] = .string(HostEvent.text(of: Clock.realtime() + Int64(left.milliseconds * 1_000_000)))
            members["retryAfterMs"] = .int(Int64(left.milliseconds.rounded(.up)))
        }
        return .object(members)
    }
}
