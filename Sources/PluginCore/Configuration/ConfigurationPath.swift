/// The keys that lead from the whole configuration to a value in it.
public struct ConfigurationPath: Sendable, Hashable {
    public var keys: [String]

    public init(keys: [String]) { self.keys = keys }

    /// A JSON pointer (RFC 6901) such as "/server/port", or keys with dots: "server.port". A key that has a dot in it needs the
    /// pointer.
    /// - Throws: `invalidArgument` if a key is empty, or there are too many.
    public init(parsing text: String) throws(PluginError) {
        let separator: Character = text.hasPrefix("/") ? "/" : "."
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        keys = separator == "/" ? parts.dropFirst().map(JSON.unescapedFromPointer) : parts.map(String.init)
        guard !keys.contains(""), keys.count < JSON.maximumDepth else {
            throw PluginError(
                .invalidArgument, "\(JSON.string(text).shortened) is no place in a configuration",
                remedy: "Write keys with dots, such as server.port, or a JSON pointer, such as /server/port")
        }
    }

    /// RFC 6901.
    public var pointer: String { keys.map { "/" + JSON.escapedForPointer($0) }.joined() }

    func appending(_ key: String) -> ConfigurationPath { ConfigurationPath(keys: keys + [key]) }

    // MARK: - Values

    /// The value at this place, also in arrays; nil if there is none.
    public func value(in document: JSON) -> JSON? {
        var value = document
        for key in keys {
            switch value {
            case .object(let members):
                guard let member = members[key] else { return nil }
                value = member
            case .array(let elements):
                guard let index = Int(key), elements.indices.contains(index) else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }

    /// The document with another value at this place. Objects on the way are made.
    /// - Throws: `configuration` if something on the way is there and is no object: an array is set as a whole.
    public func setting(_ value: JSON, in document: JSON) throws(PluginError) -> JSON {
        try set(value, in: document, keys[...])
    }

    private func set(_ value: JSON, in document: JSON, _ rest: ArraySlice<String>) throws(PluginError) -> JSON {
        guard let key = rest.first else { return value }
        guard case .object(var members) = document, !SecretReference.isReference(document) else {
            let place = ConfigurationPath(keys: Array(keys.dropLast(rest.count)))
            throw PluginError(
                .configuration, "\(place.name) is \(place.kind(of: document)), and \(pointer) would be a part of it",
                remedy: "Set the whole of \(place.name)", facts: .pointer(place.pointer))
        }
        members[key] = try set(value, in: members[key] ?? [:], rest.dropFirst())
        return .object(members)
    }

    /// The document without the value at this place, and without objects that are empty then; nil if there is no value.
    public func removing(from document: JSON) -> JSON? {
        guard let key = keys.first, case .object(var members) = document, let member = members[key] else { return nil }
        let rest = ConfigurationPath(keys: Array(keys.dropFirst()))
        // Not nil by subscript: that can be null.
        members.removeValue(forKey: key)
        if !rest.keys.isEmpty {
            guard let changed = rest.removing(from: member) else { return nil }
            if changed != [:] { members[key] = changed }
        }
        return .object(members)
    }

    /// For messages.
    private var name: String { keys.isEmpty ? "the configuration" : pointer }

    private func kind(of value: JSON) -> String {
        SecretReference.isReference(value) ? "a secret" : SchemaTypes.phrase(value.typeName)
    }
}
