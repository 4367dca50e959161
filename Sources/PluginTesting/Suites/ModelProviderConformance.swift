public import PluginCore

/// What every ``ModelProvider`` has to do, as checks that any implementation can be run against.
///
///     let plugin = try await host.load("plugins/extractive-provider.so")
///     let report = await ModelProviderConformance().run(on: plugin.modelProvider!)
///     print(report)
///     precondition(report.isConformant)
///
/// Every answer is asked for anew, some 30 in all: with a service that charges, choose a short ``request`` and the checks that
/// matter. What a model cannot do it has to say in a warning or refuse with `unsupported`; the suite accepts both.
public struct ModelProviderConformance: Sendable {
    public enum Check: String, Sendable, CaseIterable {
        /// There are some, each with an id of its own; the same when asked again.
        case models
        /// The stream obeys ``ModelStreamCheck``, and so does that of every model.
        case stream
        /// The whole answer has a choice with content, and a stop reason.
        case generate
        /// The whole answer is the fold of the stream, if the model is deterministic.
        case generateEqualsStream
        /// The answer ends before a stop sequence.
        case stopSequence
        case maxOutputTokens
        /// Numbers add up.
        case usage
        /// A model that is not offered is `notFound`, from generate and from stream.
        case unknownModel
        /// No messages are `invalidArgument`.
        case emptyMessages
        /// Several answers, or a warning.
        case choices
        /// Log-probabilities are given, or there is a warning.
        case logprobs
        /// A JSON answer is JSON, or there is a warning, or it is refused.
        case json
        case countTokens
        /// A consumer that is cancelled gets `cancelled`, and the fold so far as partial.
        case cancellation
        /// The provider works after a cancelled call.
        case reuse
        /// A consumer that goes away without a word does no harm.
        case abandonment
        /// Many calls at a time each give what they give alone.
        case concurrency
    }

    /// Is answered with a text of some words.
    public var request: ModelRequest
    /// Calls at a time.
    public var parallelCalls: Int
    /// For one check.
    public var limit: Duration

    public init(
        request: ModelRequest = Self.standardRequest, parallelCalls: Int = 8, limit: Duration = .seconds(120)
    ) {
        self.request = request
        self.parallelCalls = parallelCalls
        self.limit = limit
    }

    /// A question with the text that answers it, for models that know nothing else.
    public static let standardRequest = ModelRequest([
        Message(
            .user,
            "The lighthouse was built in 1883 by the harbour company. It stands on the northern pier. Ships see its light "
                + "from thirty kilometres away.\n\nWhen was the lighthouse built, and by whom?")
    ])

    /// - Parameter checks: those to run, in this order.
    public func run(
        on provider: some ModelProvider, checks: [Check] = Check.allCases
    ) async -> ConformanceReport {
        let suite = ModelProviderChecks(provider: provider, settings: self)
        return await CheckRunner(limit: limit).run("ModelProvider \(provider.id)", checks) { try await suite.run($0) }
    }
}
