internal import PluginABI
internal import PluginBridge
public import PluginCore

/// A vector backend whose code is in this process: `keyway.vector-backend/1` over a vtable.
///
/// The synchronous functions run the plugin on the caller's thread; the asynchronous ones on a host thread.
public final class NativeVectorBackend: VectorBackend, Sendable {
    let instance: PluginInstance
    private let table: InterfaceTable<kw_vector_backend>

    init(instance: PluginInstance, table: InterfaceTable<kw_vector_backend>) {
        self.instance = instance
        self.table = table
    }

    public var id: String { instance.id }
    public var version: SemanticVersion { instance.version }

    // MARK: - On the caller's thread

    public func info(_ context: CallContext = CallContext()) throws(PluginError) -> VectorBackendInfo {
        try info(context, nil)
    }

    public func query(_ queries: [VectorQuery], in repository: String, _ context: CallContext = CallContext())
        throws(PluginError) -> [QueryResult]
    {
        try query(queries, repository, context, nil)
    }

    @discardableResult
    public func upsert(
        _ batch: borrowing VectorBatch, into repository: String, _ context: CallContext = CallContext()
    ) throws(PluginError) -> Int {
        try upsert(Rows(batch), repository, context, nil)
    }

    // MARK: - VectorBackend

    public func info(_ context: CallContext) async throws(PluginError) -> VectorBackendInfo {
        try await AsyncCall.run("vectorBackend.info", of: id, context) { cancellation throws(PluginError) in
            try self.info(context, cancellation)
        }
    }

    public func repositories(_ context: CallContext) async throws(PluginError) -> [RepositoryInfo] {
        try await AsyncCall.run("vectorBackend.repos", of: id, context) { cancellation throws(PluginError) in
            var input = kw_none(h: .of(kw_none.self))
            return try unsafe self.instance.invoke(
                "vectorBackend.repos", self.table.slot(\.repos), &input, reply: kw_repos_out.self, context: context,
                cancellation: cancellation
            ) { reply, reader throws(PluginError) in
                try unsafe reader.elements(reply.repos, of: kw_repo_info.self, "repos") {
                    element throws(PluginError) in try unsafe RepositoryInfo(element, reader)
                }
            }
        }
    }

    @discardableResult
    public func ensure(_ specification: RepositorySpecification, _ context: CallContext) async throws(PluginError)
        -> RepositoryInfo
    {
        guard let dims = UInt32(exactly: specification.dims), dims > 0 else {
            throw invalid("vectorBackend.ensure", "a repository cannot have \(specification.dims) dimensions")
        }
        return try await AsyncCall.run("vectorBackend.ensure", of: id, context) { cancellation throws(PluginError) in
            var inputs = ABIWriter()
            var input = unsafe zeroed(kw_repo_spec.self)
            unsafe input.h = .of(kw_repo_spec.self)
            unsafe input.repo = inputs.string(specification.name)
            unsafe input.dims = dims
            unsafe input.metric = specification.metric.number
            unsafe input.element = UInt32(KW_ELEMENT_F32)
            unsafe input.embedder_id = inputs.string(specification.embedderID)
            let info = try unsafe self.instance.invoke(
                "vectorBackend.ensure", self.table.slot(\.ensure), &input, reply: kw_repo_info.self, context: context,
                cancellation: cancellation
            ) { reply, reader throws(PluginError) in try unsafe RepositoryInfo(reply, reader) }
            _ = consume inputs
            return info
        }
    }

    @discardableResult
    public func upsert(_ batch: borrowing VectorBatch, into repository: String, _ context: CallContext)
        async throws(PluginError) -> Int
    {
        let rows = Rows(batch)
        return try await AsyncCall.run("vectorBackend.upsert", of: id, context) { cancellation throws(PluginError) in
            try self.upsert(rows, repository, context, cancellation)
        }
    }

    public func query(_ queries: [VectorQuery], in repository: String, _ context: CallContext)
        async throws(PluginError) -> [QueryResult]
    {
        try await AsyncCall.run("vectorBackend.query", of: id, context) { cancellation throws(PluginError) in
            try self.query(queries, repository, context, cancellation)
        }
    }

    @discardableResult
    public func remove(_ filter: Filter, from repository: String, _ context: CallContext) async throws(PluginError)
        -> Int
    {
        try await AsyncCall.run("vectorBackend.remove", of: id, context) { cancellation throws(PluginError) in
            unsafe try self.counted("vectorBackend.remove", \.remove, filter, repository, context, cancellation)
        }
    }

    public func count(_ filter: Filter, in repository: String, _ context: CallContext) async throws(PluginError) -> Int
    {
        try await AsyncCall.run("vectorBackend.count", of: id, context) { cancellation throws(PluginError) in
            unsafe try self.counted("vectorBackend.count", \.count, filter, repository, context, cancellation)
        }
    }

    public func wipe(_ repository: String, _ context: CallContext) async throws(PluginError) {
        try await AsyncCall.run("vectorBackend.wipe", of: id, context) { cancellation throws(PluginError) in
            var inputs = ABIWriter()
            var input = unsafe kw_repo_in(h: .of(kw_repo_in.self), repo: inputs.string(repository))
            try unsafe self.instance.invoke(
                "vectorBackend.wipe", self.table.slot(\.wipe), &input, reply: kw_none.self, context: context,
                cancellation: cancellation
            ) { _, _ throws(PluginError) in }
            _ = consume inputs
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await instance.health(context)
    }

    public func shutdown() async { await instance.shutdownFromTask() }

    // MARK: - Implementation

    /// A batch with its memory shared, so that an operation may outlive the caller's wait.
    private struct Rows: Sendable {
        let ids: [String]
        let storage: Matrix.Storage
        let dims: Int
        let stride: Int
        let texts: [String]
        let metadata: [JSON]
        let embedderID: String?

        init(_ batch: borrowing VectorBatch) {
            ids = batch.ids
            storage = batch.matrix.storage
            dims = batch.matrix.dims
            stride = batch.matrix.stride
            texts = batch.texts
            metadata = batch.metadata
            embedderID = batch.embedderID
        }
    }

    private func invalid(_ operation: String, _ what: String) -> PluginError {
        PluginError(
            .invalidArgument, what, remedy: "Correct the request", plugin: id, stage: .call, operation: operation)
    }

    private func info(_ context: CallContext, _ cancellation: Cancellation?) throws(PluginError) -> VectorBackendInfo {
        var input = kw_none(h: .of(kw_none.self))
        return try unsafe instance.invoke(
            "vectorBackend.info", table.slot(\.info), &input, reply: kw_vector_info.self, context: context,
            cancellation: cancellation
        ) { reply, reader throws(PluginError) in
            func limit(_ value: UInt32) -> Int? { value == 0 ? nil : Int(value) }
            let metrics = unsafe reply.metrics
            return VectorBackendInfo(
                backend: try unsafe reader.text(reply.backend, "backend"),
                location: try unsafe reader.text(reply.location, "location"),
                isPersistent: unsafe reply.features & UInt64(KW_VECTOR_PERSISTENT) != 0,
                isExact: unsafe reply.features & UInt64(KW_VECTOR_EXACT) != 0,
                metrics: Set(Metric.allCases.filter { metrics & (1 << $0.number) != 0 }),
                maxBatch: unsafe limit(reply.max_batch), maxDims: unsafe limit(reply.max_dims),
                maxTopK: unsafe limit(reply.max_top_k))
        }
    }

    private func upsert(
        _ rows: Rows, _ repository: String, _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> Int {
        guard !rows.ids.isEmpty else { return 0 }
        var inputs = ABIWriter()
        var input = unsafe zeroed(kw_upsert_in.self)
        unsafe input.h = .of(kw_upsert_in.self)
        unsafe input.repo = inputs.string(repository)
        unsafe input.ids = inputs.strings(rows.ids)
        unsafe input.rows = UnsafeRawPointer(rows.storage.unsafeBytes.baseAddress)
        unsafe input.rows_size = UInt64(rows.ids.count * rows.stride)
        unsafe input.row_stride = UInt64(rows.stride)
        unsafe input.dims = UInt32(rows.dims)
        unsafe input.element = UInt32(KW_ELEMENT_F32)
        unsafe input.texts = inputs.strings(rows.texts)
        unsafe input.metadata_json = inputs.strings(rows.metadata.map { $0 == .null ? "" : $0.text })
        unsafe input.embedder_id = inputs.string(rows.embedderID)
        let count = try unsafe instance.invoke(
            "vectorBackend.upsert", table.slot(\.upsert), &input, reply: kw_count_out.self, context: context,
            cancellation: cancellation
        ) { reply, _ throws(PluginError) in Int(clamping: reply.count) }
        _ = consume inputs
        withExtendedLifetime(rows.storage) {}
        return count
    }

    private func query(
        _ queries: [VectorQuery], _ repository: String, _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> [QueryResult] {
        guard !queries.isEmpty else { return [] }
        var inputs = ABIWriter()
        var list: [kw_query] = unsafe []
        for query in queries {
            guard let topK = UInt32(exactly: query.topK), let offset = UInt32(exactly: query.offset) else {
                throw invalid(
                    "vectorBackend.query", "top-k \(query.topK) and offset \(query.offset) must not be negative")
            }
            guard !query.vector.isEmpty else { throw invalid("vectorBackend.query", "the query's vector is empty") }
            var element = unsafe zeroed(kw_query.self)
            unsafe element.h = .of(kw_query.self)
            unsafe element.vector = inputs.floats(query.vector)
            unsafe element.dims = UInt32(query.vector.count)
            unsafe element.element = UInt32(KW_ELEMENT_F32)
            unsafe element.top_k = topK
            unsafe element.offset = offset
            unsafe element.include = query.include.rawValue
            if let score = query.minimumScore {
                unsafe element.set |= UInt64(KW_QUERY_MIN_SCORE)
                unsafe element.min_score = score
            }
            unsafe element.filter = inputs.program(query.filter)
            unsafe element.embedder_id = inputs.string(query.embedderID)
            unsafe list.append(element)
        }
        var input = unsafe kw_query_in(
            h: .of(kw_query_in.self), repo: inputs.string(repository), queries: inputs.span(list))
        let results = try unsafe instance.invoke(
            "vectorBackend.query", table.slot(\.query), &input, reply: kw_query_out.self, context: context,
            cancellation: cancellation
        ) { reply, reader throws(PluginError) in
            let results = try unsafe reader.elements(
                reply.results, of: kw_query_result.self, "results", atMost: queries.count
            ) {
                element throws(PluginError) in try unsafe QueryResult(element, reader)
            }
            guard results.count == queries.count else {
                throw reader.violation("replied \(results.count) results for \(queries.count) queries")
            }
            return results
        }
        _ = consume inputs
        return results
    }

    private func counted<Operation>(
        _ operation: StaticString, _ slot: KeyPath<kw_vector_backend, Operation>, _ filter: Filter,
        _ repository: String, _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> Int {
        var inputs = ABIWriter()
        var input = unsafe kw_filter_in(
            h: .of(kw_filter_in.self), repo: inputs.string(repository), filter: inputs.program(filter))
        let count = try unsafe instance.invoke(
            operation, table.slot(slot), &input, reply: kw_count_out.self, context: context, cancellation: cancellation
        ) { reply, _ throws(PluginError) in Int(clamping: reply.count) }
        _ = consume inputs
        return count
    }
}
