public import PluginCore

/// What every ``Embedder`` has to do, as checks that any implementation can be run against: a plugin behind a vtable, a
/// Swift type, a managed one.
///
///     let host = PluginHost()
///     let plugin = try await host.load("plugins/hash-embedder.so")
///     let report = await EmbedderConformance().run(on: plugin.embedder!)
///     print(report)
///     precondition(report.isConformant)
///
/// In a test: `#expect(report.failures.isEmpty, "\(report)")`.
public struct EmbedderConformance: Sendable {
    public enum Check: String, Sendable, CaseIterable {
        /// Numbers and names make sense, and are the same when asked again.
        case info
        /// Every input has a row, written whole, of finite numbers; the report counts rows as there are.
        case rows
        /// Different texts have different vectors, and each row is its own text's.
        case order
        /// A batch gives the vectors that its texts give alone.
        case batch
        /// Inputs in another order give the same rows in that order.
        case permutation
        /// Rows have length 1 (or 0) when that is asked for, or claimed.
        case normalization
        /// Same text, same bits, if that is claimed.
        case determinism
        /// Every number of dimensions that is offered can be had.
        case dimensions
        /// Another number is `dimensionMismatch`.
        case dimensionMismatch
        /// No inputs are no error.
        case emptyInput
        /// A text without characters gives a finite row.
        case emptyText
        /// A long text works; if it was cut, the report says so, and it is refused where cutting is not allowed.
        case longText
        /// Scripts, emoji, combining marks, control characters.
        case unicode
        /// Every task works, and those that are not listed make no difference.
        case tasks
        /// One number a text, as the reports say.
        case countTokens
        /// Rows that belong to no text stay as they are.
        case untouchedRows
        /// A matrix with fewer rows than texts is `invalidArgument`.
        case tooFewRows
        /// Many calls at a time give what each gives alone.
        case concurrency
        /// A call in a cancelled task ends, as `cancelled` or well, and the embedder works afterwards.
        case cancellation
    }

    /// Different texts with different vectors; at least three.
    public var texts: [String]
    /// Largest difference of an element between two embeddings of one text. 0 is required of deterministic embedders,
    /// whatever this says.
    public var tolerance: Float
    /// Words of the long text; nil: twice what the embedder takes, or 10,000.
    public var longTextWords: Int?
    /// For one check.
    public var limit: Duration

    public init(
        texts: [String] = Self.standardTexts, tolerance: Float = 1e-6, longTextWords: Int? = nil,
        limit: Duration = .seconds(60)
    ) {
        precondition(Set(texts).count == texts.count && texts.count >= 3, "at least three different texts are needed")
        self.texts = texts
        self.tolerance = tolerance
        self.longTextWords = longTextWords
        self.limit = limit
    }

    public static let standardTexts = [
        "The server accepts sixty-four connections at a time.", "A river runs through the old town.",
        "Plugins are loaded from shared objects.", "Bread is made of flour, water, salt and yeast.",
        "The orchestra tuned its instruments before the concert.",
    ]

    /// - Parameter checks: those to run, in this order.
    public func run(
        on embedder: some Embedder, checks: [Check] = Check.allCases
    ) async -> ConformanceReport {
        let suite = EmbedderChecks(embedder: embedder, settings: self)
        return await CheckRunner(limit: limit).run("Embedder \(embedder.id)", checks) { try await suite.run($0) }
    }
}
