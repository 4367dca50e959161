package import PluginABI
package import PluginCore

extension EmbedderInfo {
    package init(_ info: borrowing kw_embedder_info, _ reader: ABIReader) throws(PluginError) {
        func limit<Number: BinaryInteger>(_ value: Number) -> Int? { value == 0 ? nil : Int(clamping: value) }
        let (dims, low, high) = unsafe (Int(info.dims), Int(info.dims_min), Int(info.dims_max))
        guard dims > 0 else { throw reader.violation("says that its rows have 0 elements") }
        let features = unsafe info.features
        self.init(
            id: try unsafe reader.text(info.id, "an id"), model: try unsafe reader.text(info.model, "a model"),
            dims: dims,
            allowedDims: try unsafe reader.values(info.allowed_dims, of: UInt32.self, "allowed dims").map(Int.init),
            dimsRange: low > 0 && low <= high ? low...high : nil, maxBatch: unsafe limit(info.max_batch),
            maxTokens: unsafe limit(info.max_tokens), isDeterministic: features & UInt64(KW_EMBED_DETERMINISTIC) != 0,
            isNormalized: features & UInt64(KW_EMBED_NORMALIZED) != 0)
        maxBatchTokens = unsafe limit(info.max_batch_tokens)
        maxParallel = unsafe limit(info.max_parallel)
        let (taskMask, metricMask) = unsafe (info.tasks, info.metrics)
        tasks = Set(EmbedTask.allCases.filter { taskMask & (1 << $0.number) != 0 })
        metrics = Set(Metric.allCases.filter { metricMask & (1 << $0.number) != 0 })
        takesTokens = features & UInt64(KW_EMBED_TOKEN_INPUT) != 0
        takesInstruction = features & UInt64(KW_EMBED_INSTRUCTION) != 0
        offersSparse = features & UInt64(KW_EMBED_SPARSE) != 0
        offersTokenVectors = features & UInt64(KW_EMBED_TOKEN_LEVEL) != 0
        mediaTypes = try unsafe reader.strings(info.media_types, "media types")
        prefixes = try unsafe reader.pairs(info.prefixes, "prefixes")
    }
}

extension EmbedReport {
    /// - Parameter rows: inputs that were given.
    package init(
        _ reply: borrowing kw_embed_out, rows: Int, of request: EmbedRequest, _ reader: ABIReader
    ) throws(PluginError) {
        let tokens = try unsafe reader.values(reply.tokens, of: UInt32.self, "tokens", atMost: rows).map(Int.init)
        let truncated = try unsafe reader.values(reply.truncated, of: UInt32.self, "truncated rows", atMost: rows)
            .map(Int.init)
        guard tokens.isEmpty || tokens.count == rows else {
            throw reader.violation("counted the tokens of \(tokens.count) inputs of \(rows)")
        }
        guard zip(truncated, truncated.dropFirst()).allSatisfy(<), truncated.last ?? 0 < rows else {
            throw reader.violation("says of rows that they were cut that it was not given, or not in order")
        }
        let total = unsafe Int(clamping: reply.total_tokens)
        self.init(tokens: tokens, totalTokens: total == 0 ? nil : total, truncated: truncated)
        if request.wantsSparse {
            sparse = try unsafe reader.elements(reply.sparse, of: kw_sparse.self, "sparse vectors", atMost: rows) {
                vector throws(PluginError) in try unsafe SparseVector(vector, reader)
            }
            guard sparse.count == rows else {
                throw reader.violation("replied \(sparse.count) sparse vectors for \(rows) inputs")
            }
        }
        if request.wantsTokenVectors {
            tokenVectors = try unsafe reader.elements(
                reply.token_vectors, of: kw_token_vectors.self, "token vectors", atMost: rows
            ) { vectors throws(PluginError) in try unsafe reader.rows(vectors) }
            guard tokenVectors.count == rows else {
                throw reader.violation("replied the token vectors of \(tokenVectors.count) inputs of \(rows)")
            }
        }
        usage =
            try unsafe reader.optional(reply.usage, of: kw_usage.self, "usage") { usage throws(PluginError) in
                try unsafe Usage(usage, reader)
            } ?? Usage()
        if usage.input == nil { usage.input = totalTokens }
        warnings = try unsafe reader.warnings(reply.warnings)
    }
}

extension SparseVector {
    package init(_ vector: borrowing kw_sparse, _ reader: ABIReader) throws(PluginError) {
        let indices = try unsafe reader.values(vector.indices, of: UInt32.self, "a sparse vector")
        let values = try unsafe reader.values(vector.values, of: Float.self, "a sparse vector")
        guard indices.count == values.count, zip(indices, indices.dropFirst()).allSatisfy(<) else {
            throw reader.violation("has a sparse vector whose indices do not rise, or have no value each")
        }
        guard values.allSatisfy(\.isFinite) else {
            throw reader.violation("has a sparse vector with a number that is not finite")
        }
        self.init(indices: indices, values: values)
    }
}

extension ABIReader {
    fileprivate func rows(_ vectors: borrowing kw_token_vectors) throws(PluginError) -> [[Float]] {
        let (count, dims) = unsafe (Int(vectors.count), Int(vectors.dims))
        let (stride, size) = unsafe (Int(clamping: vectors.row_stride), Int(clamping: vectors.rows_size))
        guard count > 0 else { return [] }
        let (end, overflow) = stride.multipliedReportingOverflow(by: count - 1)
        guard let base = unsafe vectors.rows, dims > 0, stride >= dims * 4, !overflow, end + dims * 4 <= size else {
            throw violation("replied token vectors whose sizes do not fit together")
        }
        let rows = (0..<count).map { row in
            (0..<dims).map { unsafe base.loadUnaligned(fromByteOffset: row * stride + $0 * 4, as: Float.self) }
        }
        guard rows.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
            throw violation("replied a token vector with a number that is not finite")
        }
        return rows
    }
}
