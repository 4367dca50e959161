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
