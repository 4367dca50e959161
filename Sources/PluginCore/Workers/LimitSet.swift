/// What one party says of limits: an operator, a call, a plugin or the host. Kinds that are not in it are not limited by it.
public struct LimitSet: Sendable, Hashable {
    private var values: [LimitKind: Int64] = [:]

    public init() {}

    /// In the kind's unit. A number outside of the kind's range becomes the nearest inside.
    public subscript(kind: LimitKind) -> Int64? {
        get { values[kind] }
        set { values[kind] = newValue.map { min(max($0, kind.range.lowerBound), kind.range.upperBound) } }
    }

    /// What limits of a call or an operator are written as: `wall=500ms`, `memory=64M`.
    /// - Throws: `invalidArgument` for what is no limit, and for a kind that is there twice; the error says what is allowed.
    public init(_ texts: some Sequence<String>) throws(PluginError) {
        for text in texts {
            let name = text.prefix { $0 != "=" }
            guard let kind = LimitKind(rawValue: String(name)), name.endIndex < text.endIndex else {
                let kinds = LimitKind.allCases.map(\.rawValue)
                let similar = SimilarName.find(String(name), in: kinds).map { " (is \($0) meant?)" } ?? ""
                throw PluginError(
                    .invalidArgument, "\"\(text)\" is not a limit\(similar)",
                    remedy: "Write KIND=VALUE, such as wall=500ms or memory=64M; the kinds are "
                        + LimitKind.allCases.filter(\.holdsInWorkers).map(\.rawValue).joined(separator: ", "),
                    facts: .names([String(name)]))
            }
            guard values[kind] == nil else {
                throw PluginError(
                    .invalidArgument, "\"\(text)\" is the second limit of \(name)",
                    remedy: "Give each kind of limit once", facts: .names([String(name)]))
            }
            values[kind] = try kind.value(text[name.endIndex...].dropFirst())
        }
    }

    /// What a plugin's manifest says. Parts of a millisecond count as a whole one.
    public init(_ limits: ResourceLimits) {
        self[.wall] = limits.time.map(Self.milliseconds)
        self[.cpu] = limits.processorTime.map(Self.milliseconds)
        self[.memory] = limits.memory
        self[.disk] = limits.disk
        self[.network] = limits.network
        self[.fileSize] = limits.fileSize
        self[.concurrency] = limits.concurrency.map { Int64($0) }
        self[.openFiles] = limits.openFiles.map { Int64($0) }
        self[.workers] = limits.workers.map { Int64($0) }
    }

    /// What holds where nobody says anything: 60 s by the clock on the wall, 256 MB of memory, 64 MB and a million stream
    /// events of output, 256 waiting calls, 4 workers, calls 8 deep, 64 open files, 512 processes. Nothing else is limited.
    public static let hostDefaults: LimitSet = {
        var limits = LimitSet()
        limits[.wall] = 60_000
        limits[.memory] = 256_000_000
        limits[.output] = 64_000_000
        limits[.events] = 1_000_000
        limits[.queue] = 256
        limits[.workers] = 4
        limits[.upcallDepth] = 8
        limits[.openFiles] = 64
        limits[.processes] = 512
        return limits
    }()

    /// With what the other says, which decides where both say something.
    public func merged(with other: LimitSet) -> LimitSet {
        var merged = self
        merged.values.merge(other.values) { $1 }
        return merged
    }

    /// As they are written, in the order of ``LimitKind``.
    public var texts: [String] {
        LimitKind.allCases.compactMap { kind in values[kind].map { "\(kind.rawValue)=\(kind.text($0))" } }
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        Int64(duration.milliseconds.rounded(.up))
    }
}

extension LimitSet: Codable {
    /// From a list of ``texts``.
    public init(from decoder: any Decoder) throws {
        try self.init([String](from: decoder))
    }

    public func encode(to encoder: any Encoder) throws {
        try texts.encode(to: encoder)
    }
}
