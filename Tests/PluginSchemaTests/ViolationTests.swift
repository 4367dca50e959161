import PluginCore
import Testing

@Suite("JSON Schema: what a violation says")
struct ViolationTests {
    @Test(
        "a sentence says what would be right",
        arguments: [
            (["type": "string"], 1, "the value must be a string, but is an integer"),
            (["type": ["string", "null", "array"]], 1.5, "the value must be null, a string or an array, but is 1.5"),
            (
                ["enum": ["small", "large", 3]], "smal",
                "the value must be one of \"small\", \"large\", 3, but is \"smal\"; did you mean \"small\"?"
            ),
            (["enum": ["a"]], "zzz", "the value must be one of \"a\", but is \"zzz\""),
            (
                ["properties": ["a": true], "additionalProperties": false], ["b": 1],
                "/b is not a known member; known are \"a\""
            ),
            (["const": "on"], true, "the value must be \"on\", but is true"),
            (["const": ["a": [1]]], [:], "the value must be {\"a\":[1]}, but is an object without members"),
            (["multipleOf": 0.5], 0.7, "the value must be a multiple of 0.5, but is 0.7"),
            (["maximum": 65535], 70000, "the value must be at most 65535, but is 70000"),
            (["exclusiveMinimum": 0], 0, "the value must be greater than 0, but is 0"),
            (["minLength": 2], "é", "the value must have at least 2 characters, but has 1"),
            (["maxItems": 1], [1, 2], "the value must have at most 1 element, but has 2"),
            (["minProperties": 1], [:], "the value must have at least 1 member, but has 0"),
            (["pattern": "^a"], "b", "the value must match the pattern \"^a\", but is \"b\""),
            (["uniqueItems": true], [1, "x", 1.0], "the value must not have equal elements, but 2 is equal to 0: 1.0"),
            (["required": ["port"]], [:], "the value is missing the member \"port\""),
            (
                ["required": ["port"]], ["prot": 1],
                "the value is missing the member \"port\"; did you mean it by \"prot\"?"
            ),
            (
                ["required": ["port"], "properties": ["prot": true]], ["prot": 1],
                "the value is missing the member \"port\""
            ),
            (
                ["dependentRequired": ["key": ["secret"]]], ["key": 1],
                "the value is missing the member \"secret\", which goes with \"key\""
            ),
            (
                ["properties": ["a": ["items": ["type": "null"]]]], ["a": [nil, 1]],
                "/a/1 must be null, but is an integer"
            ),
            (
                ["properties": ["port": true], "additionalProperties": false], ["Port": 1],
                "/Port is not a known member; did you mean \"port\"?"
            ),
            (
                ["properties": ["b": true, "a": true], "additionalProperties": false], ["zebra": 1],
                "/zebra is not a known member; known are \"a\", \"b\""
            ),
            (["additionalProperties": false], ["a/b~c": 1], "/a~1b~0c is not a known member"),
            (["unevaluatedProperties": false], ["a": 1], "/a is not a known member"),
            (["properties": ["old": false]], ["old": 1], "/old is not allowed here"),
            (false, 1, "the value is not allowed here"),
            (
                ["propertyNames": ["maxLength": 2]], ["long": 1],
                "the value must not have the member \"long\": its name must have at most 2 characters, but has 4"
            ),
            (
                ["contains": ["type": "string"], "minContains": 2], ["a", 1],
                "the value must have at least 2 elements that conform to #/contains, but has 1"
            ),
            (
                ["contains": true, "maxContains": 1], [1, 2],
                "the value must have at most 1 element that conforms to #/contains, but has 2"
            ),
            (["not": ["type": "null"]], nil, "the value must not conform to #/not"),
            (
                ["oneOf": [["type": "integer"], ["minimum": 2]]], 3,
                "the value must conform to exactly one alternative, but conforms to #/oneOf/0 and #/oneOf/1"
            ),
            (
                ["anyOf": [["type": "string"], ["type": "integer"]]], nil,
                "the value must be an integer or a string, but is null"
            ),
            (
                ["anyOf": [["type": "string"], ["type": "object", "required": ["a"]]]], [:],
                "the value is missing the member \"a\""
            ),
            (
                ["anyOf": [["type": "string", "enum": ["a"]], ["type": "integer"]]], "b",
                "the value must conform to one of 2 alternatives, but conforms to none: \"b\""
            ),
            (
                ["anyOf": [["minimum": 3], ["multipleOf": 2]]], 1,
                "the value must conform to one of 2 alternatives, but conforms to none: 1"
            ),
            (
                [
                    "oneOf": [
                        ["properties": ["kind": ["const": "a"]]],
                        ["properties": ["kind": ["const": "b"], "size": ["type": "integer"]]],
                    ]
                ],
                ["kind": "b", "size": "big"], "/size must be an integer, but is a string"
            ),
            (
                ["maxLength": 1], .string(String(repeating: "a", count: 100)),
                "the value must have at most 1 character, but has 100"
            ),
        ] as [(JSON, JSON, String)])
    func sentences(schema: JSON, value: JSON, sentence: String) throws {
        let violations = try JSONSchema(compiling: schema).validate(value)
        #expect(violations.map(\.description) == [sentence])
    }

    @Test("names the value, the rule and its place, in the order of the pointers")
    func facts() throws {
        let schema = try JSONSchema(compiling: [
            "properties": ["b": ["$ref": "#/$defs/port"], "a": ["type": "string"]], "required": ["c"],
            "$defs": ["port": ["maximum": 65535]],
        ])
        let violations = schema.validate(["a": [1, 2], "b": 70000])
        #expect(
            violations.map { [$0.instance, $0.keyword, $0.rule, $0.value] } == [
                ["", "required", "#/required", "an object of 2 members"],
                ["/a", "type", "#/properties/a/type", "an array of 2 elements"],
                ["/b", "maximum", "#/$defs/port/maximum", "70000"],
            ])
        #expect(violations.last?.json["message"] == "must be at most 65535, but is 70000")
    }

    @Test(
        "what is forbidden by false has the keyword that says so",
        arguments: [
            (["additionalProperties": false], "additionalProperties", "#/additionalProperties"),
            (["unevaluatedProperties": false], "unevaluatedProperties", "#/unevaluatedProperties"),
            (["properties": ["a": false]], "", "#/properties/a"),
        ] as [(JSON, String, String)])
    func forbidden(schema: JSON, keyword: String, rule: String) throws {
        let violation = try #require(try JSONSchema(compiling: schema).validate(["a": 1]).first)
        #expect([violation.instance, violation.keyword, violation.rule] == ["/a", keyword, rule])
    }

    @Test("a value of the wrong type has one violation")
    func wrongType() throws {
        let schema: JSON = ["type": "string", "enum": ["a"], "minimum": 5, "anyOf": [false]]
        #expect(try JSONSchema(compiling: schema).validate(1).map(\.keyword) == ["type"])
    }

    @Test("long values are shortened, and long lists cut")
    func lengths() throws {
        let schema = try JSONSchema(compiling: ["items": ["type": "null"]])
        let long = JSON.string(String(repeating: "a", count: 1_000))
        #expect(try #require(schema.validate([long]).first).value == "\"\(String(repeating: "a", count: 60))…\"")
        #expect(schema.validate(.array(Array(repeating: long, count: 1_000))).count == JSONSchema.maximumViolations)
        let names = JSON.object(Dictionary(uniqueKeysWithValues: (0..<1_000).map { ("name\($0)", 1) }))
        let strict = try JSONSchema(compiling: ["propertyNames": ["maxLength": 2], "additionalProperties": false])
        #expect(strict.validate(names).count == JSONSchema.maximumViolations)
        let alternatives = try JSONSchema(compiling: ["items": ["anyOf": [["type": "null"], ["required": ["abc"]]]]])
        #expect(
            alternatives.validate(.array(Array(repeating: names, count: 500))).count == JSONSchema.maximumViolations)
    }

    @Test("another document's rule has its URI")
    func otherDocument() throws {
        let schema = try JSONSchema(compiling: ["$ref": "port.json#/$defs/a"], at: "http://example.com/main.json") {
            uri in
            uri == "http://example.com/port.json" ? ["$defs": ["a": ["minimum": 1]]] : nil
        }
        #expect(schema.validate(0).map(\.rule) == ["http://example.com/port.json#/$defs/a/minimum"])
    }

    @Test("a refusal says the first violations and points to the first")
    func refusal() throws {
        let schema = try JSONSchema(compiling: ["properties": ["port": ["maximum": 9]], "required": ["a", "b", "c"]])
        let error = #expect(throws: PluginError(.invalidArgument, "", facts: .pointer(""))) {
            try schema.check(["port": 10], what: "the configuration")
        }
        #expect(
            error?.message
                == "the configuration does not conform to its schema: it is missing the member \"a\"; it is missing the member \"b\"; it is missing the member \"c\"; and 1 more. Correct the configuration."
        )
        try schema.check(["a": 1, "b": 1, "c": 1], what: "the configuration")
    }

    @Test(
        "a schema that breaks its rules is refused with the place",
        arguments: [
            (1, "", "# must be a schema, which is an object or a boolean, but is 1"),
            (
                ["properties": ["a": ["type": "text"]]], "/properties/a/type",
                "#/properties/a/type must be the name of a type, but is \"text\""
            ),
            (["type": 1], "/type", "#/type must be an array of strings, but is 1"),
            (["minLength": -1], "/minLength", "#/minLength must be an integer of at least 0, but is -1"),
            (["maxItems": 1.5], "/maxItems", "#/maxItems must be an integer of at least 0, but is 1.5"),
            (["multipleOf": 0], "/multipleOf", "#/multipleOf must be greater than 0, but is 0"),
            (["maximum": "1"], "/maximum", "#/maximum must be a number, but is \"1\""),
            (["required": "a"], "/required", "#/required must be an array of strings, but is \"a\""),
            (["enum": 1], "/enum", "#/enum must be an array, but is 1"),
            (["properties": []], "/properties", "#/properties must be an object, but is an array without elements"),
            (
                ["allOf": []], "/allOf",
                "#/allOf must be an array of at least one schema, but is an array without elements"
            ),
            (
                ["items": ["a/b": 1, "not": 2]], "/items/not",
                "#/items/not must be a schema, which is an object or a boolean, but is 2"
            ),
            (["$ref": 1], "/$ref", "#/$ref must be a string, but is 1"),
            (["$id": "#a"], "/$id", "#/$id must not have a fragment; use $anchor"),
            (
                ["$defs": ["a": ["$anchor": "x"], "b": ["$anchor": "x"]]], nil,
                "must not be \"x\", which another schema has"
            ),
            (
                ["$defs": ["a": ["$id": "x"], "b": ["$id": "x"]]], nil,
                "must not be the URI x, which another schema has"
            ),
        ] as [(JSON, String?, String)])
    func invalidSchemas(schema: JSON, pointer: String?, reason: String) throws {
        let error = #expect(throws: PluginError.self) { try JSONSchema(compiling: schema) }
        #expect(error?.code == .invalidArgument)
        if let pointer { #expect(error?.facts == .pointer(pointer)) }
        #expect(error?.what.hasSuffix(reason) == true, "\(error?.what ?? "")")
    }

    @Test(
        "what a schema refers to and is not there is named",
        arguments: [
            (
                ["items": ["$ref": "#/$defs/a"]], .notFound,
                "#/items/$ref: the reference to #/$defs/a has no target: there is nothing at the pointer #/$defs"
            ),
            (["$ref": "#a"], .notFound, "#/$ref: the reference to #a has no target: the schema has no anchor \"a\""),
            (
                ["$ref": "http://x/y#/z"], .notFound,
                "#/$ref: the reference to http://x/y#/z has no target: there is no schema at http://x/y"
            ),
            (
                ["$ref": "#%zz"], .notFound,
                "#/$ref: the reference to #%zz has no target: the escapes of its fragment are damaged"
            ),
            (["$schema": "http://x/dialect"], .unsupported, "#/$schema: the dialect \"http://x/dialect\" is not known"),
        ] as [(JSON, PluginError.Code, String)])
    func missing(schema: JSON, code: PluginError.Code, message: String) throws {
        let error = #expect(throws: PluginError.self) { try JSONSchema(compiling: schema) }
        #expect(error?.code == code)
        #expect(error?.what == message)
    }

    @Test("a vocabulary that is required and not known is refused")
    func vocabulary() {
        let error = #expect(throws: PluginError.self) {
            try JSONSchema(compiling: ["$schema": "http://x/meta"]) { _ in
                ["$schema": "https://json-schema.org/draft/2020-12/schema", "$vocabulary": ["http://x/units": true]]
            }
        }
        #expect(error?.code == .unsupported)
        #expect(error?.facts == .names(["http://x/units"]))
    }
}
