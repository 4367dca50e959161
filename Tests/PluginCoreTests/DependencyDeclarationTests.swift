import PluginCore
import Testing

@Suite("Dependencies in a manifest")
struct DependencyDeclarationTests {
    private func relations(_ json: JSON) throws -> PluginRelations { try PluginRelations(manifest: json) }

    @Test("are read from an object and from a list alike")
    func forms() throws {
        let object = try relations([
            "dependencies": ["b": "^1.2", "@acme/c": ["version": "~1.0", "optional": true], "d": [:]]
        ])
        let list = try relations([
            "dependencies": [
                ["name": "b", "version": "^1.2"], ["name": "@acme/c", "version": "~1.0", "optional": true], "d",
            ]
        ])
        #expect(object == list)
        #expect(
            object.dependencies == [
                PluginDependency("@acme/c", try VersionRange("~1.0"), isOptional: true),
                PluginDependency("b", try VersionRange("^1.2")), PluginDependency("d"),
            ])
        #expect(try relations(["name": "a", "version": "1.0.0"]) == PluginRelations())
    }

    @Test("have a scope by their section, and an optional one replaces the required one of its name")
    func scopes() throws {
        let found = try relations([
            "dependencies": ["a": "1", "b": "1"], "optionalDependencies": ["b": "2"],
            "peerDependencies": ["a": "1 || 2", "p": ["version": "1", "optional": true]],
            "devDependencies": ["t": "*"],
        ]).dependencies
        let one = try VersionRange("1")
        #expect(
            found == [
                PluginDependency("a", try VersionRange("1 || 2"), scope: .peer), PluginDependency("a", one),
                PluginDependency("b", try VersionRange("2"), isOptional: true),
                PluginDependency("p", one, scope: .peer, isOptional: true),
                PluginDependency("t", scope: .development),
            ])
    }

    @Test("name libraries by their SONAME, conflicts by a range, provided names by a version")
    func others() throws {
        let found = try relations([
            "dependencies": ["libpq.so.5": ["kind": "library"]], "conflicts": ["old": "<2"],
            "provides": [["name": "search", "version": "1.2.0"], "find"],
        ])
        #expect(found.dependencies == [PluginDependency("libpq.so.5", kind: .library)])
        #expect(found.conflicts == [.init("old", try VersionRange("<2"))])
        #expect(found.provides == [.init("search", SemanticVersion("1.2.0")), .init("find")])
    }

    static let wrong: [(String, pointer: String, words: String)] = [
        (#"{"dependencies": "b"}"#, "/dependencies", "must be an object or an array"),
        (#"{"dependencies": [7]}"#, "/dependencies/0", "must be a name or an object"),
        (#"{"dependencies": [{"version": "1"}]}"#, "/dependencies/0/name", "is missing"),
        (#"{"dependencies": [{"name": 1}]}"#, "/dependencies/0/name", "must be a string"),
        (#"{"dependencies": ["b", {"name": "b"}]}"#, "/dependencies/1", "names b a second time"),
        (#"{"dependencies": {"b": "^1 foo"}}"#, "/dependencies/b", "wrong at character 4"),
        (#"{"dependencies": {"b": 1}}"#, "/dependencies/b", "must be a version range"),
        (#"{"dependencies": {"b": {"name": "c"}}}"#, "/dependencies/b", "must be a version range"),
        (#"{"dependencies": {"@a/b~": {"version": "x y"}}}"#, "/dependencies/@a~1b~0/version", "wrong at character 3"),
        (#"{"dependencies": {"b": {"version": 2}}}"#, "/dependencies/b/version", "must be a string"),
        (#"{"dependencies": {"b": {"optional": "yes"}}}"#, "/dependencies/b/optional", "must be true or false"),
        (#"{"dependencies": {"b": {"kind": "crate"}}}"#, "/dependencies/b/kind", "there are plugin, library"),
        (#"{"dependencies": {"b": {"range": "1"}}}"#, "/dependencies/b/range", "is unknown"),
        (#"{"dependencies": {"b.so": {"kind": "library", "version": "1"}}}"#, "/dependencies/b.so/version", "leave"),
        (#"{"dependencies": {"": "1"}}"#, "/dependencies/", "visible ASCII"),
        (#"{"dependencies": {"é": "1"}}"#, "/dependencies/é", "visible ASCII"),
        (#"{"peerDependencies": {"b": "latest"}}"#, "/peerDependencies/b", "wrong at character 1"),
        (#"{"devDependencies": null}"#, "/devDependencies", "is null"),
        (#"{"optionalDependencies": [[]]}"#, "/optionalDependencies/0", "is array"),
        (#"{"conflicts": {"b": {"optional": true}}}"#, "/conflicts/b/optional", "is unknown"),
        (#"{"conflicts": ["b", "b"]}"#, "/conflicts/1", "a second time"),
        (#"{"provides": {"b": "^1"}}"#, "/provides/b", "not a semantic version"),
        (#"{"provides": [{"name": "b", "version": "1.2"}]}"#, "/provides/0/version", "not a semantic version"),
    ]

    @Test("that are wrong are all told, each with its place, also in the table of the plugin")
    func allErrors() throws {
        let text = #"""
            {"plugin": {"id": "a", "version": "1.0.0", "dependencies": {"b": "^1 foo", "c": "^1", "d": 1},
              "peerDependencies": {"e": {"optional": 1, "kind": "crate"}}, "conflicts": [{}, "f", "f"]},
             "provides": {"g": "^1"}}
            """#
        let reading = Manifest.read(try JSON(parsing: text, what: "test"))
        #expect(reading.manifest == nil)
        #expect(
            Set(reading.problems.map(\.pointer)) == [
                "/plugin/dependencies/b", "/plugin/dependencies/d", "/plugin/peerDependencies/e/kind",
                "/plugin/peerDependencies/e/optional", "/plugin/conflicts/0/name", "/plugin/conflicts/2", "/provides/g",
            ])
        #expect(reading.problems.count == 7)
    }

    @Test("that are wrong are refused with the place", arguments: wrong)
    func errors(text: String, pointer: String, words: String) throws {
        let document = try JSON(parsing: text, what: "test")
        let error = try #require(throws: PluginError.self) { try relations(document) }
        #expect(error.code == .validation)
        #expect(error.facts == .pointer(pointer))
        #expect(error.what.contains(words), "\(error.what)")
    }
}
