/// Puts names in the place of secrets, in what a plugin that has them says.
///
/// A secret is found as it is, as it stands in JSON text, and percent-encoded as in a URL; of one with several lines, every
/// line that is long enough to mean something. A plugin that wants to give it away can: it need only turn it round.
public struct Redaction: Sendable {
    private struct Needle: Sendable {
        let bytes: [UInt8]
        let replacement: [UInt8]
    }

    /// The longest first, so that what is a part of another is not cut out of it.
    private let needles: [Needle]
    private static let shortestLine = 8

    /// Nothing is secret.
    public static let none = Redaction([])

    /// - Parameter secrets: the references' names and what they stand for.
    public init(_ secrets: [(name: String, secret: String)]) {
        var needles: [Needle] = []
        for (name, secret) in secrets {
            let lines = secret.split(whereSeparator: \.isNewline).filter { $0.utf8.count >= Self.shortestLine }
            for text in Set([secret] + lines.map(String.init)) where !text.isEmpty {
                let quoted = JSON.string(text).text.utf8.dropFirst().dropLast()
                for bytes in Set([Array(text.utf8), Array(quoted), Self.percentEncoded(text)]) {
                    needles.append(Needle(bytes: bytes, replacement: Array("<secret \(name)>".utf8)))
                }
            }
        }
        self.needles = needles.sorted {
            ($0.bytes.count, $1.replacement.count) > ($1.bytes.count, $0.replacement.count)
        }
    }

    /// The text without secrets.
    public func text(_ text: String) -> String {
        guard !needles.isEmpty else { return text }
        // By bytes: a combining character behind a secret makes another character of its end.
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var (at, isChanged) = (0, false)
        while at < bytes.count {
            let rest = bytes[at...]
            if let needle = needles.first(where: { rest.first == $0.bytes.first && rest.starts(with: $0.bytes) }) {
                result += needle.replacement
                at += needle.bytes.count
                isChanged = true
            } else {
                result.append(bytes[at])
                at += 1
            }
        }
        return isChanged ? String(decoding: result, as: UTF8.self) : text
    }

    /// The value without secrets, in keys as well.
    public func json(_ value: JSON) -> JSON {
        guard !needles.isEmpty else { return value }
        switch value {
        case .string(let text): return .string(self.text(text))
        case .array(let elements): return .array(elements.map(json))
        case .object(let members):
            let redacted = members.sorted { $0.key < $1.key }.map { (text($0.key), json($0.value)) }
            return .object(Dictionary(redacted) { first, _ in first })
        // A number can be a secret, too.
        case .int, .double: return text(value.text) == value.text ? value : .string(text(value.text))
        case .null, .bool: return value
        }
    }

    /// The error without secrets. What lay beneath it is left out, because nobody knows what that says.
    public func error(_ error: PluginError) -> PluginError {
        guard !needles.isEmpty else { return error }
        var redacted = PluginError(
            error.code, text(error.what), remedy: error.remedy.map(text), facts: facts(error.facts),
            plugin: error.plugin.map(text), stage: error.stage, operation: error.operation.map(text),
            retryable: error.retryable, retryAfter: error.retryAfter)
        // What had arrived is the plugin's answer and not its complaint.
        redacted.partial = error.partial
        return redacted
    }

    private func facts(_ facts: PluginError.Facts) -> PluginError.Facts {
        switch facts {
        case .file(let path): return .file(path: text(path))
        case .pointer(let pointer): return .pointer(text(pointer))
        case .names(let names): return .names(names.map(text))
        case .linker(let words): return .linker(text(words))
        case .plugin(var reported):
            reported.domain = reported.domain.map(text)
            reported.requestID = reported.requestID.map(text)
            reported.backtrace = reported.backtrace.map(text)
            reported.details = json(reported.details)
            return .plugin(reported)
        // These are the host's own words.
        case .none, .sdk, .findings, .limit, .resourceLimit, .crash, .exit, .deadline, .dimensions, .errno: return facts
        }
    }

    /// As RFC 3986 section 2.3 has it: all but the unreserved characters.
    private static func percentEncoded(_ text: String) -> [UInt8] {
        text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                return [byte]
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}
