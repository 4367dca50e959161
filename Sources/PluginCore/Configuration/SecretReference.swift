/// A value of a configuration that stands for a secret: `{"$secret": "env:NAME"}` for a variable of the host's environment,
/// `{"$secret": "file:/PATH"}` for the text of a file.
///
/// What is shown, stored, logged and compared is the reference. The secret itself takes its place only in a
/// ``ResolvedConfiguration``, which the plugin gets.
public struct SecretReference: Sendable, Hashable {
    public enum Place: Sendable, Hashable {
        case environment(String)
        /// An absolute path.
        case file(String)
    }

    public let place: Place

    public init(_ place: Place) { self.place = place }

    /// "env:NAME" or "file:/PATH": what may be shown.
    public var name: String {
        switch place {
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        }
    }

    public var json: JSON { [Self.key: .string(name)] }

    /// The member that makes an object a reference.
    public static let key = "$secret"

    /// Is the value a reference, sound or not? An object with this member is never anything else.
    public static func isReference(_ value: JSON) -> Bool {
        if case .object(let members) = value { members[key] != nil } else { false }
    }

    /// - Throws: `configuration` if it is not in the form that is described above.
    public init(_ value: JSON) throws(PluginError) {
        guard let members = value.objectValue, members.count == 1, let text = members[Self.key]?.stringValue,
            let place = Self.place(text)
        else {
            throw PluginError(
                .configuration, Self.fault, remedy: #"Write {"$secret": "env:NAME"} or {"$secret": "file:/PATH"}"#)
        }
        self.place = place
    }

    /// What is wrong with a reference that cannot be read, as the rest of a sentence. It does not repeat the reference:
    /// somebody may have written the secret itself there.
    static let fault = #"must be {"$secret": "env:NAME"} or {"$secret": "file:/PATH"}, and nothing else"#

    private static func place(_ text: String) -> Place? {
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "=") }
            return isName && !name.isEmpty ? .environment(name) : nil
        }
        guard text.hasPrefix("file:/"), !text.utf8.contains(0), !text.hasSuffix("/") else { return nil }
        return .file(String(text.dropFirst(5)))
    }

    /// Where references stand in a value, in the order of their places.
    static func places(in value: JSON) -> [(path: ConfigurationPath, value: JSON)] {
        var found: [(path: ConfigurationPath, value: JSON)] = []
        func collect(_ value: JSON, _ path: ConfigurationPath) {
            switch value {
            case .object where isReference(value): found.append((path, value))
            case .object(let members):
                for (key, member) in members.sorted(by: { $0.key < $1.key }) { collect(member, path.appending(key)) }
            case .array(let elements):
                for (index, element) in elements.enumerated() { collect(element, path.appending("\(index)")) }
            default: break
            }
        }
        collect(value, ConfigurationPath(keys: []))
        return found
    }

    /// The value with something else for each reference.
    static func replaced(
        in value: JSON, by body: (JSON) throws(PluginError) -> JSON
    ) throws(PluginError) -> JSON {
        switch value {
        case .object where isReference(value): return try body(value)
        case .object(var members):
            for (key, member) in members { members[key] = try replaced(in: member, by: body) }
            return .object(members)
        case .array(var elements):
            for (index, element) in elements.enumerated() { elements[index] = try replaced(in: element, by: body) }
            return .array(elements)
        default: return value
        }
    }
}

/// Where secrets come from.
public protocol SecretSource: Sendable {
    /// The secret that a reference stands for.
    /// - Throws: ``PluginError`` that names the reference and never the secret.
    func secret(_ reference: SecretReference) throws(PluginError) -> String
}
