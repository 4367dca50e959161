import Foundation
import PluginCore
import Synchronization

/// A small backend in memory that does everything right, or one thing wrong.
final class ExactBackend: VectorBackend {
    enum Fault: String, Sendable {
        case none
        case noName, hidesEmbedder, acceptsOtherMetric, unsortedRepositories, removesEverywhere
        case updatesNothing, refusesToMake, mergesMetadata, firstWins, refusesEmptyBatch, dropsBeyondThousand
        case anyDimensions, anyEmbedder, wrongMetric, cutsTiesWrong, topKOneGivesTwo, ignoresOffset
        case ignoresMinimumScore, scansVectors, reversesResults, neverComplete, betweenExcludes, shallowTrees
        case skipsMissing, scansUnsorted, scansInclusive, setsNull, miscountsRemoved, countsNoneAsAll, wipesHalf
        case compactingLoses, snapshotLosesText, alwaysReplaces, readsDamaged, normalizesIDs, losesWrites
        case failsWhenCancelled
    }

    private struct Item: Sendable {
        var id: String
        var vector: [Float]
        var metadata: JSON
        var text: String?
    }

    private struct Candidate {
        let place: Int
        let item: Item
        let score: Double
    }

    private struct Repository: Sendable {
        var specification: RepositorySpecification
        /// By the bytes of the id.
        var items: [[UInt8]: Item] = [:]

        var sorted: [Item] { items.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value) }
    }

    let id = "exact-backend"
    let version = SemanticVersion("1.0.0")!
    private let fault: Fault
    private let operations: Filter.Operations
    private let maxBatch: Int?
    private let repositories = Mutex<[String: Repository]>([:])
    private let dropped = Mutex<[String: Repository]>([:])
    private let calls = Counter()

    init(_ fault: Fault = .none, operations: Filter.Operations = .all, maxBatch: Int? = nil) {
        self.fault = fault
        self.operations = operations
        self.maxBatch = maxBatch
    }

    func health(_ context: CallContext) async throws(PluginError) -> Health { Health(.healthy) }
    func shutdown() async {}

    func info(_ context: CallContext) async throws(PluginError) -> VectorBackendInfo {
        VectorBackendInfo(
            backend: fault == .noName ? "" : "exact", location: "memory", features: [.exact, .text],
            filterOperations: operations, metrics: [.cosine, .dot, .l2, .l1], maxBatch: maxBatch)
    }

    // MARK: - Repositories

    func repositories(_ context: CallContext) async throws(PluginError) -> [RepositoryInfo] {
        repositories.withLock { all in
            let sorted = all.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return (fault == .unsortedRepositories ? sorted.reversed() : sorted).map { info(all[$0]!) }
        }
    }

    private func info(_ repository: Repository) -> RepositoryInfo {
        let specification = repository.specification
        return RepositoryInfo(
            name: specification.name, dims: specification.dims, metric: specification.metric,
            items: repository.items.count, bytes: 0,
            embedderID: fault == .hidesEmbedder ? nil : specification.embedderID)
    }

    func ensure(_ specification: RepositorySpecification, _ context: CallContext) async throws(PluginError)
        -> RepositoryInfo
    {
        if let old = repositories.withLock({ $0[specification.name] }) {
            guard old.specification.dims == specification.dims else { throw dimensionMismatch }
            let isAlike =
                (old.specification.metric == specification.metric || fault == .acceptsOtherMetric)
                && !Self.differ(old.specification.embedderID, specification.embedderID)
            guard isAlike else { throw PluginError(.conflict, "the repository has another metric or embedder") }
            return info(old)
        }
        var new = Repository(specification: specification)
        if fault == .wipesHalf, let old = dropped.withLock({ $0[specification.name] }) { new.items = old.items }
        repositories.withLock { [new] in $0[specification.name] = new }
        return info(new)
    }

    func wipe(_ repository: String, _ context: CallContext) async throws(PluginError) {
        let old = try named(repository)
        dropped.withLock { $0[repository] = old }
        repositories.withLock { $0[repository] = nil }
    }

    func flush(_ repository: String, compact: Bool, _ context: CallContext) async throws(PluginError) {
        var own = try named(repository)
        guard fault == .compactingLoses, compact,
            let last = own.items.keys.max(by: { $0.lexicographicallyPrecedes($1) })
        else { return }
        own.items[last] = nil
        repositories.withLock { [own] in $0[repository] = own }
    }

    private func named(_ name: String) throws(PluginError) -> Repository {
        guard let repository = repositories.withLock({ $0[name] }) else {
            throw PluginError(.notFound, "there is no repository \(name)")
        }
        return repository
    }

    private var dimensionMismatch: PluginError { PluginError(.dimensionMismatch, "the vectors have other dimensions") }

    private static func differ(_ a: String?, _ b: String?) -> Bool { a != nil && b != nil && a != b }

    private func key(_ id: String) -> [UInt8] {
        Array((fault == .normalizesIDs ? id.precomposedStringWithCanonicalMapping : id).utf8)
    }

    // MARK: - Items

    func upsert(_ batch: borrowing VectorBatch, into repository: String, _ context: CallContext)
        async throws(PluginError) -> VectorCommit
    {
        guard !batch.ids.isEmpty || fault != .refusesEmptyBatch else { throw PluginError(.invalidArgument, "no items") }
        let dims = batch.matrix.dims
        var items: [Item] = []
        for (row, id) in batch.ids.enumerated() {
            items.append(
                Item(
                    id: id, vector: batch.matrix.row(row),
                    metadata: batch.metadata.isEmpty ? .null : batch.metadata[row],
                    text: batch.texts.isEmpty ? nil : batch.texts[row]))
        }
        let embedder = batch.embedderID
        if repositories.withLock({ $0[repository] }) == nil {
            guard fault != .refusesToMake else { throw PluginError(.notFound, "there is no repository") }
            _ = try await ensure(
                RepositorySpecification(name: repository, dims: dims, embedderID: embedder), context)
        }
        let before = try named(repository)
        guard before.specification.dims == dims else { throw dimensionMismatch }
        guard !Self.differ(before.specification.embedderID, embedder) else {
            throw PluginError(.conflict, "the vectors are of another embedder")
        }
        // Whoever was there meanwhile is forgotten.
        let stale = fault == .losesWrites ? before : nil
        if fault == .losesWrites { _ = await calls.meetsAnother() }
        let count = items.count
        repositories.withLock { all in
            var own = stale ?? all[repository] ?? before
            var seen: Set<[UInt8]> = []
            for (place, item) in items.enumerated() {
                var item = item
                let key = key(item.id)
                if fault == .firstWins, !seen.insert(key).inserted { continue }
                if fault == .dropsBeyondThousand, place >= 1000 { continue }
                if fault == .mergesMetadata, let old = before.items[key]?.metadata.objectValue {
                    item.metadata = .object(old.merging(item.metadata.objectValue ?? [:]) { $1 })
                }
                own.items[key] = item
            }
            all[repository] = own
        }
        return VectorCommit(count: count)
    }

    func items(_ ids: [String], in repository: String, including include: VectorQuery.Include, _ context: CallContext)
        async throws(PluginError) -> [VectorItem?]
    {
        let own = try named(repository)
        let found = ids.map { own.items[key($0)].map { item($0, include) } }
        return fault == .skipsMissing ? found.filter { $0 != nil } : found
    }

    private func item(_ item: Item, _ include: VectorQuery.Include) -> VectorItem {
        VectorItem(
            id: item.id, vector: include.contains(.vector) ? item.vector : nil,
            metadata: include.contains(.metadata) ? item.metadata : .null,
            text: include.contains(.text) ? item.text : nil)
    }

    func scan(
        _ repository: String, _ filter: Filter, after: String?, including include: VectorQuery.Include,
        _ context: CallContext
    ) async throws(PluginError) -> EventStream<VectorItem> {
        let bytes = Array((after ?? "").utf8)
        var items = try named(repository).sorted.filter { admits(filter, $0) }.filter { item in
            after == nil || bytes.lexicographicallyPrecedes(item.id.utf8)
                || fault == .scansInclusive && item.id.utf8.elementsEqual(bytes)
        }
        if fault == .scansUnsorted, include.isEmpty { items.reverse() }
        let wanted = fault == .scansVectors ? include.union(.vector) : include
        return EventStream(ListedEvents(items.map { item($0, wanted) }))
    }

    func update(_ filter: Filter, in repository: String, set members: [String: JSON], _ context: CallContext)
        async throws(PluginError) -> VectorCommit
    {
        if fault == .updatesNothing, repositories.withLock({ $0[repository] }) == nil { return VectorCommit(count: 0) }
        var own = try named(repository)
        var count = 0
        for (key, item) in own.items where admits(filter, item) {
            var metadata = item.metadata.objectValue ?? [:]
            for (name, value) in members {
                metadata[name] = value
                if value == .null, fault != .setsNull { metadata.removeValue(forKey: name) }
            }
            own.items[key]?.metadata = .object(metadata)
            count += 1
        }
        repositories.withLock { [own] in $0[repository] = own }
        return VectorCommit(count: count)
    }

    func remove(_ filter: Filter, from repository: String, _ context: CallContext) async throws(PluginError)
        -> VectorCommit
    {
        var own = try named(repository)
        let keys = own.items.filter { admits(filter, $0.value) }.keys
        for key in keys { own.items[key] = nil }
        repositories.withLock { [own] all in
            all[repository] = own
            guard fault == .removesEverywhere, filter == .all else { return }
            for name in all.keys { all[name]?.items = [:] }
        }
        return VectorCommit(count: keys.count + (fault == .miscountsRemoved && !keys.isEmpty ? 1 : 0))
    }

    func count(_ filter: Filter, in repository: String, _ context: CallContext) async throws(PluginError) -> Int {
        let own = try named(repository)
        if fault == .countsNoneAsAll, filter == .none { return own.items.count }
        return own.items.values.count { admits(filter, $0) }
    }

    // MARK: - Queries

    func query(_ queries: [VectorQuery], in repository: String, _ context: CallContext)
        async throws(PluginError) -> [QueryResult]
    {
        guard !Task.isCancelled else {
            throw PluginError(fault == .failsWhenCancelled ? .internal : .cancelled, "the call was cancelled")
        }
        let own = try named(repository)
        var results: [QueryResult] = []
        for query in queries {
            guard query.vector.count == own.specification.dims || fault == .anyDimensions else {
                throw dimensionMismatch
            }
            guard !Self.differ(own.specification.embedderID, query.embedderID) || fault == .anyEmbedder else {
                throw PluginError(.conflict, "the query is of another embedder")
            }
            results.append(answer(query, own))
        }
        return fault == .reversesResults ? results.reversed() : results
    }

    private func answer(_ query: VectorQuery, _ own: Repository) -> QueryResult {
        let metric = own.specification.metric
        var ranked: [Candidate] = []
        for (place, item) in own.sorted.enumerated() where admits(query.filter, item) {
            let score = score(query.vector, item.vector, metric)
            guard score >= query.minimumScore ?? -.infinity || fault == .ignoresMinimumScore else { continue }
            ranked.append(Candidate(place: place, item: item, score: score))
        }
        let isBackwards = fault == .cutsTiesWrong
        ranked.sort { $0.score > $1.score || $0.score == $1.score && ($0.place < $1.place) != isBackwards }
        let topK = fault == .topKOneGivesTwo && query.topK == 1 ? 2 : query.topK
        var taken = Array(ranked.dropFirst(fault == .ignoresOffset ? 0 : query.offset).prefix(topK))
        taken.sort { $0.score > $1.score || $0.score == $1.score && $0.place < $1.place }
        let hits = taken.map { one -> VectorHit in
            let shown = item(one.item, query.include)
            return VectorHit(
                id: one.item.id, score: one.score, distance: metric == .cosine ? 1 - one.score : -one.score,
                metadata: shown.metadata, text: shown.text, vector: shown.vector)
        }
        return QueryResult(
            hits: hits, isExact: true, isComplete: fault != .neverComplete, scanned: own.items.count)
    }

    private func score(_ a: [Float], _ b: [Float], _ metric: Metric) -> Double {
        func sum(_ term: (Double, Double) -> Double) -> Double {
            zip(a, b).reduce(0) { $0 + term(Double($1.0), Double($1.1)) }
        }
        switch fault == .wrongMetric && metric == .l1 ? .l2 : metric {
        case .dot: return sum(*)
        case .l1: return -sum { abs($0 - $1) }
        case .l2: return -sum { ($0 - $1) * ($0 - $1) }.squareRoot()
        default: return sum(*) / (sum { a, _ in a * a }.squareRoot() * sum { _, b in b * b }.squareRoot())
        }
    }

    private func admits(_ filter: Filter, _ item: Item, depth: Int = 0) -> Bool {
        if fault == .shallowTrees, depth == 3 { return true }
        switch filter {
        case .and(let parts): return parts.allSatisfy { admits($0, item, depth: depth + 1) }
        case .or(let parts): return parts.contains { admits($0, item, depth: depth + 1) }
        case .not(let part): return !admits(part, item, depth: depth + 1)
        case .ids(let ids): return ids.contains { key($0) == key(item.id) }
        case .between(let field, let low, let high) where fault == .betweenExcludes:
            return Filter.and([.greaterOrEqual(field, low), .less(field, high)]).admits(
                id: item.id, metadata: item.metadata)
        default: return filter.admits(id: item.id, metadata: item.metadata)
        }
    }

    // MARK: - Snapshots

    func snapshot(_ repository: String, to path: String, _ context: CallContext) async throws(PluginError) {
        let own = try named(repository)
        let items = own.sorted.map { item in
            JSON.object([
                "id": .string(item.id), "vector": .array(item.vector.map { .double(Double($0)) }),
                "metadata": item.metadata,
                "text": fault == .snapshotLosesText ? .null : .optional(item.text, JSON.string),
            ])
        }
        let form: JSON = [
            "dims": .int(Int64(own.specification.dims)), "metric": .string(own.specification.metric.rawValue),
            "items": .array(items),
        ]
        do {
            try Data(form.text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw PluginError(.internal, "the snapshot could not be written", underlying: error)
        }
    }

    func restore(_ repository: String, from path: String, replacing: Bool, _ context: CallContext)
        async throws(PluginError) -> RepositoryInfo
    {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw PluginError(.notFound, "there is no file \(path)")
        }
        guard let form = try? JSON(parsing: data, what: path), let dims = form["dims"]?.intValue,
            let metric = form["metric"]?.stringValue.flatMap(Metric.init(rawValue:)),
            let items = form["items"]?.arrayValue
        else {
            guard fault == .readsDamaged else { throw PluginError(.dataLoss, "\(path) is damaged") }
            return try await ensure(RepositorySpecification(name: repository, dims: 8), context)
        }
        guard replacing || fault == .alwaysReplaces || repositories.withLock({ $0[repository] }) == nil else {
            throw PluginError(.conflict, "there is a repository \(repository)")
        }
        var new = Repository(
            specification: RepositorySpecification(name: repository, dims: Int(dims), metric: metric))
        for item in items {
            let id = item["id"]?.stringValue ?? ""
            new.items[key(id)] = Item(
                id: id, vector: item["vector"]?.arrayValue?.compactMap { $0.doubleValue.map { Float($0) } } ?? [],
                metadata: item["metadata"] ?? .null, text: item["text"]?.stringValue)
        }
        repositories.withLock { [new] in $0[repository] = new }
        return info(new)
    }
}
