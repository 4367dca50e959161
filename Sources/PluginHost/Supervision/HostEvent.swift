internal import Glibc
public import PluginCore

/// Something that happened to a plugin of a host.
public struct HostEvent: Sendable, Equatable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Its state is another one: ``HostEvent/state``.
        case state
        /// An attempt to load it failed, and there will be another.
        case retrying
        /// Another generation is made ready.
        case swapping
        /// Calls go to another generation: ``HostEvent/generation``.
        case swapped
        /// The other generation was refused; the present one goes on.
        case swapRefused
        /// What was to be loaded is what is loaded.
        case unchanged
        /// The last call of an older generation has left, and its instance is gone.
        case retired
        /// Calls of an older generation have not ended in time; it is ended when they do.
        case drainTimedOut
        /// It has a new configuration.
        case configured
        /// It has its old configuration, because the new one was refused.
        case configurationRefused
        /// One of its workers has loaded it and waits.
        case workerReady
        /// One of its workers takes calls.
        case workerActive
        /// One of its workers takes no more calls, and ends.
        case workerDraining
        /// The process of one of its workers is gone.
        case workerEnded
        /// A worker could not load it, or not make its instance.
        case workerFailed
        /// Its workers fail again and again: calls are refused for a while.
        case circuitOpened
        /// Its calls are let through again, or one that was tried was answered.
        case circuitClosed
        /// Its workers do not become ready, and no more are started by themselves; or it broke, and is not called any more.
        case workersGaveUp
        /// It wanted something that it was not granted: ``HostEvent/resource``.
        case permissionDenied
        /// Another plugin was asked in its place: ``HostEvent/fallback``. ``HostEvent/error`` is why.
        case fellBack
        /// It reached for something that it never did: ``HostEvent/resource``.
        case departed
        /// What is in the folders changed in a way that no verb was for, such as a watch that lost events.
        case watch
    }

    /// Nanoseconds since 1970.
    public var time: Int64
    public var kind: Kind
    /// The plugin's name in the host; empty if it is about none.
    public var plugin: String
    /// 1 for the first; 0 if there is none yet.
    public var generation: Int
    public var state: PluginState?
    public var version: SemanticVersion?
    /// Why, as a person would say it; nil if there is nothing to say.
    public var reason: String?
    public var error: PluginError?
    /// The worker that it is about; nil if about none.
    public var worker: WorkerID?
    /// The worker's process; 0 if there is none.
    public var process: Int32 = 0
    /// What it wanted and was not granted, such as `net:HOST:PORT`; nil if nothing.
    public var resource: String?
    /// The plugin that was asked in its place; nil if none was.
    public var fallback: String?

    /// `{"time","event","plugin","generation",...}`; time in RFC 3339, in UTC.
    public var json: JSON {
        var members: [String: JSON] = [
            "time": .string(Self.text(of: time)), "event": .string(kind.rawValue), "plugin": .string(plugin),
            "generation": .int(Int64(generation)),
        ]
        if let state { members["state"] = .string(state.rawValue) }
        if let version { members["version"] = .string(version.description) }
        if let reason { members["reason"] = .string(reason) }
        if let error { members["error"] = error.json }
        if let worker { members["worker"] = .int(Int64(worker.rawValue)) }
        if let resource { members["resource"] = .string(resource) }
        if let fallback { members["fallback"] = .string(fallback) }
        if process != 0 { members["pid"] = .int(Int64(process)) }
        return .object(members)
    }

    static func text(of nanoseconds: Int64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        func padded(_ number: some BinaryInteger, _ width: Int) -> String {
            let digits = "\(number)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = unsafe "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        let clock = unsafe "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        return "\(day)T\(clock).\(padded(nanoseconds % 1_000_000_000 / 1_000_000, 3))Z"
    }
}
