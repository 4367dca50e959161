internal import Synchronization

extension VectorBackend {
    /// The same backend with the work that a host does once for all plugins: filters of any operation, the rest of which
    /// the host applies to what the backend finds; batches and queries of any number, divided as the backend needs it.
    ///
    /// A batch larger than ``VectorBackendInfo/maxBatch`` is written part by part: all or none holds for each part.
    public func managed() -> ManagedVectorBackend<Self> { ManagedVectorBackend(self) }
}

/// See ``VectorBackend/managed()``.
public final class ManagedVectorBackend<Base: VectorBackend>: VectorBackend {
    private let base: Base
    private let known = Mutex<VectorBackendInfo?>(nil)

    init(_ base: Base) { self.base = base }

    public var id: String { base.id }
    public var version: SemanticVersion { base.version }

    /// Constant over an instance's life, so it is asked for once.
    public func info(_ context: CallContext) async throws(PluginError) -> VectorBackendInfo {
        if let info = known.withLock({ $0 }) { return info }
        let info = try await base.info(context)
        known.withLock { $0 = info }
        return info
    }

    // MARK: - Queries

    public func query(_ queries: [VectorQuery], in repository: String, _ context: CallContext)
        async throws(PluginError) -> [QueryResult]
    {
        let info = try await info(context)
        // Those that the backend can answer whole go together, the others one by one.
        var results = [QueryResult?](repeating: nil, count: queries.count)
        var together: [Int] = []
        for (index, query) in queries.enumerated() {
            let sent = try widened(query.filter, info, "vectorBackend.query")
            if sent == query.filter {
                together.append(index)
            } else {
                results[index] = try await searched(query, sent, repository, info, context)
            }
        }
        for start in stride(from: 0, to: together.count, by: max(1, info.maxQueries ?? together.count)) {
            let part = together[start..<min(together.count, start + (info.maxQueries ?? together.count))]
            let capped = part.map { queries[$0].capped(info.maxTopK) }
            for (index, result) in zip(part, try await base.query(capped, in: repository, context)) {
                results[index] = result.checked(queries[index], info.maxTopK)
            }
        }
        return results.compactMap(\.self)
    }

    /// Asks for more and more of the nearest until enough of them pass the filter, or there are no more.
    private func searched(
        _ query: VectorQuery, _ sent: Filter, _ repository: String, _ info: VectorBackendInfo, _ context: CallContext
    ) async throws(PluginError) -> QueryResult {
        guard query.grouping == nil, query.diversity == nil else {
            throw PluginError(
                .unsupported, "\(id) cannot evaluate this filter itself, so hits cannot be grouped or made to differ",
                remedy: "Leave one of them out", plugin: id, stage: .call, operation: "vectorBackend.query")
        }
        let wanted = query.topK + query.offset
        let most = info.maxTopK ?? Int(UInt32.max)
        var wide = query
        wide.filter = sent
        wide.offset = 0
        wide.include.insert(.metadata)
        wide.topK = min(most, max(64, wanted.multipliedReportingOverflow(by: 4).partialValue))
        while true {
            let result = try await base.query([wide], in: repository, context)[0]
            var hits = result.hits.filter { query.filter.admits(id: $0.id, metadata: $0.metadata) }
            let isExhausted = result.hits.count < wide.topK
            guard hits.count >= wanted || isExhausted || wide.topK == most else {
                wide.topK = min(most, wide.topK * 4)
                continue
            }
            let isComplete = hits.count >= wanted || isExhausted && result.isComplete
            hits = Array(hits.dropFirst(query.offset).prefix(query.topK))
            if !query.include.contains(.metadata) {
                for index in hits.indices { hits[index].metadata = .null }
            }
            var answer = result
            answer.hits = hits
            answer.isComplete = isComplete
            answer.isExact = result.isExact && isComplete
            return answer
        }
    }

    // MARK: - What a filter admits

    public func count(_ filter: Filter, in repository: String, _ context: CallContext) async throws(PluginError) -> Int
    {
        let sent = try widened(filter, try await info(context), "vectorBackend.count")
        if sent == filter { return try await base.count(filter, in: repository, context) }
        return try await admitted(by: filter, sent, repository, context).count
    }

    @discardableResult
    public func remove(_ filter: Filter, from repository: String, _ context: CallContext) async throws(PluginError)
        -> VectorCommit
    {
        let sent = try await exact(filter, "vectorBackend.remove", repository, context)
        return try await base.remove(sent, from: repository, context)
    }

    @discardableResult
    public func update(_ filter: Filter, in repository: String, set members: [String: JSON], _ context: CallContext)
        async throws(PluginError) -> VectorCommit
    {
        let sent = try await exact(filter, "vectorBackend.update", repository, context)
        return try await base.update(sent, in: repository, set: members, context)
    }

    public func scan(
        _ repository: String, _ filter: Filter, after: String?, including include: VectorQuery.Include,
        _ context: CallContext
    ) async throws(PluginError) -> EventStream<VectorItem> {
        let sent = try widened(filter, try await info(context), "vectorBackend.scan")
        if sent == filter {
            return try await base.scan(repository, filter, after: after, including: include, context)
        }
        let items = try await base.scan(repository, sent, after: after, including: include.union(.metadata), context)
        return EventStream(FilteredItems(items, filter, keepsMetadata: include.contains(.metadata)))
    }

    /// A filter that the backend can evaluate and that admits the same items, now: the ids that were found.
    private func exact(
        _ filter: Filter, _ operation: String, _ repository: String, _ context: CallContext
    ) async throws(PluginError) -> Filter {
        let info = try await info(context)
        let sent = try widened(filter, info, operation)
        if sent == filter { return filter }
        guard info.filterOperations.contains(.ids) else {
            throw PluginError(
                .unsupported, "\(id) can evaluate neither this filter nor a list of ids",
                remedy: "Use operations that it has", plugin: id, stage: .call, operation: operation)
        }
        return .ids(try await admitted(by: filter, sent, repository, context))
    }

    private func admitted(
        by filter: Filter, _ sent: Filter, _ repository: String, _ context: CallContext
    ) async throws(PluginError) -> [String] {
        var ids: [String] = []
        for try await item in try await base.scan(repository, sent, after: nil, including: .metadata, context)
        where filter.admits(id: item.id, metadata: item.metadata) {
            ids.append(item.id)
        }
        return ids
    }

    /// - Throws: `unsupported` for a native condition of a dialect that the backend does not speak.
    private func widened(
        _ filter: Filter, _ info: VectorBackendInfo, _ operation: String
    ) throws(PluginError) -> Filter {
        if let foreign = filter.dialects.first(where: { !info.dialects.contains($0) }) {
            throw PluginError(
                .unsupported, "\(id) does not speak the filter dialect \(foreign)",
                remedy: info.dialects.isEmpty
                    ? "It has none; use the other operations" : "It speaks \(info.dialects.joined(separator: ", "))",
                facts: .names(info.dialects), plugin: id, stage: .call, operation: operation)
        }
        return filter.widened(to: info.filterOperations)
    }

    // MARK: - The rest

    @discardableResult
    public func upsert(_ batch: borrowing VectorBatch, into repository: String, _ context: CallContext)
        async throws(PluginError) -> VectorCommit
    {
        let count = batch.ids.count
        guard let most = try await info(context).maxBatch, most > 0, count > most else {
            return try await base.upsert(batch, into: repository, context)
        }
        var commit = VectorCommit(count: 0)
        for start in stride(from: 0, to: count, by: most) {
            let part = batch.part(start..<min(count, start + most))
            do throws(PluginError) {
                let next = try await base.upsert(part, into: repository, context)
                commit = VectorCommit(count: commit.count + next.count, version: next.version)
            } catch {
                var error = error
                if start > 0 { error.what += " (the first \(start) of \(count) items were written)" }
                throw error
            }
        }
        return commit
    }

    public func repositories(_ context: CallContext) async throws(PluginError) -> [RepositoryInfo] {
        try await base.repositories(context)
    }

    @discardableResult
    public func ensure(_ specification: RepositorySpecification, _ context: CallContext) async throws(PluginError)
        -> RepositoryInfo
    {
        try await base.ensure(specification, context)
    }

    public func items(
        _ ids: [String], in repository: String, including include: VectorQuery.Include, _ context: CallContext
    ) async throws(PluginError) -> [VectorItem?] {
        try await base.items(ids, in: repository, including: include, context)
    }

    public func wipe(_ repository: String, _ context: CallContext) async throws(PluginError) {
        try await base.wipe(repository, context)
    }

    public func flush(_ repository: String, compact: Bool, _ context: CallContext) async throws(PluginError) {
        try await base.flush(repository, compact: compact, context)
    }

    public func snapshot(_ repository: String, to path: String, _ context: CallContext) async throws(PluginError) {
        try await base.snapshot(repository, to: path, context)
    }

    @discardableResult
    public func restore(_ repository: String, from path: String, replacing: Bool, _ context: CallContext)
        async throws(PluginError) -> RepositoryInfo
    {
        try await base.restore(repository, from: path, replacing: replacing, context)
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health { try await base.health(context) }

    public func shutdown() async { await base.shutdown() }
}

/// The items of a scan that a filter admits.
private final class FilteredItems: EventSource {
    private let items: EventStream<VectorItem>
    private let filter: Filter
    private let keepsMetadata: Bool

    init(_ items: EventStream<VectorItem>, _ filter: Filter, keepsMetadata: Bool) {
        self.items = items
        self.filter = filter
        self.keepsMetadata = keepsMetadata
    }

    func next() async throws(PluginError) -> VectorItem? {
        while var item = try await items.source.next() {
            guard filter.admits(id: item.id, metadata: item.metadata) else { continue }
            if !keepsMetadata { item.metadata = .null }
            return item
        }
        return nil
    }
}

extension VectorQuery {
    fileprivate func capped(_ most: Int?) -> VectorQuery {
        guard let most, topK > most else { return self }
        var query = self
        query.topK = most
        return query
    }
}

extension QueryResult {
    /// Tells the truth about a result whose backend could not give as many hits as were asked for.
    fileprivate func checked(_ query: VectorQuery, _ most: Int?) -> QueryResult {
        guard let most, query.topK > most, hits.count >= most else { return self }
        var result = self
        result.isComplete = false
        return result
    }
}

extension VectorBatch {
    fileprivate func part(_ range: Range<Int>) -> VectorBatch {
        var rows = Matrix(rows: range.count, dims: matrix.dims)
        rows.copyRows(of: matrix, from: range, to: 0)
        var batch = VectorBatch(
            ids: Array(ids[range]), matrix: rows, texts: texts.isEmpty ? [] : Array(texts[range]),
            metadata: metadata.isEmpty ? [] : Array(metadata[range]), embedderID: embedderID)
        batch.expires = expires.isEmpty ? [] : Array(expires[range])
        batch.sparse = sparse.mapValues { Array($0[range]) }
        return batch
    }
}
