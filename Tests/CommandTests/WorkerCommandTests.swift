import Foundation
import PluginCore
import Testing

/// Plugins in processes of their own, from the command line.
@Suite("keyway --isolate", .timeLimit(.minutes(10)))
struct WorkerCommandTests {
    private func sample(_ name: String) -> String { "\(Command.plugins)/\(name).so" }

    @Test(
        "the samples give the same bytes as in this process",
        arguments: [
            ["embed", "--plugin", "hash-embedder", "--text", "one text", "another", "", "--json"],
            ["embed", "--plugin", "hash-embedder", "--text", "x", "--dims", "7", "--json"],
            ["generate", "--plugin", "extractive-provider", "--prompt", "What is said here?", "--json"],
            ["models", "--plugin", "extractive-provider", "--json"],
            ["evaluate", "--plugin", "command-runner", "--json", "--", "ls"],
        ])
    func sameBytes(_ arguments: [String]) async throws {
        let arguments = arguments.map { FileManager.default.fileExists(atPath: sample($0)) ? sample($0) : $0 }
        let here = try await Command.run(["call-adapter"] + arguments)
        let words = ["call-adapter", arguments[0], "--isolate"] + arguments.dropFirst()
        let there = try await Command.run(words)
        #expect(there.stdout == here.stdout)
        #expect(there.status == here.status)
        #expect(there.stderr == here.stderr)
    }

    @Test("ask gives the same answer, with its plugins in workers") func asks() async throws {
        let docs = Command.root.appendingPathComponent("docs").path
        let question = "How does Keyway decide whether a plugin may be loaded?"
        let folder = try TemporaryFolder()
        let environment = ["XDG_CACHE_HOME": folder.url.path]
        let words = ["ask", "--path", Command.plugins, "--docs", docs, "--json", question]
        let here = try await Command.run(words, environment: environment).json()
        let there = try await Command.run(words + ["--isolate"], environment: environment).json()
        #expect(there["answer"] != nil && there["answer"] == here["answer"])
        #expect(there["passages"] == here["passages"])
        let plugins = try #require(there["plugins"]?.arrayValue)
        #expect(plugins.count == 4 && plugins.allSatisfy { $0["tier"] == "worker" })
    }

    @Test("ask keeps nothing with --no-cache, in workers too") func withoutCache() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Data("Boats are moved by the wind.".utf8), to: "docs/boats.md")
        let scratch = try TemporaryFolder()
        let environment = ["TMPDIR": scratch.url.path]
        let words = ["ask", "--path", Command.plugins, "--docs", "docs", "--json", "--no-cache", "What moves a boat?"]
        let here = try await Command.run(words, environment: environment, in: folder.url).json()
        let there = try await Command.run(words + ["--isolate"], environment: environment, in: folder.url).json()
        #expect(there["answer"] != nil && there["answer"] == here["answer"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
    }

    @Test("a crash says its signal and address, and ends with 1") func crashes() async throws {
        let folder = try TemporaryFolder()
        let output = try await Command.run([
            "call-adapter", "embed", "--plugin", UnrulyCommandPlugin.build(in: folder), "--text", "null", "--isolate",
            "--json",
        ])
        #expect(output.status == 1)
        let error = try #require(try output.json()["error"])
        #expect(error["code"] == "crashed" && error["signal"] == 11 && error["address"] == "0x40")
        #expect(error["plugin"] == "unruly" && error["operation"] == "embedder.embed")
    }

    @Test(
        "a limit says its kind, value and source",
        arguments: [("wall=200ms", "spin", "wall", Int64(200)), ("cpu=50ms", "spin", "cpu", 50)])
    func limits(_ limit: String, _ text: String, _ kind: String, _ value: Int64) async throws {
        let folder = try TemporaryFolder()
        let output = try await Command.run([
            "call-adapter", "embed", "--plugin", UnrulyCommandPlugin.build(in: folder), "--text", text, "--isolate",
            "--limit", limit,
            "--json",
        ])
        #expect(output.status == 1)
        let error = try #require(try output.json()["error"])
        #expect(error["code"] == "timeout")
        #expect(error["limit"]?["kind"] == .string(kind) && error["limit"]?["value"] == .int(value))
        #expect(error["limit"]?["source"] == "call")
    }

    @Test(
        "what is no limit is a mistake in the command",
        arguments: [["wall=soon"], ["patience=3"], ["wall"], ["cpu=0"], ["upcallDepth=3"], ["wall=1s", "wall=2s"]])
    func badLimits(_ limits: [String]) async throws {
        let words = limits.flatMap { ["--limit", $0] }
        let output = try await Command.run(
            ["call-adapter", "embed", "--plugin", sample("hash-embedder"), "--text", "x", "--isolate"] + words)
        #expect(output.status == 2)
        #expect(output.stderr.contains("limit"))
    }

    @Test("a limit without a worker is a mistake in the command") func limitHere() async throws {
        let output = try await Command.run([
            "call-adapter", "embed", "--plugin", sample("hash-embedder"), "--text", "x", "--limit", "wall=1s",
        ])
        #expect(output.status == 2 && output.stderr.contains("--isolate"))
    }

    @Test(
        "what is no way to recover is a mistake in the command",
        arguments: [
            (["nonsense"], "Use restart, fallback:PLUGIN"), (["a=fallback:"], "Use restart, fallback:PLUGIN"),
            (["a=retry", "a=disable"], "is the second --recovery of a"),
            (["retry", "ignore"], "second --recovery for all"),
        ])
    func badRecoveries(_ recoveries: [String], _ what: String) async throws {
        let words = recoveries.flatMap { ["--recovery", $0] }
        let output = try await Command.run(
            ["call-adapter", "embed", "--plugin", sample("hash-embedder"), "--text", "x", "--isolate"] + words)
        #expect(output.status == 2 && output.stderr.contains(what))
    }

    @Test("a plugin that cannot answer in another's place is refused, and says why") func badFallback() async throws {
        let output = try await Command.run([
            "call-adapter", "embed", "--plugin", sample("hash-embedder"), "--text", "x", "--isolate", "--json",
            "--recovery", "hash-embedder=fallback:\(sample("text-statistics"))",
        ])
        #expect(output.status == 1)
        let error = try #require(try output.json()["error"])
        #expect(error["code"] == "configuration")
        #expect(error["message"]?.stringValue?.contains("it does not have keyway.embedder/1") == true)
    }

    @Test("without keyway-worker the error says how to get it") func programIsMissing() async throws {
        let output = try await Command.run(
            ["call-adapter", "embed", "--plugin", sample("hash-embedder"), "--text", "x", "--isolate", "--json"],
            environment: ["KEYWAY_WORKER": "/nowhere"])
        #expect(output.status == 1)
        let error = try #require(try output.json()["error"])
        #expect(error["code"] == "notFound")
        #expect(error["message"]?.stringValue?.contains("swift build --product keyway-worker") == true)
    }
}

/// The plugin of Tests/Fixtures/workers, whose callers choose how it misbehaves.
enum UnrulyCommandPlugin {
    static func build(in folder: TemporaryFolder, _ macros: [String] = []) async throws -> String {
        let plugin = folder.url.appendingPathComponent("unruly.so").path
        let built = try await Command.run(
            [
                "cc", "-std=gnu11", "-D_GNU_SOURCE", "-Wno-infinite-recursion", "-shared", "-fPIC",
                "-fvisibility=hidden", "-O1", "-I", Command.root.appendingPathComponent("PluginABI/include").path, "-o",
                plugin, Command.root.appendingPathComponent("Tests/Fixtures/workers/unruly.c").path,
            ] + macros.map { "-D\($0)" }, program: "/usr/bin/env")
        try #require(built.status == 0, "\(built.stderr)")
        return plugin
    }
}
