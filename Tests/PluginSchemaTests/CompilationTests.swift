import PluginCore
import Testing

@Suite("JSON Schema: compiling")
struct CompilationTests {
    @Test("the meta-schemas are known, and judge the schemas that we compile", arguments: JSONSchema.Dialect.allCases)
    func metaschemas(dialect: JSONSchema.Dialect) throws {
        let schema = try JSONSchema(
            compiling: ["$ref": .string(dialect.rawValue)], dialect: dialect, formats: .assertions)
        #expect(schema.isValid(["properties": ["a": ["type": ["string", "null"], "minLength": 1]]]))
        #expect(
            schema.validate(["properties": ["a": ["minLength": -1]]]).map(\.instance) == ["/properties/a/minLength"])
        #expect(schema.validate(["allOf": [["pattern": "("]]]).map(\.instance) == ["/allOf/0/pattern"])
        #expect(schema.validate(["properties": ["a": 1]]).map(\.keyword).contains("type"))
    }

    @Test("the dialect decides for schemas that do not say theirs")
    func dialects() throws {
        let schema: JSON = ["items": [["type": "string"]], "additionalItems": false]
        #expect(try !JSONSchema(compiling: schema, dialect: .draft7).isValid([1]))
        #expect(try JSONSchema(compiling: schema, dialect: .draft7).isValid(["a"]))
        #expect(throws: PluginError(.invalidArgument, "", facts: .pointer("/items"))) {
            try JSONSchema(compiling: schema)
        }
        guard case .object(var members) = schema else { return }
        members["$schema"] = "http://json-schema.org/draft-07/schema#"
        #expect(try !JSONSchema(compiling: .object(members)).isValid(["a", "b"]))
    }

    @Test("what a schema of draft 7 refers to is read as draft 7")
    func inheritedDialect() throws {
        let schema = try JSONSchema(compiling: [
            "$schema": "http://json-schema.org/draft-07/schema#", "$ref": "http://x/list",
        ]) { _ in
            ["items": [["type": "string"]]]
        }
        #expect(schema.isValid(["a", 1]))
        #expect(!schema.isValid([1]))
    }

    @Test(
        "references are relative to where the schema comes from",
        arguments: [
            ("b.json", "http://x/dir/b.json"), ("../b.json?q", "http://x/b.json?q"), ("./c/./b", "http://x/dir/c/b"),
            ("/b", "http://x/b"), ("//y/b", "http://y/b"), ("?q", "http://x/dir/a.json?q"), ("urn:a:b#c", "urn:a:b"),
            ("../../../b", "http://x/b"), ("file:///etc/b", "file:///etc/b"),
        ])
    func references(reference: String, uri: String) {
        var asked: [String] = []
        _ = try? JSONSchema(compiling: ["$ref": .string(reference)], at: "http://x/dir/a.json") { uri in
            asked.append(uri)
            return nil
        }
        #expect(asked == [uri])
    }

    @Test("a document is read once, and may be known by two URIs")
    func oneDocument() throws {
        var asked: [String] = []
        let document: JSON = ["$id": "http://x/name", "$defs": ["a": ["$anchor": "a", "type": "null"]]]
        let references: [JSON] = ["http://x/place#a", "http://x/name#a", "http://x/place#/$defs/a", "http://x/other#a"]
        let schema = try JSONSchema(compiling: ["allOf": .array(references.map { ["$ref": $0] })]) { uri in
            asked.append(uri)
            return document
        }
        #expect(Set(asked).count == asked.count)
        #expect(schema.isValid(nil))
        #expect(!schema.isValid(1))
    }

    @Test(
        "what a dialect does not allow is refused at its keyword",
        arguments: [
            ("type", []), ("type", ["null", "null"]), ("type", 1), ("required", ["a", "a"]), ("required", "a"),
            ("enum", 1), ("title", 1), ("description", []), ("$comment", 1), ("readOnly", "no"), ("writeOnly", 1),
            ("examples", [:]), ("format", 1), ("contentEncoding", 1), ("contentMediaType", [:]), ("multipleOf", 0),
            ("minLength", -1), ("uniqueItems", 1), ("properties", []), ("pattern", 1), ("allOf", []), ("not", 1),
            ("definitions", []), ("dependencies", ["a": ["b", "b"]]),
        ] as [(String, JSON)])
    func violations(keyword: String, value: JSON) throws {
        for dialect in JSONSchema.Dialect.allCases {
            #expect(throws: PluginError(.invalidArgument, "", facts: .pointer("/\(keyword)"))) {
                try JSONSchema(compiling: .object([keyword: value]), dialect: dialect)
            }
            let metaschema = try JSONSchema(compiling: ["$ref": .string(dialect.rawValue)], dialect: dialect)
            #expect(!metaschema.isValid(.object([keyword: value])))
        }
    }

    @Test(
        "so is what only one of them knows",
        arguments: [
            (.draft7, "items", []), (.draft7, "additionalItems", 1), (.draft2020, "items", [true]),
            (.draft2020, "deprecated", 1), (.draft2020, "contentSchema", 1), (.draft2020, "minContains", -1),
            (.draft2020, "$anchor", "a b"), (.draft2020, "$dynamicAnchor", "1a"), (.draft2020, "$vocabulary", ["x": 1]),
            (.draft2020, "dependentRequired", ["a": ["b", "b"]]), (.draft2020, "prefixItems", []),
        ] as [(JSONSchema.Dialect, String, JSON)])
    func ownViolations(dialect: JSONSchema.Dialect, keyword: String, value: JSON) throws {
        #expect(throws: PluginError(.invalidArgument, "", facts: .pointer("/\(keyword)"))) {
            try JSONSchema(compiling: .object([keyword: value]), dialect: dialect)
        }
    }

    @Test("files have URIs, and references to them are read with their escapes")
    func files() throws {
        for path in ["/a/b.json", "/a b/100%.json", "/é/#?.json", "/a%20b", "/[x]/\u{7F}\"<>.json"] {
            let uri = JSONSchema.uri(ofFile: path)
            #expect(JSONSchema.file(at: uri) == path, "\(uri)")
            #expect(uri.utf8.allSatisfy { (0x21...0x7E).contains($0) })
        }
        for other in ["http://x/a", "file://x/a", "file:a", "file:///a%zz", "file:///a%00", "file:///a?b", "/a"] {
            #expect(JSONSchema.file(at: other) == nil, "\(other)")
        }
        #expect(JSONSchema.file(at: "file://localhost/a") == "/a")
        for (reference, file) in [
            ("b c.json", "/x/b c.json"), ("b%20c.json", "/x/b c.json"), ("100%25.json#/$defs/a", "/x/100%.json"),
            ("é.json", "/x/é.json"), ("%C3%A9.json", "/x/é.json"),
        ] {
            var asked: [String?] = []
            _ = try? JSONSchema(compiling: ["$ref": .string(reference)], at: JSONSchema.uri(ofFile: "/x/a.json")) {
                uri in
                asked.append(JSONSchema.file(at: uri))
                return nil
            }
            #expect(asked == [file])
        }
    }

    @Test("formats are remarks unless they are asserted")
    func formats() throws {
        let schema: JSON = ["format": "ipv4"]
        #expect(try JSONSchema(compiling: schema).isValid("999"))
        #expect(
            try JSONSchema(compiling: schema, formats: .assertions).validate("999").map(\.message)
                == ["must be an IPv4 address, but is \"999\""])
        #expect(try JSONSchema(compiling: ["format": "unknown"], formats: .assertions).isValid("999"))
        #expect(try JSONSchema(compiling: schema, formats: .assertions).isValid(999))
    }
}
