extension JSON {
    /// Equal types, numbers and code points: 1 is not 1.0, and "é" is not "e\u{301}". Values that are equal have equal
    /// hashes, which take less into account.
    public static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.int(let left), .int(let right)): left == right
        case (.double(let left), .double(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameScalars(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)):
            left.count == right.count && left.allSatisfy { right[exactly: $0.key] == $0.value }
        default: false
        }
    }
}

extension JSON {
    /// What is wrong with a key that is equal, for Swift, to one that is there.
    package static func repeatedKey(_ key: String, in keys: some Collection<String>) -> String {
        guard let first = keys.first(where: { $0 == key }), !first.hasSameScalars(as: key) else {
            return "the key \"\(key)\" occurs twice"
        }
        return
            "the key \"\(key)\" occurs in two Unicode forms, \(escaped(first)) and \(escaped(key)), which are the same text"
    }

    /// A text as JSON that shows in which Unicode form it is: in ASCII, with escapes for the rest.
    package static func escaped(_ text: String) -> String {
        let units = text.utf16.map { unit in
            let digits = String(unit, radix: 16)
            return unit < 0x80
                ? String(Character(Unicode.Scalar(UInt8(unit))))
                : "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
        return "\"\(units.joined())\""
    }
}

extension String {
    /// Equal code point by code point, where `==` takes canonically equivalent texts for equal.
    package func hasSameScalars(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}

extension Dictionary where Key == String {
    /// The value of the key with exactly these code points. A dictionary cannot have two keys that are canonically
    /// equivalent, so there is at most one to look at.
    package subscript(exactly key: String) -> Value? {
        guard let index = index(forKey: key), keys[index].hasSameScalars(as: key) else { return nil }
        return values[index]
    }
}
