import PluginCore
import Synchronization
import Testing

@Suite("When a call is tried again")
struct RetryPolicyTests {
    @Test("every combination of error, wish, deadline and chance waits as the definition says")
    func table() {
        var waits = 0
        let policies = [
            RetryPolicy(), .never, RetryPolicy(maximumRetries: 5, initialDelay: .seconds(4), maximumDelay: .seconds(9)),
            RetryPolicy(jitter: 0.5, maximumRetryAfter: .seconds(2)), RetryPolicy(factor: 1, jitter: 0),
        ]
        for policy in policies {
            for isRetryable in [true, false] {
                for retries in 0...6 {
                    for asked in [nil, 0.5, 2, 3, 60, 61] as [Double?] {
                        for remaining in [nil, -1, 0, 0.8, 1.5, 9, 100] as [Double?] {
                            for random in [0, 0.25, 0.5, 1] {
                                let error = PluginError(
                                    .rateLimited, "busy", retryable: isRetryable, retryAfter: asked.map { .seconds($0) }
                                )
                                let delay = policy.delay(
                                    after: error, retries: retries, remaining: remaining.map { .seconds($0) },
                                    random: random)
                                let expected = expected(policy, isRetryable, retries, asked, remaining, random)
                                #expect((delay == nil) == (expected == nil))
                                if let delay, let expected {
                                    #expect(abs(delay.milliseconds / 1000 - expected) < 1e-9)
                                    waits += 1
                                }
                            }
                        }
                    }
                }
            }
        }
        #expect(waits > 500)
    }

    /// The definition, in seconds.
    private func expected(
        _ policy: RetryPolicy, _ isRetryable: Bool, _ retries: Int, _ asked: Double?, _ remaining: Double?,
        _ random: Double
    ) -> Double? {
        if !isRetryable || retries >= policy.maximumRetries { return nil }
        if let asked, asked > policy.maximumRetryAfter.milliseconds / 1000 { return nil }
        var wait = policy.initialDelay.milliseconds / 1000
        for _ in 0..<retries { wait *= policy.factor }
        wait = min(wait, policy.maximumDelay.milliseconds / 1000)
        wait += wait * policy.jitter * (random * 2 - 1)
        wait = max(wait, asked ?? 0)
        if let remaining, wait >= remaining { return nil }
        return wait
    }

    @Test("the codes that may be tried again are these")
    func codes() {
        let retried = PluginError.Code.all.filter { code in
            RetryPolicy().delay(after: PluginError(code, "x"), retries: 0, remaining: nil, random: 0.5) != nil
        }
        #expect(Set(retried) == [.unavailable, .rateLimited, .overloaded, .transport, .workerLost])
    }
}

@Suite("A managed model provider", .timeLimit(.minutes(10)))
struct ManagedProviderTests {
    private let request = ModelRequest([Message(.user, "?")])
    private let busy = PluginError(.overloaded, "busy")
    private let policy = RetryPolicy(jitter: 0)

    private func drain(_ stream: EventStream<ModelEvent>) async -> (events: [ModelEvent], error: PluginError?) {
        var events: [ModelEvent] = []
        do throws(PluginError) {
            for try await event in stream { events.append(event) }
            return (events, nil)
        } catch {
            return (events, error)
        }
    }

    @Test("tries again with growing waits, and gives each try what is left of the time")
    func retries() async throws {
        let clock = ManualClock()
        let base = ScriptedProvider([.fail(busy), .fail(busy), .answer(.text("ok"))], clock: clock)
        let context = CallContext(deadlines: Deadlines(total: .seconds(100)))
        let response = try await base.managed(retry: policy, clock: clock).generate(request, context)
        #expect(response.text == "ok" && clock.sleeps == [.seconds(1), .seconds(2)])
        // Each try takes three seconds, the waits one and two.
        #expect(base.totals == [.seconds(100), .seconds(96), .seconds(91)])
    }

    @Test("gives up after the last try, with its error")
    func exhausted() async throws {
        let clock = ManualClock()
        let last = PluginError(.transport, "the last one")
        let base = ScriptedProvider([.fail(busy), .fail(busy), .fail(busy), .fail(last)])
        let managed = base.managed(retry: policy, clock: clock)
        let error = await thrown { () async throws(PluginError) in try await managed.generate(request, CallContext()) }
        #expect(error?.code == .transport && base.requests.count == 4 && clock.sleeps.count == 3)
    }

    @Test(
        "fails at once where another try is of no use",
        arguments: [
            (PluginError(.invalidArgument, "x"), nil), (PluginError(.overloaded, "x", retryable: false), nil),
            (PluginError(.rateLimited, "x", retryAfter: .seconds(61)), nil),
            (PluginError(.overloaded, "x"), .seconds(1)),
        ] as [(PluginError, Duration?)])
    func hopeless(fault: PluginError, total: Duration?) async throws {
        let clock = ManualClock()
        let base = ScriptedProvider([.fail(fault), .answer(.text("never"))])
        let managed = base.managed(retry: policy, clock: clock)
        let context = CallContext(deadlines: Deadlines(total: total))
        let error = await thrown { () async throws(PluginError) in try await managed.generate(request, context) }
        #expect(error == fault && clock.sleeps.isEmpty && base.requests.count == 1)
    }

    @Test("waits as long as the service asks")
    func retryAfter() async throws {
        let clock = ManualClock()
        let slow = PluginError(.rateLimited, "x", retryAfter: .seconds(60))
        let base = ScriptedProvider([.fail(slow), .answer(.text("ok"))])
        _ = try await base.managed(clock: clock).generate(request, CallContext())
        #expect(clock.sleeps == [.seconds(60)])
    }

    @Test("varies its waits within the bounds that it was given")
    func jitter() async throws {
        var waits: Set<Duration> = []
        for _ in 0..<50 {
            let clock = ManualClock()
            _ = try await ScriptedProvider([.fail(busy), .answer(.text("ok"))]).managed(clock: clock)
                .generate(request, CallContext())
            waits.formUnion(clock.sleeps)
        }
        #expect(waits.allSatisfy { Duration.milliseconds(900) <= $0 && $0 <= .milliseconds(1100) })
        #expect(waits.count > 1)
    }

    @Test("a wait ends with the task's cancellation", arguments: [false, true])
    func cancelled(streams: Bool) async throws {
        let clock = StoppedClock()
        let base = ScriptedProvider([.fail(busy), .answer(.text("never"))])
        let managed = base.managed(retry: policy, clock: clock)
        let request = request
        let task = Task { () -> PluginError? in
            await thrown { () async throws(PluginError) in
                if streams {
                    for try await _ in try await managed.stream(request, CallContext()) {}
                } else {
                    _ = try await managed.generate(request, CallContext())
                }
            }
        }
        for await _ in clock.sleepers { break }
        task.cancel()
        let error = await task.value
        #expect(error?.code == .cancelled && base.requests.count == 1)
    }

    @Test("a stream that broke off before its content begins again, and shows one beginning")
    func streamRetries() async throws {
        let clock = ManualClock()
        let done = ModelResponse.text("text")
        let first = Warning(feature: "f", message: "first")
        let base = ScriptedProvider(
            [
                .fail(busy),
                .events([.started(id: "a", model: nil), .usage(Usage(input: 1)), .warning(first)], busy),
                .events(
                    [
                        .started(id: "b", model: nil), .heartbeat, .rateLimits([RateLimit(name: "r")]),
                        .text(choice: 0, block: 0, "text"), .heartbeat, .finished(choice: 0, StopReason(.stop)),
                        .completed(done),
                    ], nil),
            ])
        let stream = try await base.managed(retry: policy, clock: clock).stream(request, CallContext())
        let (events, error) = await drain(stream)
        #expect(error == nil && base.requests.count == 3)
        #expect(
            events == [
                .started(id: "b", model: nil), .rateLimits([RateLimit(name: "r")]), .text(choice: 0, block: 0, "text"),
                .heartbeat, .finished(choice: 0, StopReason(.stop)), .completed(done),
            ])
    }

    @Test(
        "content that was shown is never taken back",
        arguments: [
            .text(choice: 0, block: 0, "x"), .reasoning(choice: 0, block: 0, "x", signature: nil),
            .toolStart(choice: 0, index: 0, id: "i", name: "n"), .part(choice: 0, block: 0, .refusal("no")),
            .logprobs(choice: 0, []),
        ] as [ModelEvent])
    func shownContent(content: ModelEvent) async throws {
        let clock = ManualClock()
        let base = ScriptedProvider([.events([.started(id: nil, model: nil), content], busy), .events([], nil)])
        let managed = base.managed(retry: policy, clock: clock)
        let (events, error) = await drain(try await managed.stream(request, CallContext()))
        #expect(error?.code == .overloaded && events == [.started(id: nil, model: nil), content])
        #expect(clock.sleeps.isEmpty && base.requests.count == 1)
    }

    @Test("a provider that does not list its models answers all the same, to a wish for a model, too")
    func unlisted() async throws {
        let base = ScriptedProvider([.answer(.text("one")), .answer(.text("two"))], models: nil)
        let managed = base.managed()
        #expect(try await managed.generate(request, CallContext()).text == "one")
        var named = request
        named.model = "m"
        #expect(try await managed.generate(named, CallContext()).text == "two")
        let error = await #expect(throws: PluginError.self) { try await managed.models(CallContext()) }
        #expect(error?.code == .unsupported)
    }

    @Test("an answer's cost follows from its usage and the model's prices")
    func cost() async throws {
        let priced = Model(id: "p", prices: .init(input: 2, output: 10, cacheRead: 0.5, cacheWrite: 3))
        let usage = Usage(input: 1_000_000, output: 100_000, cacheRead: 200_000, cacheWrite: 100_000)
        // What the service says it charges stands.
        var charged = usage
        charged.cost = 0.25
        let base = ScriptedProvider(
            [.answer(.text("x", usage)), .answer(.text("x", charged)), .answer(.text("x", usage))],
            models: [Model(id: "bare"), priced])
        let managed = base.managed()
        var request = request
        request.model = "p"
        let response = try await managed.generate(request, CallContext())
        // 700,000 plain at 2, 200,000 read at 0.5, 100,000 written at 3, 100,000 out at 10.
        let cost = try #require(response.usage.cost)
        #expect(abs(cost - 2.8) < 1e-12)
        #expect(response.usage.total == 1_100_000)
        #expect(try await managed.generate(request, CallContext()).usage.cost == 0.25)
        // Without prices nobody knows.
        request.model = "bare"
        #expect(try await managed.generate(request, CallContext()).usage.cost == nil)
    }
}
