import PluginSDK

/// What a backend was asked, copied.
struct SeenBatch: Equatable {
    var repository: String
    var ids: [String]
    var rows: [[Float]]
    var texts: [String]
    var metadata: [JSON]
    var embedderID: String?
    var expires: [Int64?]
    var sparse: [String: [SparseVector]]
}

struct SeenScan: Equatable {
    var repository: String
    var filter: Filter
    var after: String?
    var limit: Int?
    var include: UInt32
}

struct SeenUpdate: Equatable {
    var repository: String
    var filter: Filter
    var members: [String: JSON] = [:]
}

extension Everything: VectorBackendPlugin, VectorItemReading, VectorMetadataUpdating, VectorSnapshotting {
    func info(_ call: borrowing PluginCall) throws(PluginError) -> VectorBackendInfo {
        try recorder.note("vector info", call)
        return Values.backend
    }

    func repositories(_ call: borrowing PluginCall) throws(PluginError) -> [RepositoryInfo] {
        try recorder.note("repositories", call)
        return [Values.repository]
    }

    func ensure(
        _ specification: RepositorySpecification, _ call: borrowing PluginCall
    ) throws(PluginError) -> RepositoryInfo {
        try recorder.note(specification, call)
        return Values.repository
    }

    func upsert(
        _ batch: borrowing VectorBatch, into repository: String, _ call: borrowing PluginCall
    ) throws(PluginError) -> VectorCommit {
        let rows = (0..<batch.matrix.rows).map { batch.matrix.row($0) }
        try recorder.note(
            SeenBatch(
                repository: repository, ids: batch.ids, rows: rows, texts: batch.texts, metadata: batch.metadata,
                embedderID: batch.embedderID, expires: batch.expires, sparse: batch.sparse), call)
        return VectorCommit(count: batch.ids.count, version: 77)
    }

    func query(
        _ queries: [VectorQuery], in repository: String, _ call: borrowing PluginCall
    ) throws(PluginError) -> [QueryResult] {
        try recorder.note(queries, call)
        return [Values.queryResult]
    }

    func remove(
        _ filter: Filter, from repository: String, _ call: borrowing PluginCall
    ) throws(PluginError) -> VectorCommit {
        try recorder.note(SeenUpdate(repository: repository, filter: filter), call)
        return VectorCommit(count: 5, version: nil)
    }

    func count(_ filter: Filter, in repository: String, _ call: borrowing PluginCall) throws(PluginError) -> Int {
        try recorder.note(SeenUpdate(repository: repository, filter: filter), call)
        return 6
    }

    func wipe(_ repository: String, _ call: borrowing PluginCall) throws(PluginError) {
        try recorder.note("wipe \(repository)", call)
    }

    func flush(_ repository: String, compact: Bool, _ call: borrowing PluginCall) throws(PluginError) {
        try recorder.note("flush \(repository) \(compact)", call)
    }

    func items(
        _ ids: [String], in repository: String, including: VectorQuery.Include, _ call: borrowing PluginCall
    ) throws(PluginError) -> [VectorItem?] {
        try recorder.note(SeenScan(repository: repository, filter: .ids(ids), include: including.rawValue), call)
        return ids.map { $0 == "missing" ? nil : Values.item($0) }
    }

    func scan(
        _ repository: String, _ filter: Filter, after: String?, limit: Int?, including: VectorQuery.Include,
        to output: inout ItemOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> String? {
        try recorder.note(
            SeenScan(
                repository: repository, filter: filter, after: after, limit: limit, include: including.rawValue), call)
        for number in 0..<(limit ?? 600) { try output.write(Values.item("item-\(number)")) }
        return limit.map { "item-\($0 - 1)" }
    }

    func update(
        _ filter: Filter, in repository: String, set members: [String: JSON], _ call: borrowing PluginCall
    ) throws(PluginError) -> VectorCommit {
        try recorder.note(SeenUpdate(repository: repository, filter: filter, members: members), call)
        return VectorCommit(count: 8, version: 88)
    }

    func snapshot(_ repository: String, to path: String, _ call: borrowing PluginCall) throws(PluginError) {
        try recorder.note("snapshot \(repository) \(path)", call)
    }

    func restore(
        _ repository: String, from path: String, replacing: Bool, _ call: borrowing PluginCall
    ) throws(PluginError) -> RepositoryInfo {
        try recorder.note("restore \(repository) \(path) \(replacing)", call)
        return Values.repository
    }
}
