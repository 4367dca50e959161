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

extension RepositoryInfo {
    package init(_ info: borrowing kw_repo_info, _ reader: ABIReader) throws(PluginError) {
        let metric = unsafe info.metric
        self.init(
            name: try unsafe reader.text(info.repo, "a repository's name"), dims: unsafe Int(info.dims),
            metric: Metric.allCases.first { $0.number == metric }, items: unsafe Int(clamping: info.items),
            bytes: unsafe Int(clamping: info.bytes),
            embedderID: try unsafe reader.optionalText(info.embedder_id, "an embedder's id"))
    }
}

extension QueryResult {
    package init(_ result: borrowing kw_query_result, _ reader: ABIReader) throws(PluginError) {
        self.init(
            hits: try unsafe reader.elements(result.hits, of: kw_hit.self, "hits") { hit throws(PluginError) in
                let metadata = try unsafe reader.text(hit.metadata_json, "metadata")
                let score = unsafe hit.score
                guard !score.isNaN, !(unsafe hit.distance.isNaN) else {
                    throw reader.violation("replied a hit whose score or distance is not a number")
                }
                return VectorHit(
                    id: try unsafe reader.text(hit.id, "a hit's id"), score: score, distance: unsafe hit.distance,
                    metadata: metadata.isEmpty ? .null : try JSON(parsing: metadata, what: "a hit's metadata"),
                    text: try unsafe reader.optionalText(hit.text, "a hit's text"),
                    vector: try unsafe reader.floats(hit.vector, count: hit.dims, element: hit.element))
            },
            isExact: unsafe result.flags & UInt64(KW_RESULT_EXACT) != 0,
            isComplete: unsafe result.flags & UInt64(KW_RESULT_COMPLETE) != 0,
            scanned: unsafe Int(clamping: result.scanned))
    }
}

extension ABIReader {
    package func floats(_ pointer: UnsafeRawPointer?, count: UInt32, element: UInt32) throws(PluginError) -> [Float]? {
        guard let pointer = unsafe pointer else { return nil }
        guard element == UInt32(KW_ELEMENT_F32) else {
            throw violation("replied a vector of element type \(element), which this host does not read")
        }
        return (0..<Int(count)).map { unsafe pointer.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }
}
