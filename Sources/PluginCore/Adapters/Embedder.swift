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

    /// How many tokens ``embed(_:into:_:)`` would see in each text, before truncation.
    /// - Throws: `unsupported` if the embedder does not count.
    func countTokens(_ texts: [String], _ context: CallContext) async throws(PluginError) -> [Int]
}

extension Embedder {
    public func countTokens(_ texts: [String], _ context: CallContext) async throws(PluginError) -> [Int] {
        throw PluginError(
            .unsupported, "\(id) does not count tokens", remedy: "Count them with the model's own tokenizer",
            plugin: id, stage: .call, operation: "embedder.countTokens")
    }

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
        var matrix = Matrix(rows: request.input.count, dims: columns)
        let report = try await embed(request, into: &matrix, context)
        return Embeddings(matrix: matrix, report: report)
    }
}

/// What the vectors are for; an embedder that makes no difference ignores it.
public enum EmbedTask: String, Sendable, CaseIterable {
    case unspecified, query, document, similarity, classification, clustering, code
}

/// What is to be embedded; a row each.
public enum EmbedInput: Sendable, Hashable {
    case texts([String])
    /// Of the embedder's own tokenizer.
    case tokens([[UInt32]])
    case media([Media])

    public var count: Int {
        switch self {
        case .texts(let texts): texts.count
        case .tokens(let lists): lists.count
        case .media(let media): media.count
        }
    }
}

public struct EmbedRequest: Sendable, Hashable {
    public enum Truncation: String, Sendable, CaseIterable { case end, start, error }

    public var input: EmbedInput
    public var task: EmbedTask
    /// Rows of Euclidean length 1.
    public var normalize: Bool
    public var truncation: Truncation
    public var instruction: String?
    /// ``EmbedReport/sparse`` is wanted, too.
    public var wantsSparse = false
    /// ``EmbedReport/tokenVectors`` are wanted, too.
    public var wantsTokenVectors = false

    public init(
        _ input: EmbedInput, task: EmbedTask = .unspecified, normalize: Bool = true, truncation: Truncation = .end,
        instruction: String? = nil
    ) {
        self.input = input
        self.task = task
        self.normalize = normalize
        self.truncation = truncation
        self.instruction = instruction
    }

    public init(
        _ texts: [String], task: EmbedTask = .unspecified, normalize: Bool = true, truncation: Truncation = .end,
        instruction: String? = nil
    ) {
        self.init(
            .texts(texts), task: task, normalize: normalize, truncation: truncation, instruction: instruction)
    }
}

/// Weights by feature, by rising number; what is not named is 0.
public struct SparseVector: Sendable, Hashable {
    public var indices: [UInt32]
    /// As many as there are indices.
    public var values: [Float]

    /// - Precondition: the counts agree.
    public init(indices: [UInt32], values: [Float]) {
        precondition(indices.count == values.count, "a sparse vector has one value an index")
        self.indices = indices
        self.values = values
    }
}

/// What is to be said of an embedding besides its rows.
public struct EmbedReport: Sendable, Hashable {
    /// Tokens of each input; empty if the embedder does not count.
    public var tokens: [Int]
    /// Over all inputs; nil if the embedder does not count.
    public var totalTokens: Int?
    /// Rows whose input was cut, rising.
    public var truncated: [Int]
    /// One a row, if they were wanted.
    public var sparse: [SparseVector] = []
    /// For each row a vector a token, if they were wanted.
    public var tokenVectors: [[[Float]]] = []
    public var usage = Usage()
    public var warnings: [Warning] = []

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
    /// Tokens over all inputs of a call; nil = any.
    public var maxBatchTokens: Int?
    /// Calls at a time that are of use; nil = any.
    public var maxParallel: Int?
    /// Tasks that make a difference.
    public var tasks: Set<EmbedTask> = []
    /// Metrics that make sense.
    public var metrics: Set<Metric> = []
    public var takesTokens = false
    public var takesInstruction = false
    /// Of inputs that are media; "image" means all of a kind.
    public var mediaTypes: [String] = []
    public var offersSparse = false
    public var offersTokenVectors = false
    /// What it puts before texts of a task.
    public var prefixes: [String: String] = [:]

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
