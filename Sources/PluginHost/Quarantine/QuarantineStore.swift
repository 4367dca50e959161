public import PluginCore

/// A ``Quarantine`` that is kept between runs, in `quarantine.json` of the host's state folder.
///
/// Safe to use from any thread and from many processes: a change waits for others, none is lost. If the file is damaged or
/// others can write it, that is an error (see ``StateFile``), and nothing is taken to be out of quarantine.
public struct QuarantineStore: Sendable {
    private let file: StateFile
    let clock: @Sendable () -> Int64
    private static let formatVersion: Int64 = 1

    /// - Parameters:
    ///   - stateFolder: the host's own folder, made when something is first written.
    ///   - clock: seconds since 1970.
    public init(stateFolder: String, clock: @escaping @Sendable () -> Int64 = QuarantineStore.systemTime) {
        file = StateFile("\(stateFolder)/quarantine.json")
        self.clock = clock
    }

    /// The machine's clock, in seconds since 1970.
    public static let systemTime: @Sendable () -> Int64 = { Clock.realtime() / 1_000_000_000 }

    /// All records, read once: for questions about many plugins.
    public func read() throws(PluginError) -> Quarantine { try Self.quarantine(file.read(), file.path) }

    public func list() throws(PluginError) -> [QuarantineRecord] { try read().records }

    /// - Parameters:
    ///   - names: what the plugin may be called; its id first.
    ///   - inputs: nil if its bytes are not known; then only an operator's record counts.
    public func status(of names: [String], inputs: QuarantineInputs?) throws(PluginError) -> QuarantineStatus {
        try read().status(of: names, inputs: inputs, now: clock())
    }

    /// - Returns: the record as it is now.
    @discardableResult
    public func record(
        _ failure: QuarantineFailure, of plugin: String, file: String?, inputs: QuarantineInputs,
        by origin: QuarantineRecord.Origin
    ) throws(PluginError) -> QuarantineRecord {
        let now = clock()
        return try change { $0.record(failure, of: plugin, file: file, inputs: inputs, by: origin, now: now) }
    }

    public func recordSuccess(of plugin: String, file: String?, inputs: QuarantineInputs) throws(PluginError) {
        try change { $0.recordSuccess(of: plugin, file: file, inputs: inputs) }
    }

    /// - Parameter duration: in seconds; nil for until it is cleared.
    @discardableResult
    public func add(_ plugin: String, reason: String, for duration: Int64?) throws(PluginError) -> QuarantineRecord {
        let now = clock()
        return try change { $0.add(plugin, reason: reason, until: duration.map { now + $0 }, now: now) }
    }

    /// - Returns: what was forgotten.
    @discardableResult
    public func clear(_ plugin: String) throws(PluginError) -> [QuarantineRecord] { try change { $0.clear(plugin) } }

    func change<Value>(_ body: (inout Quarantine) -> Value) throws(PluginError) -> Value {
        var value: Value?
        try file.update { document throws(PluginError) in
            var quarantine = try Self.quarantine(document, file.path)
            value = body(&quarantine)
            return ["version": .int(Self.formatVersion), "records": .array(quarantine.records.map(\.json))]
        }
        guard let value else {
            throw PluginError(.internal, "a change of \(file.path) was not made", facts: .file(path: file.path))
        }
        return value
    }

    private static func quarantine(_ document: JSON?, _ path: String) throws(PluginError) -> Quarantine {
        guard let document else { return Quarantine() }
        guard document["version"]?.intValue == formatVersion, let records = document["records"]?.arrayValue else {
            throw damaged(path, "/version")
        }
        var known: [QuarantineRecord] = []
        for (index, json) in records.enumerated() {
            guard let record = QuarantineRecord(json) else { throw damaged(path, "/records/\(index)") }
            known.append(record)
        }
        return Quarantine(known)
    }

    private static func damaged(_ path: String, _ pointer: String) -> PluginError {
        PluginError(
            .dataLoss, "\(path) has not the form that this Keyway writes, at \(pointer)",
            remedy: "Correct it, put back a copy, or remove it and lose all records", facts: .pointer(pointer))
    }
}
