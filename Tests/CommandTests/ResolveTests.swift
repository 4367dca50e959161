import Foundation
import PluginCore
import Testing

@Suite("keyway resolve and tree", .timeLimit(.minutes(10)))
struct ResolveTests {
    private func run(_ verb: String, _ folder: TemporaryFolder, _ options: [String] = []) async throws -> Command.Output
    {
        try await Command.run([verb, "--path", folder.url.path] + options)
    }

    @Test("what others need comes first, the newest that fits, and the tree shows it from both ends")
    func order() async throws {
        let folder = try TemporaryFolder()
        try NotedPlugin.build("zeta", "1.0.0", in: folder)
        try NotedPlugin.build("store", "1.4.0", in: folder)
        try NotedPlugin.build("store", "2.1.0", #","dependencies":{"zeta":"^1"}"#, in: folder)
        try NotedPlugin.build("app", "1.0.0", #","dependencies":{"store":">=1"}"#, in: folder)
        let output = try await run("resolve", folder, ["--json"])
        #expect(output.status == 0 && output.stderr.isEmpty)
        let json = try output.json()
        #expect(json["order"] == ["zeta", "store", "app"] && json["conflicts"] == [])
        #expect(json["plugins"]?.arrayValue?.compactMap { $0["version"]?.stringValue } == ["1.0.0", "2.1.0", "1.0.0"])
        let pinned = try await run("resolve", folder, ["--json", "--pin", "store=1.4.0"]).json()
        #expect(pinned["plugins"]?.arrayValue?.contains { $0["version"] == "1.4.0" } == true)
        #expect(try await run("resolve", folder, ["--strategy", "strict"]).status == 1)
        let manual = try await run("resolve", folder, ["--strategy", "manual", "--json"])
        #expect(manual.status == 1)
        #expect(try manual.json()["choices"]?.arrayValue?.first?["name"] == "store")
        #expect(try await run("resolve", folder, ["--strategy", "manual", "--pin", "store=2.1.0"]).status == 0)
        #expect(try await run("tree", folder).stdout.contains("app 1.0.0\n  store 2.1.0 (>=1)\n    zeta 1.0.0 (^1)"))
        #expect(try await run("tree", folder, ["--reverse"]).stdout.contains("zeta 1.0.0\n  store 2.1.0"))
    }

    @Test("what cannot be together is explained, and ends with 1")
    func conflicts() async throws {
        let folder = try TemporaryFolder()
        try NotedPlugin.build("store", "1.4.0", in: folder)
        try NotedPlugin.build("old", "1.0.0", #","dependencies":{"store":"^1"}"#, in: folder)
        try NotedPlugin.build("new", "1.0.0", #","dependencies":{"store":"^2"}"#, in: folder)
        let output = try await run("resolve", folder, ["--json"])
        #expect(output.status == 1)
        let conflict = try #require(try output.json()["conflicts"]?.arrayValue?.first)
        for key in ["plugin1", "plugin2", "dependency", "version1", "version2", "severity", "resolution"] {
            #expect(conflict[key] != nil, "\(key) is not in \(conflict)")
        }
        #expect(conflict["dependency"] == "store")
        let text = try await run("resolve", folder)
        #expect(text.status == 1 && text.stderr.hasPrefix("keyway: error: ") && text.stderr.contains("store"))
    }

    @Test("a circle is refused, a refused file takes no part, and a wrong pin is wrong usage")
    func edges() async throws {
        let folder = try TemporaryFolder()
        try NotedPlugin.build("a", "1.0.0", #","dependencies":{"b":"*"}"#, in: folder)
        try NotedPlugin.build("b", "1.0.0", #","dependencies":{"a":"*"}"#, in: folder)
        let circle = try await run("resolve", folder, ["--json"])
        #expect(circle.status == 1)
        #expect(try circle.json()["cycle"]?.arrayValue?.count == 3)
        let other = try TemporaryFolder()
        _ = try other.write("text", to: "text.so")
        let output = try await run("resolve", other, ["--json"])
        #expect(output.status == 0)
        #expect(try output.json()["order"] == [])
        #expect(try output.json()["skipped"]?.arrayValue?.count == 1)
        #expect(try await run("resolve", other, ["--pin", "x"]).status == 2)
    }

    @Test(
        "every way to fail is told as conflicts with the contract's members",
        arguments: [
            "circle", "missing", "range", "choice", "twice", "pin",
        ])
    func failures(kind: String) async throws {
        let folder = try TemporaryFolder()
        var options = ["--json"]
        switch kind {
        case "circle":
            try NotedPlugin.build("a", "1.0.0", #","dependencies":{"b":"*"}"#, in: folder)
            try NotedPlugin.build("b", "1.0.0", #","dependencies":{"a":"*"}"#, in: folder)
        case "missing": try NotedPlugin.build("a", "1.0.0", #","dependencies":{"b":"*"}"#, in: folder)
        case "range":
            try NotedPlugin.build("a", "1.0.0", #","dependencies":{"b":">=2 <2"}"#, in: folder)
            try NotedPlugin.build("b", "2.0.0", in: folder)
        case "choice":
            for version in ["1.0.0", "2.0.0"] { try NotedPlugin.build("b", version, in: folder) }
            options += ["--strategy", "manual"]
        case "twice":
            try NotedPlugin.build("b", "1.0.0", in: folder)
            try NotedPlugin.build("b", "1.0.0", #","description":"other""#, in: folder, name: "other")
        default:
            try NotedPlugin.build("b", "1.0.0", in: folder)
            options += ["--pin", "b=3.0.0"]
        }
        let output = try await run("resolve", folder, options)
        #expect(output.status == 1)
        let json = try output.json()
        #expect(json["order"] == [] && json["error"]?["code"] == "dependency")
        let conflicts = try #require(json["conflicts"]?.arrayValue)
        #expect(conflicts.count == (kind == "circle" ? 2 : 1))
        for conflict in conflicts {
            for key in ["plugin1", "plugin2", "dependency", "version1", "version2", "severity", "resolution"] {
                #expect(conflict.objectValue?.keys.contains(key) == true, "\(key) is not in \(conflict)")
            }
            #expect(conflict["severity"] == "error" && conflict["resolution"]?.stringValue?.isEmpty == false)
            #expect(["a", "b"].contains(conflict["dependency"]?.stringValue))
            // The one who asks for plugins has a name, too.
            let first = kind == "choice" ? "host" : kind == "twice" || kind == "pin" ? "b" : nil
            #expect(
                conflict["plugin1"]?.stringValue != nil && (first == nil || conflict["plugin1"]?.stringValue == first))
            if kind == "range" {
                #expect(conflict["message"]?.stringValue?.contains("no version can be >=2 <2") == true)
            }
            if kind == "twice" {
                let message = conflict["message"]?.stringValue
                #expect(
                    ["b-1.0.0.so", "other.so"].allSatisfy { message?.contains("\(folder.url.path)/\($0)") == true })
            }
        }
        #expect(try await run("resolve", folder, options.filter { $0 != "--json" }).stderr.hasPrefix("keyway: error: "))
    }

    @Test("a plugin that is installed and disabled is said to be disabled, with the command that enables it")
    func disabled() async throws {
        let (folder, state) = (try TemporaryFolder(), try TemporaryFolder())
        try NotedPlugin.build("a", "1.0.0", #","dependencies":{"b":"^1"}"#, in: folder)
        try NotedPlugin.build("b", "1.2.0", in: folder)
        let environment = ["XDG_STATE_HOME": state.url.path]
        func run(_ arguments: [String]) async throws -> Command.Output {
            try await Command.run(arguments, environment: environment, in: state.url)
        }
        let resolve = ["resolve", "--path", folder.url.path]
        #expect(try await run(resolve + ["--write-lock"]).status == 0)
        #expect(try await run(["registry", "disable", "b"]).status == 0)
        let output = try await run(resolve)
        #expect(output.status == 1)
        #expect(output.stderr.contains("a 1.0.0 needs b ^1, but b 1.2.0 is left out: it is disabled"))
        #expect(output.stderr.contains("Run `keyway registry enable b`, or remove a"))
        let locked = try await run(resolve + ["--locked", "--json"])
        #expect(try locked.json()["drift"]?.arrayValue?.first?["kind"] == "leftOut" && locked.status == 1)
        let lock = try await run(resolve + ["--lock", "keyway.lock"])
        #expect(lock.status == 1 && lock.stderr.contains("b is locked at 1.2.0, but it is left out: it is disabled"))
    }

    @Test("a library that a manifest names is looked for on this machine and beside the plugin")
    func libraries() async throws {
        let folder = try TemporaryFolder()
        let libraries = ["libc.so.6", "libnowhere.so.7", "libbeside.so.1"].map { #""\#($0)":{"kind":"library"}"# }
        let file = try NotedPlugin.build(
            "a", "1.0.0", #","dependencies":{\#(libraries.joined(separator: ","))}"#, in: folder)
        try FileManager.default.copyItem(atPath: file, toPath: folder.url.appendingPathComponent("libbeside.so.1").path)
        let output = try await run("resolve", folder)
        #expect(output.status == 0)
        #expect(
            output.stderr
                == "keyway: warning: a 1.0.0 needs the library libnowhere.so.7, which this machine does not have\n")
        let warnings = try await run("resolve", folder, ["--json"]).json()["warnings"]?.arrayValue
        #expect(warnings?.map { $0["dependency"] } == ["libnowhere.so.7"] && warnings?[0]["plugin1"] == "a")
    }

    @Test("a folder that cannot be searched is named, and no lock is written without it", arguments: ["gone", "file"])
    func folders(kind: String) async throws {
        let folder = try TemporaryFolder()
        try NotedPlugin.build("a", "1.0.0", in: folder)
        let bad = folder.url.appendingPathComponent(kind).path
        if kind == "file" { try folder.write("text", to: kind) }
        for verb in ["resolve", "tree", "list"] {
            let alone = try await Command.run([verb, "--path", bad])
            #expect(alone.status == 1 && alone.stdout.isEmpty && alone.stderr.contains("\(bad): "), "\(verb): \(alone)")
            let json = try await Command.run([verb, "--path", bad, "--json"])
            #expect(try json.status == 1 && json.json()["error"]?["names"] == [.string(bad)])
            #expect(try json.json()["error"]?["code"] == (kind == "gone" ? "notFound" : "invalidArgument"))
            let both = try await run(verb, folder, ["--path", bad])
            #expect(both.status == 0 && both.stdout.contains("a") && both.stderr.contains("keyway: warning: \(bad): "))
        }
        #expect(
            try await run("resolve", folder, ["--path", bad, "--json"]).json()["folders"]?.arrayValue?.map {
                $0["path"]
            }
                == [.string(bad)])
        let lock = folder.url.appendingPathComponent("keyway.lock").path
        for paths in [[bad], [folder.url.path, bad]] {
            let output = try await Command.run(
                ["resolve", "--write-lock", "--lock", lock] + paths.flatMap { ["--path", $0] })
            #expect(output.status == 1 && output.stderr.contains(bad) && !FileManager.default.fileExists(atPath: lock))
        }
    }
}
