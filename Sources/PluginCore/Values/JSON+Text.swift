extension JSON {
    /// The compact text of the value, keys sorted by their bytes, so that equal values have equal texts. A double that is not
    /// finite has no form in JSON and is written as null.
    public var text: String {
        var writer = JSONTextWriter(isPretty: false)
        writer.write(self, depth: 0)
        return writer.finish()
    }

    /// The text of the value over several lines, keys sorted.
    public var prettyText: String {
        var writer = JSONTextWriter(isPretty: true)
        writer.write(self, depth: 0)
        return writer.finish()
    }
}

/// Writes JSON text as UTF-8.
private struct JSONTextWriter {
    let isPretty: Bool
    private var bytes: [UInt8] = []

    init(isPretty: Bool) { self.isPretty = isPretty }

    consuming func finish() -> String { String(decoding: bytes, as: UTF8.self) }

    mutating func write(_ value: JSON, depth: Int) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += value ? "true".utf8 : "false".utf8
        case .int(let value): bytes += value.description.utf8
        // Swift's description is the shortest text that reads back as the same number, and valid JSON.
        case .double(let value): bytes += value.isFinite ? value.description.utf8 : "null".utf8
        case .string(let value): write(value)
        case .array(let elements):
            list(elements, "[", "]", depth) { writer, element in writer.write(element, depth: depth + 1) }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            list(sorted, "{", "}", depth) { writer, member in
                writer.write(member.key)
                writer.bytes += writer.isPretty ? ": ".utf8 : ":".utf8
                writer.write(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func list<Element>(
        _ elements: [Element], _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ depth: Int,
        _ write: (inout Self, Element) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            newLine(depth + 1)
            write(&self, element)
        }
        if !elements.isEmpty { newLine(depth) }
        bytes.append(UInt8(ascii: close))
    }

    private mutating func newLine(_ depth: Int) {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += #"\""#.utf8
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case 0x08: bytes += #"\b"#.utf8
            case 0x09: bytes += #"\t"#.utf8
            case 0x0A: bytes += #"\n"#.utf8
            case 0x0C: bytes += #"\f"#.utf8
            case 0x0D: bytes += #"\r"#.utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += #"\u00"#.utf8
                if digits.utf8.count == 1 { bytes.append(UInt8(ascii: "0")) }
                bytes += digits.utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
