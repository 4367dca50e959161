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
    /// Writes all items or none; an id that exists is replaced whole. Returns how many were written.
    @discardableResult
    func upsert(_ batch: borrowing VectorBatch, into repository: String, _ context: CallContext)
        async throws(PluginError) -> Int
    /// One result a query, in order.
    func query(_ queries: [VectorQuery], in repository: String, _ context: CallContext) async throws(PluginError)
        -> [QueryResult]
    /// Removes what the filter admits; returns how many.
    @discardableResult
    func remove(_ filter: Filter, from repository: String, _ context: CallContext) async throws(PluginError) -> Int
    func count(_ filter: Filter, in repository: String, _ context: CallContext) async throws(PluginError) -> Int
    /// Drops the repository itself.
    func wipe(_ repository: String, _ context: CallContext) async throws(PluginError)
}

public enum Metric: String, Sendable, CaseIterable {
    case cosine, dot, l2, l1, hamming, jaccard
}

public struct VectorBackendInfo: Sendable, Hashable {
    public var backend: String
    /// File, folder or address; no secrets.
    public var location: String
    public var isPersistent: Bool
    public var isExact: Bool
    public var metrics: Set<Metric>
    /// Items per upsert; nil = any.
    public var maxBatch: Int?
    public var maxDims: Int?
    public var maxTopK: Int?

    public init(
        backend: String, location: String, isPersistent: Bool, isExact: Bool, metrics: Set<Metric>,
        maxBatch: Int? = nil, maxDims: Int? = nil, maxTopK: Int? = nil
    ) {
        self.backend = backend
        self.location = location
        self.isPersistent = isPersistent
        self.isExact = isExact
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

    public init(name: String, dims: Int, metric: Metric = .cosine, embedderID: String? = nil) {
        self.name = name
        self.dims = dims
        self.metric = metric
        self.embedderID = embedderID
    }
}

public struct RepositoryInfo: Sendable, Hashable {
    public var name: String
    public var dims: Int
    public var metric: Metric?
    public var items: Int
    public var bytes: Int
    public var embedderID: String?

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

    public var vector: [Float]
    public var topK: Int
    public var offset: Int
    public var filter: Filter
    public var minimumScore: Double?
    public var include: Include
    public var embedderID: String?

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
    public var scanned: Int

    public init(hits: [VectorHit], isExact: Bool, isComplete: Bool, scanned: Int) {
        self.hits = hits
        self.isExact = isExact
        self.isComplete = isComplete
        self.scanned = scanned
    }
}
