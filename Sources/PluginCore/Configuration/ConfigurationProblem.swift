/// Something in a configuration that is wrong, or that its author should know.
public struct ConfigurationProblem: Error, Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable, CaseIterable {
        /// The plugin does not get this configuration.
        case error
        /// It does.
        case warning
    }

    public var severity: Severity
    /// RFC 6901 pointer to the value; empty for the whole. Of a member that is missing, to where it belongs.
    public var pointer: String
    /// The rest of a sentence about the value: "must be at most 65535, but is 70000".
    public var message: String
    /// Who said so; nil of what nobody said.
    public var layer: ConfigurationLayer.Kind?
    /// A path, or the name of a variable.
    public var source: String?
    /// In the file that is the source.
    public var position: TextPosition?

    public init(
        _ severity: Severity, _ pointer: String, _ message: String, layer: ConfigurationLayer.Kind? = nil,
        source: String? = nil, position: TextPosition? = nil
    ) {
        self.severity = severity
        self.pointer = pointer
        self.message = message
        self.layer = layer
        self.source = source
        self.position = position
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// "/port must be at most 65535, but is 70000 (/etc/keyway/plugins/web.json:3:5)"
    public var description: String {
        let sentence = "\(pointer.isEmpty ? "the configuration" : pointer) \(message)"
        guard let source else { return sentence }
        return "\(sentence) (\(source)\(position.map { ":\($0.line):\($0.column)" } ?? ""))"
    }

    public var json: JSON {
        [
            "severity": .string(severity.rawValue), "pointer": .string(pointer), "message": .string(message),
            "layer": .optional(layer) { .string($0.rawValue) }, "source": .optional(source, JSON.string),
            "line": .optional(position) { .int(Int64($0.line)) },
            "column": .optional(position) { .int(Int64($0.column)) },
        ]
    }
}
