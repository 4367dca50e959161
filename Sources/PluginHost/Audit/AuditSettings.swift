public import PluginCore
internal import Synchronization

/// Who is told of what plugins reach for, and what is done when one does what it never did.
public struct AuditSettings: Sendable {
    /// Told of every access that the host sees, on the thread that serves it; ``AuditFile`` writes them down.
    public var observer: (@Sendable (AccessRecord) -> Void)?
    /// What plugins usually reach for, by their ids. A departure is an event. Plugins that are not in it are not compared.
    public var profiles: [String: AccessProfile] = [:]
    /// Whether a plugin that departs from its profile is put into quarantine.
    public var quarantinesDepartures = false

    public init() {}
}

/// Counts and compares what plugins reach for, and passes it on.
final class Auditor: Sendable {
    private struct State {
        /// By the plugins' ids.
        var refused: [String: UInt64] = [:]
        /// Departures that were told, so that each is told once.
        var told: [String: Set<AccessProfile.Entry>] = [:]
    }

    private let settings: AuditSettings
    private let now: @Sendable () -> Int64
    private let departed: @Sendable (AccessRecord) -> Void
    private let state = Mutex(State())

    /// - Parameter departed: told of the first departure of each kind, on the thread that serves the access.
    init(
        _ settings: AuditSettings, now: @escaping @Sendable () -> Int64,
        departed: @escaping @Sendable (AccessRecord) -> Void
    ) {
        self.settings = settings
        self.now = now
        self.departed = departed
    }

    /// Does anybody want to know? What is refused by the kernel is seen only then.
    var isAsked: Bool { settings.observer != nil || !settings.profiles.isEmpty }

    func note(
        _ action: AccessRecord.Action, _ resource: String, of plugin: String, isAllowed: Bool, _ reason: String?
    ) {
        let record = AccessRecord(
            time: now(), plugin: plugin, action: action, resource: resource, isAllowed: isAllowed, reason: reason)
        let isDeparture = settings.profiles[plugin]?.isDeparture(record) ?? false
        let isNew = state.withLock { state in
            if !isAllowed { state.refused[plugin, default: 0] += 1 }
            guard isDeparture, state.told[plugin, default: []].count < AccessProfile.limit else { return false }
            return state.told[plugin, default: []].insert(AccessProfile.Entry(action, resource)).inserted
        }
        settings.observer?(record)
        if isNew { departed(record) }
    }

    /// What was refused to it since the host began.
    func refusals(of plugin: String) -> UInt64 { state.withLock { $0.refused[plugin] ?? 0 } }
}
