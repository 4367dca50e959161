/// A value of a manifest, and where it stands.
struct ManifestValue {
    let json: JSON
    let pointer: String

    init(_ json: JSON, _ pointer: String) {
        self.json = json
        self.pointer = pointer
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
