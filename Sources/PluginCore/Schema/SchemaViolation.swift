/// One thing in a value that does not conform to its schema.
public struct SchemaViolation: Sendable, Hashable {
    /// RFC 6901 pointer to the value; empty for the whole.
    public let instance: String
    /// The keyword that is violated, such as "maximum"; empty for a schema that is just `false`.
    public let keyword: String
    /// Where the keyword stands: "#/properties/port/maximum", behind the URI of its document unless that is the schema
    /// itself.
    public let rule: String
    /// The value, shortened.
    public let value: String
    /// What would be right, as the rest of a sentence about the value: "must be at most 65535, but is 70000".
    public let message: String
}

extension SchemaViolation: CustomStringConvertible {
    /// "/port must be at most 65535, but is 70000"
    public var description: String { "\(instance.isEmpty ? "the value" : instance) \(message)" }

    /// The violation as the commands print it.
    public var json: JSON {
        [
            "instance": .string(instance), "keyword": .string(keyword), "rule": .string(rule), "value": .string(value),
            "message": .string(message),
        ]
    }
}

extension JSON {
    /// The value in a message: short, whatever it is.
    var shortened: String {
        switch self {
        case .array(let elements): return counted(elements.count, "element", of: "an array")
        case .object(let members): return counted(members.count, "member", of: "an object")
        case .string(let text):
            let start = text.unicodeScalars.prefix(60)
            if start.endIndex == text.unicodeScalars.endIndex { return self.text }
            return JSON.string(String(start) + "…").text
        default: return text
        }
    }

    /// A value of a schema in a message: in full, unless it is long.
    var brief: String { isBrief(depth: 3) ? text : shortened }

    private func isBrief(depth: Int) -> Bool {
        switch self {
        case .array(let elements):
            depth > 0 && elements.count <= 4 && elements.allSatisfy { $0.isBrief(depth: depth - 1) }
        case .object(let members):
            depth > 0 && members.count <= 4
                && members.allSatisfy { $0.key.utf8.count <= 20 && $0.value.isBrief(depth: depth - 1) }
        case .string(let text): text.utf8.count <= 60
        default: true
        }
    }

    private func counted(_ count: Int, _ noun: String, of whole: String) -> String {
        count == 0 ? "\(whole) without \(noun)s" : "\(whole) of \(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// Some of the values in a message, as alternatives.
    static func alternatives(_ values: [JSON]) -> String {
        let shown = values.prefix(8).map(\.brief).joined(separator: ", ")
        return values.count > 8 ? "\(shown) and \(values.count - 8) more" : shown
    }
}
