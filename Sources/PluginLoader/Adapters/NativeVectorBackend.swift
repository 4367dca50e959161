internal import PluginABI
internal import PluginBridge
public import PluginCore

/// A vector backend whose code is in this process: `keyway.vector-backend/1` over a vtable.
///
/// The synchronous functions run the plugin on the caller's thread; the asynchronous ones on a host thread.
public final class NativeVectorBackend: VectorBackend, Sendable {
    let port: InterfacePort<VectorBackendInterface>

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<VectorBackendInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

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
    ) throws(PluginError) -> VectorCommit {
        try upsert(Rows(batch), repository, context, nil)
    }

    // MARK: - VectorBackend

    public func info(_ context: CallContext) async throws(PluginError) -> VectorBackendInfo {
        try await AsyncCall.run("vectorBackend.info", of: id, context) { cancellation throws(PluginError) in
            try self.info(context, cancellation)
        }
    }

    public func repositories(_ context: CallContext) async throws(PluginError) -> [RepositoryInfo] {
        unsafe try await port.run("vectorBackend.repos", \.repos, context, reply: kw_repos_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.repos, of: kw_repo_info.self, "repos") { element throws(PluginError) in
                unsafe try RepositoryInfo(element, reader)
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
        return unsafe try await port.run(
            "vectorBackend.ensure", \.ensure, context, reply: kw_repo_info.self
        ) { inputs in
            unsafe inputs.specification(specification, dims: dims)
        } read: { reply, reader throws(PluginError) in
            unsafe try RepositoryInfo(reply, reader)
        }
    }

    @discardableResult
    public func upsert(_ batch: borrowing VectorBatch, into repository: String, _ context: CallContext)
        async throws(PluginError) -> VectorCommit
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
        -> VectorCommit
    {
        unsafe try await counted("vectorBackend.remove", \.remove, filter, repository, context)
    }

    public func items(
        _ ids: [String], in repository: String, including include: VectorQuery.Include, _ context: CallContext
    ) async throws(PluginError) -> [VectorItem?] {
        guard !ids.isEmpty else { return [] }
        return try await AsyncCall.run("vectorBackend.get", of: id, context) { cancellation throws(PluginError) in
            var items: [VectorItem?] = []
            try Pieces.run(ids.indices) { range throws(PluginError) in
                items += try self.items(Array(ids[range]), repository, include, context, cancellation)
            }
            return items
        }
    }

    public func scan(
        _ repository: String, _ filter: Filter, after: String?, including include: VectorQuery.Include,
        _ context: CallContext
    ) async throws(PluginError) -> EventStream<VectorItem> {
        let traits = Mailbox<[VectorItem]>.Traits(
            cost: { items in items.reduce(0) { $0 + 64 + 4 * ($1.vector?.count ?? 0) + ($1.text?.utf8.count ?? 0) } },
            merge: { _, _ in false })
        return EventStream(
            PluginStream(
                "vectorBackend.scan", of: id, context, traits: traits,
                fold: .init(accept: { items throws(PluginError) in items }, complete: { $0 })
            ) { mailbox, cancellation throws(PluginError) in
                let reader = ABIReader(plugin: self.id, operation: "vectorBackend.scan")
                let target = unsafe EmitTarget(mailbox) { event throws(PluginError) in
                    guard unsafe event.kind == UInt32(KW_EVENT_ITEMS) else {
                        try unsafe reader.skip(event)
                        return nil
                    }
                    return try unsafe reader.elements(event.payload, of: kw_item.self, "items") {
                        item throws(PluginError) -> VectorItem? in try unsafe VectorItem.read(item, reader)
                    }.compactMap(\.self)
                }
                var inputs = ABIWriter()
                var input = unsafe kw_scan_in(
                    h: .of(kw_scan_in.self), repo: inputs.string(repository), filter: inputs.program(filter),
                    after: inputs.string(after), limit: 0, include: include.rawValue, reserved: 0)
                do throws(PluginError) {
                    try withExtendedLifetime(target) { () throws(PluginError) in
                        try unsafe self.port.invoke(
                            "vectorBackend.scan", \.scan, &input, reply: kw_scan_out.self,
                            context: context, cancellation: cancellation, sink: target.sink
                        ) { _, _ throws(PluginError) in }
                    }
                } catch {
                    throw self.port.isRemote ? error.namingEventLimit : error
                }
                _ = consume inputs
            })
    }

    @discardableResult
    public func update(
        _ filter: Filter, in repository: String, set members: [String: JSON], _ context: CallContext
    ) async throws(PluginError) -> VectorCommit {
        unsafe try await port.run("vectorBackend.update", \.update, context, reply: kw_count_out.self) {
            inputs in
            unsafe kw_update_in(
                h: .of(kw_update_in.self), repo: inputs.string(repository), filter: inputs.program(filter),
                set_json: inputs.string(JSON.object(members).text))
        } read: { reply, _ throws(PluginError) in
            VectorCommit(reply)
        }
    }

    public func count(_ filter: Filter, in repository: String, _ context: CallContext) async throws(PluginError) -> Int
    {
        unsafe try await counted("vectorBackend.count", \.count, filter, repository, context).count
    }

    public func wipe(_ repository: String, _ context: CallContext) async throws(PluginError) {
        unsafe try await port.run("vectorBackend.wipe", \.wipe, context) { inputs in
            unsafe kw_repo_in(h: .of(kw_repo_in.self), repo: inputs.string(repository))
        }
    }

    public func flush(_ repository: String, compact: Bool, _ context: CallContext) async throws(PluginError) {
        unsafe try await port.run("vectorBackend.flush", \.flush, context) { inputs in
            unsafe kw_flush_in(
                h: .of(kw_flush_in.self), repo: inputs.string(repository),
                flags: compact ? UInt64(KW_FLUSH_COMPACT) : 0)
        }
    }

    public func snapshot(_ repository: String, to path: String, _ context: CallContext) async throws(PluginError) {
        try checkPath(path, "vectorBackend.snapshot")
        unsafe try await port.run("vectorBackend.snapshot", \.snapshot, context) { inputs in
            unsafe kw_snapshot_in(
                h: .of(kw_snapshot_in.self), repo: inputs.string(repository), path: inputs.string(path), flags: 0)
        }
    }

    @discardableResult
    public func restore(_ repository: String, from path: String, replacing: Bool, _ context: CallContext)
        async throws(PluginError) -> RepositoryInfo
    {
        try checkPath(path, "vectorBackend.restore")
        return unsafe try await port.run(
            "vectorBackend.restore", \.restore, context, reply: kw_repo_info.self
        ) { inputs in
            unsafe kw_snapshot_in(
                h: .of(kw_snapshot_in.self), repo: inputs.string(repository), path: inputs.string(path),
                flags: replacing ? UInt64(KW_RESTORE_REPLACE) : 0)
        } read: { reply, reader throws(PluginError) in
            unsafe try RepositoryInfo(reply, reader)
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }

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
        let expires: [Int64?]
        let sparse: [String: [SparseVector]]

        init(_ batch: borrowing VectorBatch) {
            ids = batch.ids
            storage = batch.matrix.storage
            dims = batch.matrix.dims
            stride = batch.matrix.stride
            texts = batch.texts
            metadata = batch.metadata
            embedderID = batch.embedderID
            expires = batch.expires
            sparse = batch.sparse
        }

        /// What is to be sent of some of them, for as long as this and the writer live.
        func input(_ range: Range<Int>, _ repository: String, _ inputs: inout ABIWriter) -> kw_upsert_in {
            func part<Element>(_ all: [Element]) -> [Element] {
                range == ids.indices ? all : Array(all[range.clamped(to: all.indices)])
            }
            var input = unsafe zeroed(kw_upsert_in.self)
            unsafe input.h = .of(kw_upsert_in.self)
            unsafe input.repo = inputs.string(repository)
            unsafe input.ids = inputs.strings(part(ids))
            unsafe input.rows = storage.unsafeBytes.baseAddress.map {
                unsafe UnsafeRawPointer($0 + range.lowerBound * stride)
            }
            unsafe input.rows_size = UInt64(range.count * stride)
            unsafe input.row_stride = UInt64(stride)
            unsafe input.dims = UInt32(dims)
            unsafe input.element = UInt32(KW_ELEMENT_F32)
            unsafe input.texts = inputs.strings(part(texts))
            unsafe input.metadata_json = inputs.strings(part(metadata).map { $0 == .null ? "" : $0.text })
            unsafe input.embedder_id = inputs.string(embedderID)
            unsafe input.expires_unix_ns = inputs.span(part(expires).map { $0 ?? 0 })
            var fields: [kw_field_rows] = unsafe []
            for (name, vectors) in sparse.sorted(by: { $0.key < $1.key }) {
                var field = unsafe zeroed(kw_field_rows.self)
                unsafe field.h = .of(kw_field_rows.self)
                unsafe field.name = inputs.string(name)
                unsafe field.sparse = inputs.sparse(part(vectors))
                unsafe fields.append(field)
            }
            unsafe input.fields = inputs.span(fields)
            return unsafe input
        }
    }

    private func invalid(_ operation: String, _ what: String) -> PluginError {
        PluginError(
            .invalidArgument, what, remedy: "Correct the request", plugin: id, stage: .call, operation: operation)
    }

    private func info(_ context: CallContext, _ cancellation: Cancellation?) throws(PluginError) -> VectorBackendInfo {
        var input = kw_none(h: .of(kw_none.self))
        return try unsafe port.invoke(
            "vectorBackend.info", \.info, &input, reply: kw_vector_info.self, context: context,
            cancellation: cancellation
        ) { reply, reader throws(PluginError) in try unsafe VectorBackendInfo(reply, reader) }
    }

    private func checkPath(_ path: String, _ operation: String) throws(PluginError) {
        guard path.hasPrefix("/") else { throw invalid(operation, "the path \(path) is not absolute") }
    }

    private func items(
        _ ids: [String], _ repository: String, _ include: VectorQuery.Include, _ context: CallContext,
        _ cancellation: Cancellation
    ) throws(PluginError) -> [VectorItem?] {
        var inputs = ABIWriter()
        var input = unsafe kw_get_in(
            h: .of(kw_get_in.self), repo: inputs.string(repository), ids: inputs.strings(ids),
            include: include.rawValue, reserved: 0)
        let items = unsafe try port.invoke(
            "vectorBackend.get", \.get, &input, reply: kw_items_out.self, context: context, cancellation: cancellation
        ) { reply, reader throws(PluginError) in
            let items = unsafe try reader.elements(reply.items, of: kw_item.self, "items", atMost: ids.count) {
                item throws(PluginError) in unsafe try VectorItem.read(item, reader)
            }
            guard items.count == ids.count, zip(items, ids).allSatisfy({ $0 == nil || $0?.id == $1 }) else {
                throw reader.violation("replied other items than it was asked for")
            }
            return items
        }
        _ = consume inputs
        return items
    }

    private func upsert(
        _ rows: Rows, _ repository: String, _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> VectorCommit {
        guard !rows.ids.isEmpty else { return VectorCommit(count: 0) }
        guard rows.expires.isEmpty || rows.expires.count == rows.ids.count,
            rows.sparse.values.allSatisfy({ $0.count == rows.ids.count })
        else {
            throw invalid(
                "vectorBackend.upsert", "a batch of \(rows.ids.count) ids needs one expiry and one sparse vector an id")
        }
        var commit = VectorCommit(count: 0)
        var written = 0
        do throws(PluginError) {
            try Pieces.run(rows.ids.indices) { room throws(PluginError) in
                for index in rows.ids.indices { try requireRoom(room, for: index, rows, repository) }
            } _: { range throws(PluginError) in
                var inputs = ABIWriter()
                var input = unsafe rows.input(range, repository, &inputs)
                let next = try unsafe port.invoke(
                    "vectorBackend.upsert", \.upsert, &input, reply: kw_count_out.self, context: context,
                    cancellation: cancellation
                ) { reply, _ throws(PluginError) in VectorCommit(reply) }
                _ = consume inputs
                withExtendedLifetime(rows.storage) {}
                commit = VectorCommit(count: commit.count + next.count, version: next.version)
                written = range.upperBound
            }
        } catch {
            guard written > 0 else { throw error }
            var error = error
            error.what += "; the first \(written) of \(rows.ids.count) items were written before, in pieces"
            throw error
        }
        return commit
    }

    /// - Throws: if the item alone is larger than a message to a worker.
    private func requireRoom(
        _ room: Int64, for index: Int, _ rows: Rows, _ repository: String
    ) throws(PluginError) {
        var inputs = ABIWriter()
        var input = unsafe rows.input(index..<index + 1, repository, &inputs)
        let size = unsafe port.messageSize(of: &input, \.upsert)
        _ = consume inputs
        guard size > UInt64(room) else { return }
        throw PluginError(
            .resourceExhausted, "its message takes \(size) bytes, and a message has at most \(room)",
            facts: .resourceLimit(kind: "message", value: room, unit: "bytes", source: "host", setBy: "host"),
            plugin: id,
            stage: .call,
            operation: "vectorBackend.upsert"
        ).ofItem(index)
    }

    private func query(
        _ queries: [VectorQuery], _ repository: String, _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> [QueryResult] {
        var results: [QueryResult] = []
        guard !queries.isEmpty else { return results }
        try Pieces.run(queries.indices) { range throws(PluginError) in
            results += try queryPiece(Array(queries[range]), repository, context, cancellation)
        }
        return results
    }

    private func queryPiece(
        _ queries: [VectorQuery], _ repository: String, _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> [QueryResult] {
        var inputs = ABIWriter()
        var list: [kw_query] = unsafe []
        for query in queries {
            guard UInt32(exactly: query.topK) != nil, UInt32(exactly: query.offset) != nil else {
                throw invalid(
                    "vectorBackend.query", "top-k \(query.topK) and offset \(query.offset) must not be negative")
            }
            guard query.hasSubject else {
                throw invalid("vectorBackend.query", "the query has neither a vector nor anything else to rank by")
            }
            unsafe list.append(inputs.query(query))
        }
        var input = unsafe kw_query_in(
            h: .of(kw_query_in.self), repo: inputs.string(repository), queries: inputs.span(list))
        let results = try unsafe port.invoke(
            "vectorBackend.query", \.query, &input, reply: kw_query_out.self, context: context,
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
        _ operation: StaticString, _ path: any KeyPath<kw_vector_backend, Operation> & Sendable, _ filter: Filter,
        _ repository: String,
        _ context: CallContext
    ) async throws(PluginError) -> VectorCommit {
        unsafe try await port.run(operation, path, context, reply: kw_count_out.self) { inputs in
            unsafe kw_filter_in(
                h: .of(kw_filter_in.self), repo: inputs.string(repository), filter: inputs.program(filter))
        } read: { reply, _ throws(PluginError) in
            VectorCommit(reply)
        }
    }
}

extension VectorQuery {
    /// Has anything to rank by.
    fileprivate var hasSubject: Bool {
        !vector.isEmpty || sparse != nil || text?.isEmpty == false || !like.isEmpty
    }
}
