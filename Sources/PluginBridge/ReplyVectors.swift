package import PluginABI
package import PluginCore

extension ABIWriter {
    package mutating func backendInfo(_ info: VectorBackendInfo) -> kw_vector_info {
        var output = unsafe zeroed(kw_vector_info.self)
        unsafe output.h = .of(kw_vector_info.self)
        unsafe output.backend = string(info.backend)
        unsafe output.location = string(info.location)
        unsafe output.features = info.features.rawValue
        unsafe output.filter_ops = info.filterOperations.rawValue
        unsafe output.metrics = info.metrics.reduce(0) { $0 | 1 << $1.number }
        unsafe output.elements = 1 << UInt32(KW_ELEMENT_F32)
        unsafe output.max_dims = UInt32(clamping: info.maxDims ?? 0)
        unsafe output.max_top_k = UInt32(clamping: info.maxTopK ?? 0)
        unsafe output.max_batch = UInt32(clamping: info.maxBatch ?? 0)
        unsafe output.max_queries = UInt32(clamping: info.maxQueries ?? 0)
        unsafe output.index_kinds = strings(info.indexKinds)
        unsafe output.dialects = strings(info.dialects)
        return unsafe output
    }

    package mutating func repository(_ info: RepositoryInfo) -> kw_repo_info {
        var output = unsafe zeroed(kw_repo_info.self)
        unsafe output.h = .of(kw_repo_info.self)
        unsafe output.repo = string(info.name)
        unsafe output.dims = UInt32(clamping: info.dims)
        unsafe output.metric = info.metric?.number ?? 0
        unsafe output.element = UInt32(KW_ELEMENT_F32)
        unsafe output.items = UInt64(clamping: info.items)
        unsafe output.bytes = UInt64(clamping: info.bytes)
        unsafe output.embedder_id = string(info.embedderID)
        unsafe output.index_json = json(info.index)
        unsafe output.fields = vectorFields(info.fields)
        unsafe output.version = info.version ?? 0
        return unsafe output
    }

    package mutating func vectorFields(_ fields: [VectorField]) -> kw_span {
        var list: [kw_vector_field] = unsafe []
        for field in fields {
            unsafe list.append(
                kw_vector_field(
                    h: .of(kw_vector_field.self), name: string(field.name), dims: UInt32(clamping: field.dims),
                    metric: field.metric.number, element: UInt32(KW_ELEMENT_F32), reserved: 0))
        }
        return unsafe span(list)
    }

    package mutating func repositories(_ infos: [RepositoryInfo]) -> kw_repos_out {
        var list: [kw_repo_info] = unsafe []
        for info in infos { unsafe list.append(repository(info)) }
        return unsafe kw_repos_out(h: .of(kw_repos_out.self), repos: span(list))
    }

    package mutating func results(_ results: [QueryResult]) -> kw_query_out {
        var list: [kw_query_result] = unsafe []
        for result in results {
            var hits: [kw_hit] = unsafe []
            unsafe hits.reserveCapacity(result.hits.count)
            for hit in result.hits {
                var element = unsafe zeroed(kw_hit.self)
                unsafe element.h = .of(kw_hit.self)
                unsafe element.id = string(hit.id)
                unsafe element.score = hit.score
                unsafe element.distance = hit.distance
                unsafe element.metadata_json = json(hit.metadata)
                unsafe element.text = string(hit.text)
                if let vector = hit.vector {
                    unsafe element.vector = floats(vector)
                    unsafe element.dims = UInt32(clamping: vector.count)
                    unsafe element.element = UInt32(KW_ELEMENT_F32)
                }
                unsafe element.group = json(hit.group)
                unsafe hits.append(element)
            }
            var flags: UInt64 = 0
            if result.isExact { flags |= UInt64(KW_RESULT_EXACT) }
            if result.isComplete { flags |= UInt64(KW_RESULT_COMPLETE) }
            unsafe list.append(
                kw_query_result(
                    h: .of(kw_query_result.self), hits: span(hits), flags: flags,
                    scanned: UInt64(clamping: result.scanned), index: string(result.index),
                    took_ns: result.duration?.nanoseconds ?? 0))
        }
        return unsafe kw_query_out(h: .of(kw_query_out.self), results: span(list))
    }

    /// nil: there is no item of the id that was asked for.
    package mutating func item(_ item: VectorItem?, id: String) -> kw_item {
        var output = unsafe zeroed(kw_item.self)
        unsafe output.h = .of(kw_item.self)
        unsafe output.id = string(item?.id ?? id)
        guard let item else {
            unsafe output.flags = UInt64(KW_ITEM_MISSING)
            return unsafe output
        }
        if let vector = item.vector {
            unsafe output.vector = floats(vector)
            unsafe output.dims = UInt32(clamping: vector.count)
            unsafe output.element = UInt32(KW_ELEMENT_F32)
        }
        unsafe output.metadata_json = json(item.metadata)
        unsafe output.text = string(item.text)
        unsafe output.expires_unix_ns = item.expires ?? 0
        unsafe output.version = item.version ?? 0
        return unsafe output
    }

    package mutating func items(_ items: [VectorItem]) -> kw_span {
        var list: [kw_item] = unsafe []
        unsafe list.reserveCapacity(items.count)
        for item in items { unsafe list.append(self.item(item, id: item.id)) }
        return unsafe span(list)
    }
}
