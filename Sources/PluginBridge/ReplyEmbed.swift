package import PluginABI
package import PluginCore

extension ABIWriter {
    package mutating func embedderInfo(_ info: EmbedderInfo) -> kw_embedder_info {
        var output = unsafe zeroed(kw_embedder_info.self)
        unsafe output.h = .of(kw_embedder_info.self)
        unsafe output.id = string(info.id)
        unsafe output.model = string(info.model)
        unsafe output.dims = UInt32(clamping: info.dims)
        unsafe output.max_batch = UInt32(clamping: info.maxBatch ?? 0)
        unsafe output.max_tokens = UInt32(clamping: info.maxTokens ?? 0)
        unsafe output.max_parallel = UInt32(clamping: info.maxParallel ?? 0)
        unsafe output.elements = 1 << UInt32(KW_ELEMENT_F32)
        unsafe output.tasks = info.tasks.reduce(0) { $0 | 1 << $1.number }
        unsafe output.metrics = info.metrics.reduce(0) { $0 | 1 << $1.number }
        var features: UInt64 = 0
        if info.isDeterministic { features |= UInt64(KW_EMBED_DETERMINISTIC) }
        if info.isNormalized { features |= UInt64(KW_EMBED_NORMALIZED) }
        if info.takesTokens { features |= UInt64(KW_EMBED_TOKEN_INPUT) }
        if !info.mediaTypes.isEmpty { features |= UInt64(KW_EMBED_MEDIA_INPUT) }
        if info.offersSparse { features |= UInt64(KW_EMBED_SPARSE) }
        if info.offersTokenVectors { features |= UInt64(KW_EMBED_TOKEN_LEVEL) }
        if info.takesInstruction { features |= UInt64(KW_EMBED_INSTRUCTION) }
        unsafe output.features = features
        unsafe output.allowed_dims = span(info.allowedDims.map { UInt32(clamping: $0) })
        if let range = info.dimsRange {
            unsafe output.dims_min = UInt32(clamping: range.lowerBound)
            unsafe output.dims_max = UInt32(clamping: range.upperBound)
        }
        unsafe output.max_batch_tokens = UInt64(clamping: info.maxBatchTokens ?? 0)
        unsafe output.media_types = strings(info.mediaTypes)
        unsafe output.prefixes = pairs(info.prefixes)
        return unsafe output
    }

    package mutating func embedReport(_ report: EmbedReport, rows: Int, dims: Int) -> kw_embed_out {
        var output = unsafe zeroed(kw_embed_out.self)
        unsafe output.h = .of(kw_embed_out.self)
        unsafe output.rows_written = UInt32(clamping: rows)
        unsafe output.total_tokens = UInt64(clamping: report.totalTokens ?? 0)
        unsafe output.tokens = span(report.tokens.map { UInt32(clamping: $0) })
        unsafe output.truncated = span(report.truncated.map { UInt32(clamping: $0) })
        unsafe output.sparse = sparse(report.sparse)
        var lists: [kw_token_vectors] = unsafe []
        for vectors in report.tokenVectors {
            var element = unsafe zeroed(kw_token_vectors.self)
            unsafe element.h = .of(kw_token_vectors.self)
            unsafe element.rows = floats(vectors.flatMap(\.self))
            unsafe element.count = UInt32(clamping: vectors.count)
            unsafe element.dims = UInt32(clamping: dims)
            unsafe element.row_stride = UInt64(dims * MemoryLayout<Float>.stride)
            unsafe element.rows_size = UInt64(vectors.count * dims * MemoryLayout<Float>.stride)
            unsafe lists.append(element)
        }
        unsafe output.token_vectors = span(lists)
        if report.usage != Usage() { unsafe output.usage = span([usage(report.usage)]) }
        unsafe output.warnings = warnings(report.warnings)
        return unsafe output
    }

    package mutating func warnings(_ warnings: [Warning]) -> kw_span {
        var list: [kw_warning] = unsafe []
        for warning in warnings {
            unsafe list.append(
                kw_warning(h: .of(kw_warning.self), feature: string(warning.feature), message: string(warning.message)))
        }
        return unsafe span(list)
    }
}
