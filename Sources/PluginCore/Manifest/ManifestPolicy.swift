/// When a plugin is loaded.
public struct ManifestLoading: Sendable, Hashable {
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// When somebody wants it.
        case lazy
        /// When the host starts.
        case eager
    }

    public var mode = Mode.lazy
    /// Higher comes first.
    public var priority = PluginPriority.normal.number
    /// Does it hand its state over to the build that takes its place? Calls wait while it does.
    public var handsOver = false

    public init() {}

    public var json: JSON {
        var members: [String: JSON] = ["mode": .string(mode.rawValue), "priority": .int(Int64(priority))]
        if handsOver { members["handsOver"] = true }
        return .object(members)
    }
}

/// Where a plugin runs, from the least to the most apart from the host.
public enum IsolationTier: String, Sendable, Hashable, CaseIterable, Comparable {
    /// In the host's own process: nothing that it does can be contained.
    case inProcess
    /// In a process of its own kind, with its permissions enforced.
    case worker
    /// As `worker`, and with nothing shared with other plugins.
    case workerStrict

    public static func < (left: IsolationTier, right: IsolationTier) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// How a plugin wants its health looked after; nil where that is left to the host.
public struct ManifestHealth: Sendable, Hashable {
    /// Between two checks.
    public var interval: Duration?
    /// Of one check.
    public var timeout: Duration?
    /// Failed checks in a row, after which it counts as ill.
    public var failures: Int?

    public init() {}

    public var json: JSON {
        var members: [String: JSON] = [:]
        if let interval { members["interval"] = .double(interval.milliseconds) }
        if let timeout { members["timeout"] = .double(timeout.milliseconds) }
        if let failures { members["failures"] = .int(Int64(failures)) }
        return .object(members)
    }
}

extension ManifestReader {
    /// "lazy", "eager", or an object with mode and priority.
    mutating func loading(_ value: ManifestValue?) -> ManifestLoading {
        var loading = ManifestLoading()
        if value?.json.stringValue != nil {
            loading.mode = word(value, as: ManifestLoading.Mode.self) ?? .lazy
        } else if let object = object(value, .loading) {
            loading.mode = word(object["mode"], as: ManifestLoading.Mode.self) ?? .lazy
            loading.priority = priority(object["priority"]) ?? loading.priority
            loading.handsOver = flag(object["handsOver", "hands_over"]) ?? false
        }
        return loading
    }

    /// A tier, or an object with one.
    mutating func isolation(_ value: ManifestValue?) -> IsolationTier? {
        guard value?.json.objectValue != nil else { return word(value, as: IsolationTier.self) }
        return word(object(value, .isolation)?["tier"], as: IsolationTier.self)
    }

    mutating func health(_ value: ManifestValue?) -> ManifestHealth {
        var health = ManifestHealth()
        guard let object = object(value, .health) else { return health }
        health.interval = duration(object["interval"])
        health.timeout = duration(object["timeout"])
        health.failures = whole(object["failures"], in: 1...1000)
        if let interval = health.interval, let timeout = health.timeout, timeout > interval {
            error(object.place(of: "timeout"), "is longer than the interval between two checks")
        }
        return health
    }
}
