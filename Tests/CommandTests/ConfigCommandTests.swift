import Foundation
import PluginCore
import Testing

@Suite("keyway config", .timeLimit(.minutes(10)))
struct ConfigCommandTests {
    /// A home of its own with plugins, so that nobody's configurations count.
    private struct Place {
        let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
            try NotedPlugin.build("web", "1.2.0", ConfigCommandTests.configuration, in: folder)
            try NotedPlugin.build("plain", "1.0.0", in: folder)
        }

        var file: String { folder.url.appendingPathComponent("config/keyway/plugins/web.json").path }

        var contents: JSON? { try? JSON(parsing: Data(contentsOf: URL(fileURLWithPath: file)), what: "the file") }

        func config(
            _ arguments: String..., input: String = "", variables: [String: String] = [:]
        ) async throws -> Command.Output {
            try await config(arguments, input: input, variables: variables)
        }

        func config(
            _ arguments: [String], input: String = "", variables: [String: String] = [:]
        ) async throws -> Command.Output {
            var environment = ["XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state"]
                .mapValues { folder.url.appendingPathComponent($0).path }
            environment.merge(["KEYWAY_CONFIG_DIR": "", "KEYWAY_ENV": ""]) { _, new in new }
            environment.merge(variables) { _, new in new }
            return try await Command.run(
                ["config"] + arguments + ["--path", folder.url.path], input: input, environment: environment,
                in: folder.url)
        }
    }

    private static let configuration = #"""
        ,"configuration":{"schema":{"type":"object","required":["port"],"properties":{
        "port":{"type":"integer","minimum":1,"description":"Where it listens"},"name":{"type":"string","default":"web"},
        "server":{"type":"object","properties":{"host":{"type":"string"},"wait":{"type":"number"}}},
        "key":{"type":"string","writeOnly":true},"level":{"enum":["info","debug"]}}},
        "defaults":{"port":80},"environments":{"production":{"port":443}},"hotReload":false}
        """#.replacing("\n", with: "")

    @Test("show has every value with its origin, by environment, and what is wrong with it")
    func show() async throws {
        let place = try Place()
        let plain = try await place.config("show", "web", "--json").json()
        #expect(plain["configuration"] == ["port": 80, "name": "web"] && plain["file"] == .null)
        #expect(plain["origins"]?["/port"]?["layer"] == "manifestDefault" && plain["hotReload"] == false)
        #expect(plain["origins"]?["/name"]?["layer"] == "schemaDefault" && plain["valid"] == true)
        for output in [
            try await place.config("show", "web", "--environment", "production", "--json"),
            try await place.config("show", "web", "--json", variables: ["KEYWAY_ENV": "production"]),
        ] {
            let json = try output.json()
            #expect(json["configuration"]?["port"] == 443 && json["environment"] == "production")
        }
        #expect(try await place.config("set", "web", "server.host=h", "port=8080").status == 0)
        let variables = ["KEYWAY_CONFIG_WEB__PORT": "1", "KEYWAY_CONFIG_WEB__SERVER__WIAT": "2"]
        let text = try await place.config("show", "web", variables: variables)
        #expect(text.status == 0 && text.stdout.contains("server.host  \"h\"    \(place.file)"))
        #expect(text.stdout.contains("port         1      KEYWAY_CONFIG_WEB__PORT"))
        #expect(text.stdout.contains("is KEYWAY_CONFIG_WEB__SERVER__WAIT meant?"))
        #expect(try await place.config("show", "plain").stdout == "plain has no configuration.\n")
        let other = try await place.config("show", "wbe", "--json")
        #expect(try other.status == 1 && other.json()["error"]?["code"] == "notFound")
        #expect(other.stdout.contains(#"is \"web\" meant?"#) || other.stdout.contains(#"is \"web-1.2.0\" meant?"#))
    }

    @Test("set reads values by the schema, checks the whole and writes all or nothing")
    func set() async throws {
        let place = try Place()
        let set = try await place.config("set", "web", "port=8080", "/server/host=10", "server.wait=1.5", "--json")
        #expect(set.status == 0 && place.contents == ["port": 8080, "server": ["host": "10", "wait": 1.5]])
        #expect(try set.json()["changed"] == ["/port", "/server/host", "/server/wait"])
        #expect(try set.json()["file"] == .string(place.file))
        let before = place.contents
        for (arguments, words) in [
            (["port=0"], "at least 1"), (["port=many"], "no JSON"), (["prot=1"], #"is \"port\" meant?"#),
            (["server.hots=x"], "/server/hots is not known"), (["level=warn"], "one of"),
            (["name=ok", "port=0"], "nothing was changed"), (["port.number=1"], "would be a part of it"),
            (["server=[]"], "must be an object"), (["port=\"80\"", "--json-value"], "an integer"),
            (["name=text", "--json-value"], "JSON"),
        ] {
            let output = try await place.config(["set", "web"] + arguments + ["--json"])
            #expect(output.status == 1 && place.contents == before, "\(arguments): \(output.stdout)")
            #expect(output.stdout.contains(words), "\(arguments): \(output.stdout)")
        }
        for wrong in [
            ["web"], ["web", "port"], ["web", "=1"], ["web", "a..b=1"], [], ["web", "port=1", "--config-dir", ""],
        ] {
            #expect(try await place.config(["set"] + wrong + ["--json"]).status == 2, "\(wrong)")
        }
        #expect(try await place.config("set", "web", #"name="q""#, "--json-value").status == 0)
        #expect(place.contents?["name"] == "q")
        // Over the file there is a variable, which neither hides a wrong value nor what was set.
        let variables = ["KEYWAY_CONFIG_WEB__PORT": "9"]
        #expect(try await place.config("set", "web", "port=0", variables: variables).status == 1)
        let over = try await place.config("set", "web", "port=7", variables: variables)
        #expect(over.status == 0 && over.stderr.contains("KEYWAY_CONFIG_WEB__PORT is over it"))
        #expect(try await place.config("set", "plain", "any.thing=[1]", "text=x").status == 0)
        #expect(
            try await place.config("show", "plain", "--json").json()["configuration"] == [
                "any": ["thing": [1]], "text": "x",
            ])
    }

    @Test("set takes what the schema does not name where the manifest allows it")
    func additional() async throws {
        let place = try Place()
        let members = #","configuration":{"schema":{"properties":{"port":{}}},"additionalProperties":true}"#
        try NotedPlugin.build("open", "1.0.0", members, in: place.folder)
        #expect(try await place.config("set", "open", "prot=1").status == 0)
        let shown = try await place.config("show", "open", "--json").json()
        #expect(shown["configuration"] == ["prot": 1] && shown["problems"] == [])
    }

    @Test("unset gives way to what is under a value, and says what is not set")
    func unset() async throws {
        let place = try Place()
        #expect(try await place.config("set", "web", "port=8080", "server.host=h", "name=n").status == 0)
        #expect(try await place.config("unset", "web", "port", "/server/host").status == 0)
        #expect(place.contents == ["name": "n"])
        #expect(try await place.config("show", "web", "--json").json()["configuration"]?["port"] == 80)
        let wrong = try await place.config("unset", "web", "name", "nmae", "--json")
        #expect(
            try wrong.status == 1 && wrong.json()["error"]?["code"] == "notFound" && place.contents == ["name": "n"])
        #expect(try await place.config("unset", "web", "naem").stderr.contains("is \"name\" meant?"))
        #expect(try await place.config("unset", "web").status == 2)
    }

    @Test("validate lists everything that is wrong, with file, line and column, of the file or of another")
    func validate() async throws {
        let place = try Place()
        #expect(try await place.config("validate", "web").stdout == "The configuration of web is valid.\n")
        try place.folder.write("{\n  \"port\": 0,\n  \"prot\": 1, \"server\": {\"wait\": \"x\"}\n}", to: "mine.json")
        let output = try await place.config("validate", "web", "mine.json", "--json")
        let problems = try #require(try output.json()["problems"]?.arrayValue)
        #expect(try output.status == 1 && output.json()["valid"] == false)
        #expect(problems.map { $0["pointer"] } == ["/port", "/prot", "/server/wait"])
        #expect(problems.map { $0["severity"] } == ["error", "warning", "error"])
        #expect(problems[1]["line"] == 3 && problems[1]["column"] == 3 && problems[1]["source"] == "mine.json")
        let text = try await place.config("validate", "web", "mine.json").stdout
        #expect(text.contains("error: /port must be at least 1, but is 0 (mine.json:2:3)\n"))
        try place.folder.write("port = 5\n[server]\nwait = true\n", to: "mine.toml")
        #expect(try await place.config("validate", "web", "mine.toml").stdout.contains("(mine.toml:3:1)"))
        #expect(try await place.config("validate", "web", "-", input: #"{"port": 5}"#).status == 0)
        #expect(try await place.config("validate", "web", "-", input: #"{"port": 0}"#).status == 1)
        for (name, text) in [
            ("cut.json", "{"), ("list.json", "[]"), ("deep.json", String(repeating: "[", count: 100_000)),
        ] {
            try place.folder.write(text, to: name)
            let output = try await place.config("validate", "web", name, "--json")
            #expect(try output.status == 1 && output.json()["error"]?["code"] == "configuration", "\(name)")
        }
        #expect(unsafe mkfifo(place.folder.url.appendingPathComponent("pipe.json").path, 0o600) == 0)
        #expect(try await place.config("validate", "web", "pipe.json", "--json").json()["error"]?["code"] == "conflict")
        #expect(try await place.config("validate", "web", "none.json", "--json").json()["error"]?["code"] == "notFound")
    }

    @Test("sample has what is required and given, in JSON and in TOML, and conforms")
    func sample() async throws {
        let place = try Place()
        let json = try await place.config("sample", "web")
        #expect(json.status == 0 && json.stderr.isEmpty)
        #expect(try await place.config("validate", "web", "-", input: json.stdout).status == 0)
        #expect(try json.json() == ["port": 80, "name": "web", "level": "info"])
        let toml = try await place.config("sample", "web", "--toml").stdout
        #expect(toml.contains("# Where it listens\n# integer, required, at least 1\nport = 80\n"))
        #expect(toml.contains(#"# key = { "$secret" = "env:KEY" }"#))
        try place.folder.write(toml, to: "sample.toml")
        #expect(try await place.config("validate", "web", "sample.toml").status == 0)
        #expect(try await place.config("sample", "plain", "--json").json()["error"]?["code"] == "unsupported")
        #expect(try await place.config("sample", "web", "--toml", "--json").status == 2)
    }

    @Test("export and import carry all of it to another folder; what is wrong in any changes none")
    func exportImport() async throws {
        let place = try Place()
        #expect(try await place.config("set", "web", "port=8080", #"key={"$secret": "env:KEY"}"#).status == 0)
        #expect(try await place.config("set", "plain", "a=1").status == 0)
        let exported = try await place.config("export", "--json")
        #expect(
            try exported.json()["plugins"] == [
                "web": ["port": 8080, "key": ["$secret": "env:KEY"]], "plain": ["a": 1],
            ])
        #expect(try await place.config("export", "plain").json()["plugins"] == ["plain": ["a": 1]])
        let none = try await place.config("export", "plian", "--json")
        #expect(none.status == 1 && none.stdout.contains(#"is \"plain\" meant?"#))
        let imported = try await place.config("import", "-", "--config-dir", "other", "--json", input: exported.stdout)
        #expect(try imported.status == 0 && imported.json()["imported"] == ["plain", "web"])
        #expect(try await place.config("export", "--config-dir", "other", "--json").stdout == exported.stdout)
        let again = try await place.config("export", "--json", variables: ["KEYWAY_CONFIG_DIR": "other"])
        #expect(again.stdout == exported.stdout)
        let file = try place.folder.write(exported.stdout, to: "all.json").path
        #expect(try await place.config("import", file).stdout == "Imported plain, web.\n")
        for (document, code) in [
            (#"{"keyway":"configurations","version":1,"plugins":{"plain":{"a":2},"web":{"port":0}}}"#, "configuration"),
            (#"{"keyway":"configurations","version":1,"plugins":{"plain":{"a":2},"wbe":{}}}"#, "notFound"),
            (#"{"keyway":"configurations","version":1,"plugins":{"plain":{"a":2},"web":[]}}"#, "configuration"),
            (#"{"keyway":"configurations","version":2,"plugins":{"plain":{"a":2}}}"#, "configuration"),
            (#"{"plain":{"a":2}}"#, "configuration"), ("[]", "configuration"), ("", "invalidArgument"),
        ] {
            let output = try await place.config("import", "-", "--json", input: document)
            #expect(try output.status == 1 && output.json()["error"]?["code"] == .string(code), "\(document)")
            #expect(try await place.config("export", "--json").stdout == exported.stdout)
        }
    }

    @Test("a TOML file becomes JSON by what the error says")
    func toml() async throws {
        let place = try Place()
        let file = try place.folder.write("port = 81\n", to: "config/keyway/plugins/web.toml")
        for item in ["config/keyway/plugins/web.toml", "config/keyway/plugins"] {
            let path = place.folder.url.appendingPathComponent(item).path
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        }
        #expect(
            try await place.config("show", "web", "--json").json()["origins"]?["/port"]?["source"] == .string(file.path)
        )
        let refused = try await place.config("set", "web", "port=82")
        #expect(refused.status == 1 && refused.stderr.contains("keyway config export web > FILE"))
        let exported = try await place.config("export", "web").stdout
        #expect(try await place.config("import", "-", input: exported).status == 1)
        try FileManager.default.removeItem(at: file)
        #expect(try await place.config("import", "-", input: exported).status == 0)
        #expect(try await place.config("set", "web", "port=82").status == 0 && place.contents == ["port": 82])
    }

    @Test("secrets are in no output, not when they are right, wrong, missing or written out")
    func secrets() async throws {
        let place = try Place()
        let secret = "hunter2-\(UUID().uuidString)"
        let key = try place.folder.write("\(secret)\n", to: "key").path
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        let variables = ["WEB_KEY": secret]
        var outputs: [Command.Output] = []
        func config(_ arguments: String...) async throws -> Int32 {
            outputs.append(try await place.config(arguments, variables: variables))
            outputs.append(try await place.config(arguments + ["--json"], variables: variables))
            #expect(outputs.allSatisfy { !($0.stdout + $0.stderr).contains(secret) }, "\(arguments)")
            return outputs.last!.status
        }
        for reference in ["env:WEB_KEY", "file:\(key)"] {
            #expect(try await config("set", "web", #"key={"$secret": "\#(reference)"}"#) == 0)
            #expect(try await config("validate", "web", "--secrets") == 0)
            #expect(try await config("show", "web") == 0 && outputs.last?.stdout.contains(reference) == true)
            #expect(try await config("export") == 0 && outputs.last?.stdout.contains(reference) == true)
        }
        // Wrong type, missing, readable by others, and the secret where a reference belongs.
        #expect(try await config("set", "web", #"port={"$secret": "env:WEB_KEY"}"#) == 1)
        #expect(try await config("set", "web", #"key={"$secret": "\#(secret)"}"#) == 1)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
        #expect(try await config("validate", "web", "--secrets") == 1)
        #expect(outputs.last?.stdout.contains("file:\(key)") == true)
        #expect(try await config("set", "web", #"key={"$secret": "env:WEB_NONE"}"#) == 0)
        #expect(try await config("validate", "web") == 0)
        #expect(try await config("validate", "web", "--secrets") == 1)
        #expect(
            !String(decoding: try Data(contentsOf: URL(fileURLWithPath: place.file)), as: UTF8.self).contains(secret))
        // Written out, where the schema says that it is secret: kept, warned about, and not shown.
        #expect(try await config("set", "web", "key=\(secret)") == 0)
        #expect(try await config("show", "web") == 0 && outputs.last?.stdout.contains("(hidden)") == true)
        #expect(
            outputs.last?.stdout.contains("stands in the open") == true && place.contents?["key"] == .string(secret))
        #expect(try await config("export") == 1)
        #expect(try await config("set", "web", "port=0", "key=x\(secret)") == 1)
        let open = try await place.config("export", "--plain-secrets")
        #expect(try open.json()["plugins"]?["web"]?["key"] == .string(secret))
    }

    @Test("many commands that set values at once lose none")
    func together() async throws {
        let place = try Place()
        try await withThrowingTaskGroup { group in
            for number in 0..<16 {
                group.addTask {
                    let output = try await place.config("set", "plain", "group.n\(number)=\(number)", "last=\(number)")
                    #expect(output.status == 0, "\(output.stderr)")
                }
            }
            try await group.waitForAll()
        }
        let values = try await place.config("export", "plain", "--json").json()["plugins"]?["plain"]
        #expect(values?["group"]?.objectValue?.count == 16)
        #expect((0..<16).allSatisfy { values?["group"]?["n\($0)"] == .int(Int64($0)) })
    }

    @Test("a folder that others can write is not believed")
    func folder() async throws {
        let place = try Place()
        #expect(try await place.config("set", "web", "port=8080").status == 0)
        let path = URL(fileURLWithPath: place.file).deletingLastPathComponent().path
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path)
        for verb in [["show", "web"], ["set", "web", "port=1"], ["validate", "web"], ["export"]] {
            let output = try await place.config(verb + ["--json"])
            #expect(try output.status == 1 && output.json()["error"]?["code"] == "permissionDenied", "\(verb)")
        }
    }
}
