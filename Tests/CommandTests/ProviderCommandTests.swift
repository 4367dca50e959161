import Foundation
import PluginCore
import Testing

@Suite("keyway call-adapter: models, tokens and tools", .timeLimit(.minutes(10)))
struct ProviderCommandTests {
    private func call(_ operation: String, _ arguments: String...) async throws -> Command.Output {
        try await Command.run(["call-adapter", operation, "--path", Command.plugins, "--json"] + arguments)
    }

    @Test("models lists what is offered, and what is not known is null")
    func models() async throws {
        let output = try await call("models", "--plugin", "extractive-provider")
        let model = try #require(try output.json()["models"]?.arrayValue?.first)
        #expect(
            Command.keys(model) == [
                "contextTokens", "description", "features", "id", "latency", "maxOutputTokens", "prices",
            ])
        #expect(model["id"] == "extractive-1")
        #expect(model["features"]?.arrayValue?.contains("streaming") == true)
        #expect(model["prices"]?["input"] == .null)
    }

    @Test("tokens are counted a text by an embedder, and of a whole request by a provider")
    func countTokens() async throws {
        let texts = try await call("count-tokens", "--plugin", "hash-embedder", "--text", "one two", "three")
        #expect(try texts.json() == ["tokens": [2, 1]])
        let request = try await call("count-tokens", "--plugin", "extractive-provider", "--prompt", "one two").json()
        #expect(Command.keys(request) == ["estimated", "tokens"])
        #expect(try #require(request["tokens"]?.intValue) > 0)
        let wrong = try await call("count-tokens", "--plugin", "hash-embedder", "--prompt", "one two")
        #expect(try wrong.json()["error"]?["code"] == "unsupported")
    }

    @Test("prewarm says how long it took")
    func prewarm() async throws {
        let output = try await call("prewarm", "--plugin", "extractive-provider", "--prompt", "hello")
        #expect(output.status == 0)
        #expect(try #require(try output.json()["durationMs"]?.doubleValue) >= 0)
    }

    @Test("evaluate gives the verdict that execute would act on, and runs nothing")
    func evaluate() async throws {
        let folder = try TemporaryFolder()
        let policy = try folder.write(#"{"allow": ["touch"], "deny": [["touch", "-m"]]}"#, to: "policy.json").path
        let witness = folder.url.appendingPathComponent("witness").path
        func verdict(_ argv: String...) async throws -> JSON? {
            let output = try await Command.run(
                ["call-adapter", "evaluate", "--plugin", "command-runner", "--path", Command.plugins, "--json"]
                    + ["--policy", policy, "--"] + argv)
            #expect(output.status == 0, "\(output.stdout)")
            #expect(Command.keys(try output.json()) == ["reason", "rule", "verdict"])
            return try output.json()["verdict"]
        }
        #expect(try await verdict("touch", witness) == "allow")
        #expect(try await verdict("touch", "-m", witness) == "deny")
        #expect(try await verdict("rm", witness) == "deny")
        #expect(!FileManager.default.fileExists(atPath: witness))
    }

    @Test("a typed tool is listed, runs under the policy, and gives its result for programs too")
    func typedTool() async throws {
        let tools = try #require(
            try await call("tools", "--plugin", "command-runner").json()["tools"]?.arrayValue)
        #expect(tools.map { $0["name"] } == ["run_command"])
        #expect(tools.first?["inputSchema"]?["type"] == "object")
        let folder = try TemporaryFolder()
        let policy = try folder.write(#"{"allow": ["echo"]}"#, to: "policy.json").path
        let options = ["--plugin", "command-runner", "--policy", policy, "--tool", "run_command", "--arguments"]
        func run(_ arguments: String, _ more: String...) async throws -> Command.Output {
            try await Command.run(
                ["call-adapter", "execute", "--path", Command.plugins] + options + [arguments] + more)
        }
        let good = try await run(#"{"argv": ["echo", "hi"]}"#, "--json")
        #expect(good.status == 0, "\(good.stdout)")
        #expect(try good.json()["structured"]?["stdout"] == "hi\n")
        #expect(try await run(#"{"argv": ["echo", "hi"]}"#).stdout.contains("hi\n"))
        let denied = try await run(#"{"argv": ["touch", "x"]}"#, "--json")
        #expect(denied.status == 1)
        #expect(try denied.json()["end"] == "denied")
        let unknown = try await call("execute", "--plugin", "command-runner", "--tool", "nothing")
        #expect(unknown.status == 1)
        #expect(try unknown.json()["error"]?["code"] == "notFound")
    }

    @Test("enforceable names each field of a policy once, with the means or the reason")
    func enforceable() async throws {
        let fields = try #require(
            try await call("enforceable", "--plugin", "command-runner").json()["fields"]?.arrayValue)
        let names = fields.compactMap { $0["field"]?.stringValue }
        #expect(Set(names).count == names.count)
        #expect(fields.first { $0["field"] == "wall" }?["enforced"] == true)
        #expect(fields.first { $0["field"] == "diskWrite" }?["enforced"] == false)
        for field in fields { #expect(field["how"]?.stringValue?.isEmpty == false, "\(field)") }
    }
}
