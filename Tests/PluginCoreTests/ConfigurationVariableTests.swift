import PluginCore
import Testing

@Suite("Variables of a configuration", .timeLimit(.minutes(10)))
struct ConfigurationVariableTests {
    private static let schema = #"""
        {"properties": {
            "maxTokens": {"type": "integer"}, "name": {"type": "string"}, "on": {"type": "boolean"},
            "list": {"type": "array"}, "any": {}, "either": {"type": ["string", "integer", "null"]},
            "server": {"type": "object", "properties": {"host-name": {"type": "string"}, "port": {"type": "number"}}},
            "a-b": {"type": "string"}, "a_b": {"type": "string"}, "a": {"properties": {"b": {}, "b__c": {"type": "string"}}},
            "tree": {"$ref": "#"}
        }}
        """#

    private func read(
        _ variables: [String: String], plugin: String = "@acme/my-plugin", schema: String? = schema
    ) throws -> (value: JSON, problems: [ConfigurationProblem]) {
        let schema = try schema.map {
            try ConfigurationSchema(JSON(parsing: $0, what: "the schema"), source: "the schema")
        }
        let (layers, problems) = ConfigurationVariables.layers(variables, plugin: plugin, schema: schema)
        return (try ConfigurationLayers(layers).merged, problems)
    }

    private static let own = "KEYWAY_CONFIG__ACME_MY_PLUGIN__"

    @Test(
        "are read by the type that the schema wants",
        arguments: [
            ("MAXTOKENS", "12", ["maxTokens": 12]), ("NAME", "12", ["name": "12"]), ("NAME", "", ["name": ""]),
            ("NAME", "\"q\"", ["name": "\"q\""]), ("ON", "true", ["on": true]), ("LIST", "[1, 2]", ["list": [1, 2]]),
            ("ANY", "7", ["any": 7]), ("ANY", "seven", ["any": "seven"]), ("EITHER", "7", ["either": 7]),
            ("EITHER", "null", ["either": nil]), ("EITHER", "true", ["either": "true"]),
            ("EITHER", "x", ["either": "x"]),
            ("SERVER__HOST_NAME", "h", ["server": ["host-name": "h"]]),
            ("SERVER__PORT", "8e1", ["server": ["port": 80.0]]),
            ("SERVER", #"{"port": 1}"#, ["server": ["port": 1]]), ("A__B__C", "x", ["a": ["b__c": "x"]]),
            ("TREE__TREE__TREE__NAME", "leaf", ["tree": ["tree": ["tree": ["name": "leaf"]]]]),
            ("NAME", #"{"$secret": "env:N"}"#, ["name": ["$secret": "env:N"]]),
        ] as [(String, String, JSON)])
    func reading(key: String, text: String, value: JSON) throws {
        let read = try read([Self.own + key: text, "HOME": "/root", "KEYWAY_CONFIG_OTHER__NAME": "x"])
        #expect(read.value == value && read.problems.isEmpty, "\(read.problems)")
    }

    @Test("that nothing or too much is meant by are problems that list the names")
    func unknown() throws {
        let unknown = try read([Self.own + "MAX_TOKENS": "1"])
        #expect(unknown.value == [:] && unknown.problems.count == 1)
        #expect(unknown.problems[0].message.contains(Self.own + "SERVER"))
        #expect(unknown.problems[0].message.contains("(is \(Self.own)MAXTOKENS meant?); there are"))
        #expect(unknown.problems[0].source == Self.own + "MAX_TOKENS" && unknown.problems[0].layer == .variable)
        let inner = try read([Self.own + "SERVER__PROT": "1"]).problems
        #expect(inner.first?.message.contains(Self.own + "SERVER__PORT") == true)
        let ambiguous = try read([Self.own + "A_B": "1"]).problems
        #expect(ambiguous.first?.message.contains("/a-b, /a_b") == true)
        #expect(try read([Self.own + "NAME": "1"], schema: nil).problems.first?.message.contains("no schema") == true)
        #expect(try read([Self.own: "1", Self.own + "__": "1"]).problems.count == 2)
        let wrong = try read([Self.own + "MAXTOKENS": "many"]).problems
        #expect(wrong.first?.pointer == "/maxTokens" && wrong.first?.message == "must be JSON of integer")
    }

    @Test("for a part go over one for the whole, and each is the origin of its values")
    func whole() throws {
        let variables = [Self.own + "SERVER": #"{"port": 1, "host-name": "a"}"#, Self.own + "SERVER__PORT": "2"]
        let schema = try ConfigurationSchema(JSON(parsing: Self.schema, what: "the schema"), source: "the schema")
        let (layers, problems) = ConfigurationVariables.layers(variables, plugin: "@acme/my-plugin", schema: schema)
        let merged = try ConfigurationLayers(layers)
        #expect(merged.merged == ["server": ["port": 2, "host-name": "a"]] && problems.isEmpty)
        let port = try ConfigurationPath(parsing: "server.port")
        #expect(merged.origin(of: port)?.source == Self.own + "SERVER__PORT")
    }
}
