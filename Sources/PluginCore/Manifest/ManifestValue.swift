/// A value of a manifest, and where it stands.
struct ManifestValue {
    let json: JSON
    let pointer: String

    init(_ json: JSON, _ pointer: String) {
        self.json = json
        self.pointer = pointer
    }
}

extension ManifestValue {
    /// Where a named thing stands in an object of them, or in a list.
    func place(ofEntry name: String) -> String? {
        if json[name] != nil { return "\(pointer)/\(JSON.escapedForPointer(name))" }
        let text = JSON.string(name)
        return json.arrayValue?.firstIndex { $0 == text || $0["name"] == text }.map { "\(pointer)/\($0)" }
    }
}

/// An object of a manifest whose keys have been checked.
struct ManifestObject {
    let members: [String: JSON]
    let pointer: String

    /// The member of the first of these keys that there is.
    subscript(keys: String...) -> ManifestValue? {
        for key in keys {
            if let json = members[key] { return ManifestValue(json, place(of: key)) }
        }
        return nil
    }

    func place(of key: String) -> String { "\(pointer)/\(JSON.escapedForPointer(key))" }

    /// Sorted by key, so that the same manifest gives the same answer every time.
    var sorted: [(key: String, value: ManifestValue)] {
        members.sorted { $0.key < $1.key }.map { ($0.key, ManifestValue($0.value, place(of: $0.key))) }
    }
}
