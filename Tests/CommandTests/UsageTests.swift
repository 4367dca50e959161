import Foundation
import PluginCore
import Testing

@Suite("keyway: usage, help and version", .timeLimit(.minutes(10)))
struct UsageTests {
    @Test(
        "wrong usage exits 2",
        arguments: [
            ["frobnicate"], ["manifest", "frobnicate"], ["inspect"], ["ask"],
            ["call-adapter", "embed", "--plugin", "x"],
            ["list", "--no-such-option"],
            ["call-adapter", "generate", "--plugin", "x"], ["call-adapter", "query", "--plugin", "x", "--repo", "r"],
            ["call-adapter", "execute", "--plugin", "x"], ["ask", "--top-k", "0", "why?"],
            ["call-adapter", "embed", "--plugin", "x", "--text", "t", "--dims", "zero"],
            ["call-adapter", "remove", "--plugin", "x", "--repo", "r"],
            ["call-adapter", "count-tokens", "--plugin", "x", "--text", "t", "--prompt", "p"],
            ["call-adapter", "ensure", "--plugin", "x", "--repo", "r", "--dims", "0"],
            ["call-adapter", "execute", "--plugin", "x", "--tool", "t", "--shell", "line"],
            ["call-adapter", "evaluate", "--plugin", "x", "--arguments", "{}", "--shell", "line"],
        ])
    func wrongUsage(arguments: [String]) async throws {
        let output = try await Command.run(arguments)
        #expect(output.status == 2)
        #expect(output.stdout.isEmpty)
        #expect(output.stderr.hasPrefix("keyway: error: "))
        let json = try await Command.run(arguments + ["--json"])
        #expect(json.status == 2)
        #expect(try json.json()["error"]?["code"] == "usage" && json.stderr.isEmpty)
        // What is wrong is told, and not that nothing took --json.
        let message = try json.json()["error"]?["message"]?.stringValue ?? ""
        #expect(!message.isEmpty && output.stderr.hasPrefix("keyway: error: \(message)"), "\(message)")
    }

    @Test(
        "a value that cannot be is named, also one that looks like an option",
        arguments: [
            ["run-host", "--path", ".", "--debounce", "-1s"], ["run-host", "--path", ".", "--drain", "-5ms"],
            ["run-host", "--path", ".", "--debounce", "soon"], ["registry", "scan", "--probe-deadline", "-2s"],
            ["events", "--count", "-1"], ["events", "--count", "0"],
        ])
    func badValues(arguments: [String]) async throws {
        let output = try await Command.run(arguments)
        #expect(output.status == 2 && output.stdout.isEmpty)
        #expect(output.stderr.contains(arguments.last!) && !output.stderr.contains("Missing"), "\(output.stderr)")
    }

    @Test(
        "help and version exit 0 and print to standard output",
        arguments: [
            ["--help"], ["help", "ask"], ["ask", "--help"], ["call-adapter", "embed", "--help"], ["--version"],
        ])
    func help(arguments: [String]) async throws {
        let output = try await Command.run(arguments)
        #expect(output.status == 0)
        #expect(!output.stdout.isEmpty)
        #expect(output.stderr.isEmpty)
    }

    @Test("the version names product, SDK and generation")
    func version() async throws {
        let output = try await Command.run(["--version"])
        #expect(output.stdout == "keyway 0.1.0 (SDK 1, ABI generation 1)\n")
    }

    @Test("doctor looks at this machine and finds the samples loadable")
    func doctor() async throws {
        let output = try await Command.run(["doctor", "--json", "--path", Command.plugins])
        #expect(output.status == 0)
        let checks = try #require(try output.json()["checks"]?.arrayValue)
        for name in [
            "plugin hash-embedder", "plugin flat-vectors", "plugin extractive-provider", "plugin command-runner",
            "memory images",
        ] {
            #expect(checks.first { $0["name"] == .string(name) }?["state"] == "ok", "\(name)")
        }
    }
}
