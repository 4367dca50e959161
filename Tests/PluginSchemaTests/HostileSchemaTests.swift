import Foundation
import PluginCore
import Synchronization
import Testing

@Suite("JSON Schema: hostile schemas and values")
struct HostileSchemaTests {
    private static let tooDeep =
        "is nested too deeply to be checked, or the schema refers to itself too often for it"

    /// Runs on a thread with little stack: as little as common C libraries give a thread, but more without optimization.
    private func onSmallStack<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            let value = Result { try body() }
            result.withLock { $0 = value }
            done.signal()
        }
        #if DEBUG
            thread.stackSize = 4 << 20
        #else
            thread.stackSize = 512 << 10
        #endif
        thread.start()
        done.wait()
        return try #require(result.withLock { $0 }).get()
    }

    private func nested(_ depth: Int, in leaf: JSON = 1) -> JSON {
        (0..<depth).reduce(leaf) { value, _ in ["next": value] }
    }

    private func message(_ schema: JSON) -> String? {
        do throws(PluginError) {
            _ = try JSONSchema(compiling: schema)
            return nil
        } catch {
            return error.message
        }
    }

    // MARK: - Depth

    static let recursive: [JSON] = [
        ["properties": ["next": ["anyOf": [["allOf": [["$ref": "#"]]]]]]],
        ["properties": ["next": ["oneOf": [["if": true, "then": ["$ref": "#"]]]]]],
        ["patternProperties": ["": ["not": ["not": ["$ref": "#"]]]]],
        ["$dynamicAnchor": "node", "unevaluatedProperties": ["dependentSchemas": ["next": ["$dynamicRef": "#node"]]]],
    ]

    @Test("a recursive schema on a deep value ends with a sentence, not with the stack", arguments: recursive)
    func deepValue(schema: JSON) throws {
        let compiled = try JSONSchema(compiling: schema)
        #expect(compiled.validate(nested(50)).isEmpty)
        let deep = nested(500)
        let (violations, isValid) = try onSmallStack { (compiled.validate(deep), compiled.isValid(deep)) }
        #expect(violations.map(\.message) == [Self.tooDeep])
        #expect(!isValid)
    }

    @Test("as deep as the limit, a value is compared and searched on a small stack")
    func comparisons() throws {
        let deep = nested(500)
        let (isEqual, isOther) = try onSmallStack { () throws -> (Bool, Bool) in
            let schema = try JSONSchema(compiling: [
                "properties": ["a": ["const": deep, "enum": [deep]]], "uniqueItems": true,
            ])
            return (schema.isValid(["a": deep]), schema.isValid([deep, deep]))
        }
        #expect(isEqual)
        #expect(!isOther)
    }

    @Test("defaults of a deep value are filled on a small stack, or refused")
    func deepDefaults() throws {
        let schema = try JSONSchema(compiling: ["properties": ["next": ["$ref": "#"], "a": ["default": 1]]])
        let (deep, deeper) = (nested(250), nested(300))
        #expect(try onSmallStack { try schema.defaults(for: deep) }["next"]?["next"]?["a"] == 1)
        #expect(throws: PluginError(.resourceExhausted, "")) { try onSmallStack { try schema.defaults(for: deeper) } }
    }

    @Test("a value deeper than a JSON document may be is refused")
    func deeperThanText() throws {
        let schema = try JSONSchema(compiling: true)
        #expect(schema.isValid(nested(512)))
        #expect(schema.validate(nested(513)).map(\.message) == [Self.tooDeep])
    }

    @Test("a schema deeper than a JSON document may be is refused; one as deep is compiled")
    func deepSchema() throws {
        func schema(_ depth: Int) -> JSON { (1..<depth).reduce(["type": "array"]) { schema, _ in ["items": schema] } }
        #expect(message(schema(512)) == nil)
        #expect(message(schema(513))?.hasPrefix("the schema is nested 513 deep; 512 is the most.") == true)
    }

    // MARK: - References

    @Test(
        "a schema that applies itself to the same value is refused, with the place",
        arguments: [
            (["$ref": "#"], "#"),
            (
                [
                    "allOf": [["$ref": "#/$defs/a"]],
                    "$defs": ["a": ["$ref": "#/$defs/b"], "b": ["not": ["$ref": "#/$defs/a"]]],
                ], "/$defs/a"
            ),
            (["if": true, "else": ["anyOf": [true, ["$ref": "#"]]]], "#"),
        ] as [(JSON, String)])
    func loops(schema: JSON, place: String) {
        let message = message(schema)
        #expect(message?.contains("applies itself to the same value without end") == true, "\(message ?? "compiled")")
        #expect(message?.contains(place) == true)
    }

    @Test("a loop that only dynamic references make ends with a sentence")
    func dynamicLoop() throws {
        let schema = try JSONSchema(compiling: ["$dynamicAnchor": "a", "not": ["$dynamicRef": "#a"]])
        #expect(try onSmallStack { schema.validate(1) }.map(\.message) == [Self.tooDeep])
    }

    @Test("alternatives that double at each step run out of steps")
    func doubling() throws {
        var definitions: [String: JSON] = ["s40": false]
        for step in 0..<40 {
            let next: JSON = ["$ref": .string("#/$defs/s\(step + 1)")]
            definitions["s\(step)"] = ["anyOf": [next, next]]
        }
        let schema = try JSONSchema(compiling: ["$ref": "#/$defs/s0", "$defs": .object(definitions)])
        #expect(schema.validate(1).map(\.message) == ["needs too many steps to be checked"])
    }

    @Test("many sentences about many names end within the steps")
    func manySentences() throws {
        let names = (0..<100).map { JSON.string("some name \($0)") }
        var schema: JSON = ["required": .array(names)]
        for _ in 0..<9 { schema = ["anyOf": [schema, ["type": "object", "allOf": [schema]]]] }
        let members = Dictionary(uniqueKeysWithValues: (0..<100).map { ("some nam \($0)", JSON.int(1)) })
        #expect(!(try JSONSchema(compiling: schema)).validate(.object(members)).isEmpty)
    }

    @Test("documents that refer to ever new documents are refused")
    func endlessDocuments() {
        #expect(throws: PluginError(.resourceExhausted, "")) {
            try JSONSchema(compiling: ["$ref": "http://x/0"]) { uri in
                guard let number = Int(uri.dropFirst("http://x/".count)) else { return nil }
                return ["$ref": .string("\(number + 1)")]
            }
        }
    }

    @Test("one long name above many subschemas is refused before it fills the memory")
    func longNames() {
        let parts = Dictionary(uniqueKeysWithValues: (0..<1_000).map { ("p\($0)", JSON.bool(true)) })
        let schema: JSON = ["properties": [String(repeating: "x", count: 1 << 20): ["properties": .object(parts)]]]
        #expect(message(schema)?.hasPrefix("the schema has more than 100000 subschemas, or very long names") == true)
    }

    // MARK: - Numbers

    @Test(
        "huge and tiny numbers are compared exactly",
        arguments: [
            (["multipleOf": 0.01], 4.35, true), (["multipleOf": 0.1], 0.3, true), (["multipleOf": 0.1], 0.35, false),
            (["multipleOf": 0.123456789], 1e308, false), (["multipleOf": .double(.leastNonzeroMagnitude)], 1e308, true),
            (["multipleOf": 1e308], .double(.leastNonzeroMagnitude), false), (["multipleOf": 3], .int(.min), false),
            (["multipleOf": 2], .int(.min), true), (["multipleOf": 7], 1e22, false), (["multipleOf": 1e20], 1e22, true),
            (["maximum": 9007199254740992.0], 9_007_199_254_740_993, false),
            (["exclusiveMinimum": 9007199254740992.0], 9_007_199_254_740_993, true),
            (["maximum": .int(.max)], 9223372036854775808.0, false),
            (["minimum": .int(.min)], -9223372036854775808.0, true),
            (["minimum": -1.5], -1, true), (["minimum": -1], -1.5, false), (["maximum": 1e300], .int(.max), true),
            (["exclusiveMaximum": 2.5], 2, true), (["exclusiveMaximum": 2.0], 2, false),
            (["const": 9_007_199_254_740_993], 9007199254740992.0, false), (["const": 1], 1.0, true),
            (["maxLength": 1e300], "a", true), (["minLength": 1e300], "a", false), (["type": "integer"], 1e300, true),
        ] as [(JSON, JSON, Bool)])
    func numbers(schema: JSON, value: JSON, isValid: Bool) throws {
        #expect(try JSONSchema(compiling: schema).isValid(value) == isValid)
    }
}
