internal import PluginCore

extension VectorBackendChecks {
    func upsert(_ name: String) async throws -> String {
        try await fill(name)
        try await requireContents(name, fixture)
        let made = "\(name)-made"
        try await drop(made)
        try await write(Array(fixture.prefix(2)), to: made)
        let info = try await backend.repositories(context).first { $0.name == made }
        try requireEqual(info?.dims, settings.dims, "dimensions of a repository made by upsert")
        try requireEqual(info?.items, 2, "items of a repository made by upsert")
        try await drop(made)
        return "\(fixture.count) items as written"
    }

    func replace(_ name: String) async throws -> String {
        try await fill(name)
        var items = fixture
        items[3] = StoredItem(id: items[3].id, vector: queryVector, metadata: ["only": 1], text: "replaced")
        try await write([items[3]], to: name)
        try await requireContents(name, items)
        let oracle = VectorOracle(items: items, metric: try await metric())
        let query = query(topK: 5)
        try oracle.check(try await answer(query, in: name), of: query)
        return "the old vector, text and metadata are gone"
    }

    func duplicateIDs(_ name: String) async throws -> String {
        if let most = try await backend.info(context).maxBatch, most < 3 {
            throw NotApplicable(reason: "it takes at most \(most) items a call")
        }
        try await backend.ensure(try await specification(name), context)
        var (first, last) = (fixture[0], fixture[1])
        (first.id, last.id) = ("same", "same")
        let batch = VectorBatch([first, fixture[2], last], dims: settings.dims)
        _ = try await backend.upsert(batch, into: name, context)
        try await requireContents(name, [last, fixture[2]])
        return "the last of two won"
    }

    func emptyBatch(_ name: String) async throws -> String {
        try await fill(name)
        let batch = VectorBatch(ids: [], matrix: Matrix(rows: 0, dims: settings.dims))
        try requireEqual(try await backend.upsert(batch, into: name, context).count, 0, "items written")
        try requireEqual(try await backend.count(.all, in: name, context), fixture.count, "items")
        return "nothing"
    }

    func bigBatch(_ name: String) async throws -> String {
        let count = min(try await backend.info(context).maxBatch ?? 2000, 2000)
        let items = (0..<count).map { index in
            StoredItem(
                id: "big-\(index)", vector: VectorFixture.query(dims: settings.dims, seed: UInt64(index) &+ 1000),
                metadata: ["n": .int(Int64(index))], text: String(repeating: "x", count: index % 50))
        }
        try await backend.ensure(try await specification(name), context)
        let batch = VectorBatch(items, dims: settings.dims)
        try requireEqual(try await backend.upsert(batch, into: name, context).count, count, "items written")
        try requireEqual(try await backend.count(.all, in: name, context), count, "items")
        let query = query(topK: min(10, count))
        try VectorOracle(items: items, metric: try await metric()).check(try await answer(query, in: name), of: query)
        return "\(count) items in a call"
    }

    func dimensionMismatch(_ name: String) async throws -> String {
        try await fill(name)
        for dims in [settings.dims - 1, settings.dims + 1] {
            let vector = [Float](repeating: 1, count: dims)
            let item = StoredItem(id: "other", vector: vector, metadata: .null, text: "")
            try await requireError(.dimensionMismatch, when: "an item has \(dims) dimensions, not \(settings.dims)") {
                _ = try await backend.upsert(VectorBatch([item], dims: dims), into: name, context)
            }
            try await requireError(.dimensionMismatch, when: "a query has \(dims) dimensions, not \(settings.dims)") {
                _ = try await answer(VectorQuery(vector, topK: 1), in: name)
            }
        }
        try requireEqual(try await backend.count(.all, in: name, context), fixture.count, "items after the refusals")
        return "refused"
    }

    func embedderConflict(_ name: String) async throws -> String {
        try await backend.ensure(try await specification(name, embedderID: "embedder/1"), context)
        let item = Array(fixture.prefix(1))
        try await requireError(.conflict, when: "vectors are of another embedder than the repository") {
            let batch = VectorBatch(item, dims: settings.dims, embedderID: "embedder/2")
            _ = try await backend.upsert(batch, into: name, context)
        }
        try await requireError(.conflict, when: "a query is of another embedder than the repository") {
            _ = try await answer(query(topK: 1, embedderID: "embedder/2"), in: name)
        }
        try await write(item, to: name, embedderID: "embedder/1")
        try await write(item, to: name)
        for embedder in ["embedder/1", nil] {
            let hits = try await answer(query(topK: 1, embedderID: embedder), in: name).hits
            try requireEqual(hits.count, 1, "a hit for the repository's own embedder, or none named")
        }
        return "refused"
    }

    func update(_ name: String) async throws -> String {
        try await fill(name)
        let filter = Filter.ids([fixture[1].id, fixture[10].id, "absent"])
        let changes: [String: JSON] = ["color": "violet", "n": .null, "new": [1, "two", ["three": 3]]]
        let changed = try await backend.update(filter, in: name, set: changes, context).count
        try requireEqual(changed, 2, "items changed")
        var items = fixture
        for index in [1, 10] {
            var members = items[index].metadata.objectValue ?? [:]
            for (key, value) in changes where value != .null { members[key] = value }
            members.removeValue(forKey: "n")
            items[index].metadata = .object(members)
        }
        try await requireContents(name, items)
        let none = try await backend.update(.none, in: name, set: changes, context).count
        try requireEqual(none, 0, "items changed by a filter that admits nothing")
        try await requireContents(name, items)
        return "2 of \(items.count) items, metadata only"
    }

    func remove(_ name: String) async throws -> String {
        let oracle = try await fill(name)
        try requireEqual(try await backend.remove(.none, from: name, context).count, 0, "items removed by nothing")
        let ids = [fixture[0].id, fixture[7].id]
        let removed = try await backend.remove(.ids(ids + ["absent"]), from: name, context).count
        try requireEqual(removed, 2, "items removed")
        let rest = fixture.filter { !ids.contains($0.id) }
        try await requireContents(name, rest)
        let query = query(topK: fixture.count)
        try VectorOracle(items: rest, metric: oracle.metric).check(try await answer(query, in: name), of: query)
        try requireEqual(try await backend.remove(.all, from: name, context).count, rest.count, "all the rest removed")
        try requireEqual(try await backend.count(.all, in: name, context), 0, "items")
        return "2, then all"
    }

    func unicodeIDs(_ name: String) async throws -> String {
        let long = String(repeating: "é", count: 256)
        let ids = ["\u{E9}", "e\u{301}", "日本", "a b", "a/b", "..", "\"quoted\"", "🇩🇪", "\u{1}", long, "A", "a"]
        let items = zip(ids, fixture).map {
            StoredItem(id: $0, vector: $1.vector, metadata: $1.metadata, text: $1.text)
        }
        try await backend.ensure(try await specification(name), context)
        try await write(items, to: name)
        try requireEqual(
            try await backend.count(.all, in: name, context), ids.count, "items, one for each sequence of bytes")
        let found = try await scanned(name).map { Array($0.id.utf8) }
        let sorted = ids.sorted { $0.precedes($1) }.map { Array($0.utf8) }
        try require(
            found == sorted, "ids by rising bytes", seen: excerpt(found.map { String(decoding: $0, as: UTF8.self) }))
        for item in items {
            let stored = try await backend.items([item.id], in: name, including: [.metadata, .text, .vector], context)
            try requireEqual(stored.count, 1, "one item for one id")
            try await requireStored(stored[0], item)
        }
        try requireEqual(
            try await backend.remove(.ids(["e\u{301}"]), from: name, context).count, 1, "items removed by id")
        let rest = try await scanned(name).contains { $0.id.isSame(as: "\u{E9}") }
        try require(rest, "the id that only looks alike still there", seen: "it was removed, too")
        return "\(ids.count) ids"
    }

    func concurrency(_ name: String) async throws -> String {
        try await backend.ensure(try await specification(name), context)
        let (writers, rounds) = (8, 10)
        let items = (0..<writers).map { writer in
            VectorFixture(count: rounds * 5, dims: settings.dims, seed: UInt64(writer), prefix: "w\(writer)").items
        }
        let metric = try await metric()
        let oracle = VectorOracle(items: items.flatMap(\.self), metric: metric)
        try await concurrently(2 * writers) { task in
            for round in 0..<rounds {
                if task < writers {
                    try await write(Array(items[task][round * 5..<round * 5 + 5]), to: name)
                    continue
                }
                // How many there are is not known, but each has the score of its own vector.
                for hit in try await answer(query(topK: 10), in: name).hits {
                    let item = oracle.items.first { $0.id.isSame(as: hit.id) }
                    let score = item.map { oracle.score(queryVector, $0.vector) }
                    try require(
                        score.map { abs($0 - hit.score) <= 1e-5 * max(1, abs($0)) } ?? false,
                        "the score \(score.map(String.init(describing:)) ?? "of no item") of \(hit.id) while others write",
                        seen: "\(hit.score)")
                }
            }
        }
        try await requireContents(name, oracle.items)
        return "\(writers) writers, \(writers) readers"
    }

    func cancellation(_ name: String) async throws -> String {
        try await fill(name)
        let seen = try await inCancelledTask { _ = try await answer(query(topK: 3), in: name) }
        let more = VectorFixture(count: 40, dims: settings.dims, seed: 5, prefix: "late").items
        _ = try await inCancelledTask { try await write(more, to: name) }
        // Whether they were written is open; what was written once more is there.
        try await write(more, to: name)
        try await requireContents(name, fixture + more)
        return seen
    }
}
