internal import PluginCore

struct VectorBackendChecks<Base: VectorBackend>: Sendable {
    let backend: Base
    let settings: VectorBackendConformance
    let context = CallContext(runID: "conformance")
    /// The items that most checks are about.
    let fixture: [StoredItem]

    init(backend: Base, settings: VectorBackendConformance) {
        self.backend = backend
        self.settings = settings
        fixture = VectorFixture(count: 60, dims: settings.dims, seed: settings.seed).items
    }

    func run(_ check: VectorBackendConformance.Check) async throws -> String {
        let name = "\(settings.prefix)-\(check.rawValue)"
        try await drop(name)
        do {
            let seen = try await run(check, name)
            try await drop(name)
            return seen
        } catch {
            try? await drop(name)
            throw error
        }
    }

    private func run(_ check: VectorBackendConformance.Check, _ name: String) async throws -> String {
        switch check {
        case .info: try await info()
        case .ensure: try await ensure(name)
        case .ensureConflict: try await ensureConflict(name)
        case .repositories: try await repositories(name)
        case .isolation: try await isolation(name)
        case .unknownRepository: try await unknownRepository(name)
        case .upsert: try await upsert(name)
        case .replace: try await replace(name)
        case .duplicateIDs: try await duplicateIDs(name)
        case .emptyBatch: try await emptyBatch(name)
        case .bigBatch: try await bigBatch(name)
        case .dimensionMismatch: try await dimensionMismatch(name)
        case .embedderConflict: try await embedderConflict(name)
        case .metrics: try await metrics(name)
        case .ties: try await ties(name)
        case .topK: try await topK(name)
        case .offset: try await offset(name)
        case .minimumScore: try await minimumScore(name)
        case .include: try await include(name)
        case .queries: try await queries(name)
        case .completeness: try await completeness(name)
        case .filterOperations: try await filterOperations(name)
        case .filterTrees: try await filterTrees(name)
        case .items: try await items(name)
        case .scan: try await scan(name)
        case .scanAfter: try await scanAfter(name)
        case .update: try await update(name)
        case .remove: try await remove(name)
        case .count: try await count(name)
        case .wipe: try await wipe(name)
        case .flush: try await flush(name)
        case .snapshot: try await snapshot(name)
        case .restoreConflict: try await restoreConflict(name)
        case .damagedSnapshot: try await damagedSnapshot(name)
        case .unicodeIDs: try await unicodeIDs(name)
        case .concurrency: try await concurrency(name)
        case .cancellation: try await cancellation(name)
        }
    }

    // MARK: - Means

    var queryVector: [Float] { VectorFixture.query(dims: settings.dims, seed: settings.seed) }

    /// The metric of checks that are not about metrics.
    func metric() async throws -> Metric {
        let offered = try await backend.info(context).metrics
        guard let metric = [.l2, .cosine, .dot, .l1].first(where: offered.contains) else {
            throw NotApplicable(reason: "it offers only metrics that cannot be compared here: \(offered)")
        }
        return metric
    }

    func specification(_ name: String, embedderID: String? = nil) async throws -> RepositorySpecification {
        RepositorySpecification(name: name, dims: settings.dims, metric: try await metric(), embedderID: embedderID)
    }

    /// Makes the repository with the items in it.
    @discardableResult
    func fill(_ name: String, _ items: [StoredItem]? = nil) async throws -> VectorOracle {
        let items = items ?? fixture
        let specification = try await specification(name)
        try await backend.ensure(specification, context)
        try await write(items, to: name)
        return VectorOracle(items: items, metric: specification.metric)
    }

    /// In calls as large as the backend takes.
    func write(_ items: [StoredItem], to name: String, embedderID: String? = nil) async throws {
        let size = try await backend.info(context).maxBatch ?? max(1, items.count)
        for start in stride(from: 0, to: items.count, by: size) {
            let part = Array(items[start..<min(items.count, start + size)])
            let batch = VectorBatch(part, dims: settings.dims, embedderID: embedderID)
            let written = try await backend.upsert(batch, into: name, context).count
            try requireEqual(written, part.count, "the number of items written")
        }
    }

    func drop(_ name: String) async throws {
        do throws(PluginError) {
            try await backend.wipe(name, context)
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }

    /// An exact query, whatever the backend prefers.
    func query(
        topK: Int, offset: Int = 0, filter: Filter = .all, minimumScore: Double? = nil,
        include: VectorQuery.Include = [], embedderID: String? = nil
    ) -> VectorQuery {
        var query = VectorQuery(
            queryVector, topK: topK, offset: offset, filter: filter, minimumScore: minimumScore, include: include,
            embedderID: embedderID)
        query.exactness = .exact
        return query
    }

    func answer(_ query: VectorQuery, in name: String) async throws -> QueryResult {
        let results = try await backend.query([query], in: name, context)
        try requireEqual(results.count, 1, "one result of one query")
        return results[0]
    }

    func scanned(
        _ name: String, _ filter: Filter = .all, after: String? = nil, including include: VectorQuery.Include = []
    ) async throws -> [VectorItem] {
        var items: [VectorItem] = []
        for try await item in try await backend.scan(name, filter, after: after, including: include, context) {
            items.append(item)
        }
        return items
    }

    func keepsText() async throws -> Bool { try await backend.info(context).features.contains(.text) }

    /// What is stored is what was written.
    func requireStored(_ stored: VectorItem?, _ item: StoredItem) async throws {
        guard let stored, stored.id.isSame(as: item.id) else {
            throw CheckFailure(expected: "the item \(item.id)", seen: excerpt(stored?.id ?? "none"))
        }
        try requireEqual(stored.metadata, item.metadata, "the metadata of \(item.id)")
        if try await keepsText() { try requireEqual(stored.text, item.text, "the text of \(item.id)") }
        try require(
            stored.vector.map { same($0, item.vector) } ?? false, "the vector of \(item.id): \(item.vector)",
            seen: excerpt(stored.vector as Any))
    }

    /// Everything in the repository is these items.
    func requireContents(_ name: String, _ items: [StoredItem]) async throws {
        let stored = try await scanned(name, including: [.metadata, .text, .vector])
        let sorted = items.sorted { $0.id.precedes($1.id) }
        try require(
            stored.map(\.id) == sorted.map(\.id), "the items \(excerpt(sorted.map(\.id)))",
            seen: excerpt(stored.map(\.id)))
        for (found, item) in zip(stored, sorted) { try await requireStored(found, item) }
    }

    func same(_ a: [Float], _ b: [Float]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) }
    }
}
