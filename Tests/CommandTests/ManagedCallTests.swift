import Foundation
import PluginCore
import Testing

@Suite("keyway does what a plugin cannot do itself", .timeLimit(.minutes(10)))
struct ManagedCallTests {
    @Test("more texts than the embedder takes are embedded in several calls")
    func embedBatches() async throws {
        let folder = try TemporaryFolder()
        let plugin = try LimitedPlugin.build(in: folder)
        let output = try await Command.run(
            ["call-adapter", "embed", "--plugin", plugin, "--json", "--text", "a", "bb", "ccc", "dddd", "eeeee"])
        #expect(output.status == 0, "\(output.stdout)")
        #expect(try output.json()["vectors"] == [[1.0], [2.0], [3.0], [4.0], [5.0]])
    }

    @Test("a call that may succeed later is tried again")
    func retry() async throws {
        let folder = try TemporaryFolder()
        let plugin = try LimitedPlugin.build(in: folder)
        let output = try await Command.run(["call-adapter", "embed", "--plugin", plugin, "--json", "--text", "later"])
        #expect(output.status == 0, "\(output.stdout)")
        #expect(try output.json()["vectors"] == [[5.0]])
    }

    @Test("more items than the backend takes are written in several calls")
    func upsertBatches() async throws {
        let folder = try TemporaryFolder()
        let plugin = try LimitedPlugin.build(in: folder)
        let lines = (0..<5).map { #"{"id": "\#($0)", "vector": [1]}"# }.joined(separator: "\n")
        let output = try await Command.run([
            "call-adapter", "upsert", "--plugin", plugin, "--json", "--repo", "r",
            "--items", try folder.write(lines, to: "items.jsonl").path,
        ])
        #expect(output.status == 0, "\(output.stdout)")
        #expect(try output.json()["count"] == 5)
    }

    @Test("a filter that the backend does not know is applied to what it finds")
    func filter() async throws {
        let folder = try TemporaryFolder()
        let plugin = try LimitedPlugin.build(in: folder)
        let output = try await Command.run([
            "call-adapter", "query", "--plugin", plugin, "--json", "--repo", "r", "--vector", "[1]", "--top-k", "2",
            "--filter", #"{"n": {"between": [90, 95]}}"#,
        ])
        #expect(output.status == 0, "\(output.stdout)")
        let hits = try #require(try output.json()["hits"]?.arrayValue)
        #expect(hits.map { $0["metadata"]?["n"] } == [90, 91])
        #expect(try output.json()["complete"] == true)
    }

    @Test("a provider that lists no models answers", arguments: [[], ["--stream"]])
    func noModels(options: [String]) async throws {
        let folder = try TemporaryFolder()
        let plugin = try LimitedPlugin.build(in: folder)
        let output = try await Command.run(
            ["call-adapter", "generate", "--plugin", plugin, "--prompt", "hi"] + options)
        #expect(output.status == 0, "\(output.stderr)")
        #expect(output.stdout == "Not much.\n")
    }

    @Test("ask works with an embedder and a backend that take two things at a time")
    func ask() async throws {
        let folder = try TemporaryFolder()
        let output = try await ask(in: folder, damaged: nil)
        #expect(output.status == 0, "\(output.stdout)")
        #expect(try output.json()["passages"]?.arrayValue?.isEmpty == false)
        #expect(try output.json()["notes"] == [])
    }

    @Test("a cache whose damage shows late is made anew, with a note", arguments: ["ensure", "query"])
    func lateDamage(operation: String) async throws {
        let folder = try TemporaryFolder()
        let output = try await ask(in: folder, damaged: operation)
        #expect(output.status == 0, "\(output.stdout)")
        let json = try output.json()
        #expect(json["passages"]?.arrayValue?.isEmpty == false)
        let notes = try #require(json["notes"]?.arrayValue).compactMap(\.stringValue)
        #expect(notes == ["the cache was damaged and is made anew: the repository is damaged"])
        #expect(
            json["calls"]?.arrayValue?.contains { $0["operation"] == .string(operation) && $0["count"] == 2 } == true)
    }

    /// A question about four paragraphs, with the limited plugin as embedder and as backend.
    private func ask(in folder: TemporaryFolder, damaged: String?) async throws -> Command.Output {
        let plugin = try LimitedPlugin.build(in: folder, damaged: damaged)
        try folder.write("Boats float.\n\nBread rises.\n\nStars shine.\n\nRivers flow.\n", to: "docs/a.md")
        return try await Command.run([
            "ask", "--docs", folder.url.appendingPathComponent("docs").path, "--path", Command.plugins,
            "--embedder", plugin, "--vector-backend", plugin, "--json", "What does bread do?",
            "--cache", folder.url.appendingPathComponent("cache").path,
        ])
    }
}
