/// Turns texts into vectors.
public protocol Embedder: Plugin {
    func info(_ context: CallContext) async throws(PluginError) -> EmbedderInfo

    /// Writes one row per text into the caller's matrix.
    ///
    /// - Throws: `dimensionMismatch` if the embedder does not offer `matrix.dims`; `invalidArgument` if the matrix has
    ///   fewer rows than the request has texts. After an error the rows' contents are unspecified.
    func embed(
        _ request: EmbedRequest, into matrix: inout Matrix, _ context: CallContext
    ) async throws(PluginError) -> EmbedReport
}

extension Embedder {
    /// Embeds into a new matrix of `dims` columns (the embedder's own number by default).
    public func embed(
        _ request: EmbedRequest, dims: Int? = nil, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> Embeddings {
        let columns: Int
        if let dims { columns = dims } else { columns = try await info(context).dims }
        guard columns > 0 else {
            throw PluginError(
                .invalidArgument, "an embedding of \(columns) dimensions was asked for", remedy: "Ask for at least one",
                plugin: id, stage: .call, operation: "embedder.embed")
        }
        var matrix = Matrix(rows: request.texts.count, dims: columns)
        let report = try await embed(request, into: &matrix, context)
        return Embeddings(matrix: matrix, report: report)
    }
}

/// What the vectors are for; an embedder that makes no difference ignores it.
public enum EmbedTask: String, Sendable, CaseIterable {
    case unspecified, query, document, similarity, classification, clustering, code
}

public struct EmbedRequest: Sendable {
    public enum Truncation: String, Sendable { case end, start, error }

    public var texts: [String]
    public var task: EmbedTask
    /// Rows of Euclidean length 1.
    public var normalize: Bool
    public var truncation: Truncation
    public var instruction: String?

    public init(
        _ texts: [String], task: EmbedTask = .unspecified, normalize: Bool = true, truncation: Truncation = .end,
        instruction: String? = nil
    ) {
        self.texts = texts
        self.task = task
        self.normalize = normalize
        self.truncation = truncation
        self.instruction = instruction
    }
}

/// What is to be said of an embedding besides its rows.
public struct EmbedReport: Sendable, Hashable {
    /// Tokens of each text; empty if the embedder does not count.
    public var tokens: [Int]
    /// Over all texts; nil if the embedder does not count.
    public var totalTokens: Int?
    /// Rows whose text was cut.
    public var truncated: [Int]

    public init(tokens: [Int] = [], totalTokens: Int? = nil, truncated: [Int] = []) {
        self.tokens = tokens
        self.totalTokens = totalTokens
        self.truncated = truncated
    }
}

/// A matrix of vectors, a row a text, and its report.
@frozen public struct Embeddings: ~Copyable, Sendable {
    public var matrix: Matrix
    public var report: EmbedReport

    public init(matrix: consuming Matrix, report: EmbedReport) {
        self.matrix = matrix
        self.report = report
    }
}

/// What an embedder is. Constant over an instance's life.
public struct EmbedderInfo: Sendable, Hashable {
    /// Identity of the vector space: vectors of different identities must not be compared.
    public var id: String
    public var model: String
    /// Elements of a row unless asked otherwise.
    public var dims: Int
    /// Other numbers of elements that may be asked for.
    public var allowedDims: [Int]
    /// Every number in this range may be asked for.
    public var dimsRange: ClosedRange<Int>?
    /// Texts per call; nil = any.
    public var maxBatch: Int?
    /// Tokens per text; nil = any.
    public var maxTokens: Int?
    public var isDeterministic: Bool
    public var isNormalized: Bool

    public init(
        id: String, model: String, dims: Int, allowedDims: [Int] = [], dimsRange: ClosedRange<Int>? = nil,
        maxBatch: Int? = nil, maxTokens: Int? = nil, isDeterministic: Bool = false, isNormalized: Bool = false
    ) {
        self.id = id
        self.model = model
        self.dims = dims
        self.allowedDims = allowedDims
        self.dimsRange = dimsRange
        self.maxBatch = maxBatch
        self.maxTokens = maxTokens
        self.isDeterministic = isDeterministic
        self.isNormalized = isNormalized
    }

    public func offers(dims wanted: Int) -> Bool {
        wanted == dims || allowedDims.contains(wanted) || dimsRange?.contains(wanted) ?? false
    }
}
