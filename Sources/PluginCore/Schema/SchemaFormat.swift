/// The formats that are checked when `format` is an assertion.
enum SchemaFormat: String, Sendable, CaseIterable {
    case dateTime = "date-time"
    case date
    case time
    case duration
    case email
    case hostname
    case ipv4
    case ipv6
    case uri
    case uriReference = "uri-reference"
    case uuid
    case jsonPointer = "json-pointer"
    case relativeJSONPointer = "relative-json-pointer"
    case regex

    func accepts(_ text: String) -> Bool {
        switch self {
        case .dateTime:
            // The "T" may be written small.
            guard text.utf8.count > 11, let mark = text.utf8.dropFirst(10).first, mark | 0x20 == UInt8(ascii: "t")
            else {
                return false
            }
            return Self.isDate(text.utf8.prefix(10)) && Self.isTime(text.utf8.dropFirst(11))
        case .date: return Self.isDate(text.utf8[...])
        case .time: return Self.isTime(text.utf8[...])
        case .duration: return Self.isDuration(text)
        case .email: return Self.isEmail(text)
        case .hostname: return Self.isHostname(text)
        case .ipv4: return Self.isIPv4(text)
        case .ipv6: return Self.isIPv6(text)
        case .uri: return Self.isURI(text, needsScheme: true)
        case .uriReference: return Self.isURI(text, needsScheme: false)
        case .uuid:
            return text.utf8.count == 36
                && text.utf8.enumerated().allSatisfy { index, byte in
                    [8, 13, 18, 23].contains(index) ? byte == UInt8(ascii: "-") : Self.isHexadecimal(byte)
                }
        case .jsonPointer: return SchemaPointer.tokens(text) != nil
        case .relativeJSONPointer:
            let digits = text.utf8.prefix(while: Self.isDigit)
            guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0") else { return false }
            let rest = String(text.dropFirst(digits.count))
            return rest == "#" || SchemaPointer.tokens(rest) != nil
        case .regex: return (try? SchemaPattern(text)) != nil
        }
    }

    /// With its article.
    var phrase: String {
        switch self {
        case .dateTime: "a date and time like 2026-01-31T23:59:00Z"
        case .date: "a date like 2026-01-31"
        case .time: "a time with its offset like 23:59:00Z"
        case .duration: "a duration like P3DT12H"
        case .email: "an e-mail address"
        case .hostname: "a host name"
        case .ipv4: "an IPv4 address"
        case .ipv6: "an IPv6 address"
        case .uri: "a URI with its scheme"
        case .uriReference: "a URI or a relative reference"
        case .uuid: "a UUID"
        case .jsonPointer: "a JSON pointer"
        case .relativeJSONPointer: "a relative JSON pointer"
        case .regex: "a regular expression of ECMA-262 that we understand"
        }
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

extension JSONSchema {
    /// The formats that ``Formats/assertions`` checks.
    public static let checkedFormats: [String] = SchemaFormat.allCases.map(\.rawValue)
}
