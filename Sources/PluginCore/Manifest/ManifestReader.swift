/// Reads the members of a manifest one after the other and keeps what is wrong with them, instead of ending at the first
/// error: an author wants to see all of it at once.
///
/// A member that is absent, and one that is wrong, is nil; only the latter leaves a problem.
struct ManifestReader {
    private(set) var problems: [ManifestProblem] = []
    private(set) var hasErrors = false

    mutating func error(_ pointer: String, _ message: @autoclosure () -> String) { add(.error, pointer, message) }

    mutating func warn(_ pointer: String, _ message: @autoclosure () -> String) { add(.warning, pointer, message) }

    /// - Parameter message: not made for what is not listed; a hint is dear, and a document may have very many errors.
    private mutating func add(_ severity: ManifestProblem.Severity, _ pointer: String, _ message: () -> String) {
        if severity == .error { hasErrors = true }
        let last = ManifestReading.maximumProblems - 1
        if problems.count < last {
            problems.append(ManifestProblem(severity, pointer, message()))
        } else if problems.count == last {
            problems.append(ManifestProblem(severity, "", "has more problems than are listed here"))
        } else if severity == .error {
            problems[last].severity = .error
        }
    }

    private mutating func mismatch(_ value: ManifestValue, _ wanted: String) {
        error(value.pointer, "must be \(wanted), but is \(value.json.typeName)")
    }

    // MARK: - Scalars

    mutating func string(_ value: ManifestValue?) -> String? {
        guard let value else { return nil }
        guard let text = value.json.stringValue else {
            mismatch(value, "a string")
            return nil
        }
        return text
    }

    mutating func flag(_ value: ManifestValue?) -> Bool? {
        guard let value else { return nil }
        guard let flag = value.json.boolValue else {
            mismatch(value, "true or false")
            return nil
        }
        return flag
    }

    mutating func whole(_ value: ManifestValue?, in range: ClosedRange<Int>) -> Int? {
        guard let value else { return nil }
        guard let number = value.json.intValue, let whole = Int(exactly: number), range.contains(whole) else {
            error(
                value.pointer,
                "must be a whole number from \(range.lowerBound) to \(range.upperBound), but is \(value.json.brief)")
            return nil
        }
        return whole
    }

    /// One of some words.
    mutating func word<Word: RawRepresentable & CaseIterable>(_ value: ManifestValue?, as _: Word.Type) -> Word?
    where Word.RawValue == String {
        guard let text = string(value), let value else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue)
            let hint = SimilarName.find(text, in: words).map { "; is \"\($0)\" meant?" } ?? ""
            error(value.pointer, "is \(value.json.brief); there are \(words.joined(separator: ", "))\(hint)")
            return nil
        }
        return word
    }

    /// A value of a type that is made of text, such as a version range; what its error says becomes the problem.
    mutating func parsed<Value>(
        _ value: ManifestValue?, _ parse: (String) throws(PluginError) -> Value
    ) -> Value? {
        guard let text = string(value), let value else { return nil }
        do throws(PluginError) {
            return try parse(text)
        } catch {
            self.error(value.pointer, "is wrong: \(error.what)")
            return nil
        }
    }

    // MARK: - Structure

    mutating func elements(_ value: ManifestValue?) -> [ManifestValue] {
        guard let value else { return [] }
        guard let elements = value.json.arrayValue else {
            mismatch(value, "an array")
            return []
        }
        return elements.enumerated().map { ManifestValue($0.element, "\(value.pointer)/\($0.offset)") }
    }

    /// A list of texts, or one text.
    mutating func strings(_ value: ManifestValue?) -> [String] {
        guard let value else { return [] }
        if let one = value.json.stringValue { return [one] }
        guard value.json.arrayValue != nil else {
            mismatch(value, "a string or an array of strings")
            return []
        }
        return elements(value).compactMap { string($0) }
    }

    /// An object, whose unknown keys are warned about; errors if it must be exact, because what is misspelled there would
    /// be missing where it matters.
    mutating func object(_ value: ManifestValue?, _ keys: ManifestKeys, isExact: Bool = false) -> ManifestObject? {
        guard let object = object(value) else { return nil }
        for key in object.members.keys.filter({ keys.index[$0] == nil }).sorted() {
            if isExact {
                error(object.place(of: key), "is unknown; there are \(keys.canonical.joined(separator: ", "))")
            } else {
                warn(object.place(of: key), Self.unknown(key, among: keys.canonical))
            }
        }
        if object.members.count > 1 {
            for group in keys.groups where group.count > 1 {
                let used = group.filter { object.members[$0] != nil }
                if used.count > 1 { error(object.place(of: used[1]), "says again what \(used[0]) says") }
            }
        }
        return object
    }

    /// An object of keys that are names.
    mutating func object(_ value: ManifestValue?) -> ManifestObject? {
        guard let value else { return nil }
        guard let members = value.json.objectValue else {
            mismatch(value, "an object")
            return nil
        }
        return ManifestObject(members: members, pointer: value.pointer)
    }

    static func unknown(_ key: String, among known: [String]) -> String {
        let hint = SimilarName.find(key, in: known).map { "; is \"\($0)\" meant?" } ?? ""
        return "is unknown, and is ignored\(hint)"
    }

    /// Things with names: an object of them by name, or a list of objects that each have one. A name that stands alone
    /// in a list is a thing without members.
    mutating func named(_ value: ManifestValue?, by key: String = "name") -> [(name: String, value: ManifestValue)] {
        guard let value else { return [] }
        var entries: [(name: String, value: ManifestValue)] = []
        if value.json.objectValue != nil {
            entries = object(value)?.sorted.map { ($0.key, $0.value) } ?? []
        } else if value.json.arrayValue != nil {
            for element in elements(value) {
                if let name = element.json.stringValue {
                    entries.append((name, ManifestValue(.object([:]), element.pointer)))
                } else if let object = object(element) {
                    guard let member = object[key] else {
                        error(object.place(of: key), "is missing")
                        continue
                    }
                    if let name = string(member) { entries.append((name, element)) }
                }
            }
        } else {
            mismatch(value, "an object or an array")
        }
        var seen: Set<String> = []
        for entry in entries where !seen.insert(entry.name).inserted {
            error(entry.value.pointer, "names \(JSON.string(entry.name).brief) a second time")
        }
        return entries
    }

    /// A JSON Schema: an object or a boolean. Whether it can be used is found out when it is compiled.
    mutating func schema(_ value: ManifestValue?) -> JSON? {
        guard let value else { return nil }
        guard value.json.objectValue != nil || value.json.boolValue != nil else {
            mismatch(value, "a JSON Schema")
            return nil
        }
        return value.json
    }
}
