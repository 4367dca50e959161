internal import Synchronization

extension ModelProvider {
    /// The same provider with the work that a host does once for all plugins: tries again what may be tried again, before
    /// the first content; asks for JSON in words where the model has no such mode; knows what an answer cost.
    public func managed(
        retry: RetryPolicy = RetryPolicy(), clock: any Clock<Duration> = ContinuousClock()
    ) -> ManagedModelProvider<Self> {
        ManagedModelProvider(self, retry: retry, clock: clock)
    }
}

/// See ``ModelProvider/managed(retry:clock:)``.
public final class ManagedModelProvider<Base: ModelProvider>: ModelProvider {
    private let base: Base
    private let retry: RetryPolicy
    private let clock: any Clock<Duration>
    private let known = Mutex<[Model]?>(nil)

    init(_ base: Base, retry: RetryPolicy, clock: any Clock<Duration>) {
        self.base = base
        self.retry = retry
        self.clock = clock
    }

    public var id: String { base.id }
    public var version: SemanticVersion { base.version }

    public func models(_ context: CallContext) async throws(PluginError) -> [Model] {
        let models = try await base.models(context)
        known.withLock { $0 = models }
        return models
    }

    public func generate(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> ModelResponse {
        let model = try await model(of: request, context)
        let output = StructuredOutput(request, model)
        var attempt = RetryAttempt(retry, clock, context)
        while true {
            do throws(PluginError) {
                let response = try await base.generate(output.request, attempt.context)
                return try output.checked(response.priced(by: model), plugin: id)
            } catch {
                try await attempt.wait(after: error)
            }
        }
    }

    public func stream(_ request: ModelRequest, _ context: CallContext) async throws(PluginError)
        -> EventStream<ModelEvent>
    {
        let model = try await model(of: request, context)
        let output = StructuredOutput(request, model)
        let base = base
        return EventStream(
            RetryingEvents(RetryAttempt(retry, clock, context), plugin: id) { context throws(PluginError) in
                try await base.stream(output.request, context)
            } finish: { response, isContentShown throws(PluginError) in
                try output.checked(response.priced(by: model), plugin: base.id, isContentShown: isContentShown)
            })
    }

    public func countTokens(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> TokenCount {
        try await base.countTokens(request, context)
    }

    public func prewarm(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) {
        try await base.prewarm(request, context)
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health { try await base.health(context) }

    public func shutdown() async { await base.shutdown() }

    /// What the request is for; nil if the provider does not list it. Models are constant between configurations, so they
    /// are asked for once.
    private func model(of request: ModelRequest, _ context: CallContext) async throws(PluginError) -> Model? {
        let models: [Model]
        if let list = known.withLock({ $0 }) {
            models = list
        } else {
            do throws(PluginError) {
                models = try await self.models(context)
            } catch {
                // A provider need not list its models; then there is nothing to emulate and no price.
                guard error.code == .unsupported else { throw error }
                known.withLock { $0 = [] }
                return nil
            }
        }
        guard let name = request.model else { return models.first }
        return models.first { $0.id == name }
    }
}

extension ModelResponse {
    fileprivate func priced(by model: Model?) -> ModelResponse {
        var response = self
        response.usage = usage.completed(with: model?.prices)
        return response
    }
}

/// The tries of one call, and the time that is left to them.
struct RetryAttempt: Sendable {
    private let policy: RetryPolicy
    private let clock: any Clock<Duration>
    private let original: CallContext
    private let elapsed: @Sendable () -> Duration
    private var retries = 0

    init(_ policy: RetryPolicy, _ clock: some Clock<Duration>, _ context: CallContext) {
        self.policy = policy
        self.clock = clock
        original = context
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
    }

    private var remaining: Duration? { original.deadlines.total.map { $0 - elapsed() } }

    /// For the next try: its total is what is left of the call's.
    var context: CallContext {
        guard retries > 0, let remaining else { return original }
        var context = original
        context.deadlines.total = max(.zero, remaining)
        return context
    }

    /// Waits until the call may be tried again; throws the error if it may not.
    mutating func wait(after error: PluginError) async throws(PluginError) {
        guard
            let delay = policy.delay(
                after: error, retries: retries, remaining: remaining, random: .random(in: 0...1))
        else { throw error }
        retries += 1
        do {
            try await clock.sleep(for: delay)
        } catch {
            throw PluginError(.cancelled, "the wait before another try was cancelled", stage: .call)
        }
    }
}
