import PluginCore
import Synchronization
import Testing

@Suite("A managed vector backend", .timeLimit(.minutes(10)))
struct ManagedVectorTests {
    // MARK: - At random

    private static let fields = ["a", "b", "n/x", "l", "g", "missing"]

    private static func value(_ random: inout Random) -> Filter.Value {
        let values: [Filter.Value] = [
            .null, .bool(true), .int(0), .int(1), .int(2), .double(1), .double(1.5), .string("x"), .string("xy z"),
            .string(""),
        ]
        return values.randomElement(using: &random)!
    }

    private static func member(_ random: inout Random) -> JSON {
        let members: [JSON] = [
            nil, true, 0, 1, 2, 1.5, "x", "xy z", "", [], [1, "x"], [2, nil], [:], ["lat": 1, "lon": 1],
            ["lat": 50, "lon": 50],
        ]
        return members.randomElement(using: &random)!
    }

    private static func item(_ number: Int, _ random: inout Random) -> VectorItem {
        var members: [String: JSON] = [:]
        for name in ["a", "b", "l", "g"] where Int.random(in: 0..<4, using: &random) > 0 {
            members[name] = member(&random)
        }
        if Bool.random(using: &random) { members["n"] = ["x": member(&random)] }
        let digits = "\(number)"
        return VectorItem(
            id: "i" + String(repeating: "0", count: 3 - digits.count) + digits, vector: [Float(number % 17), 1],
            metadata: .object(members), text: digits)
    }

    private static func filter(depth: Int, _ random: inout Random) -> Filter {
        if depth > 0, Int.random(in: 0..<3, using: &random) > 0 {
            let parts = (0..<Int.random(in: 0...3, using: &random)).map { _ in filter(depth: depth - 1, &random) }
            switch Int.random(in: 0..<3, using: &random) {
            case 0: return .and(parts)
            case 1: return .or(parts)
            default: return .not(filter(depth: depth - 1, &random))
            }
        }
        let field = fields.randomElement(using: &random)!
        let (first, second) = (value(&random), value(&random))
        let filters: [Filter] = [
            .all, .none, .equal(field, first), .notEqual(field, first), .less(field, first), .lessOrEqual(field, first),
            .greater(field, first), .greaterOrEqual(field, first), .in(field, [first, second]),
            .notIn(field, [first, second]),
            .exists(field), .isNull(field), .prefix(field, "x"), .contains(field, first),
            .ids(["i001", "i005", "none"]),
            .between(field, first, second), .allOf(field, [first]), .size(field, 0...1), .isEmpty(field),
            .match(field, "x"), .geoRadius("g", latitude: 0, longitude: 0, meters: 1_000_000),
        ]
        return filters.randomElement(using: &random)!
    }

    /// The operations that a filter uses, by their numbers.
    private static func operations(_ filter: Filter) -> Filter.Operations {
        switch filter {
        case .all, .none: []
        case .and(let parts): parts.reduce(.and) { $0.union(operations($1)) }
        case .or(let parts): parts.reduce(.or) { $0.union(operations($1)) }
        case .not(let part): operations(part).union(.not)
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .in: .in
        case .notIn: .notIn
        case .exists: .exists
        case .isNull: .isNull
        case .prefix: .prefix
        case .contains: .contains
        case .ids: .ids
        case .between: .between
        case .allOf: .allOf
        case .size: .size
        case .isEmpty: .isEmpty
        case .match: .match
        case .geoRadius: .geoRadius
        case .native: .native
        }
    }

    private static func mask(_ random: inout Random) -> Filter.Operations {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: []
        case 1: .all
        default: Filter.Operations(rawValue: (random.next() | random.next()) & Filter.Operations.all.rawValue)
        }
    }

    // MARK: - A backend that refuses what it did not declare

    private final class Memory: VectorBackend {
        let id = "memory"
        let version = SemanticVersion("1.0.0")!
        let known: VectorBackendInfo
        private let stored: Mutex<[VectorItem]>
        private let log = Mutex<(queries: [Int], batches: [Int])>(([], []))

        init(_ items: [VectorItem], _ info: VectorBackendInfo) {
            stored = Mutex(items)
            known = info
        }

        var items: [VectorItem] { stored.withLock { $0.sorted { $0.id < $1.id } } }
        var queryCounts: [Int] { log.withLock { $0.queries } }
        var batchSizes: [Int] { log.withLock { $0.batches } }

        private func check(_ filter: Filter) throws(PluginError) {
            guard ManagedVectorTests.operations(filter).isSubset(of: known.filterOperations) else {
                throw PluginError(.unsupported, "\(filter) has an operation that was not declared")
            }
        }

        private func find(_ filter: Filter) throws(PluginError) -> [VectorItem] {
            try check(filter)
            return items.filter { filter.admits(id: $0.id, metadata: $0.metadata) }
        }

        func info(_ context: CallContext) async throws(PluginError) -> VectorBackendInfo { known }
        func repositories(_ context: CallContext) async throws(PluginError) -> [RepositoryInfo] { [] }
        func ensure(_ specification: RepositorySpecification, _ context: CallContext) async throws(PluginError)
            -> RepositoryInfo
        { throw PluginError(.unsupported, "not here") }

        func upsert(_ batch: borrowing VectorBatch, into repository: String, _ context: CallContext)
            async throws(PluginError) -> VectorCommit
        {
            let count = batch.ids.count
            guard count <= known.maxBatch ?? .max else { throw PluginError(.invalidArgument, "a batch of \(count)") }
            log.withLock { $0.batches.append(count) }
            var new: [VectorItem] = []
            for (row, id) in batch.ids.enumerated() {
                if id == "poison" { throw PluginError(.resourceExhausted, "the disk is full") }
                new.append(
                    VectorItem(
                        id: id, vector: batch.matrix.row(row),
                        metadata: batch.metadata.isEmpty ? .null : batch.metadata[row],
                        text: batch.texts.isEmpty ? nil : batch.texts[row],
                        expires: batch.expires.isEmpty ? nil : batch.expires[row]))
            }
            let written = new
            stored.withLock { $0 += written }
            return VectorCommit(count: count, version: UInt64(items.count))
        }

        func query(_ queries: [VectorQuery], in repository: String, _ context: CallContext)
            async throws(PluginError) -> [QueryResult]
        {
            guard queries.count <= known.maxQueries ?? .max else { throw PluginError(.invalidArgument, "too many") }
            log.withLock { $0.queries.append(queries.count) }
            var results: [QueryResult] = []
            for query in queries {
                guard query.topK <= known.maxTopK ?? .max else {
                    throw PluginError(.invalidArgument, "top-k too large")
                }
                let found = ManagedVectorTests.nearest(query, try find(query.filter))
                let hits = found.dropFirst(query.offset).prefix(query.topK).map { hit in
                    var hit = hit
                    if !query.include.contains(.metadata) { hit.metadata = .null }
                    return hit
                }
                results.append(QueryResult(hits: hits, isExact: true, isComplete: true, scanned: items.count))
            }
            return results
        }

        func items(
            _ ids: [String], in repository: String, including include: VectorQuery.Include, _ context: CallContext
        ) async throws(PluginError) -> [VectorItem?] { ids.map { id in items.first { $0.id == id } } }

        func scan(
            _ repository: String, _ filter: Filter, after: String?, including include: VectorQuery.Include,
            _ context: CallContext
        ) async throws(PluginError) -> EventStream<VectorItem> {
            let found = try find(filter).filter { $0.id > after ?? "" }.map { item in
                var item = item
                if !include.contains(.metadata) { item.metadata = .null }
                return item
            }
            return EventStream(ListedEvents(found))
        }

        func update(_ filter: Filter, in repository: String, set members: [String: JSON], _ context: CallContext)
            async throws(PluginError) -> VectorCommit
        {
            let ids = Set(try find(filter).map(\.id))
            stored.withLock { items in
                for index in items.indices where ids.contains(items[index].id) {
                    items[index].metadata = .object(members)
                }
            }
            return VectorCommit(count: ids.count)
        }

        func remove(_ filter: Filter, from repository: String, _ context: CallContext) async throws(PluginError)
            -> VectorCommit
        {
            let ids = Set(try find(filter).map(\.id))
            stored.withLock { $0.removeAll { ids.contains($0.id) } }
            return VectorCommit(count: ids.count)
        }

        func count(_ filter: Filter, in repository: String, _ context: CallContext) async throws(PluginError) -> Int {
            try find(filter).count
        }
        func wipe(_ repository: String, _ context: CallContext) async throws(PluginError) {}
        func flush(_ repository: String, compact: Bool, _ context: CallContext) async throws(PluginError) {}
        func snapshot(_ repository: String, to path: String, _ context: CallContext) async throws(PluginError) {}
        func restore(_ repository: String, from path: String, replacing: Bool, _ context: CallContext)
            async throws(PluginError) -> RepositoryInfo
        { throw PluginError(.unsupported, "not here") }
        func health(_ context: CallContext) async throws(PluginError) -> Health { Health(.healthy) }
        func shutdown() async {}
    }

    /// All items by their distance, equal ones by id.
    private static func nearest(_ query: VectorQuery, _ items: [VectorItem]) -> [VectorHit] {
        items.map { item in
            let distance = zip(query.vector, item.vector ?? []).reduce(0.0) { $0 + abs(Double($1.0 - $1.1)) }
            return VectorHit(id: item.id, score: -distance, distance: distance, metadata: item.metadata)
        }.sorted { ($0.distance, $0.id) < ($1.distance, $1.id) }
    }

    private static func info(_ operations: Filter.Operations) -> VectorBackendInfo {
        VectorBackendInfo(backend: "memory", location: "", filterOperations: operations, metrics: [.l1])
    }

    private static func items(_ count: Int, _ random: inout Random) -> [VectorItem] {
        (0..<count).map { item($0, &random) }
    }

    // MARK: - Filters

    @Test("a widened filter uses what the backend has, and admits whatever the whole one admits", arguments: 0..<40)
    func widened(seed: UInt64) {
        var random = Random(seed)
        let items = Self.items(60, &random)
        var narrowed = 0
        for _ in 0..<100 {
            let (filter, mask) = (Self.filter(depth: 4, &random), Self.mask(&random))
            let wide = filter.widened(to: mask)
            #expect(Self.operations(wide).isSubset(of: mask), "\(filter) became \(wide)")
            for item in items where filter.admits(id: item.id, metadata: item.metadata) {
                #expect(wide.admits(id: item.id, metadata: item.metadata), "\(filter) became \(wide)")
            }
            if Self.operations(filter).isSubset(of: mask), wide == filter { narrowed += 1 }
            // With every operation nothing is given up.
            let whole = filter.widened(to: .all)
            for item in items {
                #expect(
                    whole.admits(id: item.id, metadata: item.metadata)
                        == filter.admits(id: item.id, metadata: item.metadata))
            }
        }
        #expect(narrowed > 0)
    }

    @Test("a query finds what the whole filter admits, whatever the backend can evaluate", arguments: 0..<60)
    func query(seed: UInt64) async throws {
        var random = Random(seed)
        let items = Self.items(Int.random(in: 0...300, using: &random), &random)
        for _ in 0..<10 {
            var info = Self.info(Self.mask(&random))
            info.maxQueries = [nil, 1, 2].randomElement(using: &random)!
            let managed = Memory(items, info).managed()
            var queries: [VectorQuery] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                queries.append(
                    VectorQuery(
                        [Float(Int.random(in: 0...16, using: &random)), 1],
                        topK: Int.random(in: 0...200, using: &random),
                        offset: [0, 0, 3, 100].randomElement(using: &random)!, filter: Self.filter(depth: 3, &random),
                        include: Bool.random(using: &random) ? [.metadata] : []))
            }
            let results = try await managed.query(queries, in: "r", CallContext())
            #expect(results.count == queries.count)
            for (query, result) in zip(queries, results) {
                let admitted = items.filter { query.filter.admits(id: $0.id, metadata: $0.metadata) }
                let expected = Self.nearest(query, admitted).dropFirst(query.offset).prefix(query.topK)
                #expect(result.hits.map(\.id) == expected.map(\.id), "\(query.filter) with \(info.filterOperations)")
                #expect(result.isComplete && result.isExact)
                let isTold = query.include.contains(.metadata)
                #expect(zip(result.hits, expected).allSatisfy { $0.metadata == (isTold ? $1.metadata : .null) })
            }
        }
    }

    @Test("a backend that gives few hits at a time is told of truly", arguments: 0..<60)
    func underReturn(seed: UInt64) async throws {
        var random = Random(seed)
        let items = Self.items(200, &random)
        for _ in 0..<10 {
            var info = Self.info(Self.mask(&random))
            info.maxTopK = Int.random(in: 1...120, using: &random)
            let query = VectorQuery(
                [5, 1], topK: Int.random(in: 1...200, using: &random), filter: Self.filter(depth: 3, &random))
            let result = try await Memory(items, info).managed().query([query], in: "r", CallContext())[0]
            let admitted = items.filter { query.filter.admits(id: $0.id, metadata: $0.metadata) }
            let expected = Self.nearest(query, admitted).prefix(query.topK).map(\.id)
            // Never a wrong hit, and "complete" only if nothing is missing.
            #expect(result.hits.map(\.id) == Array(expected.prefix(result.hits.count)))
            if result.isComplete { #expect(result.hits.count == expected.count, "\(query.filter)") }
        }
    }

    @Test("counting, scanning, removing and changing reach exactly what the filter admits", arguments: 0..<60)
    func others(seed: UInt64) async throws {
        var random = Random(seed)
        let items = Self.items(80, &random)
        for _ in 0..<8 {
            let (filter, mask) = (Self.filter(depth: 3, &random), Self.mask(&random))
            let expected = items.filter { filter.admits(id: $0.id, metadata: $0.metadata) }
            let base = Memory(items, Self.info(mask))
            let managed = base.managed()
            #expect(try await managed.count(filter, in: "r", CallContext()) == expected.count)
            let after = "i020"
            for include: VectorQuery.Include in [[], [.metadata]] {
                var scanned: [VectorItem] = []
                for try await item in try await managed.scan(
                    "r", filter, after: after, including: include, CallContext())
                {
                    scanned.append(item)
                }
                #expect(scanned.map(\.id) == expected.map(\.id).filter { $0 > after })
                #expect(include == [.metadata] || scanned.allSatisfy { $0.metadata == .null })
            }
            let isExact = filter.widened(to: mask) == filter
            if !isExact, !mask.contains(.ids) {
                let failed = await thrown { () async throws(PluginError) in
                    try await managed.remove(filter, from: "r", CallContext())
                }
                #expect(failed?.code == .unsupported && failed?.operation == "vectorBackend.remove")
                #expect(base.items == items)
                continue
            }
            let mark: JSON = ["marked": true]
            let changed = try await managed.update(filter, in: "r", set: ["marked": true], CallContext())
            #expect(changed.count == expected.count)
            #expect(base.items.filter { $0.metadata == mark }.map(\.id) == expected.map(\.id))
            let second = Memory(items, Self.info(mask))
            let removed = try await second.managed().remove(filter, from: "r", CallContext())
            #expect(removed.count == expected.count)
            #expect(second.items.map(\.id) == items.map(\.id).filter { id in !expected.contains { $0.id == id } })
        }
    }

    @Test("a condition in another's language never reaches a backend, and never removes a thing")
    func dialects() async throws {
        var random = Random(1)
        var info = Self.info(.all)
        let filter = Filter.or([.all, .native(dialect: "sql", "1 = 1")])
        for dialects in [[], ["cypher"]] {
            info.dialects = dialects
            let base = Memory(Self.items(5, &random), info)
            let failed = await thrown { () async throws(PluginError) in
                try await base.managed().remove(filter, from: "r", CallContext())
            }
            #expect(failed?.code == .unsupported && failed?.what.contains("sql") == true && base.items.count == 5)
            #expect(failed?.plugin == "memory" && failed?.facts == .names(dialects))
        }
    }

    @Test("hits can be neither grouped nor made to differ if the host filters")
    func grouping() async throws {
        let base = Memory([], Self.info([]))
        var query = VectorQuery([1, 1], topK: 1, filter: .equal("a", .int(1)))
        query.grouping = .init(field: "a", size: 1)
        let grouped = query
        let failed = await thrown { () async throws(PluginError) in
            try await base.managed().query([grouped], in: "r", CallContext())
        }
        #expect(failed?.code == .unsupported && base.queryCounts.isEmpty)
    }

    // MARK: - Sizes

    @Test("queries that the backend can answer go together, as many as it takes")
    func queryBatches() async throws {
        var info = Self.info(.all)
        info.maxQueries = 3
        let base = Memory([], info)
        let queries = [VectorQuery](repeating: VectorQuery([1, 1], topK: 1), count: 8)
        #expect(try await base.managed().query(queries, in: "r", CallContext()).count == 8)
        #expect(base.queryCounts == [3, 3, 2])
        #expect(try await base.managed().query([], in: "r", CallContext()).isEmpty)
    }

    private func batch(_ ids: [String]) -> VectorBatch {
        var matrix = Matrix(rows: ids.count, dims: 2)
        for row in ids.indices { matrix.setRow(row, [Float(row), -1]) }
        var batch = VectorBatch(
            ids: ids, matrix: matrix, texts: ids.map { "t" + $0 }, metadata: ids.map { ["id": .string($0)] })
        batch.expires = ids.indices.map { $0 == 1 ? nil : Int64($0) }
        return batch
    }

    @Test("a large batch is written part by part, with everything that belongs to its items")
    func upsert() async throws {
        var info = Self.info(.all)
        info.maxBatch = 3
        let base = Memory([], info)
        let ids = (0..<8).map { "i\($0)" }
        let commit = try await base.managed().upsert(batch(ids), into: "r", CallContext())
        #expect(commit == VectorCommit(count: 8, version: 8) && base.batchSizes == [3, 3, 2])
        for (row, item) in base.items.enumerated() {
            #expect(
                item
                    == VectorItem(
                        id: "i\(row)", vector: [Float(row), -1], metadata: ["id": .string("i\(row)")], text: "ti\(row)",
                        expires: row == 1 ? nil : Int64(row)))
        }
    }

    @Test("a batch that fails halfway says how much was written")
    func partialUpsert() async throws {
        var info = Self.info(.all)
        info.maxBatch = 2
        let base = Memory([], info)
        let failed = await thrown { () async throws(PluginError) in
            try await base.managed().upsert(batch(["a", "b", "c", "poison"]), into: "r", CallContext())
        }
        #expect(failed?.code == .resourceExhausted && failed?.what.contains("the first 2 of 4") == true)
        #expect(base.items.map(\.id) == ["a", "b"])
    }
}
