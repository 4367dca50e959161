package import PluginABI
package import PluginCore

extension Metric {
    package var number: UInt32 {
        switch self {
        case .cosine: UInt32(KW_METRIC_COSINE)
        case .dot: UInt32(KW_METRIC_DOT)
        case .l2: UInt32(KW_METRIC_L2)
        case .l1: UInt32(KW_METRIC_L1)
        case .hamming: UInt32(KW_METRIC_HAMMING)
        case .jaccard: UInt32(KW_METRIC_JACCARD)
        }
    }
}

extension VectorBackendInfo {
    package init(_ info: borrowing kw_vector_info, _ reader: ABIReader) throws(PluginError) {
        func limit(_ value: UInt32) -> Int? { value == 0 ? nil : Int(value) }
        let metrics = unsafe info.metrics
        self.init(
            backend: try unsafe reader.text(info.backend, "a backend"),
            location: try unsafe reader.text(info.location, "a location"),
            features: unsafe Features(rawValue: info.features),
            filterOperations: unsafe Filter.Operations(rawValue: info.filter_ops),
            metrics: Set(Metric.allCases.filter { metrics & (1 << $0.number) != 0 }),
            maxBatch: unsafe limit(info.max_batch), maxDims: unsafe limit(info.max_dims),
            maxTopK: unsafe limit(info.max_top_k))
        maxQueries = unsafe limit(info.max_queries)
        indexKinds = try unsafe reader.strings(info.index_kinds, "index kinds")
        dialects = try unsafe reader.strings(info.dialects, "dialects")
    }
}

extension VectorField {
    package init(_ field: borrowing kw_vector_field, _ reader: ABIReader) throws(PluginError) {
        let metric = unsafe field.metric
        guard let known = Metric.allCases.first(where: { $0.number == metric }) else {
            throw reader.violation("has a field of metric \(metric), which is none")
        }
        self.init(
            name: try unsafe reader.text(field.name, "a field's name"), dims: unsafe Int(field.dims), metric: known)
    }
}

extension VectorItem {
    /// nil: there is no item of this id.
    package static func read(_ item: borrowing kw_item, _ reader: ABIReader) throws(PluginError) -> VectorItem? {
        guard unsafe item.flags & UInt64(KW_ITEM_MISSING) == 0 else { return nil }
        let (expires, version) = unsafe (item.expires_unix_ns, item.version)
        return VectorItem(
            id: try unsafe reader.text(item.id, "an item's id"),
            vector: try unsafe reader.floats(item.vector, count: item.dims, element: item.element),
            metadata: try unsafe reader.json(item.metadata_json, "an item's metadata"),
            text: try unsafe reader.optionalText(item.text, "an item's text"), expires: expires == 0 ? nil : expires,
            version: version == 0 ? nil : version)
    }
}

extension VectorCommit {
    package init(_ reply: borrowing kw_count_out) {
        self.init(count: Int(clamping: reply.count), version: reply.version == 0 ? nil : reply.version)
    }
}

extension RepositoryInfo {
    package init(_ info: borrowing kw_repo_info, _ reader: ABIReader) throws(PluginError) {
        let metric = unsafe info.metric
        self.init(
            name: try unsafe reader.text(info.repo, "a repository's name"), dims: unsafe Int(info.dims),
            metric: Metric.allCases.first { $0.number == metric }, items: unsafe Int(clamping: info.items),
            bytes: unsafe Int(clamping: info.bytes),
            embedderID: try unsafe reader.optionalText(info.embedder_id, "an embedder's id"))
        index = try unsafe reader.json(info.index_json, "an index")
        fields = try unsafe reader.elements(info.fields, of: kw_vector_field.self, "fields") {
            field throws(PluginError) in try unsafe VectorField(field, reader)
        }
        let version = unsafe info.version
        self.version = version == 0 ? nil : version
    }
}

extension QueryResult {
    package init(_ result: borrowing kw_query_result, _ reader: ABIReader) throws(PluginError) {
        self.init(
            hits: try unsafe reader.elements(result.hits, of: kw_hit.self, "hits") { hit throws(PluginError) in
                let score = unsafe hit.score
                guard !score.isNaN, !(unsafe hit.distance.isNaN) else {
                    throw reader.violation("replied a hit whose score or distance is not a number")
                }
                var result = VectorHit(
                    id: try unsafe reader.text(hit.id, "a hit's id"), score: score, distance: unsafe hit.distance,
                    metadata: try unsafe reader.json(hit.metadata_json, "a hit's metadata"),
                    text: try unsafe reader.optionalText(hit.text, "a hit's text"),
                    vector: try unsafe reader.floats(hit.vector, count: hit.dims, element: hit.element))
                result.group = try unsafe reader.json(hit.group, "a hit's group")
                return result
            },
            isExact: unsafe result.flags & UInt64(KW_RESULT_EXACT) != 0,
            isComplete: unsafe result.flags & UInt64(KW_RESULT_COMPLETE) != 0,
            scanned: unsafe Int(clamping: result.scanned))
        index = try unsafe reader.optionalText(result.index, "an index")
        let took = unsafe result.took_ns
        duration = took == 0 ? nil : .nanoseconds(took)
    }
}

extension ABIReader {
    package func floats(_ pointer: UnsafeRawPointer?, count: UInt32, element: UInt32) throws(PluginError) -> [Float]? {
        guard let pointer = unsafe pointer else { return nil }
        guard element == UInt32(KW_ELEMENT_F32) else {
            throw side == .input
                ? unknown("a vector of element type \(element)")
                : violation("replied a vector of element type \(element), which this host does not read")
        }
        try unsafe requireAlive(pointer, Int(count) * 4, "a vector")
        let floats = (0..<Int(count)).map { unsafe pointer.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        guard floats.allSatisfy(\.isFinite) else {
            throw violation("replied a vector with a number that is not finite")
        }
        return floats
    }
}
