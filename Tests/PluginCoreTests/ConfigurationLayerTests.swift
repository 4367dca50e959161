import PluginCore
import Testing

@Suite("Layers of a configuration", .timeLimit(.minutes(10)))
struct ConfigurationLayerTests {
    private func path(_ text: String) throws -> ConfigurationPath { try ConfigurationPath(parsing: text) }

    private func schema(_ text: String) throws -> ConfigurationSchema {
        try ConfigurationSchema(JSON(parsing: text, what: "the schema"), source: "the schema")
    }

    @Test("each is over those before it, in whatever order they come; the origin of every value is known")
    func order() throws {
        let schema = try schema(
            #"{"properties":{"a":{"default":0},"b":{"default":0},"c":{"default":0},"d":{"default":0},"e":{"default":0},"f":{"default":0}}}"#
        )
        let layers = try ConfigurationLayers(
            [
                ConfigurationLayer(.explicit, source: "the program", ["f": 5]),
                ConfigurationLayer(.manifestDefault, source: "m", ["b": 1, "c": 1, "d": 1, "e": 1, "f": 1]),
                ConfigurationLayer(.variable, source: "V", ["e": 4, "f": 4]),
                ConfigurationLayer(.manifestEnvironment, source: "production", ["c": 2, "d": 2, "e": 2, "f": 2]),
                ConfigurationLayer(.file, source: "x.json", ["d": 3, "e": 3, "f": 3]),
            ], schema: schema)
        #expect(layers.merged == ["a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5])
        #expect(layers.leaves.map(\.origin?.kind) == ConfigurationLayer.Kind.allCases)
        #expect(layers.leaves.map(\.path.pointer) == ["/a", "/b", "/c", "/d", "/e", "/f"])
        #expect(try layers.origin(of: path("d"))?.source == "x.json")
        #expect(ConfigurationLayer.Kind.allCases == ConfigurationLayer.Kind.allCases.sorted())
    }

    @Test("objects merge to any depth; arrays, scalars, null and secrets replace")
    func merging() throws {
        let layers = try ConfigurationLayers([
            ConfigurationLayer(
                .manifestDefault, source: "m",
                ["o": ["x": ["k": 1, "l": 2]], "list": [1, 2, 3], "n": 1, "t": ["u": 1], "s": "plain", "w": 3]),
            ConfigurationLayer(
                .file, source: "f",
                [
                    "o": ["x": ["l": 9, "m": 3]], "list": [4], "n": nil, "t": 7,
                    "s": ["$secret": "env:S"], "w": ["v": 1],
                ]),
        ])
        #expect(
            layers.merged == [
                "o": ["x": ["k": 1, "l": 9, "m": 3]], "list": [4], "n": nil, "t": 7, "s": ["$secret": "env:S"],
                "w": ["v": 1],
            ])
        #expect(try layers.origin(of: path("/o/x/k"))?.kind == .manifestDefault)
        #expect(try layers.origin(of: path("/o/x/l"))?.kind == .file)
        #expect(try layers.origin(of: path("/o/x"))?.kind == .file)
        #expect(try layers.origin(of: path("/list/0"))?.kind == .file)
        #expect(try layers.origin(of: path("/list/1")) == nil)
        #expect(try layers.origin(of: path("/t/u")) == nil && layers.origin(of: path("/none")) == nil)
    }

    @Test("a secret over a secret replaces it, and what was under a scalar does not come back")
    func replaced() throws {
        let layers = try ConfigurationLayers([
            ConfigurationLayer(.manifestDefault, source: "m", ["k": ["a": 1, "b": 2]]),
            ConfigurationLayer(.file, source: "f", ["k": ["$secret": "env:A"]]),
            ConfigurationLayer(.variable, source: "v", ["k": ["$secret": "env:B"]]),
        ])
        #expect(layers.merged == ["k": ["$secret": "env:B"]])
        let over = try ConfigurationLayers(
            layers.layers + [ConfigurationLayer(.explicit, source: "e", ["k": ["c": 3]])])
        #expect(over.merged == ["k": ["c": 3]])
        #expect(try over.origin(of: path("/k/c"))?.kind == .explicit && over.origin(of: path("/k/a")) == nil)
    }

    @Test("defaults of the schema fill objects that others put somewhere, and are merged with what they give")
    func defaults() throws {
        let schema = try schema(
            #"""
            {"properties": {
                "server": {"properties": {"port": {"default": 80}, "host": {}}},
                "pool": {"default": {"size": 4, "wait": 5}},
                "list": {"items": {"properties": {"weight": {"default": 1}}}}
            }}
            """#)
        let file = ConfigurationLayer(
            .file, source: "f", ["server": ["host": "h"], "pool": ["size": 9], "list": [["name": "x"]]])
        let layers = try ConfigurationLayers([file], schema: schema)
        #expect(
            layers.merged == [
                "server": ["host": "h", "port": 80], "pool": ["size": 9, "wait": 5],
                "list": [["name": "x", "weight": 1]],
            ])
        #expect(try layers.origin(of: path("/server/port"))?.kind == .schemaDefault)
        #expect(try layers.origin(of: path("/pool/wait"))?.kind == .schemaDefault)
        #expect(try layers.origin(of: path("/list/0/weight"))?.kind == .schemaDefault)
        #expect(try layers.origin(of: path("/list/0/name"))?.kind == .file)
        #expect(try ConfigurationLayers([], schema: schema).merged == ["pool": ["size": 4, "wait": 5]])
    }

    @Test(
        "that are no objects, or nested too deeply, are errors that name them",
        arguments: [
            JSON.array([]), .null, "text", ["$secret": "env:X"],
        ])
    func noObject(value: JSON) throws {
        #expect {
            _ = try ConfigurationLayers([ConfigurationLayer(.file, source: "f.json", value)])
        } throws: {
            ($0 as? PluginError)?.code == .configuration && ($0 as? PluginError)?.what.contains("f.json") == true
        }
        var deep = JSON.object([:])
        for _ in 0..<JSON.maximumDepth { deep = ["a": deep] }
        #expect {
            _ = try ConfigurationLayers([ConfigurationLayer(.explicit, source: "e", deep)])
        } throws: { ($0 as? PluginError)?.code == .resourceExhausted }
    }

    @Test("a place is a pointer or keys with dots, and is set and removed in a document")
    func paths() throws {
        #expect(try path("a.b").keys == ["a", "b"] && path("/a.b/c~1d~0").keys == ["a.b", "c/d~"])
        #expect(try path("/a.b/c~1d~0").pointer == "/a.b/c~1d~0")
        for wrong in ["", ".", "a..b", "/", "a.", "/a//b", String(repeating: "a.", count: 600) + "a"] {
            #expect(throws: PluginError.self) { _ = try path(wrong) }
        }
        let document: JSON = ["a": ["b": 1], "list": [1], "s": ["$secret": "env:X"]]
        #expect(try path("a.c.d").setting(2, in: document)["a"] == ["b": 1, "c": ["d": 2]])
        #expect(try path("a.b").removing(from: document) == ["list": [1], "s": ["$secret": "env:X"]])
        #expect(try path("a.x").removing(from: document) == nil && path("list.0").removing(from: document) == nil)
        for inside in ["a.b.c", "list.0", "s.$secret"] {
            #expect {
                _ = try path(inside).setting(1, in: document)
            } throws: { ($0 as? PluginError)?.code == .configuration }
        }
    }
}
