internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// `keyway.vector-backend/1` over an author's type. What the type does not implement stays NULL.
enum VectorOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_vector_backend>? {
        guard type is any VectorBackendPlugin.Type else { return nil }
        var table = zeroed(kw_vector_backend.self)
        table.h = .of(kw_vector_backend.self)
        unsafe table.info = { instance, call, _ in unsafe VectorOperations.info(instance, call) }
        unsafe table.repos = { instance, call, _ in unsafe VectorOperations.repositories(instance, call) }
        unsafe table.ensure = { instance, call, input in unsafe VectorOperations.ensure(instance, call, input) }
        unsafe table.upsert = { instance, call, input in unsafe VectorOperations.upsert(instance, call, input) }
        unsafe table.query = { instance, call, input in unsafe VectorOperations.query(instance, call, input) }
        unsafe table.remove = { instance, call, input in unsafe VectorOperations.remove(instance, call, input) }
        unsafe table.count = { instance, call, input in unsafe VectorOperations.count(instance, call, input) }
        unsafe table.wipe = { instance, call, input in unsafe VectorOperations.wipe(instance, call, input) }
        unsafe table.flush = { instance, call, input in unsafe VectorOperations.flush(instance, call, input) }
        if type is any VectorItemReading.Type {
            unsafe table.get = { instance, call, input in unsafe VectorOperations.get(instance, call, input) }
            unsafe table.scan = { instance, call, input in unsafe VectorOperations.scan(instance, call, input) }
        }
        if type is any VectorMetadataUpdating.Type {
            unsafe table.update = { instance, call, input in unsafe VectorOperations.update(instance, call, input) }
        }
        if type is any VectorSnapshotting.Type {
            unsafe table.snapshot = { instance, call, input in unsafe VectorOperations.snapshot(instance, call, input) }
            unsafe table.restore = { instance, call, input in unsafe VectorOperations.restore(instance, call, input) }
        }
        return unsafe permanent(table)
    }

    @inline(__always)
    private static func backend(_ instance: OpaquePointer?, _ operation: StaticString)
        throws(PluginError) -> UnsafeMutablePointer<any VectorBackendPlugin>
    {
        try unsafe Instance.of(instance, operation).pointee.vectors!
    }

    private static func info(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Operation.answer(call) { call, writer throws(PluginError) in
            unsafe writer.backendInfo(try backend(instance, "vectors.info").pointee.info(call))
        }
    }

    private static func repositories(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Operation.answer(call) { call, writer throws(PluginError) in
            unsafe writer.repositories(try backend(instance, "vectors.repos").pointee.repositories(call))
        }
    }

    private static func ensure(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_repo_spec>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.ensure", call, input) { call, input, reader, writer throws(PluginError) in
            let specification = try unsafe RepositorySpecification(input, reader)
            return unsafe writer.repository(
                try backend(instance, "vectors.ensure").pointee.ensure(specification, call))
        }
    }

    private static func upsert(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_upsert_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.upsert", call, input) { call, input, reader, _ throws(PluginError) in
            let batch = try unsafe VectorBatch(input, reader)
            let repository = try unsafe reader.repository(input.repo)
            return try unsafe backend(instance, "vectors.upsert").pointee.upsert(batch, into: repository, call).reply
        }
    }

    private static func query(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_query_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.query", call, input) { call, input, reader, writer throws(PluginError) in
            let queries = try unsafe reader.elements(input.queries, of: kw_query.self, "queries") {
                query throws(PluginError) in try unsafe VectorQuery(query, reader)
            }
            let results = try unsafe backend(instance, "vectors.query").pointee.query(
                queries, in: reader.repository(input.repo), call)
            return unsafe writer.results(results)
        }
    }

    private static func remove(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_filter_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.remove", call, input) { call, input, reader, _ throws(PluginError) in
            try unsafe backend(instance, "vectors.remove").pointee.remove(
                reader.filter(input.filter), from: reader.repository(input.repo), call
            ).reply
        }
    }

    private static func count(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_filter_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.count", call, input) { call, input, reader, _ throws(PluginError) in
            let count = try unsafe backend(instance, "vectors.count").pointee.count(
                reader.filter(input.filter), in: reader.repository(input.repo), call)
            return VectorCommit(count: count).reply
        }
    }

    private static func wipe(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_repo_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.wipe", call, input) { call, input, reader, _ throws(PluginError) in
            try unsafe backend(instance, "vectors.wipe").pointee.wipe(reader.repository(input.repo), call)
            return kw_none(h: .of(kw_none.self))
        }
    }

    private static func flush(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_flush_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.flush", call, input) { call, input, reader, _ throws(PluginError) in
            try unsafe reader.requireKnown(input.flags, among: UInt64(KW_FLUSH_COMPACT), "flags")
            try unsafe backend(instance, "vectors.flush").pointee.flush(
                reader.repository(input.repo), compact: input.flags & UInt64(KW_FLUSH_COMPACT) != 0, call)
            return kw_none(h: .of(kw_none.self))
        }
    }

    private static func get(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_get_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.get", call, input) { call, input, reader, writer throws(PluginError) in
            let ids = try unsafe reader.strings(input.ids, "ids")
            let items = try unsafe Instance.of(instance, "vectors.get").pointee.itemReader!.pointee.items(
                ids, in: reader.repository(input.repo), including: reader.include(input.include), call)
            guard items.count == ids.count else {
                throw PluginError(
                    .internal, "the plugin gave \(items.count) items for \(ids.count) ids",
                    remedy: "Give one item or nil for each id", operation: "vectors.get")
            }
            var list: [kw_item] = unsafe []
            for (item, id) in zip(items, ids) { unsafe list.append(writer.item(item, id: id)) }
            return unsafe kw_items_out(h: .of(kw_items_out.self), items: writer.span(list))
        }
    }

    private static func scan(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_scan_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.scan", call, input) { call, input, reader, writer throws(PluginError) in
            var output = unsafe ItemOutput(call.pointer)
            let limit = unsafe input.limit
            let next = try unsafe Instance.of(instance, "vectors.scan").pointee.itemReader!.pointee.scan(
                reader.repository(input.repo), reader.filter(input.filter),
                after: reader.optionalText(input.after, "an id"), limit: limit == 0 ? nil : Int(clamping: limit),
                including: reader.include(input.include), to: &output, call)
            try output.flush()
            return unsafe kw_scan_out(
                h: .of(kw_scan_out.self), count: UInt64(output.count), next: writer.string(next))
        }
    }

    private static func update(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_update_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.update", call, input) { call, input, reader, _ throws(PluginError) in
            guard let members = try unsafe reader.json(input.set_json, "the members to set").objectValue else {
                throw reader.violation("was given members to set that are no object")
            }
            return try unsafe Instance.of(instance, "vectors.update").pointee.metadataUpdater!.pointee.update(
                reader.filter(input.filter), in: reader.repository(input.repo), set: members, call
            ).reply
        }
    }

    private static func snapshot(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_snapshot_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.snapshot", call, input) { call, input, reader, _ throws(PluginError) in
            try unsafe reader.requireKnown(input.flags, among: 0, "flags")
            try unsafe Instance.of(instance, "vectors.snapshot").pointee.snapshotter!.pointee.snapshot(
                reader.repository(input.repo), to: reader.text(input.path, "a path"), call)
            return kw_none(h: .of(kw_none.self))
        }
    }

    private static func restore(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_snapshot_in>?
    ) -> kw_status {
        unsafe Operation.answer("vectors.restore", call, input) { call, input, reader, writer throws(PluginError) in
            try unsafe reader.requireKnown(input.flags, among: UInt64(KW_RESTORE_REPLACE), "flags")
            let info = try unsafe Instance.of(instance, "vectors.restore").pointee.snapshotter!.pointee.restore(
                reader.repository(input.repo), from: reader.text(input.path, "a path"),
                replacing: input.flags & UInt64(KW_RESTORE_REPLACE) != 0, call)
            return unsafe writer.repository(info)
        }
    }
}

extension VectorCommit {
    fileprivate var reply: kw_count_out {
        kw_count_out(h: .of(kw_count_out.self), count: UInt64(clamping: count), version: version ?? 0)
    }
}

extension ABIReader {
    fileprivate func repository(_ name: kw_str) throws(PluginError) -> String {
        let name = try unsafe text(name, "a repository's name")
        guard (1...200).contains(name.utf8.count) else {
            throw violation("was given a repository's name of \(name.utf8.count) bytes, not of 1 to 200")
        }
        return name
    }
}
