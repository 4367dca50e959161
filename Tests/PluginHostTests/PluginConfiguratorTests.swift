import Foundation
import PluginHost
import Testing

@Suite("A plugin's configuration from all sources", .timeLimit(.minutes(10)))
struct PluginConfiguratorTests {
    private let place: Sample.Folder
    private let folder: ConfigurationFolder

    init() throws {
        place = try Sample.Folder()
        folder = ConfigurationFolder("\(place.path)/plugins")
    }

    private func manifest(_ configuration: String, id: String = "web") throws -> Manifest {
        try Manifest(
            JSON(parsing: #"{"id":"\#(id)","version":"1.0.0","configuration":\#(configuration)}"#, what: "the manifest")
        )
    }

    private func fixture(_ name: String) throws -> Manifest {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try ManifestFile(reading: root.appendingPathComponent("Fixtures/manifests/\(name)").path).manifest
    }

    @discardableResult
    private func write(_ text: String, _ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let file = name.hasPrefix("/") ? place.path + name : "\(folder.path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        return file
    }

    private func error(_ body: () throws -> some Any) -> PluginError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? PluginError
        }
    }

    @Test("is made of all of them in their order, and each value knows its own")
    func layers() throws {
        let manifest = try manifest(
            #"""
            {"schema": {"properties": {"a": {"default": 0}, "b": {}, "c": {}, "d": {}, "e": {"type": "integer"}, "f": {}}},
             "defaults": {"b": 1, "c": 1, "d": 1, "e": 1, "f": 1}, "environments": {"production": {"c": 2, "d": 2, "e": 2, "f": 2},
             "test": {"c": "test"}}}
            """#)
        let file = try write(#"{"d": 3, "e": 3, "f": 3}"#, "web.json")
        let configurator = PluginConfigurator(
            folder: folder, environment: "production",
            variables: ["KEYWAY_CONFIG_WEB__E": "4", "KEYWAY_CONFIG_WEB__F": "4", "KEYWAY_CONFIG_OTHER__A": "9"])
        let effective = try configurator.effective(manifest, package: nil, explicit: ["f": 5])
        #expect(effective.problems.isEmpty && effective.value == ["a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5])
        let sources = effective.layers.leaves.map { $0.origin?.source }
        #expect(
            sources == [
                "the schema", "the manifest", "the manifest's production", file, "KEYWAY_CONFIG_WEB__E", "the program",
            ])
        let elsewhere = try PluginConfigurator(folder: folder, environment: "staging").effective(manifest, package: nil)
        #expect(elsewhere.value == ["a": 0, "b": 1, "c": 1, "d": 3, "e": 3, "f": 3])
        #expect(try PluginConfigurator().effective(manifest, package: nil).value["c"] == 1)
        let proposed = try configurator.effective(manifest, package: nil, proposal: .values(["d": "new"]))
        #expect(proposed.value["d"] == "new" && proposed.value["e"] == 4)
    }

    @Test("says the line and the column of what is wrong in a file, in JSON and in TOML")
    func positions() throws {
        let manifest = try manifest(
            #"{"schema": {"properties": {"port": {"type": "integer"}, "o": {"properties": {"k": {}}}}}}"#)
        let json = try write("{\n  \"port\": \"x\"\n}", "web.json")
        var problem = try #require(
            try PluginConfigurator(folder: folder).effective(manifest, package: nil).problems.first)
        #expect(problem.description == "/port must be an integer, but is a string (\(json):2:3)")
        try FileManager.default.removeItem(atPath: json)
        let toml = try write("[o]\nkk = 1\n", "web.toml")
        problem = try #require(try PluginConfigurator(folder: folder).effective(manifest, package: nil).problems.first)
        #expect(problem.severity == .warning && problem.description.hasSuffix("(\(toml):2:1)"))
        let other = try ConfigurationFile(Array("{\"port\": []}".utf8), .json, path: "mine")
        let proposed = try PluginConfigurator(folder: folder).effective(manifest, package: nil, proposal: .file(other))
        #expect(proposed.problems.first?.source == "mine" && proposed.problems.first?.position?.column == 2)
    }

    @Test("that need not be strict, or may have more members, is held to that")
    func switches() throws {
        let schema = #""schema": {"properties": {"port": {"type": "integer"}}, "additionalProperties": false}"#
        try write(#"{"port": "x", "more": 1}"#, "web.json")
        let configurator = PluginConfigurator(folder: folder)
        #expect(try !configurator.effective(manifest("{\(schema)}"), package: nil).isAcceptable)
        let lenient = try configurator.effective(manifest(#"{\#(schema), "strict": false}"#), package: nil)
        #expect(lenient.isAcceptable && lenient.problems.map(\.severity) == [.warning, .warning])
        let open = try configurator.effective(manifest(#"{\#(schema), "additionalProperties": true}"#), package: nil)
        #expect(open.problems.map(\.pointer) == ["/port"])
    }

    @Test("has the schema and the defaults of the pliers manifest from the files that it names")
    func pliers() throws {
        let manifest = try fixture("pliers.plugin.json")
        let configurator = PluginConfigurator(folder: folder)
        let missing = error { try configurator.effective(manifest, package: place.path) }
        #expect(
            missing?.code == .configuration && missing?.message.contains("config-schema.json, is not there") == true)
        #expect(error { try configurator.effective(manifest, package: nil) }?.message.contains("has no folder") == true)
        try write(#"{"properties": {"level": {"type": "integer"}}, "required": ["level"]}"#, "/config-schema.json")
        try write(#"{"level": 3}"#, "/config-default.json")
        let effective = try configurator.effective(manifest, package: place.path)
        #expect(effective.value == ["level": 3] && effective.problems.isEmpty)
        #expect(effective.layers.leaves.first?.origin?.source == "\(place.path)/config-default.json")
        try write(#"{"level": "high"}"#, "example-plugin.json")
        #expect(try configurator.effective(manifest, package: place.path).problems.first?.pointer == "/level")
        #expect(try configurator.sample(of: manifest, package: place.path)?.json == ["level": 3])
        try write(#"{"properties": 1}"#, "/config-schema.json")
        let unusable = error { try configurator.effective(manifest, package: place.path) }
        #expect(unusable?.code == .configuration && unusable?.plugin == "example-plugin")
        try write("{", "/config-schema.json")
        #expect(error { try configurator.effective(manifest, package: place.path) }?.message.contains("line 1") == true)
        #expect(
            unsafe unlink("\(place.path)/config-schema.json") == 0
                && mkfifo("\(place.path)/config-schema.json", 0o600) == 0)
        #expect(error { try configurator.effective(manifest, package: place.path) }?.code == .configuration)
    }

    @Test("has the inline schema of the phantom manifest, and is what its author's sample says")
    func phantom() throws {
        let manifest = try fixture("good/phantom.plugin.toml")
        let configurator = PluginConfigurator(
            folder: folder, variables: ["KEYWAY_CONFIG_MY_CUSTOM_PLUGIN__BATCH_SIZE": "50"])
        let effective = try configurator.effective(manifest, package: nil)
        #expect(effective.value == ["enabled": true, "batch_size": 50] && effective.problems.isEmpty)
        #expect(try configurator.sample(of: manifest, package: nil)?.json == ["enabled": true, "batch_size": 100])
        try write("batch_size = \"many\"\nlog_level = \"debug\"\n", "my_custom_plugin.toml")
        let wrong = try PluginConfigurator(folder: folder).effective(manifest, package: nil)
        #expect(wrong.problems.map(\.pointer) == ["/batch_size", "/log_level"])
        #expect(wrong.problems.map(\.severity) == [.error, .warning])
    }

    @Test(
        "of a manifest that says nothing of it is what the operator says",
        arguments: [
            "autoweave.plugin.json", "good/orchestrator.plugin.json",
        ])
    func none(name: String) throws {
        let manifest = try fixture(name)
        let configurator = PluginConfigurator(folder: folder)
        #expect(try configurator.effective(manifest, package: nil).value == [:])
        #expect(try configurator.sample(of: manifest, package: nil) == nil)
        try write(#"{"any": {"thing": [1]}}"#, "\(manifest.id).json")
        #expect(try configurator.effective(manifest, package: nil).value == ["any": ["thing": [1]]])
    }

    @Test("has what a complete manifest says, for its environment")
    func complete() throws {
        let manifest = try fixture("good/complete.plugin.json")
        let file = folder.file(manifest.id)
        #expect(file.hasSuffix("/@acme+word-counter.json"))
        try write(#"{"language": "en"}"#, "@acme+word-counter.json")
        #expect(try PluginConfigurator(folder: folder).effective(manifest, package: nil).value["limit"] == 100)
        let production = try PluginConfigurator(folder: folder, environment: "production").effective(
            manifest, package: nil)
        #expect(production.value == ["language": "en", "limit": 1000] && production.problems.isEmpty)
        #expect(try !PluginConfigurator().effective(manifest, package: nil).isAcceptable)
    }

    @Test("gets secrets of the machine at the end, and nothing that is shown has them")
    func secrets() throws {
        let manifest = try manifest(#"{"schema": {"properties": {"key": {"type": "string", "minLength": 5}}}}"#)
        let key = try write("hunter2\n", "/key")
        try write(JSON.object(["key": ["$secret": .string("file:\(key)")]]).text, "web.json")
        let effective = try PluginConfigurator(folder: folder).effective(manifest, package: nil)
        let resolved = try effective.resolved(by: SystemSecrets())
        #expect(resolved.value == ["key": "hunter2"])
        #expect(!"\(effective)".contains("hunter2") && !effective.shown.text.contains("hunter2"))
        try Data("no\n".utf8).write(to: URL(fileURLWithPath: key))
        let short = error { try effective.resolved(by: SystemSecrets()) }
        #expect(short?.code == .configuration && short?.message.contains("/key") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
        let open = error { try effective.resolved(by: SystemSecrets()) }
        #expect(open?.code == .configuration && open?.facts == .names(["file:\(key)"]) && open?.plugin == "web")
    }

    @Test("is sampled in TOML that reads back as the same values and conforms")
    func sample() throws {
        for name in ["good/complete.plugin.json", "good/phantom.plugin.toml", "good/word-counter.plugin.toml"] {
            let manifest = try fixture(name)
            let configurator = PluginConfigurator()
            let sample = try #require(try configurator.sample(of: manifest, package: nil))
            let file = try ConfigurationFile(Array(sample.toml.utf8), .toml, path: "sample.toml")
            #expect(file.value == sample.json, "\(name)")
            #expect(try configurator.effective(manifest, package: nil, proposal: .file(file)).isAcceptable)
        }
    }
}
