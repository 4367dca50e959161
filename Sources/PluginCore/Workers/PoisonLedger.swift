/// Calls that kill workers. A call that killed two is refused for a while, so that one caller does not take a plugin from all
/// others.
///
/// A call is known by a digest that the caller of this type makes from the plugin's build, the operation and its arguments. At
/// most ``Rules/capacity`` are kept; those that were not asked for the longest go first. Times are durations since any one
/// moment, and never go back.
public struct PoisonLedger: Sendable, Hashable, Codable {
    public struct Rules: Sendable, Hashable, Codable {
        /// Workers that a call kills within ``window`` before it is refused.
        public var deaths: Int
        public var window: Duration
        /// How long it is refused.
        public var duration: Duration
        public var capacity: Int

        public init(
            deaths: Int = 2, window: Duration = .seconds(600), duration: Duration = .seconds(3600), capacity: Int = 1024
        ) {
            self.deaths = max(1, deaths)
            self.window = window
            self.duration = duration
            self.capacity = max(1, capacity)
        }
    }

    /// A call that killed a worker.
    public struct Record: Sendable, Hashable, Codable {
        public let key: String
        /// The workers that it killed, those that count: with the times.
        public fileprivate(set) var deaths: [Death] = []
        /// Until when it is refused; nil: it is not.
        public fileprivate(set) var refusedUntil: Duration?
        /// Higher was asked for later.
        fileprivate var use: UInt64 = 0

        public struct Death: Sendable, Hashable, Codable {
            public let worker: WorkerID
            public let time: Duration
        }
    }

    public let rules: Rules
    private var records: [String: Record] = [:]
    private var uses: UInt64 = 0

    public init(rules: Rules = Rules()) { self.rules = rules }

    /// No call has to be looked up while it is empty: nobody needs the digest then.
    public var isEmpty: Bool { records.isEmpty }

    /// A worker died of a call. The same worker counts once.
    /// - Returns: until when the call is refused; nil: it is not.
    @discardableResult
    public mutating func died(_ worker: WorkerID, of key: String, at now: Duration) -> Duration? {
        if let until = refusal(of: key, at: now) { return until }
        if records[key] == nil, records.count >= rules.capacity { makeRoom(at: now) }
        var record = records[key] ?? Record(key: key)
        record.deaths.removeAll { $0.time + rules.window <= now || $0.worker == worker }
        record.deaths.append(Record.Death(worker: worker, time: now))
        if record.deaths.count >= rules.deaths { record.refusedUntil = now + rules.duration }
        touch(&record)
        return record.refusedUntil
    }

    /// Until when a call is refused; nil: it is not.
    public mutating func refusal(of key: String, at now: Duration) -> Duration? {
        guard var record = records[key] else { return nil }
        guard !isOver(record, at: now) else {
            records[key] = nil
            return nil
        }
        touch(&record)
        return record.refusedUntil
    }

    /// The error of a call that is refused; nil if it is not.
    public mutating func error(
        of key: String, at now: Duration, plugin: String? = nil, operation: String? = nil
    ) -> PluginError? {
        guard let until = refusal(of: key, at: now) else { return nil }
        return PluginError(
            .poisoned,
            "this very call has killed \(rules.deaths) workers; it is refused for another "
                + LimitKind.wall.text(Int64((until - now).milliseconds.rounded(.up))),
            remedy: "Report it to the plugin's author with its arguments, or clear its quarantine",
            facts: .names([key]), plugin: plugin, stage: .call, operation: operation, retryAfter: until - now)
    }

    /// What is kept, the calls that are refused first, then by keys.
    public func list(at now: Duration) -> [Record] {
        records.values.filter { !isOver($0, at: now) }.sorted {
            ($0.refusedUntil == nil ? 1 : 0, $0.key) < ($1.refusedUntil == nil ? 1 : 0, $1.key)
        }
    }

    /// Lets a call be made again.
    /// - Returns: was it kept?
    @discardableResult
    public mutating func clear(_ key: String) -> Bool { records.removeValue(forKey: key) != nil }

    public mutating func clearAll() { records = [:] }

    private func isOver(_ record: Record, at now: Duration) -> Bool {
        if let until = record.refusedUntil { return until <= now }
        return record.deaths.allSatisfy { $0.time + rules.window <= now }
    }

    private mutating func touch(_ record: inout Record) {
        uses += 1
        record.use = uses
        records[record.key] = record
    }

    /// A worker died for each record: rare enough to look at all of them.
    private mutating func makeRoom(at now: Duration) {
        records = records.filter { !isOver($0.value, at: now) }
        guard records.count >= rules.capacity, let oldest = records.values.min(by: { $0.use < $1.use }) else { return }
        records[oldest.key] = nil
    }
}
