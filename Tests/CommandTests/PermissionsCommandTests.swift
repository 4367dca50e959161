import Foundation
import PluginCore
import Testing

@Suite("keyway permissions", .timeLimit(.minutes(10)))
struct PermissionsCommandTests {
    /// A home of its own, so that nobody's grants count.
    private struct Place {
        let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        var file: String { folder.url.appendingPathComponent("config/keyway/permissions.json").path }

        func run(_ arguments: [String], in plugins: String? = nil) async throws -> Command.Output {
            let variables = ["XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state"]
            return try await Command.run(
                arguments + ["--path", plugins ?? folder.url.path],
                environment: variables.mapValues { folder.url.appendingPathComponent($0).path })
        }

        func permissions(_ arguments: String..., in plugins: String? = nil) async throws -> Command.Output {
            try await run(["permissions"] + arguments, in: plugins)
        }
    }

    private static let requests = #"""
        ,"permissions":[{"permission":"fs.read:models","why":"its weights"},"net:*.example.com:443",
        {"permission":"process.exec","required":false}]
        """#.replacing("\n", with: "")

    @Test("check ends with 0 for what a plugin may, 1 for what it may not, 2 for what nobody can mean")
    func check() async throws {
        let place = try Place()
        try NotedPlugin.build("asks", "1.2.3", Self.requests, in: place.folder)
        #expect(try await place.permissions("grant", "asks", "fs.read:models").status == 0)
        for (text, status): (String, Int32) in [
            ("fs.read:/srv/data/models/small", 0), ("fs.read:/etc/passwd", 1), ("net:api.example.com:443", 1),
            ("fs.raed:/srv", 2), ("net:api.example.com", 2), ("env:A,B", 2), ("process.exec:bin/sh", 2), ("", 2),
        ] {
            let output = try await place.permissions("check", "asks", text, "--data", "/srv/data", "--json")
            #expect(output.status == status, "\(text): \(output.stdout) \(output.stderr)")
            #expect((try output.json()["error"] != nil) == (status == 2), "\(text)")
        }
    }

    @Test("show says what is asked for, what it means and what is missing, before and after grants")
    func show() async throws {
        let place = try Place()
        let path = try NotedPlugin.build("asks", "1.2.3", Self.requests, in: place.folder)
        try NotedPlugin.build("plain", "1.0.0", in: place.folder)
        let before = try await place.permissions("show", "--json")
        #expect(before.status == 0 && before.stderr.isEmpty)
        let free = try before.json()
        #expect(free["policy"]?["exists"] == false && free["policy"]?["file"] == .string(place.file))
        #expect(free["enforced"] == [])
        let plugins = try #require(free["plugins"]?.arrayValue)
        #expect(plugins.map { $0["id"] } == ["asks", "plain"] && plugins[0]["file"] == .string(path))
        #expect(plugins[0]["missing"] == [] && plugins[0]["granted"] == [] && plugins[0]["tier"] == "inProcess")
        #expect(plugins[0]["permissions"]?.arrayValue?.allSatisfy { $0["granted"] == .null } == true)
        #expect(try await place.permissions("show").stdout.contains("nobody is asked"))

        #expect(try await place.permissions("grant", "asks", "fs.read:models", "--reason", "tested").status == 0)
        let after = try await place.permissions("show", "asks", "--data", "/srv/data", "--json").json()
        let plugin = try #require(after["plugins"]?.arrayValue?.first)
        #expect(after["enforced"] == ["load"] && plugin["version"] == "1.2.3")
        #expect(plugin["granted"] == ["fs.read:models"] && plugin["missing"] == ["net:*.example.com:443"])
        #expect(plugin["missingOptional"] == ["process.exec"])
        let items = try #require(plugin["permissions"]?.arrayValue)
        #expect(items[0]["resolved"] == "fs.read:/srv/data/models" && items[0]["why"] == "its weights")
        #expect(items[0]["grant"]?["reason"] == "tested" && items[0]["grant"]?["since"]?.intValue != nil)
        #expect(items[0]["required"] == true && items[2]["required"] == false)
        #expect(items[2]["unlimited"] == true && items[0]["unlimited"] == false)
        let page = try await place.permissions("show", "--data", "/srv/data").stdout
        #expect(page.contains("/srv/data/models") && page.contains("NOT GRANTED") && page.contains("its weights"))
        #expect(page.contains("in a worker it is: keyway inspect --sandbox"))
        #expect(try await place.permissions("show", "none", "--json").json()["error"]?["code"] == "notFound")
    }

    @Test("without grants everything is loaded; with the first one it is held to them, and the error's command helps")
    func enforced() async throws {
        let place = try Place()
        let call = ["call-adapter", "evaluate", "--plugin", "command-runner", "--json", "--", "ls"]
        func evaluate(_ options: [String] = []) async throws -> Command.Output {
            try await Command.run(
                Array(call.dropLast(2)) + options + ["--path", Command.plugins, "--", "ls"],
                environment: ["XDG_CONFIG_HOME": place.folder.url.appendingPathComponent("config").path])
        }
        #expect(try await evaluate().status == 0)
        let first = try await place.permissions("grant", "hash-embedder", "threads", in: Command.plugins)
        #expect(first.status == 0 && first.stderr.contains("is new"))
        let refused = try await evaluate()
        let error = try #require(try refused.json()["error"])
        #expect(refused.status == 1 && error["code"] == "permissionDenied" && error["names"] == ["process.exec"])
        let message = try #require(error["message"]?.stringValue)
        let command = try #require(message.split(separator: "`").dropFirst().first)
        #expect(command == "keyway permissions grant command-runner process.exec")
        let granted = try await place.run(command.split(separator: " ").dropFirst().map(String.init) + ["--json"])
        #expect(try granted.status == 0 && granted.json()["granted"] == ["process.exec"])
        #expect(try await evaluate().status == 0)
        #expect(try await place.permissions("revoke", "command-runner").status == 0)
        #expect(try await evaluate().status == 1)
        // Another file of grants takes the place of the user's, and has to be there.
        let other = place.folder.url.appendingPathComponent("other.json").path
        #expect(try await evaluate(["--permissions", other]).json()["error"]?["code"] == "notFound")
        try place.folder.write(#"{"version": 1, "plugins": {"command-runner": ["process.exec"]}}"#, to: "other.json")
        #expect(try await evaluate(["--permissions", other]).status == 0)
        try place.folder.write(#"{"version": 1, "plugins": {}}"#, to: "other.json")
        let named = try await evaluate(["--permissions", other]).json()["error"]?["message"]?.stringValue
        #expect(named?.contains("grant command-runner process.exec --permissions \(other)`") == true)
    }

    @Test("grant takes ids, files and globs, grants what is required at once, and says what it means")
    func grant() async throws {
        let place = try Place()
        let path = try NotedPlugin.build("asks", "1.0.0", Self.requests, in: place.folder)
        let all = try await place.permissions("grant", path, "--all-required", "--json")
        #expect(try all.status == 0 && all.json()["plugin"] == "asks" && all.json()["missing"] == [])
        #expect(try all.json()["granted"] == ["fs.read:models", "net:*.example.com:443"])
        let glob = try await place.permissions("grant", "as*", "fs.read:/srv")
        #expect(glob.status == 0)
        #expect(
            try await place.permissions("grant", "as*", "fs.read", "--json").json()["error"]?["code"] == "validation")
        let stranger = try await place.permissions("grant", "stranger", "threads")
        #expect(stranger.status == 0 && stranger.stderr.contains("no stranger is installed"))
        #expect(try await place.permissions("grant", "stranger", "--all-required").status == 1)
        #expect(try await place.permissions("grant", "none.so", "threads").status == 1)
        #expect(try await place.permissions("grant", "dir/none", "threads").status == 1)
        #expect(try await place.permissions("grant", "asks", "jit").stderr.contains("asks for no jit"))
        let vain = try await place.permissions("grant", "asks", "net:https://a.example/v*/x")
        let why = "asks asks for nothing that net:https://a.example/v*/x covers: a * stands"
        #expect(vain.stderr.contains("keyway: warning: \(why)"))
        let blind = try await place.permissions("grant", "stranger", "fs.read:/srv/*", "threads", "--json").json()
        #expect(blind["warnings"]?.arrayValue?.count == 1)
        #expect(try await place.permissions("revoke", "stranger", "fs.read:/srv/*").status == 0)
        #expect(
            try await place.permissions("grant", "no id!", "threads", "--json").json()["error"]?["code"] == "validation"
        )
        #expect(try await place.permissions("show").stdout.contains("granted to stranger: threads"))
        let patterns = ["wish", "net:nowhere", "net:a.*.com:443"].map { ["asks", $0] }
        for wrong in [["asks"], ["", "threads"]] + patterns {
            let output = try await place.run(["permissions", "grant"] + wrong + ["--json"])
            #expect(try output.status == 2 && output.json()["error"]?["code"] == "usage", "\(wrong)")
        }
        let document = try JSON(parsing: String(contentsOfFile: place.file, encoding: .utf8), what: "the policy")
        #expect(Command.keys(document["plugins"]) == ["as*", "asks", "stranger"])
        #expect(try FileManager.default.attributesOfItem(atPath: place.file)[.posixPermissions] as? Int == 0o600)
    }

    @Test("without a folder for configuration the file is in the home folder, and without that the system's")
    func places() async throws {
        let place = try Place()
        let home = place.folder.url.path
        for (variables, file) in [
            (["XDG_CONFIG_HOME": "relative", "HOME": home], "\(home)/.config/keyway/permissions.json"),
            (["XDG_CONFIG_HOME": "\(home)/c", "HOME": home], "\(home)/c/keyway/permissions.json"),
        ] {
            let output = try await Command.run(
                ["permissions", "show", "--json", "--path", home], environment: variables)
            let policy = try output.json()["policy"]
            #expect(policy?["file"] == .string(file))
            #expect(policy?["systemFile"] == "/etc/keyway/permissions.json")
        }
        let homeless = try await Command.run(
            ["-u", "HOME", "-u", "XDG_CONFIG_HOME", Command.path, "permissions", "show", "--json", "--path", home],
            program: "/usr/bin/env")
        #expect(try homeless.json()["policy"]?["file"] == "/etc/keyway/permissions.json")
        #expect(try homeless.json()["policy"]?["systemFile"] == .null)
    }

    @Test("revoke takes one or all, says what is still there, and what was never granted is an error")
    func revoke() async throws {
        let place = try Place()
        try NotedPlugin.build("asks", "1.0.0", Self.requests, in: place.folder)
        #expect(try await place.permissions("revoke", "asks", "--json").json()["error"]?["code"] == "notFound")
        #expect(try await place.permissions("grant", "asks", "fs.read:models", "process.exec").status == 0)
        #expect(try await place.permissions("grant", "a*", "net:*.example.com:443").status == 0)
        let wrong = try await place.permissions("revoke", "asks", "threads", "process.exec", "--json")
        #expect(try wrong.status == 1 && wrong.json()["error"]?["names"] == ["fs.read:models", "process.exec"])
        let one = try await place.permissions("revoke", "asks", "process.exec", "--json").json()
        #expect(one["revoked"] == ["process.exec"])
        #expect(one["stillGranted"] == ["fs.read:models", "net:*.example.com:443"])
        let rest = try await place.permissions("revoke", "asks")
        #expect(rest.status == 0 && rest.stdout.contains("It still has net:*.example.com:443."))
        #expect(try await place.permissions("revoke", "a*", "--json").json()["stillGranted"] == .null)
        // Nobody has anything now, and that is what the file says: it is still asked.
        #expect(try await place.permissions("show", "--json").json()["enforced"] == ["load"])
    }

    @Test("a damaged file of grants is an error everywhere, and stays as it is")
    func damaged() async throws {
        let place = try Place()
        let text = #"{"version": 1, "plugins": {"command-runner": ["process.exec"]"#
        try place.folder.write(text, to: "config/keyway/permissions.json")
        for arguments in [
            ["permissions", "show"], ["permissions", "grant", "a", "threads"], ["permissions", "revoke", "a"],
            ["call-adapter", "enforceable", "--plugin", "command-runner"],
        ] {
            let output = try await place.run(arguments + ["--json"], in: Command.plugins)
            let error = try #require(try output.json()["error"])
            #expect(output.status == 1 && error["code"] == "dataLoss")
            #expect(error["message"]?.stringValue?.contains(place.file) == true)
        }
        #expect(try String(contentsOfFile: place.file, encoding: .utf8) == text)
    }
}
