import Foundation
import PluginCore
import Testing

@Suite("keyway registry", .timeLimit(.minutes(10)))
struct RegistryCommandTests {
    /// A folder of plugins with a cache and a state of its own.
    private struct Place {
        let folder: TemporaryFolder

        init(_ plugins: [String]) throws {
            folder = try TemporaryFolder()
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            for name in plugins {
                try FileManager.default.copyItem(
                    atPath: "\(Command.plugins)/\(name).so", toPath: "\(path)/\(name).so")
            }
        }

        var path: String { folder.url.appendingPathComponent("plugins").path }

        func run(
            _ arguments: [String], isScanning: Bool = true, environment: [String: String] = [:]
        ) async throws -> Command.Output {
            let places = ["XDG_CACHE_HOME", "XDG_STATE_HOME"].map { ($0, folder.url.appendingPathComponent($0).path) }
            return try await Command.run(
                ["registry"] + arguments + (isScanning ? ["--path", path] : []),
                environment: environment.merging(places) { given, _ in given })
        }
    }

    private func states(_ output: Command.Output) throws -> [String: String] {
        let plugins = try #require(try output.json()["plugins"]?.arrayValue)
        return Dictionary(
            uniqueKeysWithValues: plugins.map { ($0["name"]?.stringValue ?? "", $0["state"]?.stringValue ?? "") })
    }

    @Test("scan says of each file what it is, ends with 0 whatever is refused, and remembers")
    func scan() async throws {
        let place = try Place(["hash-embedder", "extractive-provider"])
        try Data("text".utf8).write(to: URL(fileURLWithPath: place.path + "/broken.so"))
        let first = try await place.run(["scan", "--json"])
        #expect(first.status == 0)
        let json = try first.json()
        #expect(Command.keys(json) == ["cache", "folders", "plugins", "timings"])
        #expect(json["cache"]?["misses"] == 3 && json["cache"]?["hits"] == 0)
        let plugins = try #require(json["plugins"]?.arrayValue)
        #expect(
            plugins.compactMap { $0["file"]?.stringValue?.split(separator: "/").last } == [
                "broken.so", "extractive-provider.so", "hash-embedder.so",
            ])
        for plugin in plugins {
            for key in ["id", "name", "version", "file", "sha256", "state", "reason"] {
                #expect(plugin.objectValue?.keys.contains(key) == true, "\(key)")
            }
        }
        #expect(plugins[0]["state"] == "refused" && plugins[0]["id"] == .null && plugins[0]["version"] == .null)
        #expect(plugins[0]["reason"]?.stringValue?.isEmpty == false)
        #expect(plugins[2]["id"] == "hash-embedder" && plugins[2]["state"] == "available")
        #expect(plugins[2]["reason"] == .null && plugins[2]["sha256"]?.stringValue?.utf8.count == 64)
        for key in ["readMs", "listMs", "judgeMs", "writeMs", "probeMs", "totalMs"] {
            #expect(json["timings"]?[key]?.doubleValue != nil, "\(key)")
        }
        let second = try await place.run(["scan", "--json"])
        #expect(try second.json()["cache"]?["hits"] == 3 && second.json()["cache"]?["misses"] == 0)
        for option in ["--paranoid", "--fresh"] {
            let again = try await place.run(["scan", option, "--json"])
            #expect(try again.json()["cache"]?["misses"] == (option == "--fresh" ? 3 : 0))
            #expect(try again.json()["plugins"]?.arrayValue?.count == 3)
        }
        let text = try await place.run(["scan"])
        #expect(text.status == 0 && text.stdout.contains("3 plugins: 2 available, 1 refused; 3 of 3 files"))
        #expect(text.stdout.contains("broken.so: refused: "))
    }

    @Test("a folder that is not there is named, and is no failure")
    func noFolder() async throws {
        let place = try Place([])
        let output = try await place.run(["scan", "--json", "--path", place.path + "/none"])
        #expect(output.status == 0)
        #expect(try output.json()["folders"]?.arrayValue?[0]["problem"] == "there is no such folder")
        #expect(try output.json()["plugins"] == [])
    }

    @Test("status says why each file was judged anew, and how many plugins are in which state")
    func status() async throws {
        let place = try Place(["hash-embedder", "flat-vectors"])
        let first = try await place.run(["status", "--json"]).json()
        #expect(first["states"]?["available"] == 2 && first["states"]?["quarantined"] == 0)
        #expect(
            first["plugins"]?.arrayValue?[0]["missReason"] == "it is new"
                && first["plugins"]?.arrayValue?[0]["cached"] == false)
        #expect(first["plugins"]?.arrayValue?[0]["inspectMs"]?.doubleValue != nil)
        let second = try await place.run(["status", "--json"]).json()
        #expect(
            second["plugins"]?.arrayValue?[0]["missReason"] == .null
                && second["plugins"]?.arrayValue?[0]["cached"] == true)
        let text = try await place.run(["status"])
        #expect(text.stdout.contains("cache: ") && text.stdout.contains("cached"))
    }

    @Test("which names the winner for an id, an interface, a type and a file, and says why the others lose")
    func which() async throws {
        let place = try Place(["hash-embedder", "flat-vectors"])
        try FileManager.default.copyItem(
            atPath: place.path + "/hash-embedder.so", toPath: place.path + "/second.so")
        for name in ["hash-embedder", "keyway.embedder/1", "embedder"] {
            let output = try await place.run(["which", name, "--json"])
            #expect(output.status == 0, "\(name)")
            let json = try output.json()
            #expect(json["winner"]?["file"] == .string(place.path + "/hash-embedder.so"), "\(name)")
            #expect(
                json["candidates"]?.arrayValue?[1]["why"]?.stringValue?.contains("was found before it") == true
                    || json["candidates"]?.arrayValue?[1]["why"]?.stringValue?.contains("comes before it") == true)
        }
        let text = try await place.run(["which", "second"])
        #expect(text.status == 0 && text.stdout == place.path + "/second.so\n")
        let none = try await place.run(["which", "nothing"])
        #expect(none.status == 1 && none.stderr.contains("There are ") && none.stdout.isEmpty)
        try Data().write(to: URL(fileURLWithPath: place.path + "/bad.so"))
        let bad = try await place.run(["which", "bad", "--json"])
        #expect(bad.status == 1)
        #expect(try bad.json()["winner"] == .null && bad.json()["candidates"]?.arrayValue?[0]["state"] == "refused")
    }

    @Test("which compares versions of one plugin only, and says by what the others lose")
    func order() async throws {
        let place = try Place([])
        let built = try TemporaryFolder()
        for (name, id, version) in [
            ("a", "acme-one", "1.0.0"), ("b", "other", "9.0.0"), ("c", "acme-one", "2.0.0"),
        ] {
            let path = try NotedPlugin.build(id, version, in: built, name: name)
            try FileManager.default.moveItem(atPath: path, toPath: "\(place.path)/\(name).so")
        }
        let json = try await place.run(["which", "embedder", "--json"]).json()
        #expect(json["winner"]?["file"] == .string("\(place.path)/c.so"))
        let reasons = json["candidates"]?.arrayValue?.compactMap { $0["why"]?.stringValue } ?? []
        #expect(
            reasons == [
                "it is the first that can be loaded", "1.0.0 is older than 2.0.0",
                "\(place.path)/c.so comes before it: of one folder's plugins the first by file name",
            ])
    }

    @Test("disable takes what can be a plugin's name or a glob of such, and its way back can be copied into a shell")
    func names() async throws {
        let place = try Place(["hash-embedder"])
        for wrong in ["no id!", "a/b", "x y*", "[ab"] {
            let output = try await place.run(["disable", wrong, "--json"])
            #expect(output.status == 1, "\(wrong)")
            #expect(try output.json()["error"]?["code"] == "invalidArgument", "\(wrong)")
        }
        #expect(try await place.run(["disable", "none-*"]).stderr.contains("no plugin called none-* was found"))
        let glob = try await place.run(["disable", "hash-*"])
        #expect(glob.status == 0 && glob.stderr.isEmpty)
        let scan = try await place.run(["scan", "--json"]).json()
        #expect(scan["plugins"]?.arrayValue?[0]["remedy"] == "Run `keyway registry enable 'hash-*'`")
    }

    @Test("disable turns off by name and glob until enable, and load is refused with the reason")
    func disable() async throws {
        let place = try Place(["hash-embedder", "flat-vectors"])
        let off = try await place.run(["disable", "hash-*", "--reason", "it leaks", "--json"], isScanning: false)
        #expect(off.status == 0)
        #expect(try off.json()["disabled"] == true && off.json()["reason"] == "it leaks")
        #expect(
            try states(await place.run(["scan", "--json"])) == [
                "hash-embedder": "disabled", "flat-vectors": "available",
            ])
        let which = try await place.run(["which", "embedder", "--json"])
        #expect(which.status == 1)
        let call = try await Command.run(
            ["call-adapter", "embed", "--text", "x", "--plugin", "hash-embedder", "--path", place.path, "--json"],
            environment: ["XDG_STATE_HOME": place.folder.url.appendingPathComponent("XDG_STATE_HOME").path])
        #expect(call.status == 1)
        #expect(try call.json()["error"]?["code"] == "disabled")
        #expect(try call.json()["error"]?["message"]?.stringValue?.contains("it leaks") == true)
        #expect(try await place.run(["enable", "hash-*"], isScanning: false).status == 0)
        #expect(try states(await place.run(["scan", "--json"]))["hash-embedder"] == "available")
        let twice = try await place.run(["enable", "hash-*"], isScanning: false)
        #expect(twice.status == 1 && twice.stderr.contains("is not disabled"))
    }

    @Test("the environment turns off and on by glob")
    func environment() async throws {
        let place = try Place(["hash-embedder", "flat-vectors"])
        let some = try await place.run(["scan", "--json"], environment: ["KEYWAY_PLUGINS_DISABLE": "flat-*,other"])
        #expect(try states(some) == ["hash-embedder": "available", "flat-vectors": "disabled"])
        let all = try await place.run(
            ["scan", "--json"],
            environment: ["KEYWAY_PLUGINS_DISABLE": "*", "KEYWAY_PLUGINS_ALLOW": "flat-vectors"])
        #expect(try states(all) == ["hash-embedder": "disabled", "flat-vectors": "available"])
    }

    @Test("cache clear forgets, and a damaged state is an error that changes nothing")
    func clear() async throws {
        let place = try Place(["hash-embedder"])
        _ = try await place.run(["scan"])
        let cleared = try await place.run(["cache", "clear", "--json"], isScanning: false)
        #expect(try cleared.json()["removed"]?.arrayValue?.count == 1)
        #expect(try await place.run(["scan", "--json"]).json()["cache"]?["hits"] == 0)
        let state = place.folder.url.appendingPathComponent("XDG_STATE_HOME/keyway/disabled.json")
        _ = try await place.run(["disable", "x"], isScanning: false)
        try Data("{ half".utf8).write(to: state)
        unsafe chmod(state.path, 0o600)
        for command in [["scan"], ["which", "embedder"]] {
            let output = try await place.run(command + ["--json"])
            #expect(output.status == 1)
            #expect(try output.json()["error"]?["code"] == "dataLoss", "\(command)")
        }
        #expect(try Data(contentsOf: state) == Data("{ half".utf8))
    }

    @Test("many processes scan one folder at once")
    func concurrent() async throws {
        let place = try Place(["hash-embedder", "flat-vectors", "command-runner"])
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let output = try await place.run(["scan", "--json"])
                    #expect(output.status == 0)
                    #expect(try output.json()["plugins"]?.arrayValue?.count == 3)
                }
            }
            try await group.waitForAll()
        }
        let cache = place.folder.url.appendingPathComponent("XDG_CACHE_HOME/keyway").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache).count == 1)
        #expect(try await place.run(["scan", "--json"]).json()["cache"]?["misses"] == 0)
    }

    @Test("wrong usage ends with 2")
    func usage() async throws {
        for arguments in [
            ["scan", "--depth", "0"], ["scan", "--probe-deadline", "soon"], ["which"], ["disable", ""],
        ] {
            #expect(try await Command.run(["registry"] + arguments).status == 2, "\(arguments)")
        }
    }
}
