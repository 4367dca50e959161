/// What a limit bounds. The raw values are the names in texts such as `wall=500ms`, in errors and in JSON.
public enum LimitKind: String, Sendable, Hashable, CaseIterable, Codable {
    /// Time of one call by the clock on the wall, from when it was made: waiting for a worker counts.
    case wall
    /// Processor time of one call.
    case cpu
    /// Memory of one worker.
    case memory
    /// What one call answers, streamed or not.
    case output
    /// Events of one stream.
    case events
    /// Calls of one plugin at once.
    case concurrency
    /// Calls of one plugin that wait at once.
    case queue
    /// Workers of one plugin that take calls at once.
    case workers
    /// How deep the host and a plugin may call each other within one call.
    case upcallDepth
    /// Open descriptors of one worker.
    case openFiles
    /// Processes and threads of one worker that may start programs.
    case processes
    /// One file that a worker writes.
    case fileSize
    /// The folders that a plugin may write.
    case disk
    /// Bytes a second that all connections of one plugin carry together, in both directions.
    case network

    /// Is it enforced for plugins in workers? The others are there for hosts that have a sandbox.
    public var holdsInWorkers: Bool {
        switch self {
        case .wall, .cpu, .memory, .output, .events, .queue, .workers, .openFiles, .processes, .fileSize, .disk,
            .network:
            true
        case .concurrency, .upcallDepth: false
        }
    }

    /// What a limit's number counts.
    public enum Unit: String, Sendable, Hashable, CaseIterable {
        case milliseconds, bytes, count
        case bytesPerSecond = "bytes/s"
    }

    public var unit: Unit {
        switch self {
        case .wall, .cpu: .milliseconds
        case .memory, .output, .fileSize, .disk: .bytes
        case .events, .concurrency, .queue, .workers, .upcallDepth, .openFiles, .processes: .count
        case .network: .bytesPerSecond
        }
    }

    /// The numbers that it can have, in its ``unit``.
    public var range: ClosedRange<Int64> {
        switch self {
        // A thousand years, so that sums of durations stay far from what a clock can count.
        case .wall, .cpu: 1...32_000_000_000_000
        case .memory, .output, .fileSize, .disk, .network, .events: 1...Int64.max
        case .concurrency: 1...65536
        case .queue: 0...1_048_576
        case .workers: 1...1024
        case .upcallDepth: 0...64
        case .openFiles: 1...1_048_576
        case .processes: 1...4_194_304
        }
    }

    /// What holds it for a plugin in a worker; nil: Keyway's own clocks and counts, which need no sandbox.
    public var mechanism: LimitMechanism? {
        switch self {
        case .memory, .openFiles, .processes, .fileSize: .rlimit
        case .disk, .network: .broker
        case .wall, .cpu, .output, .events, .concurrency, .queue, .workers, .upcallDepth: nil
        }
    }

    /// The class of the error of a call that reaches the limit.
    public var code: PluginError.Code {
        switch self {
        case .wall, .cpu: .timeout
        case .memory: .memoryLimit
        case .concurrency, .queue, .workers: .overloaded
        case .upcallDepth: .protocolViolation
        case .output, .events, .openFiles, .processes, .fileSize, .disk, .network: .resourceExhausted
        }
    }
}

/// By what a sandbox holds a limit. The raw values are the names in errors.
public enum LimitMechanism: String, Sendable, Hashable, CaseIterable, Codable {
    /// The kernel, for a process (getrlimit(2)).
    case rlimit
    /// The kernel, for the control group of a worker (cgroups(7)).
    case cgroup
    /// The host, through which a plugin's connections go, and which looks at its folders.
    case broker
}
