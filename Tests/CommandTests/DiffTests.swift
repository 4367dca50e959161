import PluginCore
import Testing

@Suite("keyway diff", .timeLimit(.minutes(10)))
struct DiffTests {
    private func diff(_ old: String, _ new: String, _ options: [String] = []) async throws -> Command.Output {
        try await Command.run(["diff", old, new, "--path", Command.plugins] + options)
    }

    @Test("a build and itself differ in nothing")
    func same() async throws {
        let output = try await diff("hash-embedder", "hash-embedder", ["--fail-on", "any"])
        #expect(output.status == 0 && output.stdout == "Nothing that others see differs.\n")
        let json = try await diff("hash-embedder", "hash-embedder", ["--json"]).json()
        #expect(Command.keys(json) == ["changes", "compatible", "new", "old", "versionChange"])
        #expect(json["changes"] == [] && json["compatible"] == true && json["versionChange"] == .null)
        #expect(Command.keys(json["old"]) == ["buildID", "file", "id", "sha256", "version"])
    }

    @Test("what is lost is breaking, and the exit status is as asked")
    func differs() async throws {
        let output = try await diff("hash-embedder", "flat-vectors")
        #expect(output.status == 0)
        #expect(output.stdout.contains("breaking  interface: the interface keyway.embedder/1 is gone\n"))
        #expect(output.stdout.contains("which --json lists"))
        #expect(output.stdout.hasSuffix("has to rise by a minor number, and it does not: 0.1.0 to 0.1.0.\n"))
        for (threshold, status) in [("never", 0), ("breaking", 1), ("any", 1)] as [(String, Int32)] {
            let output = try await diff("hash-embedder", "flat-vectors", ["--json", "--fail-on", threshold])
            #expect(output.status == status && output.stderr.isEmpty)
            let json = try output.json()
            #expect(json["compatible"] == false && json["versionChange"] == "minor")
            let first = try #require(json["changes"]?.arrayValue?.first)
            #expect(Command.keys(first) == ["effect", "message", "name", "new", "old", "subject"])
            #expect(first["effect"] == "breaking")
        }
    }

    @Test("a file that is none, and a wrong threshold")
    func refuses() async throws {
        let missing = try await diff("hash-embedder", "no-such-plugin")
        #expect(missing.status == 1 && missing.stderr.hasPrefix("keyway: error: no-such-plugin: "))
        #expect(try await diff("hash-embedder", "/dev/null", ["--json"]).json()["error"]?["code"] != nil)
        #expect(try await diff("hash-embedder", "flat-vectors", ["--fail-on", "sometimes"]).status == 2)
        #expect(try await Command.run(["diff", "hash-embedder"]).status == 2)
    }
}
