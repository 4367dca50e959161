internal import CPluginCall
internal import PluginABI
internal import PluginBridge
public import PluginCore

/// An embedder whose code is in this process: `keyway.embedder/1` over a vtable.
///
/// The synchronous functions run the plugin on the caller's thread at the cost of a function pointer; the asynchronous ones
/// cost a hop to a host thread, because a plugin may block.
public final class NativeEmbedder: Embedder, Sendable {
    let port: InterfacePort<EmbedderInterface>

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<EmbedderInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

    // MARK: - On the caller's thread

    /// What the embedder is.
    public func info(_ context: CallContext = CallContext()) throws(PluginError) -> EmbedderInfo {
        try info(context, nil)
    }

    /// Embeds one text into the first row of the caller's matrix. Allocates nothing.
    ///
    /// - Throws: what ``embed(_:into:_:)-6k2nd`` throws.
    public func embed(
        _ text: String, task: EmbedTask = .unspecified, into matrix: inout Matrix,
        _ context: CallContext = CallContext()
    ) throws(PluginError) {
        guard matrix.rows >= 1 else { throw tooFewRows(1, matrix.rows) }
        guard matrix.dims >= 1 else { throw noColumns() }
        var text = text
        let (storage, dims, stride) = (matrix.storage, matrix.dims, matrix.stride)
        var input = unsafe header(matrix: &matrix, rows: 1, task: task, normalize: true, truncation: .end)
        let result = text.withUTF8 { utf8 -> Result<Void, PluginError> in
            var string = unsafe kw_str()
            if let base = utf8.baseAddress, utf8.count > 0 {
                unsafe string = kw_str(
                    ptr: UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self), len: UInt64(utf8.count))
            }
            return unsafe withUnsafePointer(to: &string) { string in
                unsafe input.texts = kw_span(
                    ptr: UnsafeRawPointer(string), count: 1, stride: UInt32(MemoryLayout<kw_str>.stride))
                do throws(PluginError) {
                    try unsafe port.invoke(
                        "embedder.embed", \.embed, &input, reply: kw_embed_out.self, context: context
                    ) { reply, reader throws(PluginError) in
                        guard unsafe reply.rows_written == 1 else {
                            throw reader.violation("wrote \(unsafe reply.rows_written) rows for 1 text")
                        }
                        try check(storage, rows: 0..<1, dims: dims, stride: stride, reader)
                    }
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
        }
        if case .failure(let error) = result { throw error }
    }

    /// Writes one row per text into the caller's matrix.
    ///
    /// - Throws: `dimensionMismatch` if the embedder does not offer `matrix.dims`; `invalidArgument` if the matrix has
    ///   fewer rows than the request has texts. After an error the rows' contents are unspecified.
    public func embed(
        _ request: EmbedRequest, into matrix: inout Matrix, _ context: CallContext = CallContext()
    ) throws(PluginError) -> EmbedReport {
        guard matrix.rows >= request.input.count else { throw tooFewRows(request.input.count, matrix.rows) }
        return try embed(request, storage: matrix.storage, dims: matrix.dims, stride: matrix.stride, context, nil)
    }

    // MARK: - Embedder

    public func info(_ context: CallContext) async throws(PluginError) -> EmbedderInfo {
        try await AsyncCall.run("embedder.info", of: id, context) { cancellation throws(PluginError) in
            try self.info(context, cancellation)
        }
    }

    public func embed(
        _ request: EmbedRequest, into matrix: inout Matrix, _ context: CallContext
    ) async throws(PluginError) -> EmbedReport {
        guard matrix.rows >= request.input.count else { throw tooFewRows(request.input.count, matrix.rows) }
        let (storage, dims, stride) = (matrix.storage, matrix.dims, matrix.stride)
        do throws(PluginError) {
            return try await AsyncCall.run("embedder.embed", of: id, context) { cancellation throws(PluginError) in
                try self.embed(request, storage: storage, dims: dims, stride: stride, context, cancellation)
            }
        } catch {
            // The operation may still be writing: it keeps the old rows, the caller gets new ones.
            matrix.replaceStorage()
            throw error
        }
    }

    public func countTokens(_ texts: [String], _ context: CallContext) async throws(PluginError) -> [Int] {
        guard !texts.isEmpty else { return [] }
        return try await AsyncCall.run("embedder.count_tokens", of: id, context) { cancellation throws(PluginError) in
            var counts: [Int] = []
            try Pieces.run(texts.indices) { range throws(PluginError) in
                counts += try self.countTokens(texts[range], context, cancellation)
            }
            return counts
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }

    // MARK: - Implementation

    private func tooFewRows(_ texts: Int, _ rows: Int) -> PluginError {
        PluginError(
            .invalidArgument, "\(texts) texts do not fit a matrix of \(rows) rows",
            remedy: "Make the matrix with as many rows as there are texts", plugin: id, stage: .call,
            operation: "embedder.embed")
    }

    private func noColumns() -> PluginError {
        PluginError(
            .invalidArgument, "the matrix has no columns", remedy: "Make it with as many dims as the vectors have",
            plugin: id, stage: .call, operation: "embedder.embed")
    }

    /// Not every metric orders what is not finite, so that one bad row would spoil every query after it.
    private func check(_ storage: Matrix.Storage, rows: Range<Int>, dims: Int, stride: Int, _ reader: ABIReader)
        throws(PluginError)
    {
        for row in rows {
            let start = unsafe UnsafeRawPointer(storage.unsafeBytes.baseAddress! + row * stride)
            guard unsafe kwc_all_finite(start.assumingMemoryBound(to: Float.self), UInt64(dims)) != 0 else {
                throw reader.violation("wrote a number into row \(row) that is not finite")
            }
        }
    }

    @unsafe
    private func header(
        matrix: inout Matrix, rows: Int, task: EmbedTask, normalize: Bool, truncation: EmbedRequest.Truncation
    ) -> kw_embed_in {
        unsafe header(
            storage: matrix.storage, dims: matrix.dims, stride: matrix.stride, rows: rows, task: task,
            normalize: normalize, truncation: truncation)
    }

    @unsafe
    private func header(
        storage: Matrix.Storage, dims: Int, stride: Int, rows: Int, task: EmbedTask, normalize: Bool,
        truncation: EmbedRequest.Truncation
    ) -> kw_embed_in {
        var input = unsafe zeroed(kw_embed_in.self)
        unsafe input.h = .of(kw_embed_in.self)
        unsafe input.rows = storage.unsafeBytes.baseAddress
        unsafe input.capacity = UInt64(rows * stride)
        unsafe input.row_stride = UInt64(stride)
        unsafe input.dims = UInt32(dims)
        unsafe input.element = UInt32(KW_ELEMENT_F32)
        unsafe input.task = task.number
        unsafe input.truncate = truncation.number
        unsafe input.flags = normalize ? UInt32(KW_EMBED_NORMALIZE) : 0
        return unsafe input
    }

    private func embed(
        _ request: EmbedRequest, storage: Matrix.Storage, dims: Int, stride: Int, _ context: CallContext,
        _ cancellation: Cancellation?
    ) throws(PluginError) -> EmbedReport {
        guard request.input.count > 0 else { return EmbedReport(totalTokens: 0) }
        guard dims > 0 else { throw noColumns() }
        var report: EmbedReport?
        try Pieces.run(0..<request.input.count) { range throws(PluginError) in
            let next = try embedPiece(
                range.count == request.input.count ? request : request.piece(range), at: range.lowerBound,
                storage: storage, dims: dims, stride: stride, context, cancellation)
            report = report.map { $0.followed(by: next, at: range.lowerBound) } ?? next
        }
        return report!
    }

    /// - Parameter first: the row of the piece's first input.
    private func embedPiece(
        _ request: EmbedRequest, at first: Int, storage: Matrix.Storage, dims: Int, stride: Int,
        _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> EmbedReport {
        let rows = request.input.count
        var inputs = ABIWriter()
        var input = unsafe header(
            storage: storage, dims: dims, stride: stride, rows: rows, task: request.task, normalize: request.normalize,
            truncation: request.truncation)
        unsafe input.rows = unsafe UnsafeMutableRawPointer(storage.unsafeBytes.baseAddress! + first * stride)
        unsafe inputs.write(request, into: &input)
        let report = try unsafe port.invoke(
            "embedder.embed", \.embed, &input, reply: kw_embed_out.self, context: context,
            cancellation: cancellation
        ) { reply, reader throws(PluginError) in
            guard unsafe Int(reply.rows_written) == rows else {
                throw reader.violation("wrote \(unsafe reply.rows_written) rows for \(rows) inputs")
            }
            try check(storage, rows: first..<first + rows, dims: dims, stride: stride, reader)
            return try unsafe EmbedReport(reply, rows: rows, of: request, reader)
        }
        _ = consume inputs
        return report
    }

    private func countTokens(
        _ texts: ArraySlice<String>, _ context: CallContext, _ cancellation: Cancellation?
    ) throws(PluginError) -> [Int] {
        var inputs = ABIWriter()
        var input = unsafe kw_count_tokens_in(h: .of(kw_count_tokens_in.self), texts: inputs.strings(Array(texts)))
        let counts = unsafe try port.invoke(
            "embedder.count_tokens", \.count_tokens, &input, reply: kw_count_tokens_out.self, context: context,
            cancellation: cancellation
        ) { reply, reader throws(PluginError) in
            let counts = unsafe try reader.values(reply.tokens, of: UInt32.self, "tokens", atMost: texts.count).map(
                Int.init)
            guard counts.count == texts.count else {
                throw reader.violation("counted the tokens of \(counts.count) texts of \(texts.count)")
            }
            return counts
        }
        _ = consume inputs
        return counts
    }

    private func info(_ context: CallContext, _ cancellation: Cancellation?) throws(PluginError) -> EmbedderInfo {
        var input = kw_none(h: .of(kw_none.self))
        return try unsafe port.invoke(
            "embedder.info", \.info, &input, reply: kw_embedder_info.self, context: context,
            cancellation: cancellation
        ) { reply, reader throws(PluginError) in
            try unsafe EmbedderInfo(reply, reader)
        }
    }
}

extension EmbedRequest {
    /// The same for some of the inputs.
    fileprivate func piece(_ range: Range<Int>) -> EmbedRequest {
        var request = self
        switch input {
        case .texts(let texts): request.input = .texts(Array(texts[range]))
        case .tokens(let lists): request.input = .tokens(Array(lists[range]))
        case .media(let media): request.input = .media(Array(media[range]))
        }
        return request
    }
}

extension EmbedReport {
    /// Of the inputs of both; the next one's begin at this row.
    fileprivate func followed(by next: EmbedReport, at row: Int) -> EmbedReport {
        var report = self
        report.tokens += next.tokens
        report.totalTokens = totalTokens.flatMap { total in next.totalTokens.map { total + $0 } }
        report.truncated += next.truncated.map { row + $0 }
        report.sparse += next.sparse
        report.tokenVectors += next.tokenVectors
        report.usage = usage + next.usage
        report.warnings += next.warnings.filter { !warnings.contains($0) }
        return report
    }
}
