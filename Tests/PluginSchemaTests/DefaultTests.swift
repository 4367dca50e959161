import PluginCore
import Testing

@Suite("JSON Schema: defaults")
struct DefaultTests {
    @Test(
        "fills in what is absent",
        arguments: [
            (["properties": ["a": ["default": 1], "b": true]], [:], ["a": 1]),
            (["properties": ["a": ["default": 1]]], ["a": nil, "c": 3], ["a": nil, "c": 3]),
            (
                ["properties": ["s": ["default": [:], "properties": ["port": ["default": 80]]]]], [:],
                ["s": ["port": 80]]
            ),
            // No object is made up: it might lack what is required.
            (["properties": ["s": ["properties": ["port": ["default": 80]]]]], [:], [:]),
            (["properties": ["s": ["properties": ["port": ["default": 80]]]]], ["s": [:]], ["s": ["port": 80]]),
            (["items": ["properties": ["a": ["default": 1]]]], [["a": 2], [:], 3], [["a": 2], ["a": 1], 3]),
            (["prefixItems": [true, ["properties": ["a": ["default": 1]]]]], [[:], [:], [:]], [[:], ["a": 1], [:]]),
            (["$ref": "#/$defs/x", "$defs": ["x": ["properties": ["a": ["default": 1]]]]], [:], ["a": 1]),
            (["properties": ["a": ["$ref": "#/$defs/x"]], "$defs": ["x": ["default": [1]]]], [:], ["a": [1]]),
            (
                ["properties": ["a": ["$ref": "#/$defs/x", "default": 2]], "$defs": ["x": ["default": 1]]], [:],
                ["a": 2]
            ),
            (
                ["allOf": [["properties": ["a": ["default": 1]]], ["properties": ["b": ["default": 2]]]]], [:],
                ["a": 1, "b": 2]
            ),
            (["anyOf": [["properties": ["a": ["default": 1]]]]], [:], [:]),
            (["default": [:], "properties": ["a": ["default": 1]]], 5, 5),
        ] as [(JSON, JSON, JSON)])
    func fills(schema: JSON, value: JSON, filled: JSON) throws {
        #expect(try JSONSchema(compiling: schema).defaults(for: value) == filled)
    }

    @Test("defaults that contain themselves are refused")
    func endless() throws {
        let schema = try JSONSchema(compiling: ["properties": ["next": ["$ref": "#", "default": [:]]]])
        #expect(throws: PluginError(.resourceExhausted, "")) { try schema.defaults(for: [:]) }
        #expect(try schema.defaults(for: ["next": 1]) == ["next": 1])
    }

    @Test("defaults that double at each level are refused")
    func doubling() throws {
        var definitions: [String: JSON] = ["s40": [:]]
        for step in 0..<40 {
            let next: JSON = ["$ref": .string("#/$defs/s\(step + 1)"), "default": [:]]
            definitions["s\(step)"] = ["properties": ["a": next, "b": next]]
        }
        let schema = try JSONSchema(compiling: ["$ref": "#/$defs/s0", "$defs": .object(definitions)])
        #expect(throws: PluginError(.resourceExhausted, "")) { try schema.defaults(for: [:]) }
    }
}
