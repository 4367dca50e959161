/// A JSON value (RFC 8259). Integers that fit 64 bits stay integers, so that an id or a count survives a round trip.
///
/// Strings are compared code point by code point (RFC 8259 section 8.3), keys as well; Swift takes "é" and "e\u{301}" for
/// equal. An object cannot have both as keys, which parsing refuses.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])
}

extension JSON {
    /// Parses one JSON document (RFC 8259), strictly: UTF-8 only, no duplicate keys, nothing behind the document, at most
    /// ``maximumDepth`` levels. Two keys that are one text in two Unicode forms are duplicates. A number without fraction
    /// and exponent is an integer if it fits 64 bits, else a double.
    /// - Throws: ``PluginError`` with code `invalidArgument`, with line and column; `what` names the thing that was read.
    public init(parsing text: some Sequence<UInt8>, what: String) throws(PluginError) {
        var parser = JSONParser(Array(text))
        do throws(JSONParser.Failure) {
            self = try parser.document()
        } catch {
            let position = TextPosition(ofByte: error.offset, in: parser.bytes)
            throw PluginError(
                .invalidArgument, "\(what) is not valid JSON: \(position): \(error.reason)",
                remedy: "Correct the JSON text and try again", underlying: SyntaxFault(error.reason, at: position))
        }
    }

    /// Parses one JSON document from a string.
    public init(parsing text: String, what: String) throws(PluginError) {
        try self.init(parsing: text.utf8, what: what)
    }

    /// Arrays and objects may be nested this deep in a document that is parsed.
    public static let maximumDepth = 512

    /// A key as part of a JSON pointer (RFC 6901 section 3).
    package static func escapedForPointer(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return key }
        var text = ""
        for scalar in key.unicodeScalars {
            switch scalar {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

// MARK: - Access

extension JSON {
    /// The member of an object, or nil.
    public subscript(key: String) -> JSON? {
        if case .object(let members) = self { members[exactly: key] } else { nil }
    }

    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value if it is an integer, or a double without a fraction.
    public var intValue: Int64? {
        switch self {
        case .int(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    public var doubleValue: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    public var arrayValue: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var objectValue: [String: JSON]? {
        if case .object(let value) = self { value } else { nil }
    }

    /// "object", "array", "string", "integer", "number", "boolean" or "null": the type's name in JSON Schema.
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .int: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// The wrapped value's JSON, or `.null`: what is absent is null, never a made-up zero.
    public static func optional<Wrapped>(_ value: Wrapped?, _ convert: (Wrapped) -> JSON) -> JSON {
        value.map(convert) ?? .null
    }
}

// MARK: - Literals

extension JSON: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
