package import PluginABI
package import PluginCore

extension RepositorySpecification {
    package init(_ input: borrowing kw_repo_spec, _ reader: ABIReader) throws(PluginError) {
        let number = unsafe input.metric
        guard let metric = Metric.allCases.first(where: { $0.number == number }) else {
            throw reader.violation("asks for metric \(number), which is none")
        }
        guard unsafe input.element == UInt32(KW_ELEMENT_F32) else {
            throw PluginError(
                .unsupported, "a repository of element type \(unsafe input.element) was asked for",
                remedy: "Ask for 32-bit floats", operation: "\(reader.operation)")
        }
        self.init(
            name: try unsafe reader.text(input.repo, "a repository's name"), dims: unsafe Int(input.dims),
            metric: metric, embedderID: try unsafe reader.optionalText(input.embedder_id, "an embedder's id"))
        index = try unsafe reader.json(input.index_json, "an index")
        fields = try unsafe reader.elements(input.fields, of: kw_vector_field.self, "fields") {
            field throws(PluginError) in try unsafe VectorField(field, reader)
        }
    }
}

extension VectorBatch {
    package init(_ input: borrowing kw_upsert_in, _ reader: ABIReader) throws(PluginError) {
        let ids = try unsafe reader.strings(input.ids, "ids")
        func counted<Element>(_ list: [Element], _ field: String) throws(PluginError) -> [Element] {
            guard list.isEmpty || list.count == ids.count else {
                throw reader.violation("has \(list.count) \(field) for \(ids.count) ids")
            }
            return list
        }
        let texts = try counted(unsafe reader.strings(input.texts, "texts"), "texts")
        var metadata: [JSON] = []
        for text in try counted(unsafe reader.strings(input.metadata_json, "metadata"), "metadata") {
            metadata.append(try reader.json(text, "an item's metadata"))
        }
        let expires = try counted(
            unsafe reader.values(input.expires_unix_ns, of: Int64.self, "expiry times"), "expiry times")
        let sparse = try unsafe reader.sparseFields(input.fields, items: ids.count)
        let embedderID = try unsafe reader.optionalText(input.embedder_id, "an embedder's id")
        let rows = try unsafe reader.matrix(
            input.rows, bytes: input.rows_size, stride: input.row_stride, rows: ids.count, dims: input.dims,
            element: input.element)
        self.init(ids: ids, matrix: rows, texts: texts, metadata: metadata, embedderID: embedderID)
        self.expires = expires.map { $0 == 0 ? nil : $0 }
        self.sparse = sparse
    }
}

extension VectorQuery {
    package init(_ input: borrowing kw_query, _ reader: ABIReader) throws(PluginError) {
        let vector = try unsafe reader.floats(input.vector, count: input.dims, element: input.element) ?? []
        guard vector.allSatisfy(\.isFinite) else {
            throw reader.violation("has a query vector with an element that is not a finite number")
        }
        self.init(
            vector, topK: unsafe Int(input.top_k), offset: unsafe Int(input.offset),
            filter: try unsafe reader.filter(input.filter),
            minimumScore: unsafe input.set & UInt64(KW_QUERY_MIN_SCORE) != 0 ? unsafe input.min_score : nil,
            include: try unsafe reader.include(input.include),
            embedderID: try unsafe reader.optionalText(input.embedder_id, "an embedder's id"))
        try unsafe reader.requireKnown(input.set, among: UInt64(KW_QUERY_MIN_SCORE), "set fields of a query")
        switch unsafe input.exactness {
        case UInt32(KW_EXACTNESS_ANY): exactness = .any
        case UInt32(KW_EXACTNESS_EXACT): exactness = .exact
        case UInt32(KW_EXACTNESS_EFFORT): exactness = .effort(unsafe Int(input.effort))
        case UInt32(KW_EXACTNESS_MIN_RECALL): exactness = .minimumRecall(unsafe input.min_recall)
        case let other: throw reader.unknown("exactness \(other)")
        }
        field = try unsafe reader.text(input.field, "a field")
        sparse = try unsafe reader.optional(input.sparse, of: kw_sparse.self, "a sparse vector") {
            vector throws(PluginError) in try unsafe SparseVector(vector, reader)
        }
        text = try unsafe reader.optionalText(input.query_text, "a query's text")
        like = try unsafe reader.strings(input.like, "ids to be like")
        unlike = try unsafe reader.strings(input.unlike, "ids to be unlike")
        switch unsafe input.fusion {
        case UInt32(KW_FUSION_NONE): fusion = nil
        case UInt32(KW_FUSION_RECIPROCAL_RANK): fusion = .reciprocalRank
        case UInt32(KW_FUSION_WEIGHTED):
            fusion = unsafe .weighted(
                vector: input.vector_weight, sparse: input.sparse_weight, text: input.text_weight)
        case UInt32(KW_FUSION_SERVER): fusion = .server
        case let other: throw reader.unknown("fusion \(other)")
        }
        if unsafe input.mmr_fetch > 0 {
            diversity = unsafe Diversity(lambda: input.mmr_lambda, candidates: Int(input.mmr_fetch))
        }
        if let group = try unsafe reader.optionalText(input.group_by, "a grouping field") {
            grouping = Grouping(field: group, size: unsafe Int(input.group_size))
        }
        let version = unsafe input.consistency
        consistency = version == 0 ? nil : version
    }
}

extension ABIReader {
    /// What a reply shall have of items.
    package func include(_ bits: UInt32) throws(PluginError) -> VectorQuery.Include {
        try requireKnown(UInt64(bits), among: UInt64(KW_INCLUDE_VECTOR) * 2 - 1, "what to include")
        return VectorQuery.Include(rawValue: bits)
    }

    fileprivate func sparseFields(_ span: kw_span, items: Int) throws(PluginError) -> [String: [SparseVector]] {
        var fields: [String: [SparseVector]] = [:]
        for (name, vectors) in try unsafe elements(
            span, of: kw_field_rows.self, "fields",
            { field throws(PluginError) in
                let name = try unsafe text(field.name, "a field's name")
                guard unsafe field.rows == nil else {
                    throw PluginError(
                        .unsupported, "the field \(name) has dense vectors, which plugins in Swift do not take yet",
                        remedy: "Store them in a repository of their own", operation: "\(operation)")
                }
                return (
                    name,
                    try unsafe elements(field.sparse, of: kw_sparse.self, "sparse vectors") {
                        vector throws(PluginError) in try unsafe SparseVector(vector, self)
                    }
                )
            })
        {
            guard vectors.count == items else {
                throw violation("has \(vectors.count) vectors of the field \(name) for \(items) ids")
            }
            fields[name] = vectors
        }
        return fields
    }

    /// A copy of rows that the other side lends.
    package func matrix(
        _ start: UnsafeRawPointer?, bytes: UInt64, stride: UInt64, rows: Int, dims: UInt32, element: UInt32
    ) throws(PluginError) -> Matrix {
        let width = Int(dims) * MemoryLayout<Float>.stride
        let matrix = Matrix(rows: rows, dims: Int(dims))
        guard rows > 0 else { return matrix }
        guard element == UInt32(KW_ELEMENT_F32) else {
            throw unknown("rows of element type \(element)")
        }
        let (last, overflow) = stride.multipliedReportingOverflow(by: UInt64(rows - 1))
        guard let start = unsafe start, stride >= UInt64(width), !overflow, last <= bytes,
            bytes - last >= UInt64(width)
        else {
            throw violation("has \(bytes) bytes of rows, which do not hold \(rows) rows of \(dims) elements")
        }
        for row in 0..<rows {
            let source = unsafe start + row * Int(stride)
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: matrix.storage.unsafeBytes[(row * matrix.stride)...])
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: width))
            let isFinite = matrix.withRow(row) { row in row.indices.allSatisfy { row[$0].isFinite } }
            guard isFinite else { throw violation("has an element in row \(row) that is not a finite number") }
        }
        return matrix
    }
}
