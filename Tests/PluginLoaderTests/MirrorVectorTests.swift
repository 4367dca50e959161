import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// Every operation of a vector backend and every field of it, in both directions.
@Suite("Round trips: vector backend", .needsCompiler, .timeLimit(.minutes(10)))
struct MirrorVectorTests {
    private let filter = Filter.and([.equal("a", .int(1)), .match("t", "w", caseSensitive: true)])
    private let program: JSON = [[6, 0, "a", [2, 1]], [23, 0, "t", [4, "w"], [1, 1]], [1, 2, ""]]

    private func backend() throws -> NativeVectorBackend { try #require(try Mirror.plugin().vectorBackend) }

    private let repository = {
        var info = RepositoryInfo(
            name: "a", dims: 8, metric: .l1, items: 5_000_000_000, bytes: 6_000_000_000, embedderID: "space-1")
        info.index = ["kind": "hnsw", "m": 16]
        info.fields = [
            VectorField(name: "title", dims: 16, metric: .dot), VectorField(name: "words", dims: 0, metric: .jaccard),
        ]
        info.version = 77
        return info
    }()

    @Test("every field of what a backend is, and of its repositories, arrives")
    func info() async throws {
        let backend = try backend()
        var expected = VectorBackendInfo(
            backend: "mirror-vectors", location: "/somewhere", features: [.persistent, .approximate],
            filterOperations: [.equal, .native], metrics: [.l2, .hamming], maxBatch: 100, maxDims: 4096,
            maxTopK: 1000)
        (expected.maxQueries, expected.indexKinds, expected.dialects) = (10, ["flat", "hnsw"], ["sql"])
        #expect(try await backend.info(CallContext()) == expected)
        let second = RepositoryInfo(name: "b", dims: 2, metric: .cosine, items: 0, bytes: 0, embedderID: nil)
        #expect(try await backend.repositories(CallContext()) == [repository, second])
    }

    @Test("a specification arrives, and what is there comes back")
    func ensure() async throws {
        let backend = try backend()
        var wanted = RepositorySpecification(name: "r", dims: 3, metric: .hamming, embedderID: "e")
        wanted.index = ["kind": "flat"]
        wanted.fields = [VectorField(name: "f", dims: 2, metric: .l2), VectorField(name: "s", dims: 0)]
        let specification = wanted
        let told = try await Mirror.told { context async throws(PluginError) in
            try await backend.ensure(specification, context)
        }
        #expect(
            told == [
                "repo": "r", "dims": 3, "metric": 5, "element": 1, "embedder_id": "e",
                "index_json": #"{"kind":"flat"}"#,
                "fields": [
                    ["name": "f", "dims": 2, "metric": 3, "element": 1], ["name": "s", "metric": 1, "element": 1],
                ],
            ])
        #expect(try await backend.ensure(specification, CallContext()) == repository)
    }

    private func batch() -> VectorBatch {
        var matrix = Matrix(rows: 2, dims: 3)
        matrix.setRow(0, [0.5, 1.5, 2.5])
        matrix.setRow(1, [3.5, 4.5, 5.5])
        var batch = VectorBatch(
            ids: ["a", "é"], matrix: matrix, texts: ["t", ""], metadata: [["k": [1]], .null], embedderID: "e")
        batch.expires = [1_700_000_000_000_000_000, nil]
        batch.sparse = [
            "words": [SparseVector(indices: [1, 9], values: [0.5, 0.25]), SparseVector(indices: [], values: [])]
        ]
        return batch
    }

    @Test("every field of a batch arrives, and the commit comes back")
    func upsert() async throws {
        let backend = try backend()
        let told = try await Mirror.told { context async throws(PluginError) in
            try await backend.upsert(batch(), into: "r", context)
        }
        #expect(
            told == [
                "repo": "r", "ids": ["a", "é"], "row0": [0.5, 1.5, 2.5], "row1": [3.5, 4.5, 5.5], "rows_size": 128,
                "row_stride": 64, "dims": 3, "element": 1, "texts": ["t", ""], "metadata_json": [#"{"k":[1]}"#, ""],
                "embedder_id": "e", "expires_unix_ns": [1_700_000_000_000_000_000, 0],
                "fields": [["name": "words", "sparse": [["indices": [1, 9], "values": [0.5, 0.25]], [:]]]],
            ], "\(told.text)")
        #expect(try await backend.upsert(batch(), into: "r", CallContext()) == VectorCommit(count: 2, version: 1002))
    }

    @Test("every field of a query arrives")
    func query() async throws {
        let backend = try backend()
        var full = VectorQuery(
            [0.5, -1.5], topK: 7, offset: 2, filter: filter, minimumScore: 0.25, include: [.text, .vector],
            embedderID: "e")
        full.exactness = .minimumRecall(0.875)
        (full.field, full.text) = ("title", "words")
        full.sparse = SparseVector(indices: [4], values: [0.5])
        (full.like, full.unlike) = (["l"], ["u", "v"])
        full.fusion = .weighted(vector: 0.5, sparse: 0.25, text: 0.125)
        full.diversity = .init(lambda: 0.75, candidates: 40)
        full.grouping = .init(field: "g", size: 3)
        full.consistency = 12
        var others: [VectorQuery] = []
        for change: (inout VectorQuery) -> Void in [
            {
                $0.exactness = .exact
                $0.fusion = .reciprocalRank
            },
            {
                $0.exactness = .effort(64)
                $0.fusion = .server
            },
            { _ in },
        ] {
            var query = VectorQuery([2.5], topK: 1)
            change(&query)
            others.append(query)
        }
        let queries = [full] + others
        let told = try await Mirror.told { context async throws(PluginError) in
            try await backend.query(queries, in: "r", context)
        }
        let plain: [String: JSON] = [
            "vector": [2.5], "dims": 1, "element": 1, "top_k": 1, "include": 3, "filter": [],
        ]
        #expect(
            told == [
                "repo": "r",
                "queries": [
                    [
                        "vector": [0.5, -1.5], "dims": 2, "element": 1, "top_k": 7, "offset": 2, "include": 6,
                        "exactness": 3, "set": 1, "min_score": 0.25, "filter": program, "embedder_id": "e",
                        "field": "title", "sparse": [["indices": [4], "values": [0.5]]], "query_text": "words",
                        "like": ["l"], "unlike": ["u", "v"], "fusion": 2, "vector_weight": 0.5,
                        "sparse_weight": 0.25, "text_weight": 0.125, "min_recall": 0.875, "mmr_lambda": 0.75,
                        "mmr_fetch": 40, "group_size": 3, "group_by": "g", "consistency": 12,
                    ], .object(plain.merging(["exactness": 1, "fusion": 1]) { $1 }),
                    .object(plain.merging(["exactness": 2, "effort": 64, "fusion": 3]) { $1 }), .object(plain),
                ],
            ], "\(told.text)")
    }

    @Test("every field of a result arrives")
    func results() async throws {
        let query = VectorQuery([1], topK: 2)
        let results = try await backend().query([query, query], in: "r", CallContext())
        var near = VectorHit(
            id: "near", score: 0.75, distance: 0.25, metadata: ["a": 1], text: "its text", vector: [0.5, 1.5])
        near.group = "g"
        var first = QueryResult(
            hits: [near, VectorHit(id: "far", score: -3.5, distance: 3.5)], isExact: true, isComplete: true,
            scanned: 123)
        (first.index, first.duration) = ("hnsw", .nanoseconds(456))
        #expect(results == [first, QueryResult(hits: [], isExact: false, isComplete: false, scanned: 0)])
    }

    @Test("what takes a filter gets it as its program, and its commit comes back")
    func filtered() async throws {
        let (backend, filter) = (try backend(), filter)
        let expected: JSON = ["repo": "r", "filter": program]
        let removing = try await Mirror.told { context async throws(PluginError) in
            try await backend.remove(filter, from: "r", context)
        }
        let counting = try await Mirror.told { context async throws(PluginError) in
            try await backend.count(filter, in: "r", context)
        }
        let updating = try await Mirror.told { context async throws(PluginError) in
            try await backend.update(filter, in: "r", set: ["a": .null, "b": [1]], context)
        }
        #expect(removing == expected && counting == expected)
        #expect(updating == ["repo": "r", "filter": program, "set_json": #"{"a":null,"b":[1]}"#])
        #expect(try await backend.remove(filter, from: "r", CallContext()) == VectorCommit(count: 21, version: 1021))
        #expect(try await backend.count(filter, in: "r", CallContext()) == 22)
        let commit = try await backend.update(filter, in: "r", set: [:], CallContext())
        #expect(commit == VectorCommit(count: 23, version: 1023))
    }

    private let one = VectorItem(
        id: "one", vector: [0.5, 1.5], metadata: ["b": [2]], text: "t", expires: 1_234_567_890_123, version: 9)

    @Test("items come by id, and those that are not there as nothing")
    func items() async throws {
        let backend = try backend()
        let told = try await Mirror.told { context async throws(PluginError) in
            try await backend.items(["x", "y"], in: "r", including: [.vector], context)
        }
        #expect(told == ["repo": "r", "ids": ["x", "y"], "include": 4])
        let items = try await backend.items(["one", "two", "three"], in: "r", including: [], CallContext())
        #expect(items == [one, nil, VectorItem(id: "three")])
    }

    @Test("a scan says where it begins, and gives its items in order")
    func scan() async throws {
        let (backend, filter) = (try backend(), filter)
        let told = try await Mirror.told { context async throws(PluginError) in
            for try await _ in try await backend.scan("r", filter, after: "k", including: [.metadata], context) {}
        }
        #expect(told == ["repo": "r", "filter": program, "after": "k", "include": 1])
        var items: [VectorItem] = []
        for try await item in try await backend.scan("r", .all, after: nil, including: [], CallContext()) {
            items.append(item)
        }
        #expect(items == [one, VectorItem(id: "three")])
    }

    @Test("what concerns a whole repository says which, and how")
    func whole() async throws {
        let backend = try backend()
        let wiping = try await Mirror.told { context async throws(PluginError) in try await backend.wipe("r", context) }
        #expect(wiping == ["repo": "r"])
        for (compact, expected) in [(true, ["repo": "r", "flags": 1]), (false, ["repo": "r"])] as [(Bool, JSON)] {
            let told = try await Mirror.told { context async throws(PluginError) in
                try await backend.flush("r", compact: compact, context)
            }
            #expect(told == expected)
        }
        let saving = try await Mirror.told { context async throws(PluginError) in
            try await backend.snapshot("r", to: "/x/y", context)
        }
        #expect(saving == ["repo": "r", "path": "/x/y"])
        let restoring = try await Mirror.told { context async throws(PluginError) in
            try await backend.restore("r", from: "/x/y", replacing: true, context)
        }
        #expect(restoring == ["repo": "r", "path": "/x/y", "flags": 1])
        let context = CallContext()
        try await backend.wipe("r", context)
        try await backend.flush("r", compact: true, context)
        try await backend.snapshot("r", to: "/x", context)
        #expect(try await backend.restore("r", from: "/x", replacing: false, context) == repository)
    }
}
