import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// Every field of an embedder, in both directions.
@Suite("Round trips: embedder", .needsCompiler, .timeLimit(.minutes(10)))
struct MirrorEmbedderTests {
    private func embedder() throws -> NativeEmbedder { try #require(try Mirror.plugin().embedder) }

    @Test("every field of what an embedder is arrives")
    func info() async throws {
        var expected = EmbedderInfo(
            id: "space-1", model: "Mirror", dims: 8, allowedDims: [16, 32], dimsRange: 4...6, maxBatch: 3,
            maxTokens: 512, isDeterministic: true, isNormalized: true)
        (expected.maxBatchTokens, expected.maxParallel) = (2048, 2)
        (expected.tasks, expected.metrics) = ([.query, .code], [.cosine, .jaccard])
        (expected.takesTokens, expected.takesInstruction) = (true, true)
        (expected.offersSparse, expected.offersTokenVectors) = (true, true)
        expected.mediaTypes = ["image/png", "audio"]
        expected.prefixes = ["query": "search_query: ", "document": "search_document: "]
        #expect(try await embedder().info(CallContext()) == expected)
    }

    @Test("every field of a request arrives, whatever the kind of input")
    func request() async throws {
        let embedder = try embedder()
        func told(_ request: EmbedRequest, dims: Int) async throws -> JSON {
            try await Mirror.told { context async throws(PluginError) in
                try await embedder.embed(request, dims: dims, context).report
            }
        }
        var request = EmbedRequest(["a", "", "é"], task: .code, truncation: .error, instruction: "find")
        (request.wantsSparse, request.wantsTokenVectors) = (true, true)
        #expect(
            try await told(request, dims: 17) == [
                "texts": ["a", "", "é"], "instruction": "find", "capacity": 384, "row_stride": 128, "dims": 17,
                "element": 1, "task": 6, "truncate": 2, "flags": 7,
            ])
        let tokens = EmbedRequest(.tokens([[1, .max], []]), task: .clustering, normalize: false, truncation: .start)
        #expect(
            try await told(tokens, dims: 4) == [
                "token_lists": [[1, 4_294_967_295], []], "capacity": 128, "row_stride": 64, "dims": 4, "element": 1,
                "task": 5, "truncate": 1,
            ])
        let media = EmbedRequest(
            .media([Media(.bytes([1]), mediaType: "image/png"), Media(.url("u"), mediaType: "m")]))
        #expect(
            try await told(media, dims: 4) == [
                "media": [
                    ["kind": 5, "media_type": "image/png", "data": [1]], ["kind": 5, "media_type": "m", "text": "u"],
                ], "capacity": 128, "row_stride": 64, "dims": 4, "element": 1, "flags": 1,
            ])
        for (number, task) in EmbedTask.allCases.enumerated() {
            let told = try await told(EmbedRequest(["x"], task: task), dims: 4)
            #expect(told["task"] == (number == 0 ? nil : .int(Int64(number))))
        }
    }

    @Test("every field of a report arrives")
    func report() async throws {
        let embedder = try embedder()
        var request = EmbedRequest(["a", "b"])
        (request.wantsSparse, request.wantsTokenVectors) = (true, true)
        let result = try await embedder.embed(request, dims: 5)
        #expect(result.matrix.row(0) == [0, 1, 2, 3, 4] && result.matrix.row(1) == [10, 11, 12, 13, 14])
        var expected = EmbedReport(tokens: [5, 6], totalTokens: 11, truncated: [1])
        expected.sparse = [
            SparseVector(indices: [3, 4_000_000_000], values: [0.5, -2]), SparseVector(indices: [], values: []),
        ]
        expected.tokenVectors = [[[1, 2], [3, 4]], []]
        (expected.usage, expected.warnings) = (Mirror.usage, Mirror.warnings)
        #expect(result.report == expected)
        // What was not wanted is not passed on.
        let plain = try await embedder.embed(EmbedRequest(["a", "b"]), dims: 5).report
        #expect(plain.sparse.isEmpty && plain.tokenVectors.isEmpty && plain.tokens == [5, 6])
    }

    @Test("tokens of texts are counted, or said to be unknown")
    func countTokens() async throws {
        let embedder = try embedder()
        #expect(try await embedder.countTokens(["abc", "", "é"], CallContext()) == [4, 1, 3])
        let told = try await Mirror.told { context async throws(PluginError) in
            try await embedder.countTokens(["x", "y"], context)
        }
        #expect(told == ["texts": ["x", "y"]])
        let bare = try #require(try Fixture.plugin().embedder)
        let error = await failure { () async throws(PluginError) in try await bare.countTokens(["x"], CallContext()) }
        #expect(error?.code == .unsupported && error?.plugin == "fixture")
    }
}
