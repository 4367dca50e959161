/// Stores vectors in repositories and finds the nearest again. Repositories are named by the caller; nothing of one
/// is ever visible from another.
public protocol VectorBackend: Plugin {
    func info(_ context: CallContext) async throws(PluginError) -> VectorBackendInfo
    /// Every repository, sorted by name.
    func repositories(_ context: CallContext) async throws(PluginError) -> [RepositoryInfo]
    /// Makes a repository, or checks that the one that exists is alike.
    /// - Throws: `dimensionMismatch`, or `conflict` for another metric or embedder.
    @discardableResult
    func ensure(_ specification: RepositorySpecification, _ context: CallContext) async throws(PluginError)
        -> RepositoryInfo
    /// Writes all items or none; an id that exists is replaced whole.
    @discardableResult
    func upsert(_ batch: borrowing VectorBatch, into repository: String, _ context: CallContext)
        async throws(PluginError) -> VectorCommit
    /// One result a query, in order.
    func query(_ queries: [VectorQuery], in repository: String, _ context: CallContext) async throws(PluginError)
        -> [QueryResult]
    /// Items by id, one an id, in order; nil: there is none.
    func items(_ ids: [String], in repository: String, including: VectorQuery.Include, _ context: CallContext)
        async throws(PluginError) -> [VectorItem?]
    /// The items that the filter admits, by rising id; one state of the repository from start to end.
    /// - Parameter after: only ids that sort behind it, by bytes.
    func scan(
        _ repository: String, _ filter: Filter, after: String?, including: VectorQuery.Include, _ context: CallContext
    ) async throws(PluginError) -> EventStream<VectorItem>
    /// Sets members of the metadata of what the filter admits; null removes one. All or none. Returns how many.
    @discardableResult
    func update(_ filter: Filter, in repository: String, set members: [String: JSON], _ context: CallContext)
        async throws(PluginError) -> VectorCommit
    /// Removes what the filter admits; returns how many.
    @discardableResult
    func remove(_ filter: Filter, from repository: String, _ context: CallContext) async throws(PluginError)
        -> VectorCommit
    func count(_ filter: Filter, in repository: String, _ context: CallContext) async throws(PluginError) -> Int
    /// Drops the repository itself.
    func wipe(_ repository: String, _ context: CallContext) async throws(PluginError)
    /// Everything is durable when it returns; compacting also gives the space of removed items back.
    func flush(_ repository: String, compact: Bool, _ context: CallContext) async throws(PluginError)
    /// Writes one state of a repository to a file that appears whole or not at all.
    /// - Parameter path: absolute.
    func snapshot(_ repository: String, to path: String, _ context: CallContext) async throws(PluginError)
    /// Makes a repository from such a file.
    /// - Throws: `dataLoss` if the file is damaged, `conflict` if the repository exists and is not to be replaced; then
    ///   nothing has changed.
    @discardableResult
    func restore(_ repository: String, from path: String, replacing: Bool, _ context: CallContext)
        async throws(PluginError) -> RepositoryInfo
}

/// What a change did.
public struct VectorCommit: Sendable, Hashable {
    /// Items changed.
    public var count: Int
    /// For ``VectorQuery/consistency``; nil if the backend does not count versions.
    public var version: UInt64?

    public init(count: Int, version: UInt64? = nil) {
        self.count = count
        self.version = version
    }
}

public struct VectorItem: Sendable, Hashable {
    public var id: String
    public var vector: [Float]?
    public var metadata: JSON
    public var text: String?
    /// On the Unix clock, in nanoseconds; nil = never.
    public var expires: Int64?
    public var version: UInt64?

    public init(
        id: String, vector: [Float]? = nil, metadata: JSON = .null, text: String? = nil, expires: Int64? = nil,
        version: UInt64? = nil
    ) {
        self.id = id
        self.vector = vector
        self.metadata = metadata
        self.text = text
        self.expires = expires
        self.version = version
    }
}

public enum Metric: String, Sendable, CaseIterable {
    case cosine, dot, l2, l1, hamming, jaccard
}

public struct VectorBackendInfo: Sendable, Hashable {
    /// What a backend can do besides.
    public struct Features: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        /// Survives the process, if the instance has a data folder.
        public static let persistent = Features(rawValue: 1)
        /// Scans are exact unless asked otherwise.
        public static let exact = Features(rawValue: 2)
        /// Keeps and returns the items' text.
        public static let text = Features(rawValue: 4)
        public static let sparse = Features(rawValue: 8)
        /// Several named vectors an item.
        public static let named = Features(rawValue: 16)
        public static let textSearch = Features(rawValue: 32)
        /// Ranks by several of vector, sparse vector and text at once.
        public static let fusion = Features(rawValue: 64)
        public static let diversity = Features(rawValue: 128)
        public static let groups = Features(rawValue: 256)
        /// ``VectorQuery/like`` and ``VectorQuery/unlike``.
        public static let examples = Features(rawValue: 512)
        public static let expiry = Features(rawValue: 1024)
        public static let versions = Features(rawValue: 2048)
        /// Has an approximate index.
        public static let approximate = Features(rawValue: 4096)
    }

    public var backend: String
    /// File, folder or address; no secrets.
    public var location: String
    public var features: Features
    /// The host evaluates the others.
    public var filterOperations: Filter.Operations
    public var metrics: Set<Metric>
    /// Items per upsert; nil = any.
    public var maxBatch: Int?
    public var maxDims: Int?
    public var maxTopK: Int?
    /// Queries per call; nil = any.
    public var maxQueries: Int?
    /// "flat", "hnsw"; the first is the default.
    public var indexKinds: [String] = []
    /// Of ``Filter/native(dialect:_:)``.
    public var dialects: [String] = []

    public var isPersistent: Bool { features.contains(.persistent) }
    public var isExact: Bool { features.contains(.exact) }

    public init(
        backend: String, location: String, features: Features = [], filterOperations: Filter.Operations = .all,
        metrics: Set<Metric>, maxBatch: Int? = nil, maxDims: Int? = nil, maxTopK: Int? = nil
    ) {
        self.backend = backend
        self.location = location
        self.features = features
        self.filterOperations = filterOperations
        self.metrics = metrics
        self.maxBatch = maxBatch
        self.maxDims = maxDims
        self.maxTopK = maxTopK
    }
}

public struct RepositorySpecification: Sendable, Hashable {
    public var name: String
    public var dims: Int
    public var metric: Metric
    /// ``EmbedderInfo/id`` of the vectors; nil = not checked.
    public var embedderID: String?
    /// The index wanted, `{"kind": "flat", ...}`, or null: the default.
    public var index: JSON = .null
    /// Further vectors an item.
    public var fields: [VectorField] = []

    public init(name: String, dims: Int, metric: Metric = .cosine, embedderID: String? = nil) {
        self.name = name
        self.dims = dims
        self.metric = metric
        self.embedderID = embedderID
    }
}

/// A named vector of every item, besides the one without a name.
public struct VectorField: Sendable, Hashable {
    public var name: String
    /// 0 = sparse.
    public var dims: Int
    public var metric: Metric

    public init(name: String, dims: Int, metric: Metric = .cosine) {
        self.name = name
        self.dims = dims
        self.metric = metric
    }
}

public struct RepositoryInfo: Sendable, Hashable {
    public var name: String
    public var dims: Int
    public var metric: Metric?
    public var items: Int
    public var bytes: Int
    public var embedderID: String?
    public var index: JSON = .null
    public var fields: [VectorField] = []
    /// Of the last commit; nil if the backend does not count.
    public var version: UInt64?

    public init(name: String, dims: Int, metric: Metric?, items: Int, bytes: Int, embedderID: String?) {
        self.name = name
        self.dims = dims
        self.metric = metric
        self.items = items
        self.bytes = bytes
        self.embedderID = embedderID
    }
}

/// Items to be stored: a row of the matrix each. `texts` and `metadata` are empty or have one element an id.
public struct VectorBatch: ~Copyable, Sendable {
    public var ids: [String]
    public var matrix: Matrix
    public var texts: [String]
    public var metadata: [JSON]
    public var embedderID: String?
    /// When items end, on the Unix clock in nanoseconds; nil = never. Empty, or one an id.
    public var expires: [Int64?] = []
    /// Sparse vectors by the name of their field, one an id.
    public var sparse: [String: [SparseVector]] = [:]

    /// - Precondition: the counts agree.
    public init(
        ids: [String], matrix: consuming Matrix, texts: [String] = [], metadata: [JSON] = [], embedderID: String? = nil
    ) {
        precondition(matrix.rows == ids.count, "a batch has one row an id")
        precondition(texts.isEmpty || texts.count == ids.count, "a batch has one text an id, or none at all")
        precondition(metadata.isEmpty || metadata.count == ids.count, "a batch has one metadata an id, or none at all")
        self.ids = ids
        self.matrix = matrix
        self.texts = texts
        self.metadata = metadata
        self.embedderID = embedderID
    }
}

public struct VectorQuery: Sendable {
    public struct Include: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static let metadata = Include(rawValue: 1)
        public static let text = Include(rawValue: 2)
        public static let vector = Include(rawValue: 4)
    }

    public enum Exactness: Sendable, Hashable {
        /// As the backend likes.
        case any
        case exact
        /// As thorough as this says, such as an HNSW index's ef.
        case effort(Int)
        /// At least this share of the true neighbours.
        case minimumRecall(Double)
    }

    /// How rankings by vector, sparse vector and text become one.
    public enum Fusion: Sendable, Hashable {
        case reciprocalRank
        case weighted(vector: Double, sparse: Double, text: Double)
        case server
    }

    /// Chooses the hits from more candidates, so that they differ from each other (maximal marginal relevance).
    public struct Diversity: Sendable, Hashable {
        /// 1 = the nearest only, 0 = the most different only.
        public var lambda: Double
        public var candidates: Int

        public init(lambda: Double, candidates: Int) {
            self.lambda = lambda
            self.candidates = candidates
        }
    }

    /// Hits by the value of a metadata field; ``topK`` then counts groups.
    public struct Grouping: Sendable, Hashable {
        public var field: String
        public var size: Int

        public init(field: String, size: Int) {
            self.field = field
            self.size = size
        }
    }

    /// May be empty if there is another thing to rank by.
    public var vector: [Float]
    public var topK: Int
    public var offset: Int
    public var filter: Filter
    public var minimumScore: Double?
    public var include: Include
    public var embedderID: String?
    public var exactness = Exactness.any
    /// Which vectors; empty = those without a name.
    public var field = ""
    public var sparse: SparseVector?
    /// Full text to rank by.
    public var text: String?
    /// Ids of items whose vectors to seek, and to avoid.
    public var like: [String] = []
    public var unlike: [String] = []
    public var fusion: Fusion?
    public var diversity: Diversity?
    public var grouping: Grouping?
    /// Waits until this version is visible.
    public var consistency: UInt64?

    public init(
        _ vector: [Float], topK: Int, offset: Int = 0, filter: Filter = .all, minimumScore: Double? = nil,
        include: Include = [.metadata, .text], embedderID: String? = nil
    ) {
        self.vector = vector
        self.topK = topK
        self.offset = offset
        self.filter = filter
        self.minimumScore = minimumScore
        self.include = include
        self.embedderID = embedderID
    }
}

public struct VectorHit: Sendable, Hashable {
    public var id: String
    /// Higher is nearer, whatever the metric.
    public var score: Double
    public var distance: Double
    public var metadata: JSON
    public var text: String?
    public var vector: [Float]?
    /// The value of the grouping field; null if there are no groups.
    public var group: JSON = .null

    public init(
        id: String, score: Double, distance: Double, metadata: JSON = .null, text: String? = nil, vector: [Float]? = nil
    ) {
        self.id = id
        self.score = score
        self.distance = distance
        self.metadata = metadata
        self.text = text
        self.vector = vector
    }
}

public struct QueryResult: Sendable, Hashable {
    /// Nearest first, equal scores by id.
    public var hits: [VectorHit]
    /// No nearer item exists.
    public var isExact: Bool
    /// Fewer hits than asked for means that no more match.
    public var isComplete: Bool
    /// Items looked at.
    public var scanned: Int
    /// The index that answered.
    public var index: String?
    public var duration: Duration?

    public init(hits: [VectorHit], isExact: Bool, isComplete: Bool, scanned: Int) {
        self.hits = hits
        self.isExact = isExact
        self.isComplete = isComplete
        self.scanned = scanned
    }
}
