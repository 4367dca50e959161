public import PluginCore

/// Stores vectors in repositories and finds them again: `keyway.vector-backend/1`. Further abilities are protocols of their
/// own: ``VectorItemReading``, ``VectorMetadataUpdating``, ``VectorSnapshotting``.
///
/// A filter with an operation that ``VectorBackendInfo/filterOperations`` does not name never arrives.
/// ``Filter/admits(id:metadata:)`` evaluates the others.
public protocol VectorBackendPlugin: PluginImplementation {
    /// Constant over an instance's life.
    func info(_ call: borrowing PluginCall) throws(PluginError) -> VectorBackendInfo
    /// Every repository, sorted by name.
    func repositories(_ call: borrowing PluginCall) throws(PluginError) -> [RepositoryInfo]
    /// Makes a repository, or checks that the one that exists is alike. Returns what is there.
    /// - Throws: `dimensionMismatch`, or `conflict` for another metric or embedder.
    func ensure(_ specification: RepositorySpecification, _ call: borrowing PluginCall) throws(PluginError)
        -> RepositoryInfo
    /// Writes all items or none; an id that exists is replaced whole, the last of equal ones wins. Durable when it returns,
    /// if the backend is persistent. A repository that does not exist is made, of cosine distance.
    func upsert(
        _ batch: borrowing VectorBatch, into repository: String, _ call: borrowing PluginCall
    ) throws(PluginError) -> VectorCommit
    /// One result a query, in order.
    /// - Throws: `notFound`, `dimensionMismatch`.
    func query(_ queries: [VectorQuery], in repository: String, _ call: borrowing PluginCall) throws(PluginError)
        -> [QueryResult]
    /// Removes what the filter admits.
    func remove(_ filter: Filter, from repository: String, _ call: borrowing PluginCall) throws(PluginError)
        -> VectorCommit
    func count(_ filter: Filter, in repository: String, _ call: borrowing PluginCall) throws(PluginError) -> Int
    /// Drops the repository itself.
    /// - Throws: `notFound`
    func wipe(_ repository: String, _ call: borrowing PluginCall) throws(PluginError)
    /// Everything is durable when it returns; compacting also gives the space of removed items back. Does nothing unless
    /// implemented.
    func flush(_ repository: String, compact: Bool, _ call: borrowing PluginCall) throws(PluginError)
}

extension VectorBackendPlugin {
    public func flush(_ repository: String, compact: Bool, _ call: borrowing PluginCall) throws(PluginError) {}
}

/// A backend that gives its items back.
public protocol VectorItemReading: VectorBackendPlugin {
    /// One an id, in order; nil: there is none.
    func items(
        _ ids: [String], in repository: String, including: VectorQuery.Include, _ call: borrowing PluginCall
    ) throws(PluginError) -> [VectorItem?]
    /// Writes the items that the filter admits, by rising id; one state of the repository from start to end.
    /// - Parameters:
    ///   - after: only ids that sort behind it, by bytes.
    ///   - limit: items at most; nil = all.
    /// - Returns: what to give as `after` to go on; nil = that was all.
    func scan(
        _ repository: String, _ filter: Filter, after: String?, limit: Int?, including: VectorQuery.Include,
        to output: inout ItemOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> String?
}

/// A backend that changes metadata in place.
public protocol VectorMetadataUpdating: VectorBackendPlugin {
    /// Sets members of the metadata of what the filter admits; null removes one. All or none.
    func update(
        _ filter: Filter, in repository: String, set members: [String: JSON], _ call: borrowing PluginCall
    ) throws(PluginError) -> VectorCommit
}

/// A backend that writes repositories to files and reads them again.
public protocol VectorSnapshotting: VectorBackendPlugin {
    /// Writes one state of a repository to a file that appears whole or not at all.
    /// - Parameter path: absolute.
    func snapshot(_ repository: String, to path: String, _ call: borrowing PluginCall) throws(PluginError)
    /// Makes a repository from such a file.
    /// - Throws: `dataLoss` if the file is damaged, `conflict` if the repository exists and is not to be replaced; then
    ///   nothing has changed.
    func restore(_ repository: String, from path: String, replacing: Bool, _ call: borrowing PluginCall)
        throws(PluginError) -> RepositoryInfo
}
