import Foundation
import PluginHost
import Testing

private let samples = ProcessInfo.processInfo.environment["KEYWAY_TEST_PLUGINS"]

/// What is larger than a message to a worker (16 MiB): it goes in pieces, and the result is that of a plugin in the process.
@Suite(
    "Large messages to workers",
    .enabled(if: samples != nil, "KEYWAY_TEST_PLUGINS names no folder of built sample plugins"),
    .timeLimit(.minutes(10)))
struct LargeMessageTests {
    /// Runs the body in the host's process, and in a worker.
    private static func both<Value: Sendable>(
        _ name: String, _ body: (NativePlugin) async throws -> Value
    ) async throws -> (here: Value, there: Value) {
        var values: [Value] = []
        for isolation in [IsolationTier.inProcess, .worker] {
            let folder = try Sample.Folder()
            let host = try UnrulyPlugin.host {
                $0.isolation = isolation
                $0.dataFolder = folder.path
            }
            let plugin = try await host.load("\(try #require(samples))/\(name).so")
            values.append(try await body(plugin))
            await host.shutdown()
        }
        return (values[0], values[1])
    }

    private static func isOverLimit(_ error: PluginError, _ kind: String, _ value: Int64) -> Bool {
        error.code == .resourceExhausted
            && error.facts == .resourceLimit(kind: kind, value: value, unit: "bytes", source: "host", setBy: "host")
    }

    @Test("texts that are more than a message, and rows that are more than one, are embedded as in the process")
    func embeds() async throws {
        // 40 MB of texts; and 20,000 rows of 384 numbers.
        let long = (0..<40).map { String(repeating: "word\($0) ", count: 160_000) }
        let many = (0..<20_000).map { "text \($0)" }
        let (here, there) = try await Self.both("hash-embedder") { plugin in
            let embedder = try #require(plugin.embedder)
            var results: [EmbedReport] = []
            var sums: [[Float]] = []
            for texts in [long, many] {
                let answer = try await embedder.embed(EmbedRequest(texts))
                results.append(answer.report)
                sums += (0..<texts.count).map { row in Array(answer.matrix.row(row).prefix(8)) }
            }
            return (results, sums)
        }
        #expect(here.0 == there.0)
        #expect(here.1 == there.1)
    }

    @Test("items are written, read and asked for in pieces, in their order") func vectors() async throws {
        let text = String(repeating: "a text of some length ", count: 50_000)
        let ids = (0..<40).map { String(1000 + $0) }
        let (here, there) = try await Self.both("flat-vectors") { plugin in
            let backend = try #require(plugin.vectorBackend)
            try await backend.ensure(RepositorySpecification(name: "docs", dims: 2), CallContext())
            var matrix = Matrix(rows: ids.count, dims: 2)
            for row in ids.indices { matrix.setRow(row, [1, Float(row)]) }
            let commit = try await backend.upsert(
                VectorBatch(ids: ids, matrix: matrix, texts: ids.map { text + $0 }), into: "docs", CallContext())
            let count = try await backend.count(.all, in: "docs", CallContext())
            let items = try await backend.items(
                ids.reversed() + ["none"], in: "docs", including: [.text, .vector], CallContext())
            let queries = ids.indices.map { row in
                VectorQuery([1, Float(row)], topK: 2, include: [.text])
            }
            let results = try await backend.query(queries, in: "docs", CallContext())
            // Each piece is a commit, and so a version, of its own.
            let contents = items.map { item in item.map { [$0.id, $0.text ?? "", "\($0.vector ?? [])"] } }
            return (commit.count, count, contents, results.map { $0.hits.map(\.id) })
        }
        #expect(here.0 == 40 && there.0 == 40 && there.1 == 40)
        #expect(here.2 == there.2 && there.2.count == 41 && there.2.last == .some(nil))
        #expect(here.3 == there.3)
    }

    @Test("an item that is too large alone is named with the limit, and nothing of its batch is written")
    func oneItem() async throws {
        let folder = try Sample.Folder()
        let host = try UnrulyPlugin.host { $0.dataFolder = folder.path }
        let plugin = try await host.load("\(try #require(samples))/flat-vectors.so")
        let backend = try #require(plugin.vectorBackend)
        try await backend.ensure(RepositorySpecification(name: "docs", dims: 2), CallContext())
        let large = String(repeating: "x", count: 17 << 20)
        let error = await #expect(throws: PluginError.self) {
            try await backend.upsert(
                VectorBatch(ids: ["a", "b", "c"], matrix: Matrix(rows: 3, dims: 2), texts: ["1", "2", large]),
                into: "docs", CallContext())
        }
        #expect(error.map { Self.isOverLimit($0, "message", 16 << 20) } == true)
        #expect(error?.what.contains("item 2 of the batch") == true)
        #expect(try await backend.count(.all, in: "docs", CallContext()) == 0)
        await host.shutdown()
    }

    @Test("items whose event is too large are told with the limit of events") func scan() async throws {
        let folder = try Sample.Folder()
        let host = try UnrulyPlugin.host { $0.dataFolder = folder.path }
        let plugin = try await host.load("\(try #require(samples))/flat-vectors.so")
        let backend = try #require(plugin.vectorBackend)
        try await backend.ensure(RepositorySpecification(name: "docs", dims: 2), CallContext())
        try await backend.upsert(
            VectorBatch(
                ids: ["a"], matrix: Matrix(rows: 1, dims: 2), texts: [String(repeating: "x", count: 1 << 20)]),
            into: "docs", CallContext())
        do throws(PluginError) {
            for try await _ in try await backend.scan(
                "docs", .all, after: nil, including: [.text], CallContext())
            {}
            Issue.record("it went through")
        } catch {
            #expect(Self.isOverLimit(error, "event", 524_288), "\(error.what)")
        }
        await host.shutdown()
    }
}
