import Foundation
import PluginCore
import Synchronization
import TestPrograms
import Testing

@Suite("keyway run-host", .timeLimit(.minutes(10)))
struct RunHostTests {
    /// A host in a process of its own, with plugins, a socket and configurations of its own.
    private final class RunningHost: Sendable {
        let folder: TemporaryFolder
        let process: RunningProgram
        /// It goes on printing.
        private let output: Pipe
        /// The line that it prints when it is ready.
        let ready: JSON

        init(_ plugins: [String] = ["hash-embedder", "flat-vectors"], _ arguments: [String] = []) async throws {
            folder = try TemporaryFolder()
            for plugin in plugins {
                try folder.write(
                    Data(contentsOf: URL(fileURLWithPath: "\(Command.plugins)/\(plugin).so")),
                    to: "plugins/\(plugin).so")
            }
            let pipe = Pipe()
            output = pipe
            process = try RunningProgram(
                Command.path,
                [
                    "run-host", "--path", folder.url.appendingPathComponent("plugins").path, "--socket",
                    Self.socket(folder),
                ] + arguments, environment: Self.environment(folder), output: .pipe(pipe))
            ready = try JSON(parsing: try await pipe.line(), what: "the first line")
        }

        var socket: String { Self.socket(folder) }

        private static func socket(_ folder: TemporaryFolder) -> String {
            folder.url.appendingPathComponent("host.sock").path
        }

        var environment: [String: String] { Self.environment(folder) }

        private static func environment(_ folder: TemporaryFolder) -> [String: String] {
            var environment = [
                "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state",
                "XDG_RUNTIME_DIR": "run",
            ].mapValues { folder.url.appendingPathComponent($0).path }
            for name in ["KEYWAY_CONFIG_DIR", "KEYWAY_ENV", "KEYWAY_PLUGIN_PATH"] { environment[name] = "" }
            return environment
        }

        /// Asks it, as a user does.
        func keyway(_ arguments: String...) async throws -> Command.Output {
            try await Command.run(arguments + ["--socket", socket], environment: environment, in: folder.url)
        }

        func plugin(_ id: String) async throws -> JSON? {
            try await keyway("status", "--json").json()["plugins"]?.arrayValue?.first { $0["id"]?.stringValue == id }
        }
    }

    @Test("prints one line when it is ready, and says how its plugins are")
    func status() async throws {
        let host = try await RunningHost()
        #expect(host.ready["ready"] == true && host.ready["socket"]?.stringValue == host.socket)
        #expect(host.ready["pid"]?.intValue == Int64(host.process.processIdentifier))
        #expect(host.ready["failed"]?.arrayValue?.isEmpty == true)
        let status = try await host.keyway("status", "--json").json()
        #expect(Command.keys(status) == ["pid", "plugins", "uptimeMs", "version"])
        let plugin = try #require(try await host.plugin("hash-embedder"))
        for key in ["id", "version", "generation", "state", "tier", "inFlight", "calls", "errors"] {
            #expect(plugin[key] != nil, "\(key)")
        }
        #expect(plugin["state"] == "active" && plugin["tier"] == "inProcess" && plugin["generation"] == 1)
        let page = try await host.keyway("status")
        #expect(page.status == 0 && page.stdout.contains("hash-embedder") && page.stdout.contains("active"))
        #expect(try await host.keyway("shutdown").status == 0)
        #expect(await host.process.ended() == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: host.socket))
    }

    @Test("lists the processes that plugins run in; when the host is killed, none of them is left")
    func workers() async throws {
        let host = try await RunningHost(["hash-embedder"], ["--isolate"])
        let listed = try await host.keyway("workers", "--json").json()
        let workers = try #require(listed["workers"]?.arrayValue)
        #expect(workers.contains { $0["state"] == "active" })
        for worker in workers {
            #expect(
                Command.keys(worker) == [
                    "busy", "calls", "cpuMs", "id", "memory", "pid", "plugin", "restarts", "state",
                ])
            #expect(worker["plugin"] == "hash-embedder" && worker["restarts"] == 0)
        }
        #expect(try #require(try await host.plugin("hash-embedder"))["tier"] == "worker")
        #expect(try await host.keyway("workers").stdout.contains("hash-embedder"))
        host.process.signal(SIGKILL)
        #expect(await host.process.ended() == .killed(signal: SIGKILL))
        for worker in workers {
            // Ends when the process does.
            let pid = try #require(worker["pid"]?.intValue)
            #expect(try await Command.run(["--pid=\(pid)", "-f", "/dev/null"], program: "/usr/bin/tail").status == 0)
        }
    }

    @Test("limits of plugins in workers are shown and changed; in the host's own process there are none")
    func limits() async throws {
        let host = try await RunningHost(["hash-embedder"], ["--isolate", "--limit", "wall=5s"])
        func wall(_ output: Command.Output) throws -> JSON? {
            try output.json()["limits"]?.arrayValue?.first { $0["kind"] == "wall" }
        }
        let before = try await host.keyway("limits", "hash-embedder", "--json")
        let expected: JSON = [
            "kind": "wall", "value": 5000, "unit": "milliseconds", "source": "call", "setBy": "call",
        ]
        #expect(try wall(before) == expected)
        let after = try await host.keyway("limits", "hash-embedder", "--limit", "wall=123ms", "--json")
        #expect(try wall(after)?["value"] == 123)
        #expect(try wall(await host.keyway("limits", "hash-embedder", "--json"))?["value"] == 123)
        #expect(try await host.keyway("limits", "hash-embedder").stdout.contains("123ms"))
        #expect(try await host.keyway("limits", "nobody", "--json").status == 1)
        // What it cannot be loaded within is refused as a load is, with the facts.
        let small = try await host.keyway("limits", "hash-embedder", "--limit", "memory=64K", "--json")
        #expect(small.status == 1)
        let error = try #require(try small.json()["error"])
        #expect(error["code"] == "memoryLimit")
        #expect(
            error["limit"]
                == ["kind": "memory", "value": 65536, "unit": "bytes", "source": "rlimit", "setBy": "call"])
        #expect(try await host.keyway("limits", "hash-embedder", "--limit", "wall=soon").status == 2)
        #expect(try await host.keyway("shutdown").status == 0)
        let own = try await RunningHost(["hash-embedder"])
        #expect(try await own.keyway("limits", "hash-embedder", "--json").json()["limits"] == .null)
        let refused = try await own.keyway("limits", "hash-embedder", "--limit", "wall=1s", "--json")
        #expect(try refused.status == 1 && refused.json()["error"]?["code"] == "unsupported")
        #expect(try await own.keyway("shutdown").status == 0)
    }

    @Test("suspends, resumes, swaps, stops and loads while it runs")
    func verbs() async throws {
        let host = try await RunningHost()
        #expect(try await host.keyway("suspend", "hash-embedder", "--reason", "to see it").status == 0)
        var plugin = try await host.plugin("hash-embedder")
        #expect(plugin?["state"] == "suspended" && plugin?["reason"] == "to see it")
        let resumed = try await host.keyway("resume", "hash-embedder", "--json")
        #expect(try resumed.status == 0 && resumed.json() == [:])
        let same = try await host.keyway("swap", "hash-embedder", "--json")
        #expect(try same.json()["changed"] == false)
        // Other bytes of the same build: a section of debugging data more.
        let file = host.folder.url.appendingPathComponent("other.so")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(Command.plugins)/hash-embedder.so"))
        bytes.append(0)
        try bytes.write(to: file)
        let swapped = try await host.keyway("swap", "hash-embedder", file.path, "--json")
        #expect(try swapped.json()["changed"] == true && swapped.json()["generation"] == 2, "\(swapped)")
        let wrong = try await host.keyway("swap", "hash-embedder", "plugins/flat-vectors.so", "--json")
        #expect(try wrong.status == 1 && wrong.json()["error"]?["code"] == "conflict")
        #expect(try await host.keyway("stop", "flat-vectors").status == 0)
        plugin = try await host.plugin("flat-vectors")
        #expect(plugin == nil)
        #expect(try await host.keyway("load", "flat-vectors").status == 0)
        plugin = try await host.plugin("flat-vectors")
        #expect(plugin?["state"] == "active")
        // Paths are the command's: the host has another working folder.
        #expect(try await host.keyway("stop", "flat-vectors").status == 0)
        let loaded = try await Command.run(
            ["load", "../plugins/flat-vectors.so", "--socket", host.socket], environment: host.environment,
            in: host.folder.url.appendingPathComponent("plugins"))
        #expect(loaded.status == 0, "\(loaded.stderr)")
        let none = try await host.keyway("load", "./none.so")
        #expect(none.status == 1 && none.stderr.contains("there is no ./none.so"))
        let unknown = try await host.keyway("suspend", "nobody")
        #expect(unknown.status == 1 && unknown.stderr.contains("There are"))
        // Asked by a signal, it ends as well.
        host.process.signal(SIGTERM)
        #expect(await host.process.ended() == .exited(0))
    }

    @Test("events are one object a line, of all plugins or of one")
    func events() async throws {
        let host = try await RunningHost()
        let isHeard = Mutex(false)
        let listening = Task {
            defer { isHeard.withLock { $0 = true } }
            return try await host.keyway("events", "--plugin", "hash-embedder", "--count", "2").jsonLines()
        }
        // Until it is heard: nobody knows when the other process listens.
        while !isHeard.withLock({ $0 }) {
            for plugin in ["flat-vectors", "hash-embedder"] {
                _ = try await host.keyway("suspend", plugin)
                _ = try await host.keyway("resume", plugin)
            }
        }
        let lines = try await listening.value
        #expect(lines.count == 2)
        for line in lines {
            #expect(line["plugin"] == "hash-embedder" && line["event"] == "state")
            #expect(line["time"]?.stringValue?.contains("T") == true && line["state"] != nil)
        }
        _ = try await host.keyway("shutdown")
        #expect(await host.process.ended() == .exited(0))
    }

    @Test("a configuration that is set reaches the plugin at once; one that it refuses is taken back")
    func configuration() async throws {
        let host = try await RunningHost(["hash-embedder"])
        let plugins = host.folder.url.appendingPathComponent("plugins").path
        func config(_ arguments: String...) async throws -> Command.Output {
            try await Command.run(
                ["config"] + arguments + ["--path", plugins, "--socket", host.socket, "--json"],
                environment: host.environment, in: host.folder.url)
        }
        let set = try await config("set", "hash-embedder", "dims=256")
        #expect(set.status == 0, "\(set)")
        #expect(try set.json()["host"]?["applied"] == true)
        #expect(try await host.plugin("hash-embedder")?["state"] == "active")
        let elsewhere = try await config("set", "hash-embedder", "dims=64", "--config-dir", "other")
        #expect(try elsewhere.status == 0 && elsewhere.json()["host"]?["applied"] == false)
        #expect(elsewhere.stderr.contains("not this folder"))
        let refused = try await config("set", "hash-embedder", "dims=0")
        #expect(refused.status == 1)
        let file = host.folder.url.appendingPathComponent("config/keyway/plugins/hash-embedder.json")
        #expect(try JSON(parsing: [UInt8](Data(contentsOf: file)), what: "the file") == ["dims": 256])
        _ = try await host.keyway("shutdown")
        #expect(await host.process.ended() == .exited(0))
        let alone = try await config("set", "hash-embedder", "dims=128")
        #expect(try alone.status == 0 && alone.json()["host"] == .null && alone.stderr.contains("no host runs"))
    }

    @Test("what is put into quarantine is ended, and can be loaded again when it is let go")
    func quarantine() async throws {
        let host = try await RunningHost(["hash-embedder"])
        let added = try await host.keyway("quarantine", "add", "hash-embedder", "--reason", "to see it", "--json")
        #expect(added.status == 0, "\(added)")
        #expect(try added.json()["host"]?["pid"]?.intValue == Int64(host.process.processIdentifier))
        let plugin = try await host.plugin("hash-embedder")
        #expect(plugin?["state"] == "quarantined" && plugin?["reason"] == "to see it")
        let refused = try await host.keyway("load", "hash-embedder", "--json")
        #expect(refused.status == 1)
        #expect(try await host.keyway("quarantine", "clear", "hash-embedder").status == 0)
        let loaded = try await host.keyway("load", "hash-embedder")
        #expect(loaded.status == 0, "\(loaded)")
        #expect(try await host.plugin("hash-embedder")?["state"] == "active")
        _ = try await host.keyway("shutdown")
        #expect(await host.process.ended() == .exited(0))
    }

    @Test(
        "without a host every verb says so",
        arguments: [
            ["status"], ["events"], ["suspend", "x"], ["resume", "x"], ["swap", "x"], ["stop", "x"], ["load", "x"],
            ["shutdown"],
        ])
    func noHost(_ verb: [String]) async throws {
        let folder = try TemporaryFolder()
        let output = try await Command.run(
            verb + ["--json"], environment: ["XDG_RUNTIME_DIR": folder.url.path], in: folder.url)
        #expect(output.status == 1)
        #expect(try output.json()["error"]?["code"] == "notFound")
        #expect(try output.json()["error"]?["message"]?.stringValue?.contains("no host runs") == true)
    }

    @Test("a second host on the same socket is refused, and folders that are not there are named")
    func refusals() async throws {
        let host = try await RunningHost(["hash-embedder"])
        let second = try await host.keyway("run-host", "--path", host.folder.url.path, "--json")
        #expect(try second.status == 1 && second.json()["error"]?["code"] == "conflict")
        #expect(try await host.keyway("status").status == 0)
        let usage = try await Command.run(["run-host", "--socket", ""])
        #expect(usage.status == 2)
        _ = try await host.keyway("shutdown")
        #expect(await host.process.ended() == .exited(0))
        let missing = try await host.keyway("run-host", "--path", "nowhere")
        #expect(missing.status == 1 && missing.stderr.contains("nowhere"), "\(missing)")
    }

    @Test("a plugin that cannot be loaded is named, and keeps no other from being loaded")
    func partly() async throws {
        let again = try await RunningHost(["flat-vectors"], ["--lazy", "--preload", "nobody", "--no-watch"])
        let failed = try #require(again.ready["failed"]?.arrayValue)
        #expect(failed.count == 1 && failed[0]["plugin"] == "nobody" && failed[0]["error"]?["code"] == "notFound")
        #expect(again.ready["plugins"]?.arrayValue?.isEmpty == true)
        _ = try await again.keyway("shutdown")
        #expect(await again.process.ended() == .exited(0))
    }
}
