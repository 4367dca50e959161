/// Which plugins are not run, as a value: what failures, successes and operators make of it. Knows no clock and no file; see
/// ``QuarantineStore``.
///
/// A plugin that fails is suspect and may be tried once more, alone. If it fails again it is in quarantine for an hour, after
/// the next failure for a day, then for seven days each. When the time is over it may be tried again; a success clears it.
/// A finding holds for the bytes and the host that it was made with: another file or another SDK starts anew.
///
/// What an operator puts into quarantine stays there, whatever its bytes, until its time is over or somebody clears it.
public struct Quarantine: Sendable, Hashable {
    /// By plugin, an operator's first, then the newest.
    public private(set) var records: [QuarantineRecord]

    /// Seconds in quarantine after the second failure, the third and each one after that.
    static let backoff: [Int64] = [3600, 86400, 7 * 86400]
    /// A finding that is over is kept for so many seconds, so that the next failure counts on.
    static let memory: Int64 = 30 * 86400

    public init(_ records: [QuarantineRecord] = []) {
        self.records = records
        sort()
    }

    private mutating func sort() {
        records.sort { left, right in
            if left.plugin != right.plugin { return left.plugin < right.plugin }
            if left.origin != right.origin, left.origin == .operator || right.origin == .operator {
                return left.origin == .operator
            }
            return left.since > right.since
        }
    }

    // MARK: - Questions

    /// - Parameters:
    ///   - names: what the plugin may be called; its id first.
    ///   - inputs: nil if its bytes are not known; then only an operator's record counts.
    ///   - now: seconds since 1970.
    public func status(of names: [String], inputs: QuarantineInputs?, now: Int64) -> QuarantineStatus {
        let own = records.filter { names.contains($0.plugin) }
        if let record = own.first(where: { $0.origin == .operator && $0.state(at: now) == .active }) {
            return .quarantined(record)
        }
        guard let inputs, let record = own.first(where: { $0.inputs == inputs }) else { return .clear }
        return record.state(at: now) == .active ? .quarantined(record) : .suspect(record)
    }

    // MARK: - Changes

    /// - Returns: the record as it is now.
    @discardableResult
    public mutating func record(
        _ failure: QuarantineFailure, of plugin: String, file: String?, inputs: QuarantineInputs,
        by origin: QuarantineRecord.Origin, now: Int64
    ) -> QuarantineRecord {
        forget(now)
        let earlier = records.first { $0.plugin == plugin && $0.inputs == inputs }
        var record = QuarantineRecord(
            plugin: plugin, file: file, origin: origin, failure: failure, inputs: inputs,
            attempts: (earlier?.attempts ?? 0) + 1, since: now, until: nil)
        if !record.isSuspect { record.until = now + Self.backoff[min(record.attempts - 2, Self.backoff.count - 1)] }
        forget(plugin, file, inputs)
        records.append(record)
        sort()
        return record
    }

    /// The plugin did well with these inputs. What an operator said stays.
    public mutating func recordSuccess(of plugin: String, file: String?, inputs: QuarantineInputs) {
        forget(plugin, file, inputs)
    }

    /// An operator's decision; replaces an earlier one about the same name.
    /// - Parameter until: seconds since 1970; nil for until it is cleared.
    @discardableResult
    public mutating func add(_ plugin: String, reason: String, until: Int64?, now: Int64) -> QuarantineRecord {
        forget(now)
        let record = QuarantineRecord(
            plugin: plugin, file: nil, origin: .operator,
            failure: QuarantineFailure(code: "operator", reason: reason), inputs: nil, attempts: 0, since: now,
            until: until)
        records.removeAll { $0.plugin == plugin && $0.origin == .operator }
        records.append(record)
        sort()
        return record
    }

    /// Forgets what is known against a plugin, by whomever.
    /// - Returns: what was forgotten.
    @discardableResult
    public mutating func clear(_ plugin: String) -> [QuarantineRecord] {
        let cleared = records.filter { $0.plugin == plugin }
        records.removeAll { $0.plugin == plugin }
        return cleared
    }

    /// Other bytes in the same place are what became of the plugin: what was found about the old ones is void, too.
    private mutating func forget(_ plugin: String, _ file: String?, _ inputs: QuarantineInputs) {
        records.removeAll {
            $0.plugin == plugin && $0.origin != .operator && ($0.inputs == inputs || (file != nil && $0.file == file))
        }
    }

    /// What is long over goes, so that the list does not grow for ever.
    private mutating func forget(_ now: Int64) {
        records.removeAll { record in
            if record.origin == .operator { return record.until.map { now >= $0 } ?? false }
            return now - (record.until ?? record.since) > Self.memory
        }
    }
}
