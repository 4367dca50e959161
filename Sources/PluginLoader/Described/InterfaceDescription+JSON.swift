public import PluginCore

/// The document in which a description can be kept:
///
///     {
///       "id": "acme.parser/1", "tableSize": 16,
///       "structs": [
///         {"name": "acme_word", "size": 40, "fields": [
///           {"name": "text", "offset": 8, "kind": "bytes"},
///           {"name": "limits", "offset": 24, "kind": "numbers", "width": 8}]},
///         {"name": "acme_parse_in", "size": 96, "fields": [
///           {"name": "texts", "offset": 8, "kind": "texts"},
///           {"name": "words", "offset": 24, "kind": "structs", "of": "acme_word"},
///           {"name": "rows", "offset": 40, "kind": "local"}]}],
///       "operations": [
///         {"name": "parse", "slot": 0, "input": "acme_parse_in", "reply": "acme_word", "idempotent": true, "emits": true,
///          "matrix": {"name": "rows", "rows": 40, "capacity": 48, "stride": 56, "dims": 64, "element": 68, "spans": [8]}}]
///     }
///
/// Kinds: `bytes`, `texts`, `numbers` (`width`), `structs` (`of`), `cases` (`by`: an offset; `cases`: `{"7": "acme_word"}`),
/// `sized` (`by`), `elements` (`dims`, `element`), `lease`, `local`, `dropped`; see ``InterfaceDescription/Kind``. `input`,
/// `reply`, `idempotent`, `emits`, `matrix` and `fields` may be left out.
extension InterfaceDescription {
    /// - Throws: ``PluginError`` with code `invalidArgument`: with the JSON pointer of what is missing, unknown or of another
    ///   type; else as ``init(id:tableSize:structures:operations:)``.
    public init(_ document: JSON) throws(PluginError) {
        let root = try Members(document, "", ["id", "tableSize", "structs", "operations"])
        try self.init(
            id: root.text("id"), tableSize: root.number("tableSize"),
            structures: root.list("structs") { json, pointer throws(PluginError) in try Structure(json, pointer) },
            operations: root.list("operations") { json, pointer throws(PluginError) in try Operation(json, pointer) })
    }

    /// An object of known members.
    fileprivate struct Members {
        private let members: [String: JSON]
        private let pointer: String

        init(_ json: JSON, _ pointer: String, _ known: [String]) throws(PluginError) {
            self.pointer = pointer
            guard let members = json.objectValue else { throw Self.wrong(pointer, "must be an object") }
            self.members = members
            for name in members.keys.sorted() where !known.contains(name) {
                throw wrong(name, "is unknown; known are \(known.joined(separator: ", "))")
            }
        }

        static func wrong(_ pointer: String, _ what: String) -> PluginError {
            PluginError(
                .invalidArgument, "the description of an interface: \(pointer.isEmpty ? "it" : pointer) \(what)",
                remedy: "Correct it and try again", facts: .pointer(pointer))
        }

        func wrong(_ name: String, _ what: String) -> PluginError {
            Self.wrong("\(pointer)/\(JSON.escapedForPointer(name))", what)
        }

        func text(_ name: String, unlessGiven usual: String? = nil) throws(PluginError) -> String {
            guard let text = members[name].map(\.stringValue) ?? usual else { throw wrong(name, "must be a string") }
            return text
        }

        func number(_ name: String) throws(PluginError) -> Int {
            guard let number = members[name]?.intValue else { throw wrong(name, "must be an integer, of bytes") }
            return Int(number)
        }

        func flag(_ name: String) throws(PluginError) -> Bool {
            guard let flag = (members[name] ?? false).boolValue else { throw wrong(name, "must be true or false") }
            return flag
        }

        func list<Element>(
            _ name: String, isOptional: Bool = false, _ read: (JSON, String) throws(PluginError) -> Element
        ) throws(PluginError) -> [Element] {
            guard let list = (members[name] ?? (isOptional ? [] : nil))?.arrayValue else {
                throw wrong(name, "must be an array")
            }
            var elements: [Element] = []
            for (index, json) in list.enumerated() { elements.append(try read(json, "\(pointer)/\(name)/\(index)")) }
            return elements
        }

        func cases() throws(PluginError) -> [UInt32: String] {
            guard let names = members["cases"]?.objectValue else {
                throw wrong("cases", "must be an object of numbers and structs")
            }
            var cases: [UInt32: String] = [:]
            for (value, name) in names {
                guard let number = UInt32(value), let name = name.stringValue,
                    cases.updateValue(name, forKey: number) == nil
                else { throw wrong("cases", "must have a number as each key, once, and a struct's name as its value") }
            }
            return cases
        }

        func matrix() throws(PluginError) -> Matrix? {
            guard let json = members["matrix"] else { return nil }
            let place = "\(pointer)/matrix"
            let matrix = try Members(
                json, place, ["name", "rows", "capacity", "stride", "dims", "element", "spans"])
            return Matrix(
                try matrix.text("name"), rows: try matrix.number("rows"), capacity: try matrix.number("capacity"),
                stride: try matrix.number("stride"), dims: try matrix.number("dims"),
                element: try matrix.number("element"),
                spans: try matrix.list("spans") { json, pointer throws(PluginError) in
                    guard let offset = json.intValue else { throw Members.wrong(pointer, "must be an offset") }
                    return Int(offset)
                })
        }
    }
}

extension InterfaceDescription.Structure {
    fileprivate init(_ json: JSON, _ pointer: String) throws(PluginError) {
        let members = try InterfaceDescription.Members(json, pointer, ["name", "size", "fields"])
        self.init(
            try members.text("name"), size: try members.number("size"),
            fields: try members.list("fields", isOptional: true) { json, pointer throws(PluginError) in
                try InterfaceDescription.Field(json, pointer)
            })
    }
}

extension InterfaceDescription.Field {
    /// What each kind says besides.
    private static let more: [String: [String]] = [
        "bytes": [], "texts": [], "numbers": ["width"], "structs": ["of"], "cases": ["by", "cases"], "sized": ["by"],
        "elements": ["dims", "element"], "lease": [], "local": [], "dropped": [],
    ]

    fileprivate init(_ json: JSON, _ pointer: String) throws(PluginError) {
        guard let kind = json["kind"]?.stringValue, let more = Self.more[kind] else {
            throw InterfaceDescription.Members.wrong(
                "\(pointer)/kind", "must be one of \(Self.more.keys.sorted().joined(separator: ", "))")
        }
        let members = try InterfaceDescription.Members(json, pointer, ["name", "offset", "kind"] + more)
        let read: InterfaceDescription.Kind
        switch kind {
        case "bytes": read = .bytes
        case "texts": read = .texts
        case "numbers": read = .numbers(width: try members.number("width"))
        case "structs": read = .structures(try members.text("of"))
        case "cases": read = .cases(of: try members.number("by"), try members.cases())
        case "sized": read = .sized(by: try members.number("by"))
        case "elements":
            read = .elements(dims: try members.number("dims"), element: try members.number("element"))
        case "lease": read = .lease
        case "local": read = .local
        default: read = .dropped
        }
        self.init(try members.text("name"), offset: try members.number("offset"), read)
    }
}

extension InterfaceDescription.Operation {
    fileprivate init(_ json: JSON, _ pointer: String) throws(PluginError) {
        let members = try InterfaceDescription.Members(
            json, pointer, ["name", "slot", "input", "reply", "idempotent", "emits", "matrix"])
        self.init(
            try members.text("name"), slot: try members.number("slot"),
            input: try members.text("input", unlessGiven: "kw_none"),
            reply: try members.text("reply", unlessGiven: "kw_none"), isIdempotent: try members.flag("idempotent"),
            emits: try members.flag("emits"), matrix: try members.matrix())
    }
}
