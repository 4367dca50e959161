/// The one error of Keyway: what went wrong, where, and what to do about it.
///
/// Facts are typed (``code``, ``facts``, ``stage``, ``plugin``), prose is apart (``message``). The value is one
/// reference wide, so that a throwing call costs nothing while it succeeds.
public struct PluginError: Error, Sendable {
    /// The part of a plugin's life in which the error arose.
    public enum Stage: String, Sendable, CaseIterable {
        case open, inspect, verify, load, create, start, call, stop
    }

    private struct Fields: Sendable {
        var code: Code
        var message: String
        var remedy: String?
        var plugin: String?
        var stage: Stage?
        var operation: String?
        var facts: Facts
        var retryable: Bool
        var retryAfter: Duration?
        var partial: ModelResponse?
        var underlying: (any Error)?
    }

    private final class Storage: Sendable {
        let fields: Fields
        init(_ fields: Fields) { self.fields = fields }
    }

    private var storage: Storage

    /// - Parameters:
    ///   - message: what went wrong, without a final full stop.
    ///   - remedy: what to do, as a sentence without a final full stop.
    public init(
        _ code: Code, _ message: String, remedy: String? = nil, facts: Facts = .none, plugin: String? = nil,
        stage: Stage? = nil, operation: String? = nil, retryable: Bool? = nil, retryAfter: Duration? = nil,
        underlying: (any Error)? = nil
    ) {
        storage = Storage(
            Fields(
                code: code, message: message, remedy: remedy, plugin: plugin, stage: stage, operation: operation,
                facts: facts, retryable: retryable ?? code.isRetryable, retryAfter: retryAfter, partial: nil,
                underlying: underlying))
    }

    private mutating func set<Value>(_ path: WritableKeyPath<Fields, Value>, _ value: Value) {
        var fields = storage.fields
        fields[keyPath: path] = value
        storage = Storage(fields)
    }

    public var code: Code {
        get { storage.fields.code }
        set { set(\.code, newValue) }
    }

    /// What went wrong, without a final full stop.
    public var what: String {
        get { storage.fields.message }
        set { set(\.message, newValue) }
    }

    /// What to do about it, without a final full stop; nil if nobody can know.
    public var remedy: String? {
        get { storage.fields.remedy }
        set { set(\.remedy, newValue) }
    }

    /// Id or file of the plugin concerned.
    public var plugin: String? {
        get { storage.fields.plugin }
        set { set(\.plugin, newValue) }
    }

    public var stage: Stage? {
        get { storage.fields.stage }
        set { set(\.stage, newValue) }
    }

    /// The operation that failed, such as "embedder.embed".
    public var operation: String? {
        get { storage.fields.operation }
        set { set(\.operation, newValue) }
    }

    public var facts: Facts {
        get { storage.fields.facts }
        set { set(\.facts, newValue) }
    }

    /// May the same call succeed if it is tried again?
    public var retryable: Bool {
        get { storage.fields.retryable }
        set { set(\.retryable, newValue) }
    }

    /// How long to wait before trying again, if somebody said.
    public var retryAfter: Duration? {
        get { storage.fields.retryAfter }
        set { set(\.retryAfter, newValue) }
    }

    /// Text and usage that had arrived before the failure.
    public var partial: ModelResponse? {
        get { storage.fields.partial }
        set { set(\.partial, newValue) }
    }

    public var underlying: (any Error)? { storage.fields.underlying }

    /// One or two sentences: what went wrong, and what to do.
    public var message: String {
        // Foreign text, such as the dynamic linker's, may bring a full stop of its own.
        func sentence(_ text: String) -> String { text.hasSuffix(".") ? text : text + "." }
        guard let remedy else { return sentence(what) }
        return "\(sentence(what)) \(sentence(remedy))"
    }
}

extension PluginError: CustomStringConvertible {
    public var description: String {
        let place = [plugin, operation].compactMap(\.self).joined(separator: " ")
        return "\(code.rawValue)\(place.isEmpty ? "" : " [\(place)]"): \(message)"
    }
}

extension PluginError: Equatable {
    /// Equal code, plugin, operation and facts; prose takes no part.
    public static func == (left: Self, right: Self) -> Bool {
        left.code == right.code && left.plugin == right.plugin && left.operation == right.operation
            && left.facts == right.facts
    }
}

extension PluginError {
    /// `{"code", "message", "plugin"?, "stage"?, ...facts}`, as the commands print it under `error`.
    public var json: JSON {
        var members = facts.members
        members["code"] = .string(code.rawValue)
        members["message"] = .string(message)
        if let plugin { members["plugin"] = .string(plugin) }
        if let stage { members["stage"] = .string(stage.rawValue) }
        if let operation { members["operation"] = .string(operation) }
        if retryable { members["retryable"] = true }
        if let retryAfter { members["retryAfterMs"] = .double(retryAfter.milliseconds) }
        return .object(members)
    }
}
