import PluginCore
import Testing

@Suite("JSON Schema: texts in two Unicode forms")
struct UnicodeFormTests {
    private static let composed = "\u{E9}"
    private static let decomposed = "e\u{301}"

    @Test(
        "a schema that names one form does not mean the other",
        arguments: [
            (["required": [.string(composed)]], false), (["properties": [composed: false]], true),
            (["properties": [composed: true], "additionalProperties": false], false),
            (["dependentRequired": [composed: ["x"]]], true), (["dependentSchemas": [composed: false]], true),
            (["dependencies": [composed: ["x"]]], true), (["const": [composed: 1]], false),
            (["enum": [[composed: 1], 1]], false), (["propertyNames": ["const": .string(composed)]], false),
            (["properties": [composed: true], "unevaluatedProperties": false], false),
        ] as [(JSON, Bool)])
    func keywords(schema: JSON, takesOther: Bool) throws {
        let compiled = try JSONSchema(compiling: schema)
        #expect(compiled.isValid(.object([Self.decomposed: 1])) == takesOther)
        #expect(compiled.isValid(.object([Self.composed: 1])) != takesOther)
    }

    @Test("and the violation shows both")
    func violation() throws {
        let schema = try JSONSchema(
            compiling: [
                "required": [.string(Self.composed)], "properties": [Self.composed: true],
                "additionalProperties": false,
            ])
        let messages = schema.validate(.object([Self.decomposed: 1])).map(\.message)
        #expect(messages.count == 2 && messages.allSatisfy { $0.contains(#""\u00e9""#) && $0.contains(#""e\u0301""#) })
    }

    @Test("a pointer does not lead to the other form, and a default does not replace it")
    func pointers() throws {
        let definitions: JSON = .object([Self.composed: true])
        #expect(throws: PluginError.self) {
            try JSONSchema(compiling: ["$ref": .string("#/$defs/\(Self.decomposed)"), "$defs": definitions])
        }
        _ = try JSONSchema(compiling: ["$ref": .string("#/$defs/\(Self.composed)"), "$defs": definitions])
        let schema = try JSONSchema(compiling: ["properties": [Self.composed: ["default": 1]]])
        #expect(try schema.defaults(for: .object([Self.decomposed: 2])) == .object([Self.decomposed: 2]))
    }
}
