internal import PluginCore

extension VectorBackendChecks {
    func metrics(_ name: String) async throws -> String {
        let offered = try await backend.info(context).metrics.sorted { $0.rawValue < $1.rawValue }
        let compared = offered.filter(VectorOracle.metrics.contains)
        guard !compared.isEmpty else { throw NotApplicable(reason: "it offers only \(offered)") }
        for metric in compared {
            try await drop(name)
            try await backend.ensure(
                RepositorySpecification(name: name, dims: settings.dims, metric: metric), context)
            try await write(fixture, to: name)
            let oracle = VectorOracle(items: fixture, metric: metric)
            for seed in 0..<10 {
                var query = query(topK: 20)
                query.vector = VectorFixture.query(dims: settings.dims, seed: settings.seed &+ UInt64(seed))
                let result = try await answer(query, in: name)
                try oracle.check(result, of: query)
                try require(result.isExact, "a result that says it is exact, as was asked for", seen: "it says no")
            }
        }
        let rest = offered.filter { !compared.contains($0) }
        return "\(compared.map(\.rawValue))" + (rest.isEmpty ? "" : "; not compared: \(rest.map(\.rawValue))")
    }

    func ties(_ name: String) async throws -> String {
        // Written in falling order of ids, three of each vector.
        let items = (0..<30).reversed().map { index in
            StoredItem(
                id: "t\(index / 10)\(index % 10)", vector: fixture[index / 3].vector, metadata: .null, text: "")
        }
        let oracle = try await fill(name, items)
        for topK in 1...12 {
            let query = query(topK: topK)
            let result = try await answer(query, in: name)
            try oracle.checkTies(result, of: query)
        }
        return "10 vectors under 3 ids each"
    }

    func topK(_ name: String) async throws -> String {
        let oracle = try await fill(name)
        let most = try await backend.info(context).maxTopK ?? .max
        let numbers = [0, 1, fixture.count - 1, fixture.count, fixture.count + 10].filter { $0 <= most }
        for topK in numbers {
            let query = query(topK: topK)
            try oracle.check(try await answer(query, in: name), of: query)
        }
        return "\(numbers)"
    }

    func offset(_ name: String) async throws -> String {
        let oracle = try await fill(name)
        let numbers = [1, 7, fixture.count - 3, fixture.count, fixture.count + 5]
        for offset in numbers {
            let query = query(topK: 10, offset: offset)
            try oracle.check(try await answer(query, in: name), of: query)
        }
        return "\(numbers)"
    }

    func minimumScore(_ name: String) async throws -> String {
        let oracle = try await fill(name)
        let scores = oracle.ranking(query(topK: 0)).map(\.score)
        // Between two scores that nobody takes for each other.
        let gaps = zip(scores, scores.dropFirst()).filter { $0 - $1 > 1e-3 }.map { ($0 + $1) / 2 }
        let bounds = [gaps.first, gaps[gaps.count / 2], gaps.last, (scores.first ?? 0) + 1, (scores.last ?? 0) - 1]
        for bound in bounds.compactMap(\.self) {
            let query = query(topK: fixture.count, minimumScore: bound)
            try oracle.check(try await answer(query, in: name), of: query)
        }
        return "\(bounds.count) bounds"
    }

    func include(_ name: String) async throws -> String {
        try await fill(name)
        let hasText = try await keepsText()
        let ids = fixture.map(\.id)
        for include in (0..<8).map({ VectorQuery.Include(rawValue: $0) }) {
            let hits = try await answer(query(topK: fixture.count, include: include), in: name).hits
            let found: [(String, [VectorItem])] = [
                ("query", hits.map { VectorItem(id: $0.id, vector: $0.vector, metadata: $0.metadata, text: $0.text) }),
                ("scan", try await scanned(name, including: include)),
                ("items", try await backend.items(ids, in: name, including: include, context).compactMap(\.self)),
            ]
            for (operation, items) in found {
                try requireEqual(items.count, fixture.count, "items of \(operation)")
                for stored in items {
                    guard let item = fixture.first(where: { $0.id == stored.id }) else { continue }
                    let what = "of \(item.id) by \(operation), include \(include.rawValue)"
                    try requireEqual(
                        stored.metadata, include.contains(.metadata) ? item.metadata : .null, "metadata \(what)")
                    try requireEqual(stored.text, include.contains(.text) && hasText ? item.text : nil, "text \(what)")
                    try require(
                        include.contains(.vector) == (stored.vector != nil)
                            && stored.vector.map { same($0, item.vector) } ?? true,
                        "\(include.contains(.vector) ? "the vector" : "no vector") \(what)",
                        seen: excerpt(stored.vector as Any))
                }
            }
        }
        return "8 combinations"
    }

    func queries(_ name: String) async throws -> String {
        let oracle = try await fill(name)
        var queries = [query(topK: 3), query(topK: 5, offset: 2), query(topK: 0), query(topK: 7)]
        queries[3].vector = VectorFixture.query(dims: settings.dims, seed: settings.seed &+ 31)
        queries = Array(queries.prefix(try await backend.info(context).maxQueries ?? queries.count))
        let results = try await backend.query(queries, in: name, context)
        try requireEqual(results.count, queries.count, "a result for each query")
        for (query, result) in zip(queries, results) { try oracle.check(result, of: query) }
        try requireEqual(try await backend.query([], in: name, context).count, 0, "results of no query")
        return "\(queries.count) in a call"
    }

    func completeness(_ name: String) async throws -> String {
        try await fill(name)
        let most = try await backend.info(context).maxTopK ?? .max
        guard most > fixture.count else { throw NotApplicable(reason: "it gives at most \(most) hits") }
        for filter in [.all, .none, .ids([fixture[2].id])] as [Filter] {
            let result = try await answer(query(topK: fixture.count + 1, filter: filter), in: name)
            try require(
                result.isComplete, "complete results: fewer hits than were asked for, and all there are",
                seen: "\(result.hits.count) hits, said not to be all")
            try require(
                result.scanned >= result.hits.count || result.scanned == 0, "at least as many looked at as found",
                seen: "\(result.scanned) looked at, \(result.hits.count) found")
        }
        return "said to be complete"
    }

    // MARK: - Filters

    func filterOperations(_ name: String) async throws -> String {
        let operations = try await offered()
        try await fill(name)
        var filters = FilterFixture(operations: operations, ids: fixture.map(\.id), seed: settings.seed)
        var tried: [String] = []
        for (operation, title) in FilterFixture.leaves + FilterFixture.junctions where operations.contains(operation) {
            for _ in 0..<16 { try await compare(filters.filter(of: operation), in: name) }
            tried.append(title)
        }
        try await compare(.all, in: name)
        try await compare(.none, in: name)
        return "\(tried.joined(separator: ", ")); 16 filters of each"
    }

    func filterTrees(_ name: String) async throws -> String {
        let operations = try await offered()
        try await fill(name)
        var filters = FilterFixture(operations: operations, ids: fixture.map(\.id), seed: settings.seed &+ 5)
        var admitting = 0
        for _ in 0..<settings.filterTrees where try await compare(filters.tree(), in: name) > 0 { admitting += 1 }
        return "\(settings.filterTrees) trees, \(admitting) of which admit something"
    }

    private func offered() async throws -> Filter.Operations {
        let offered: Filter.Operations
        if let asked = settings.filterOperations {
            offered = asked
        } else {
            offered = try await backend.info(context).filterOperations
        }
        guard !offered.isEmpty else { throw NotApplicable(reason: "it offers no filter operations") }
        return offered
    }

    /// - Returns: how many items the filter admits.
    @discardableResult
    private func compare(_ filter: Filter, in name: String) async throws -> Int {
        let expected = fixture.filter { filter.admits(id: $0.id, metadata: $0.metadata) }.map(\.id).sorted()
        let found: [(String, [String])] = [
            ("scan", try await scanned(name, filter).map(\.id)),
            ("query", try await answer(query(topK: fixture.count, filter: filter), in: name).hits.map(\.id).sorted()),
        ]
        for (operation, ids) in found {
            try require(ids == expected, "\(excerpt(expected)) by \(operation) with \(filter)", seen: excerpt(ids))
        }
        let count = try await backend.count(filter, in: name, context)
        try require(count == expected.count, "the count \(expected.count) with \(filter)", seen: "\(count)")
        return expected.count
    }

    // MARK: - By id

    func items(_ name: String) async throws -> String {
        try await fill(name)
        let ids = [fixture[5].id, "absent", fixture[1].id, fixture[5].id]
        let found = try await backend.items(ids, in: name, including: [.metadata, .text, .vector], context)
        try requireEqual(
            found.map { $0?.id }, [ids[0], nil, ids[2], ids[0]], "an item for each id, nil where there is none")
        try await requireStored(found[2], fixture[1])
        try requireEqual(
            try await backend.items([], in: name, including: [], context).count, 0, "items of no ids")
        return "\(ids.count) ids, one twice, one absent"
    }

    func scan(_ name: String) async throws -> String {
        // Written in falling order.
        try await fill(name, fixture.reversed())
        let ids = try await scanned(name).map(\.id)
        try require(ids == fixture.map(\.id).sorted(), "every id once, rising", seen: excerpt(ids))
        // A reader that goes away early leaves nothing behind that the next one sees.
        for try await _ in try await backend.scan(name, .all, after: nil, including: [.vector], context) { break }
        try requireEqual(try await scanned(name).count, fixture.count, "items of a second scan")
        return "\(ids.count) items"
    }

    func scanAfter(_ name: String) async throws -> String {
        try await fill(name)
        let ids = fixture.map(\.id).sorted()
        let places = [ids[0], ids[30], ids[30] + "0", ids[59], "", "zzz"]
        for after in places {
            let found = try await scanned(name, after: after).map(\.id)
            let expected = ids.filter { after.precedes($0) }
            try require(
                found == expected, "ids that sort behind \"\(after)\": \(excerpt(expected))", seen: excerpt(found))
        }
        return "\(places.count) places"
    }

    func count(_ name: String) async throws -> String {
        try await fill(name)
        try requireEqual(try await backend.count(.all, in: name, context), fixture.count, "all items")
        try requireEqual(try await backend.count(.none, in: name, context), 0, "no items")
        try requireEqual(
            try await backend.count(.ids([fixture[0].id, "absent"]), in: name, context), 1,
            "items of one id that is there")
        return "all, none, one"
    }
}
