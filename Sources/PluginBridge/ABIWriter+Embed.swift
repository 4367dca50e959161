package import PluginABI
package import PluginCore

extension EmbedTask {
    package var number: UInt32 {
        switch self {
        case .unspecified: UInt32(KW_TASK_UNSPECIFIED)
        case .query: UInt32(KW_TASK_QUERY)
        case .document: UInt32(KW_TASK_DOCUMENT)
        case .similarity: UInt32(KW_TASK_SIMILARITY)
        case .classification: UInt32(KW_TASK_CLASSIFICATION)
        case .clustering: UInt32(KW_TASK_CLUSTERING)
        case .code: UInt32(KW_TASK_CODE)
        }
    }
}

extension EmbedRequest.Truncation {
    package var number: UInt32 {
        switch self {
        case .end: UInt32(KW_TRUNCATE_END)
        case .start: UInt32(KW_TRUNCATE_START)
        case .error: UInt32(KW_TRUNCATE_ERROR)
        }
    }
}

extension ABIWriter {
    /// The inputs and wishes of a request; rows and their form are the caller's.
    package mutating func write(_ request: EmbedRequest, into input: inout kw_embed_in) {
        switch request.input {
        case .texts(let texts): unsafe input.texts = strings(texts)
        case .tokens(let lists):
            var elements: [kw_token_list] = unsafe []
            for list in lists {
                unsafe elements.append(kw_token_list(h: .of(kw_token_list.self), ids: span(list)))
            }
            unsafe input.token_lists = span(elements)
        case .media(let media):
            var parts: [kw_part] = unsafe []
            for element in media { unsafe parts.append(part(.media(element))) }
            unsafe input.media = span(parts)
        }
        unsafe input.instruction = string(request.instruction)
        if request.wantsSparse { unsafe input.flags |= UInt32(KW_EMBED_WANT_SPARSE) }
        if request.wantsTokenVectors { unsafe input.flags |= UInt32(KW_EMBED_WANT_TOKEN_LEVEL) }
    }

    package mutating func sparse(_ vectors: [SparseVector]) -> kw_span {
        var elements: [kw_sparse] = unsafe []
        for vector in vectors {
            unsafe elements.append(
                kw_sparse(h: .of(kw_sparse.self), indices: span(vector.indices), values: span(vector.values)))
        }
        return unsafe span(elements)
    }
}
