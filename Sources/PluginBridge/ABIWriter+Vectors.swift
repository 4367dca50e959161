package import PluginABI
package import PluginCore

extension ABIWriter {
    package mutating func specification(_ specification: RepositorySpecification, dims: UInt32) -> kw_repo_spec {
        var fields: [kw_vector_field] = unsafe []
        for field in specification.fields {
            unsafe fields.append(
                kw_vector_field(
                    h: .of(kw_vector_field.self), name: string(field.name), dims: UInt32(clamping: field.dims),
                    metric: field.metric.number, element: UInt32(KW_ELEMENT_F32), reserved: 0))
        }
        return unsafe kw_repo_spec(
            h: .of(kw_repo_spec.self), repo: string(specification.name), dims: dims,
            metric: specification.metric.number, element: UInt32(KW_ELEMENT_F32), reserved: 0,
            embedder_id: string(specification.embedderID), index_json: json(specification.index), fields: span(fields))
    }

    /// - Precondition: top-k and offset fit 32 bits.
    package mutating func query(_ query: VectorQuery) -> kw_query {
        var element = unsafe zeroed(kw_query.self)
        unsafe element.h = .of(kw_query.self)
        unsafe element.vector = floats(query.vector)
        unsafe element.dims = UInt32(query.vector.count)
        unsafe element.element = UInt32(KW_ELEMENT_F32)
        unsafe element.top_k = UInt32(query.topK)
        unsafe element.offset = UInt32(query.offset)
        unsafe element.include = query.include.rawValue
        if let score = query.minimumScore {
            unsafe element.set |= UInt64(KW_QUERY_MIN_SCORE)
            unsafe element.min_score = score
        }
        unsafe element.filter = program(query.filter)
        unsafe element.embedder_id = string(query.embedderID)
        switch query.exactness {
        case .any: unsafe element.exactness = UInt32(KW_EXACTNESS_ANY)
        case .exact: unsafe element.exactness = UInt32(KW_EXACTNESS_EXACT)
        case .effort(let effort):
            unsafe element.exactness = UInt32(KW_EXACTNESS_EFFORT)
            unsafe element.effort = UInt32(clamping: effort)
        case .minimumRecall(let recall):
            unsafe element.exactness = UInt32(KW_EXACTNESS_MIN_RECALL)
            unsafe element.min_recall = recall
        }
        unsafe element.field = string(query.field)
        if let sparse = query.sparse { unsafe element.sparse = self.sparse([sparse]) }
        unsafe element.query_text = string(query.text)
        unsafe element.like = strings(query.like)
        unsafe element.unlike = strings(query.unlike)
        switch query.fusion {
        case nil: unsafe element.fusion = UInt32(KW_FUSION_NONE)
        case .reciprocalRank: unsafe element.fusion = UInt32(KW_FUSION_RECIPROCAL_RANK)
        case .server: unsafe element.fusion = UInt32(KW_FUSION_SERVER)
        case .weighted(let vector, let sparse, let text):
            unsafe element.fusion = UInt32(KW_FUSION_WEIGHTED)
            unsafe element.vector_weight = vector
            unsafe element.sparse_weight = sparse
            unsafe element.text_weight = text
        }
        if let diversity = query.diversity {
            unsafe element.mmr_lambda = diversity.lambda
            unsafe element.mmr_fetch = UInt32(clamping: Swift.max(1, diversity.candidates))
        }
        if let grouping = query.grouping {
            unsafe element.group_by = string(grouping.field)
            unsafe element.group_size = UInt32(clamping: grouping.size)
        }
        unsafe element.consistency = query.consistency ?? 0
        return unsafe element
    }
}
