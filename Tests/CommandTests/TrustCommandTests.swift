import Foundation
import PluginCore
import Testing

/// Which plugins run in the command's process, from the command line.
@Suite("keyway --trust", .timeLimit(.minutes(10)))
struct TrustCommandTests {
    /// A copy of a sample in a folder of its own, below a home without settings.
    private struct Place {
        let home: TemporaryFolder
        let file: String
        var environment: [String: String]

        /// - Parameter mode: of the folder.
        init(_ mode: Int = 0o755) throws {
            home = try TemporaryFolder()
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(Command.plugins)/hash-embedder.so"))
            file = try home.write(bytes, to: "plugins/hash-embedder.so").path
            let config = home.url.appendingPathComponent("config").path
            environment = ["HOME": home.url.path, "XDG_CONFIG_HOME": config, "KEYWAY_TRUST": ""]
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder)
        }

        var folder: String { home.url.appendingPathComponent("plugins").path }

        func run(_ words: [String]) async throws -> Command.Output {
            try await Command.run(words, environment: environment)
        }

        /// What inspect says of the trust.
        func trust(_ words: [String] = []) async throws -> JSON {
            let output = try await run(["inspect", file, "--json"] + words)
            try #require(output.status == 0, "\(output.stdout)")
            return try #require(try output.json()["trust"])
        }
    }

    @Test("inspect shows whether a plugin is trusted, why, and where it would run, without running it")
    func inspects() async throws {
        let place = try Place()
        let trusted = try await place.trust()
        #expect(Command.keys(trusted) == ["because", "isTrusted", "preset", "tier"])
        #expect(trusted["isTrusted"] == true && trusted["tier"] == "inProcess" && trusted["preset"] == "development")
        let page = try await place.run(["inspect", place.file]).stdout
        #expect(page.contains("trusted: only root") && page.contains("Loaded into a host's own process"))
        let open = try Place(0o757)
        let verdict = try await open.trust()
        #expect(verdict["isTrusted"] == false && verdict["tier"] == "worker")
        #expect(verdict["because"]?.stringValue?.contains("chmod go-w") == true)
        let openPage = try await open.run(["inspect", open.file]).stdout
        #expect(openPage.contains("not trusted: every user can write") && openPage.contains("It runs in a worker"))
        // What is refused runs nowhere.
        let refused = try await place.run(["inspect", "--json", Command.path]).json()
        #expect(refused["trust"] == .null && refused["findings"]?.arrayValue?.isEmpty == false)
    }

    @Test("list shows where each plugin would run, and null for what is refused") func lists() async throws {
        let place = try Place(0o757)
        try place.home.write("nonsense", to: "plugins/broken.so")
        let words = ["list", "--path", place.folder]
        let entries = try #require(try await place.run(words + ["--json"]).json().arrayValue)
        #expect(entries.count == 2)
        for entry in entries {
            let isBroken = entry["loadable"] == false
            #expect(isBroken ? entry["trust"] == .null : entry["trust"]?["tier"] == "worker")
        }
        let lines = try await place.run(words).stdout.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines.first?.contains("TIER") == true)
        #expect(lines.contains { $0.first == "hash-embedder" && $0.contains("worker") })
        let strict = try await place.run(
            words + ["--trust", "strict", "--trust-folder", place.home.url.path, "--json"]
        ).json()
        let verdicts = strict.arrayValue?.compactMap { $0["trust"]?["because"]?.stringValue }
        #expect(verdicts?.count == 1 && verdicts?.first?.contains("every user can write") == true)
    }

    @Test("a plugin that is not trusted answers the same from a worker, and a person is told") func notes() async throws
    {
        let (here, there) = (try Place(), try Place(0o757))
        let words = ["--text", "one", "--dims", "64"]
        let near = try await here.run(["call-adapter", "embed", "--plugin", here.file] + words)
        let far = try await there.run(["call-adapter", "embed", "--plugin", there.file] + words)
        #expect(near.status == 0 && far.stdout == near.stdout && near.stderr.isEmpty)
        #expect(
            far.stderr
                == "keyway: note: hash-embedder runs in a process of its own: every user can write \(there.folder); "
                + "run `chmod go-w \(there.folder)`.\n")
        // Not for programs, nor where it was asked for.
        for more in [["--json"], ["--isolate"], ["--trust", "strict"]] {
            let quiet = try await there.run(["call-adapter", "embed", "--plugin", there.file] + words + more)
            #expect(quiet.status == 0 && quiet.stderr.isEmpty, "\(more): \(quiet.stderr)")
        }
    }

    @Test("ask says where each plugin runs") func asks() async throws {
        let place = try Place(0o757)
        let output = try await place.run([
            "ask", "--path", Command.plugins, "--embedder", place.file, "--docs",
            Command.root.appendingPathComponent("docs/rules.md").path, "--no-cache", "--json", "What is S001?",
        ])
        let plugins = try #require(try output.json()["plugins"]?.arrayValue)
        #expect(plugins.first { $0["name"] == "hash-embedder" }?["tier"] == "worker")
        #expect(plugins.count == 4)
    }

    @Test("the strictest of option, variable and files counts, and their folders together") func strictest()
        async throws
    {
        var place = try Place()
        #expect(try await place.trust(["--trust", "strict"])["isTrusted"] == false)
        let listed = try await place.trust(["--trust", "strict", "--trust-folder", place.folder])
        #expect(listed["isTrusted"] == true && listed["preset"] == "strict")
        place.environment["KEYWAY_TRUST"] = "strict"
        #expect(try await place.trust(["--trust", "development"])["preset"] == "strict")
        place.environment["KEYWAY_TRUST"] = ""
        let kept = try place.home.write(
            #"{"version": 1, "preset": "strict", "folders": ["\#(place.folder)"]}"#, to: "config/keyway/trust.json")
        #expect(try await place.trust(["--trust", "development"]) == listed)
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: kept.path)
        let output = try await place.run(["inspect", place.file, "--json"])
        #expect(output.status == 1)
        #expect(try output.json()["error"]?["code"] == "permissionDenied")
    }

    @Test("what is no preset, or no fit folder, is a mistake, and nothing is loaded") func mistakes() async throws {
        var place = try Place()
        let words = ["call-adapter", "embed", "--plugin", place.file, "--text", "x", "--json"]
        #expect(try await place.run(words + ["--trust", "lax"]).status == 2)
        for (folder, what) in [("/tmp", "every user can write"), ("/nowhere", "there is no such folder")] {
            let output = try await place.run(words + ["--trust-folder", folder])
            let error = try #require(try output.json()["error"])
            #expect(output.status == 1 && error["code"] == "configuration")
            #expect(error["message"]?.stringValue?.contains(what) == true, "\(error)")
        }
        place.environment["KEYWAY_TRUST"] = "lax"
        let output = try await place.run(words)
        #expect(output.status == 1)
        let message = try output.json()["error"]?["message"]?.stringValue
        #expect(
            message?.contains("KEYWAY_TRUST is \"lax\"") == true && message?.contains("development or strict") == true)
    }

    @Test("a plugin that is not trusted is refused where there is no keyway-worker") func noWorker() async throws {
        var place = try Place(0o757)
        place.environment["KEYWAY_WORKER"] = "/nowhere"
        let output = try await place.run(["call-adapter", "embed", "--plugin", place.file, "--text", "x", "--json"])
        let error = try #require(try output.json()["error"])
        #expect(output.status == 1 && error["code"] == "notFound")
        #expect(error["message"]?.stringValue?.contains("it may not run in the host's own process") == true)
    }
}
