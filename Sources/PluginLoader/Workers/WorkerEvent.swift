public import PluginCore

/// Something that happened to a plugin's workers.
public struct WorkerEvent: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// It has loaded the plugin and waits.
        case ready
        /// It takes calls.
        case active
        /// It is to take no more calls.
        case draining
        /// Its process is gone.
        case ended
        /// It did not become ready, or its instance could not be made.
        case failed
        /// Calls are refused for a while: workers fail again and again.
        case circuitOpened
        /// Calls are let through again.
        case circuitClosed
        /// The build is not tried again by itself.
        case gaveUp
        /// The plugin wanted something that it was not granted: ``WorkerEvent/resource``.
        case permissionDenied
    }

    public let kind: Kind
    /// nil if it is about all of them.
    public let worker: WorkerID?
    /// 0 if there is none.
    public let pid: Int32
    /// Why; nil if there is nothing to say.
    public let reason: String?
    /// What was wanted, such as `net:HOST:PORT`; nil if nothing was.
    public var resource: String?
    /// Is somebody to look at it?
    public var isFailure: Bool { kind == .failed || kind == .circuitOpened || kind == .gaveUp }
}

/// A worker as it is now.
public struct WorkerStatus: Sendable, Hashable {
    public let id: WorkerID
    public let pid: Int32
    public let phase: WorkerPoolState.Status.Phase
    /// Calls that it has now.
    public let busy: Int
    /// Calls that it had since it was started, its own start included.
    public let calls: UInt64
    /// Bytes that it alone has; nil: it is gone.
    public let memory: Int64?
    /// Processor time; nil: it is gone.
    public let processorTime: Duration?

    /// `{id,pid,state,busy,calls,memory,cpuMs}`
    public var json: JSON {
        [
            "id": .int(Int64(id.rawValue)), "pid": .int(Int64(pid)), "state": .string(phase.rawValue),
            "busy": .int(Int64(busy)), "calls": .int(Int64(clamping: calls)), "memory": .optional(memory, JSON.int),
            "cpuMs": .optional(processorTime) { .double($0.milliseconds) },
        ]
    }
}
