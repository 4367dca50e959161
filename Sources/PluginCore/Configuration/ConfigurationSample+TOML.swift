extension ConfigurationSample {
    /// The sample in TOML, with what the schema says of each value above it. What is not needed is commented out.
    public var toml: String {
        var writer = SampleWriter()
        writer.write(entries)
        return writer.text
    }
}

/// Writes TOML 1.0.
private struct SampleWriter {
    var text = ""

    /// Values first, because whatever stands below a header belongs to it.
    mutating func write(_ entries: [ConfigurationSample.Entry]) {
        for entry in entries where !entry.isObject {
            remark(entry)
            write(entry.value, as: entry.path.keys.last!, isShown: entry.json != nil)
        }
        for entry in entries where entry.isObject {
            if !text.isEmpty { text += "\n" }
            remark(entry)
            text += entry.json == nil ? "# " : ""
            text += "[\(entry.path.keys.map(Self.key).joined(separator: "."))]\n"
            for (key, value) in entry.others.sorted(by: { $0.key < $1.key }) { write(value, as: key, isShown: true) }
            write(entry.members)
        }
    }

    private mutating func write(_ value: JSON, as key: String, isShown: Bool) {
        let text = Self.value(value)
        self.text += "\(isShown && text != nil ? "" : "# ")\(Self.key(key)) = \(text ?? "\"\"")\n"
    }

    private mutating func remark(_ entry: ConfigurationSample.Entry) {
        for keyword in ["title", "description"] {
            guard let said = entry.subschemas.lazy.compactMap({ $0[keyword]?.stringValue }).first else { continue }
            for line in said.split(whereSeparator: \.isNewline) { comment(String(line)) }
        }
        var facts = [ConfigurationSchema.types(in: entry.subschemas).sorted().joined(separator: " or ")]
        if facts == [""] { facts = [] }
        if entry.isRequired { facts.append("required") }
        if let values = entry.subschemas.lazy.compactMap({ $0["enum"]?.arrayValue }).first {
            facts.append("one of \(JSON.alternatives(values))")
        }
        for (keyword, words) in [("minimum", "at least"), ("maximum", "at most"), ("pattern", "of the form")] {
            guard let bound = entry.subschemas.lazy.compactMap({ $0[keyword] }).first else { continue }
            facts.append("\(words) \(bound.brief)")
        }
        if ConfigurationSchema.isConfidential(entry.subschemas) { facts.append("secret") }
        if !facts.isEmpty { comment(facts.joined(separator: ", ")) }
    }

    /// Control characters may not stand in a comment.
    private mutating func comment(_ line: String) {
        let scalars = line.unicodeScalars.filter { $0.properties.generalCategory != .control }
        text += "# \(String(String.UnicodeScalarView(scalars)))\n"
    }

    private static func key(_ key: String) -> String {
        let isBare = key.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        return isBare && !key.isEmpty ? key : string(key)
    }

    /// In one line; nil for what TOML has no form for, which is null.
    private static func value(_ value: JSON) -> String? {
        switch value {
        case .null: return nil
        case .string(let text): return string(text)
        case .bool, .int: return value.text
        // A whole number needs its point, or it would be an integer.
        case .double(let number): return number.isFinite ? number.description : nil
        case .array(let elements):
            let texts = elements.compactMap(Self.value)
            return texts.count == elements.count ? "[\(texts.joined(separator: ", "))]" : nil
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            let texts = sorted.compactMap { member in Self.value(member.value).map { "\(key(member.key)) = \($0)" } }
            guard texts.count == sorted.count else { return nil }
            return texts.isEmpty ? "{}" : "{ \(texts.joined(separator: ", ")) }"
        }
    }

    private static func string(_ text: String) -> String {
        // The escapes of JSON are escapes of TOML; DEL, which JSON leaves as it is, has to be one, too.
        JSON.string(text).text.replacing("\u{7F}", with: "\\u007F")
    }
}
