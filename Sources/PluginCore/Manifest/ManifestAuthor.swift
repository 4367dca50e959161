/// Who made a plugin.
public struct ManifestAuthor: Sendable, Hashable {
    public var name: String
    public var mail: String?
    public var url: String?

    public init(_ name: String, mail: String? = nil, url: String? = nil) {
        self.name = name
        self.mail = mail
        self.url = url
    }

    /// Reads `Name <mail> (url)`; what is in neither bracket is the name.
    public init(parsing text: String) {
        var rest = text[...]
        func cut(_ open: Character, _ close: Character) -> String? {
            guard let start = rest.firstIndex(of: open), let end = rest[start...].firstIndex(of: close) else {
                return nil
            }
            let inside = String(rest[rest.index(after: start)..<end])
            rest.removeSubrange(start...end)
            return inside.isEmpty ? nil : inside
        }
        (mail, url) = (cut("<", ">"), cut("(", ")"))
        name = rest.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Absent members are left out.
    public var json: JSON {
        var members: [String: JSON] = ["name": .string(name)]
        if let mail { members["email"] = .string(mail) }
        if let url { members["url"] = .string(url) }
        return .object(members)
    }
}

extension ManifestReader {
    /// One author, or a list of them.
    mutating func authors(_ value: ManifestValue?) -> [ManifestAuthor] {
        guard let value else { return [] }
        guard value.json.arrayValue != nil else { return author(value).map { [$0] } ?? [] }
        return elements(value).compactMap { author($0) }
    }

    private mutating func author(_ value: ManifestValue) -> ManifestAuthor? {
        let author: ManifestAuthor
        if let text = value.json.stringValue {
            author = ManifestAuthor(parsing: text)
        } else if value.json.objectValue != nil {
            guard let object = object(value, .author) else { return nil }
            guard let name = object["name"] else {
                error(object.place(of: "name"), "is missing")
                return nil
            }
            author = ManifestAuthor(string(name) ?? "?", mail: string(object["email"]), url: string(object["url"]))
        } else {
            error(value.pointer, "must be text such as \"Name <mail> (url)\", or an object with a name")
            return nil
        }
        guard !author.name.isEmpty else {
            error(value.pointer, "has no name")
            return nil
        }
        return author
    }
}
