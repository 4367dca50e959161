public import PluginCore

/// What every ``VectorBackend`` has to do, as checks that any implementation can be run against.
///
///     let plugin = try await host.load("plugins/flat-vectors.so", dataFolder: "/tmp/vectors")
///     var suite = VectorBackendConformance()
///     suite.folder = "/tmp"
///     let report = await suite.run(on: plugin.vectorBackend!)
///     precondition(report.isConformant, "\(report)")
///
/// Everything happens in repositories whose names begin with ``prefix``; they are dropped before and after a check. What a
/// query finds is compared with a search in double precision over the same items, and what a filter admits with
/// ``Filter/admits(id:metadata:)``. Data and filters come from ``seed``, so a failure can be run again.
public struct VectorBackendConformance: Sendable {
    public enum Check: String, Sendable, CaseIterable {
        case info
        /// A repository is made as specified, and made again is the same.
        case ensure
        /// Other dimensions are `dimensionMismatch`, another metric or embedder is `conflict`; nothing changes.
        case ensureConflict
        /// Sorted by name, with the numbers of items.
        case repositories
        /// Nothing of one repository shows in another.
        case isolation
        /// Every operation but ensure and upsert is `notFound` where there is none.
        case unknownRepository
        /// Written items are there, with all that belongs to them; a repository that is not there is made.
        case upsert
        /// An id that exists is replaced whole.
        case replace
        /// Of equal ids in a batch the last wins.
        case duplicateIDs
        case emptyBatch
        /// As many items as a call takes, at most 2,000.
        case bigBatch
        /// Vectors and queries of other dimensions are `dimensionMismatch`.
        case dimensionMismatch
        /// Vectors and queries of another embedder are `conflict`.
        case embedderConflict
        /// Each metric that is offered finds what a search in double precision finds, in that order.
        case metrics
        /// Equal vectors come by rising id, and the smallest ids are those that count.
        case ties
        /// 0, 1, as many as there are, more.
        case topK
        case offset
        case minimumScore
        /// Metadata, text and vectors come if they are asked for, and not otherwise.
        case include
        /// Several queries in a call have one result each, in order.
        case queries
        /// A result that has all there is says so.
        case completeness
        /// Each filter operation that is offered admits what the definition admits: in queries, scans and counts.
        case filterOperations
        /// So do trees of them.
        case filterTrees
        /// Items by id, in the order of the ids; nil where there is none.
        case items
        /// By rising id, each once.
        case scan
        /// Only ids that sort behind.
        case scanAfter
        case update
        case remove
        case count
        case wipe
        case flush
        /// What was saved comes back, under another name too.
        case snapshot
        /// Restoring over a repository is `conflict` unless it is to be replaced; nothing changes.
        case restoreConflict
        /// A damaged file is `dataLoss`, and makes nothing.
        case damagedSnapshot
        /// Ids are bytes: those that only look alike are different.
        case unicodeIDs
        /// Writers and readers at a time: nothing is lost, and no row is torn.
        case concurrency
        /// A call in a cancelled task ends, as `cancelled` or well, all or nothing; the backend works afterwards.
        case cancellation
    }

    /// Of the names of repositories.
    public var prefix: String
    public var dims: Int
    public var seed: UInt64
    /// Absolute path of a folder for snapshots that the backend and this process can write; nil: none are made.
    public var folder: String?
    /// Operations to be tried; nil: those of ``VectorBackendInfo/filterOperations``. For a managed backend: all.
    public var filterOperations: Filter.Operations?
    /// Random trees of filters.
    public var filterTrees: Int
    /// For one check.
    public var limit: Duration

    public init(
        prefix: String = "conformance", dims: Int = 8, seed: UInt64 = 1, folder: String? = nil,
        filterOperations: Filter.Operations? = nil, filterTrees: Int = 200, limit: Duration = .seconds(120)
    ) {
        precondition(dims >= 2, "vectors of at least two dimensions are needed")
        self.prefix = prefix
        self.dims = dims
        self.seed = seed
        self.folder = folder
        self.filterOperations = filterOperations
        self.filterTrees = filterTrees
        self.limit = limit
    }

    /// - Parameter checks: those to run, in this order.
    public func run(
        on backend: some VectorBackend, checks: [Check] = Check.allCases
    ) async -> ConformanceReport {
        let suite = VectorBackendChecks(backend: backend, settings: self)
        return await CheckRunner(limit: limit).run("VectorBackend \(backend.id)", checks) { try await suite.run($0) }
    }
}
