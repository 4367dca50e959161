import Foundation
import PluginCore
import Testing

@Suite("keyway call-adapter: repositories and items", .timeLimit(.minutes(10)))
struct VectorCommandTests {
    /// Two items in the repository "map" of a data folder.
    private func store() async throws -> (folder: TemporaryFolder, data: String) {
        let folder = try TemporaryFolder()
        let data = folder.url.appendingPathComponent("data").path
        let items = try folder.write(
            """
            {"id": "east", "vector": [0, 1], "metadata": {"type": "note", "year": 2020}}
            {"id": "north", "vector": [1, 0], "metadata": {"type": "guide"}, "text": "up"}
            """, to: "items.jsonl")
        let output = try await call("upsert", data, ["--repo", "map", "--items", items.path])
        try #require(output.status == 0, "\(output.stderr)")
        return (folder, data)
    }

    private func call(_ operation: String, _ data: String, _ arguments: [String]) async throws -> Command.Output {
        try await Command.run(
            [
                "call-adapter", operation, "--plugin", "flat-vectors", "--path", Command.plugins, "--data", data,
                "--json",
            ]
                + arguments)
    }

    @Test("get gives items in the order of the ids, with vectors if asked, and null for what is not there")
    func get() async throws {
        let (folder, data) = try await store()
        defer { withExtendedLifetime(folder) {} }
        let plain = try await call("get", data, ["--repo", "map", "--id", "north", "west", "east"]).json()
        #expect(
            plain == [
                "items": [
                    ["id": "north", "metadata": ["type": "guide"], "text": "up"], nil,
                    ["id": "east", "metadata": ["type": "note", "year": 2020], "text": nil],
                ]
            ])
        let vectors = try await call("get", data, ["--repo", "map", "--id", "north", "--vectors"]).json()
        #expect(vectors["items"]?.arrayValue?.first?["vector"] == [1.0, 0.0])
    }

    @Test("what scan prints with vectors, upsert takes back")
    func scan() async throws {
        let (folder, data) = try await store()
        let scan = try await call("scan", data, ["--repo", "map", "--vectors"])
        #expect(try scan.jsonLines().map { $0["id"] } == ["east", "north"])
        let copy = try folder.write(scan.stdout, to: "copy.jsonl").path
        #expect(try await call("upsert", data, ["--repo", "copy", "--items", copy]).json()["count"] == 2)
        #expect(try await call("scan", data, ["--repo", "copy", "--vectors"]).stdout == scan.stdout)
        let rest = try await call("scan", data, ["--repo", "map", "--after", "east"]).jsonLines()
        #expect(rest.map { $0["id"] } == ["north"])
        #expect(rest.first?["vector"] == nil)
        let some = try await call("scan", data, ["--repo", "map", "--filter", #"{"year": {"ge": 2000}}"#]).jsonLines()
        #expect(some.map { $0["id"] } == ["east"])
        #expect(try await call("scan", data, ["--repo", "none"]).json()["error"]?["code"] == "notFound")
    }

    @Test("update changes the metadata of what a filter admits, remove removes it, count counts it")
    func change() async throws {
        let (folder, data) = try await store()
        defer { withExtendedLifetime(folder) {} }
        let notes = ["--repo", "map", "--filter", #"{"type": "note"}"#]
        #expect(try await call("count", data, ["--repo", "map"]).json() == ["repo": "map", "count": 2])
        #expect(try await call("count", data, notes).json()["count"] == 1)
        let update = try await call("update", data, notes + ["--set", #"{"year": null, "seen": true}"#])
        #expect(try update.json() == ["repo": "map", "count": 1])
        let item = try await call("get", data, ["--repo", "map", "--id", "east"]).json()["items"]?.arrayValue?.first
        #expect(item?["metadata"] == ["type": "note", "seen": true])
        let empty = try await call("update", data, notes + ["--set", "{}"])
        #expect(empty.status == 1)
        #expect(try empty.json()["error"]?["code"] == "invalidArgument")
        #expect(try await call("remove", data, notes).json() == ["repo": "map", "count": 1])
        #expect(try await call("count", data, ["--repo", "map"]).json()["count"] == 1)
        #expect(try await call("remove", data, ["--repo", "map", "--filter", "true"]).json()["count"] == 1)
        #expect(try await call("flush", data, ["--repo", "map", "--compact"]).json() == ["repo": "map"])
    }

    @Test("ensure makes a repository and refuses another shape, repos lists it, wipe drops it")
    func repositories() async throws {
        let (folder, data) = try await store()
        defer { withExtendedLifetime(folder) {} }
        let made = try await call("ensure", data, ["--repo", "dots", "--dims", "3", "--metric", "dot"]).json()
        #expect(made["dims"] == 3)
        #expect(made["metric"] == "dot")
        #expect(made["items"] == 0)
        let other = try await call("ensure", data, ["--repo", "dots", "--dims", "4", "--metric", "dot"])
        #expect(other.status == 1)
        #expect(try other.json()["error"]?["code"] == "dimensionMismatch")
        let repos = try #require(try await call("repos", data, []).json()["repos"]?.arrayValue)
        #expect(repos.map { $0["name"] } == ["dots", "map"])
        #expect(
            Command.keys(repos.first) == ["bytes", "dims", "embedder", "index", "items", "metric", "name", "version"])
        #expect(try await call("wipe", data, ["--repo", "dots"]).json() == ["repo": "dots"])
        #expect(try await call("repos", data, []).json()["repos"]?.arrayValue?.count == 1)
        #expect(try await call("wipe", data, ["--repo", "dots"]).json()["error"]?["code"] == "notFound")
    }

    @Test("a snapshot is written to a path as a person gives it, and restored under another name")
    func snapshot() async throws {
        let (folder, data) = try await store()
        let options = ["--plugin", "flat-vectors", "--path", Command.plugins, "--data", data, "--json"]
        let snapshot = try await Command.run(
            ["call-adapter", "snapshot", "--repo", "map", "--to", "map.snapshot"] + options, in: folder.url)
        #expect(snapshot.status == 0, "\(snapshot.stdout)")
        let file = folder.url.appendingPathComponent("map.snapshot")
        #expect(FileManager.default.fileExists(atPath: file.path))
        let restored = try await Command.run(
            ["call-adapter", "restore", "--repo", "again", "--from", "map.snapshot"] + options, in: folder.url)
        #expect(try restored.json()["items"] == 2)
        let twice = ["--repo", "again", "--from", file.path]
        #expect(try await call("restore", data, twice).json()["error"]?["code"] == "conflict")
        #expect(try await call("restore", data, twice + ["--replace"]).status == 0)
        try Data("no snapshot".utf8).write(to: file)
        #expect(try await call("restore", data, twice + ["--replace"]).json()["error"]?["code"] == "dataLoss")
        #expect(try await call("count", data, ["--repo", "again"]).json()["count"] == 2)
    }
}
