import PluginCore
import Testing

@Suite("A sample configuration", .timeLimit(.minutes(10)))
struct ConfigurationSampleTests {
    static let schema = #"""
        {"type": "object", "required": ["name", "key", "server"], "properties": {
            "name": {"type": "string", "minLength": 2, "description": "Who it is.\nFor the log."},
            "level": {"enum": ["info", "debug"]}, "size": {"type": "integer", "minimum": 3},
            "batch": {"type": "number", "default": 100}, "mode": {"type": "string", "examples": ["fast"]},
            "key": {"type": "string", "writeOnly": true}, "none": {"type": "null", "default": null},
            "server": {"type": "object", "required": ["port"], "properties": {
                "port": {"type": "integer", "minimum": 1, "maximum": 65535}, "odd key": {"default": "a\"b"}}}
        }}
        """#

    private func sample(_ text: String, defaults: JSON = [:]) throws -> ConfigurationSample {
        ConfigurationSample(
            try ConfigurationSchema(JSON(parsing: text, what: "the schema"), source: "the schema"), defaults: defaults)
    }

    @Test("in JSON has what is required and what has a value, and conforms")
    func json() throws {
        let sample = try sample(Self.schema, defaults: ["batch": 7]).json
        #expect(
            sample == [
                "name": "xx", "level": "info", "batch": 7, "mode": "fast", "key": ["$secret": "env:KEY"], "none": nil,
                "server": ["port": 1, "odd key": "a\"b"],
            ])
        let schema = try ConfigurationSchema(JSON(parsing: Self.schema, what: "the schema"), source: "the schema")
        let layers = try ConfigurationLayers([ConfigurationLayer(.file, source: "f", sample)], schema: schema)
        #expect(EffectiveConfiguration(plugin: "p", layers: layers, schema: schema).problems.isEmpty)
    }

    @Test("in TOML says what each value is, and comments out what is not needed")
    func toml() throws {
        let text = try sample(Self.schema).toml
        #expect(
            text == #"""
                # number
                batch = 100
                # string, required, secret
                key = { "$secret" = "env:KEY" }
                # string, one of "info", "debug"
                level = "info"
                # string
                mode = "fast"
                # Who it is.
                # For the log.
                # string, required
                name = "xx"
                # null
                # none = ""
                # integer, at least 3
                # size = 3

                # object, required
                [server]
                "odd key" = "a\"b"
                # integer, required, at least 1, at most 65535
                port = 1

                """#)
    }

    @Test("leaves out an object without values, and keeps what a default has beyond the names of the schema")
    func objects() throws {
        let sample = try sample(
            #"""
            {"properties": {
                "empty": {"properties": {"a": {"type": "string"}}},
                "wide": {"default": {"x": 1, "y": [true]}, "properties": {"x": {}, "z": {"type": "integer"}}}
            }}
            """#)
        #expect(sample.json == ["wide": ["x": 1, "y": [true]]])
        let text = sample.toml
        #expect(text == "# [empty]\n# string\n# a = \"\"\n\n[wide]\ny = [true]\nx = 1\n# integer\n# z = 0\n")
    }

    @Test("of a schema that contains itself, says nothing or is a boolean comes to an end")
    func hostile() throws {
        let tree = try sample(##"{"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}, "c": {"default": 1}}}"##)
        #expect(tree.json["c"] == 1 && tree.json["a"]?["b"]?["c"] == 1 && tree.toml.utf8.count < 1_000_000)
        for text in ["{}", "true", "false", #"{"properties": {}}"#] {
            #expect(try sample(text).json == [:] && sample(text).toml == "")
        }
        let strange = try sample(
            #"{"properties": {"a": {"type": "string", "minLength": 9e15, "description": "x\u001by"}}}"#)
        #expect(strange.json == [:] && strange.toml.contains("# xy\n"))
    }
}
