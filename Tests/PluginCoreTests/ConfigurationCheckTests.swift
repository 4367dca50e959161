import PluginCore
import Testing

@Suite("A configuration that is checked", .timeLimit(.minutes(10)))
struct ConfigurationCheckTests {
    private static let schema = #"""
        {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string", "minLength": 3},
            "port": {"type": "integer", "maximum": 65535, "default": 80},
            "server": {"type": "object", "properties": {"host": {"type": "string"}}},
            "tags": {"type": "object", "additionalProperties": {"type": "string"}},
            "password": {"type": "string", "writeOnly": true, "pattern": "^[a-z]+$"}
        }}
        """#

    private func check(
        _ file: JSON, schema text: String? = schema, strict: Bool = true, additional: Bool? = nil,
        others: [ConfigurationLayer] = []
    ) throws -> EffectiveConfiguration {
        let schema = try text.map {
            try ConfigurationSchema(JSON(parsing: $0, what: "the schema"), source: "the schema")
        }
        let layers = try ConfigurationLayers(
            others + [ConfigurationLayer(.file, source: "web.json", file)], schema: schema)
        return EffectiveConfiguration(
            plugin: "web", layers: layers, schema: schema, isStrict: strict, allowsAdditionalProperties: additional)
    }

    private func pointers(_ configuration: EffectiveConfiguration, _ severity: ConfigurationProblem.Severity)
        -> [String]
    {
        configuration.problems.filter { $0.severity == severity }.map(\.pointer)
    }

    @Test("says of each wrong value where it stands and who said it, and of a missing one that it is missing")
    func problems() throws {
        let checked = try check(
            ["port": 70000],
            others: [
                ConfigurationLayer(.variable, source: "KEYWAY_CONFIG_WEB__SERVER__HOST", ["server": ["host": 7]])
            ])
        #expect(pointers(checked, .error) == ["", "/port", "/server/host"])
        #expect(checked.problems[0].message.contains("\"name\"") && checked.problems[0].source == nil)
        #expect(checked.problems[1].layer == .file && checked.problems[1].source == "web.json")
        #expect(checked.problems[1].description == "/port must be at most 65535, but is 70000 (web.json)")
        #expect(checked.problems[2].layer == .variable)
        #expect(checked.problems[2].json["source"] == "KEYWAY_CONFIG_WEB__SERVER__HOST")
        #expect(!checked.isAcceptable)
        #expect {
            try checked.requireAcceptable()
        } throws: { error in
            let error = error as? PluginError
            return error?.code == .configuration && error?.plugin == "web" && error?.facts == .pointer("")
                && error?.what.contains("70000") == true
        }
        let good = try check(["name": "abc"])
        #expect(good.problems.isEmpty && good.value == ["name": "abc", "port": 80])
        try good.requireAcceptable()
    }

    @Test("that need not be strict has warnings instead")
    func lenient() throws {
        let checked = try check(["port": "x"], strict: false)
        #expect(pointers(checked, .error).isEmpty && pointers(checked, .warning) == ["", "/port"])
        try checked.requireAcceptable()
    }

    @Test("has unknown members as the manifest's switch says: forbidden, allowed, or left to the schema with a warning")
    func additional() throws {
        let value: JSON = ["name": "abc", "prot": 1, "server": ["hots": "x"], "tags": ["any": "thing"]]
        #expect(try pointers(check(value), .warning) == ["/prot", "/server/hots"])
        #expect(try check(value).problems[0].message.contains("is \"port\" meant?"))
        #expect(try pointers(check(value, additional: false), .error) == ["/prot", "/server/hots"])
        #expect(try pointers(check(value, strict: false, additional: false), .warning) == ["/prot", "/server/hots"])
        #expect(try check(value, additional: true).problems.isEmpty)
        let closed = #"{"properties": {"a": {}}, "additionalProperties": false}"#
        #expect(try pointers(check(["b": 1], schema: closed), .error) == ["/b"])
        #expect(try check(["b": 1], schema: closed, additional: true).problems.isEmpty)
        let open = #"{"properties": {"a": {}}, "additionalProperties": true}"#
        #expect(try check(["b": 1], schema: open).problems.isEmpty)
        #expect(try pointers(check(["b": 1], schema: open, additional: false), .error) == ["/b"])
        #expect(try check(["b": 1], schema: nil, additional: false).problems.isEmpty)
    }

    @Test("knows names behind references, in combinations and by pattern")
    func names() throws {
        let schema = #"""
            {"allOf": [{"$ref": "#/$defs/base"}], "properties": {"own": {}},
             "anyOf": [{"properties": {"one": {}}}, {"properties": {"two": {}}}],
             "patternProperties": {"^x-": {}},
             "$defs": {"base": {"properties": {"self": {"$ref": "#"}, "deep": {"properties": {"k": {}}}}}}}
            """#
        let value: JSON = ["own": 1, "one": 1, "two": 2, "x-y": 3, "self": ["deep": ["k": 1, "kk": 2]], "none": 4]
        #expect(try pointers(check(value, schema: schema), .warning) == ["/none", "/self/deep/kk"])
        let rest = #"{"properties": {"a": {}}, "unevaluatedProperties": {"properties": {"b": {}}}}"#
        #expect(try pointers(check(["c": ["b": 1, "d": 2]], schema: rest), .warning) == ["/c/d"])
    }

    @Test("takes a secret where text may stand, and says so where not")
    func secretPlaces() throws {
        let secret: JSON = ["$secret": "env:NAME"]
        #expect(try check(["name": secret, "password": secret, "tags": ["a": secret]]).problems.isEmpty)
        let checked = try check(["name": "abc", "port": secret])
        #expect(
            pointers(checked, .error) == ["/port"] && checked.problems[0].message.contains("no text may stand there"))
        let choice =
            #"{"properties": {"key": {"enum": ["a", "b"]}}, "anyOf": [{"properties": {"key": {"const": "a"}}}]}"#
        #expect(try check(["key": secret], schema: choice).problems.isEmpty)
    }

    @Test(
        "refuses what only looks like a secret, without repeating it",
        arguments: [
            #"{"$secret": "hunter2"}"#, #"{"$secret": "env:"}"#, #"{"$secret": "env:A B"}"#, #"{"$secret": "env:A=B"}"#,
            #"{"$secret": "file:relative"}"#, #"{"$secret": "file:/dir/"}"#, #"{"$secret": 5}"#, #"{"$secret": null}"#,
            #"{"$secret": "env:A", "other": 1}"#, #"{"$secret": "file:/a\u0000b"}"#, #"{"$secret": ["env:A"]}"#,
        ])
    func malformed(text: String) throws {
        let value = try JSON(parsing: text, what: "the value")
        #expect(throws: PluginError.self) { _ = try SecretReference(value) }
        let checked = try check(["name": value])
        #expect(pointers(checked, .error) == ["/name"])
        #expect(!checked.problems[0].description.contains("hunter2"))
        #expect(throws: PluginError.self) { _ = try checked.resolved(by: FixedSecrets([:])) }
    }

    @Test("does not let a manifest take secrets of the host, neither by defaults nor inside of an operator's array")
    func manifestSecrets() throws {
        let secret: JSON = ["$secret": "file:/etc/shadow"]
        let byDefault = try check(
            ["port": 1], others: [ConfigurationLayer(.manifestDefault, source: "the manifest", ["name": secret])])
        #expect(pointers(byDefault, .error) == ["/name"])
        #expect(byDefault.problems[0].message.contains("only an operator"))
        let schema = #"{"properties": {"l": {"items": {"properties": {"k": {"default": {"$secret": "env:A"}}}}}}}"#
        #expect(try pointers(check(["l": [[:]]], schema: schema), .error) == ["/l/0/k"])
        let covered = try check(
            ["name": "abc"], others: [ConfigurationLayer(.manifestDefault, source: "the manifest", ["name": secret])])
        #expect(covered.problems.isEmpty)
    }

    @Test("hides what the schema says is secret and stands in the open, in what it shows and in what it says")
    func confidential() throws {
        let checked = try check(["name": "abc", "password": "Hunter2"])
        #expect(checked.shown == ["name": "abc", "port": 80, "password": "(hidden)"])
        #expect(pointers(checked, .error) == ["/password"] && pointers(checked, .warning) == ["/password"])
        #expect(!checked.problems.contains { $0.description.contains("Hunter2") })
        let list = #"{"properties": {"l": {"uniqueItems": true, "items": {"format": "password"}}}}"#
        let twice = try check(["l": ["Hunter2", "Hunter2"]], schema: list)
        #expect(twice.shown == ["l": ["(hidden)", "(hidden)"]] && !twice.isAcceptable)
        #expect(!twice.problems.contains { $0.description.contains("Hunter2") })
    }

    @Test("is checked in bounded time, whatever schema and values there are")
    func hostile() throws {
        var members: [String: JSON] = [:]
        for number in 0..<20_000 { members["k\(number)"] = ["x": 1] }
        let alternatives = (0..<500).map { JSON.object(["properties": ["p\($0)": .bool(true)]]) }
        let schema = JSON.object(["properties": ["a": [:]], "anyOf": .array(alternatives)]).text
        let checked = try check(.object(members), schema: schema, additional: false)
        #expect(!checked.isAcceptable)
        let many = try check(.object(members), schema: #"{"properties": {"a": {}}, "maxProperties": 5}"#)
        #expect(many.problems.count == EffectiveConfiguration.maximumProblems + 1)
        #expect(pointers(many, .error) == [""] && many.problems.last?.message.contains("more problems") == true)
        var deep = JSON.object([:])
        for _ in 0..<(JSON.maximumDepth - 1) { deep = ["a": deep] }
        #expect {
            _ = try check(deep, schema: ##"{"properties": {"a": {"$ref": "#"}}}"##)
        } throws: { ($0 as? PluginError)?.code == .resourceExhausted }
        #expect(try check(deep, schema: nil).value == deep)
        #expect {
            _ = try check([:], schema: #"{"type": 7}"#)
        } throws: { ($0 as? PluginError)?.code == .configuration }
    }
}

/// Secrets by the names of their references.
struct FixedSecrets: SecretSource {
    let secrets: [String: String]

    init(_ secrets: [String: String]) { self.secrets = secrets }

    func secret(_ reference: SecretReference) throws(PluginError) -> String {
        guard let secret = secrets[reference.name] else {
            throw PluginError(.notFound, "there is no secret \(reference.name)", remedy: "Give it")
        }
        return secret
    }
}
