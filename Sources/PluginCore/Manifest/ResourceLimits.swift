/// What a plugin says that it needs at most; nil where it says nothing. Operators may allow less.
public struct ResourceLimits: Sendable, Hashable {
    /// Bytes of memory.
    public var memory: Int64?
    /// Processor time of one call.
    public var processorTime: Duration?
    /// Wall-clock time of one call.
    public var time: Duration?
    /// Bytes in the folders that it may write.
    public var disk: Int64?
    /// Bytes a second over the network.
    public var network: Int64?
    /// Calls at once.
    public var concurrency: Int?
    /// Open descriptors.
    public var openFiles: Int?
    /// Bytes of one file that it writes.
    public var fileSize: Int64?
    /// Worker processes at once.
    public var workers: Int?

    public init() {}

    /// Sizes in bytes, durations in milliseconds; what is nil is left out.
    public var json: JSON {
        var members: [String: JSON] = [:]
        if let memory { members["memory"] = .int(memory) }
        if let processorTime { members["cpu"] = .double(processorTime.milliseconds) }
        if let time { members["time"] = .double(time.milliseconds) }
        if let disk { members["disk"] = .int(disk) }
        if let network { members["network"] = .int(network) }
        if let concurrency { members["concurrency"] = .int(Int64(concurrency)) }
        if openFiles != nil || fileSize != nil {
            var files: [String: JSON] = [:]
            if let openFiles { files["open"] = .int(Int64(openFiles)) }
            if let fileSize { files["size"] = .int(fileSize) }
            members["files"] = .object(files)
        }
        if let workers { members["workers"] = .int(Int64(workers)) }
        return .object(members)
    }
}

extension ManifestReader {
    mutating func limits(_ value: ManifestValue?) -> ResourceLimits {
        var limits = ResourceLimits()
        guard let object = object(value, .limits) else { return limits }
        limits.memory =
            size(object["memory"]) ?? size(object["max_memory_mb", "max_heap_mb"], unit: 1_000_000)
        if let memory = limits.memory, memory < 1 << 16, let pointer = object["memory"]?.pointer {
            warn(pointer, "is \(memory) bytes, which is less than any plugin needs; is \"\(memory)MB\" meant?")
        }
        limits.processorTime = duration(object["cpu", "max_cpu_time_ms"])
        limits.time = duration(object["time", "executionTime", "max_execution_time_ms"])
        limits.disk = size(object["disk"])
        limits.network = size(object["network"])
        limits.concurrency = whole(object["concurrency"], in: 1...65536)
        if let files = object["files"], files.json.objectValue != nil {
            let members = self.object(files, .files)
            limits.openFiles = whole(members?["open"], in: 1...1_048_576)
            limits.fileSize = size(members?["size"])
        } else {
            limits.openFiles = whole(object["files"], in: 1...1_048_576)
        }
        limits.workers = whole(object["workers", "max_workers"], in: 1...1024)
        return limits
    }
}
