internal import PluginCore
internal import PluginLoader
internal import Synchronization

/// Performs what the ``PluginLifecycle`` of one plugin decides: loads it, lets calls in and out, swaps it, ends it.
///
/// Verbs run one after the other, in the order in which they were asked for.
actor PluginSupervisor {
    /// What the host lends its supervisors.
    struct Services: Sendable {
        var supervision: Supervision
        var timer: any _Concurrency.Clock<Duration>
        var gate: LoadGate
        var events: EventHub
        /// Whether the plugin may be loaded at all: it is enabled, locked, permitted. Runs on a thread that may block.
        var admit: @Sendable (PreparedPlugin, _ dataFolder: String?) throws(PluginError) -> Void
        /// What the plugin may ask the host for. Runs on a thread that may block.
        var offered: @Sendable (PreparedPlugin, _ dataFolder: String?) throws(PluginError) -> HostServices
        /// What the plugin may do in a worker. Runs on a thread that may block.
        var sandbox: @Sendable (PreparedPlugin, InstanceOptions) throws(PluginError) -> SandboxPolicy
        /// Where plugins run.
        var tiers: TierChooser
        /// Tries it in another process first; nil if the host has no scanner.
        var probe: (@Sendable (PreparedPlugin) async throws(PluginError) -> Void)?
        /// Who answers its calls when it cannot.
        var fallback: @Sendable (PluginSupervisor) -> Fallback?
        /// Keeps it from being loaded again soon.
        var quarantine: @Sendable (PreparedPlugin, PluginError) -> Void
        /// A number from 0 to 1, so that attempts of several plugins do not coincide.
        var random: @Sendable () -> Double = { Double.random(in: 0...1) }
    }

    /// What is to be loaded, and how.
    struct Request: Sendable {
        var prepared: PreparedPlugin
        /// With the configuration as the plugin gets it, secrets in it.
        var options: InstanceOptions
        /// Whether the file is trusted, and where it runs; nil before it was judged.
        var trust: TrustVerdict?
        /// What the program itself says of the configuration.
        var explicit: JSON
        /// Takes the secrets out of what the plugin says.
        var redaction = Redaction.none
        var priority = PluginPriority.normal.number
    }

    nonisolated let name: String
    nonisolated let id: String
    nonisolated let services: Services
    private let verbs = TaskLock()
    /// What anybody may ask at any time.
    private nonisolated let board: Mutex<(status: PluginStatus, counted: [PluginGeneration])>

    private var lifecycle: PluginLifecycle
    var request: Request
    /// Between loading and making an instance.
    private var loaded: LoadedPlugin?
    /// Made and not yet open to calls.
    private var made: PluginGeneration?
    var plugin: NativePlugin? {
        didSet {
            let plugin = plugin
            shared.withLock { $0 = plugin }
        }
    }
    private nonisolated let shared = Mutex<NativePlugin?>(nil)
    var generation = 0
    /// Generations that have given up their place, with the calls that are still in them.
    var retiring: [(number: Int, generation: PluginGeneration)] = []
    private var retired = CallStatistics()
    /// Are the calls of the present generation not among those of `retired` or `retiring`?
    private var isCounted = false
    private var failure: PluginError?
    private var reason: String?
    private var context = CallContext()

    init(name: String, _ request: Request, _ services: Services) {
        self.name = name
        id = request.prepared.manifest?.id ?? name
        self.request = request
        self.services = services
        lifecycle = PluginLifecycle(attempts: services.supervision.loadAttempts)
        board = Mutex((PluginStatus(name: name, id: request.prepared.manifest?.id ?? name), []))
    }

    var state: PluginState { lifecycle.state }

    // MARK: - Verbs

    /// One verb at a time. If the caller's task is cancelled, or somebody stops the plugin, the verb is cancelled.
    func exclusively<Value: Sendable>(
        _ body: @escaping @Sendable (isolated PluginSupervisor) async throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        await verbs.lock()
        defer { verbs.unlock() }
        let task = Task { () -> Result<Value, PluginError> in
            do throws(PluginError) {
                return .success(try await body(self))
            } catch {
                return .failure(error)
            }
        }
        cancelVerb = { task.cancel() }
        defer { (cancelVerb, interruption) = (nil, nil) }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        if case .failure(let error) = result, error.code == .cancelled, let interruption { throw interruption }
        return try result.get()
    }

    /// Loads it if it is not loaded.
    func load(_ context: CallContext) async throws(PluginError) -> NativePlugin {
        try await exclusively { supervisor async throws(PluginError) in
            supervisor.begin(context)
            try await supervisor.drive(.load)
            if let plugin = supervisor.plugin, supervisor.state == .active { return plugin }
            throw supervisor.unexpected("loaded")
        }
    }

    /// Refuses calls, waits for those that run, and has the plugin rest. ``resume()`` may follow.
    /// - Throws: `timeout` if calls do not end; then it goes on as before.
    func suspend(_ reason: String?) async throws(PluginError) {
        try await exclusively { supervisor async throws(PluginError) in
            guard supervisor.state != .suspended else { return }
            supervisor.begin()
            supervisor.reason = reason
            try await supervisor.drive(.suspend)
            if supervisor.state != .suspended { throw supervisor.unexpected("suspended") }
        }
    }

    func resume() async throws(PluginError) {
        try await exclusively { supervisor async throws(PluginError) in
            supervisor.begin()
            if supervisor.state == .active { supervisor.plugin?.readmit() }
            try await supervisor.drive(.resume)
            if supervisor.state != .active { throw supervisor.unexpected("resumed") }
        }
    }

    /// Lets it be loaded again after it was put into quarantine.
    func release() async throws(PluginError) {
        try await exclusively { supervisor async throws(PluginError) in
            supervisor.reason = nil
            try await supervisor.drive(.release)
        }
    }

    /// Refuses calls, waits for those that run, and ends it. A verb that is under way is given up.
    /// - Parameter reason: what callers are told who have its adapters; nil if there is nothing to say.
    func stop(_ reason: String?, quarantined: Bool = false) async {
        if quarantined, let reason {
            interruption = PluginError(
                .quarantined, "it was put into quarantine meanwhile: \(reason)",
                remedy: "Find out why it does so; `keyway quarantine clear \(id)` lets it go", plugin: id, stage: .load)
        }
        cancelVerb?()
        await verbs.lock()
        defer { verbs.unlock() }
        // Whoever gave up waiting still wants it ended.
        await Task {
            begin()
            self.reason = reason
            // Only a plugin that is gone already cannot be stopped.
            try? await drive(quarantined ? .quarantine : .stop)
        }.value
    }

    /// What was said of an earlier verb does not count any more.
    private func begin(_ context: CallContext = CallContext()) {
        self.context = context
        failure = nil
    }

    private func unexpected(_ verb: String) -> PluginError {
        failure ?? PluginError(.internal, "\(name) is \(state.rawValue) after it was \(verb)", plugin: name)
    }

    /// Why a verb was cancelled, for whoever wanted it; nil: there is no more to say than that.
    private var interruption: PluginError?
    /// Ends what runs for a verb; nil while none does.
    private var cancelVerb: (@Sendable () -> Void)?

    /// A living plugin has failed.
    func fail(_ error: PluginError) async {
        failure = error
        reason = error.what
        try? await drive(.failed(isRetryable: false))
    }

    // MARK: - Performing

    /// Handles an event, and does what follows until nothing is to be done.
    private func drive(_ event: PluginLifecycle.Event) async throws(PluginError) {
        var actions = try handle(event)
        while !actions.isEmpty {
            let action = actions.removeFirst()
            guard let outcome = await perform(action) else { continue }
            actions += try handle(outcome)
        }
    }

    private func handle(_ event: PluginLifecycle.Event) throws(PluginError) -> [PluginLifecycle.Action] {
        let before = lifecycle.state
        do throws(PluginError) {
            let actions = try lifecycle.handle(event)
            if lifecycle.state != before {
                if lifecycle.state == .active { reason = nil }
                // Whoever is told that it is active can call it: that is when it is open.
                if actions.contains(.open) { return actions }
                tellState()
            }
            return actions
        } catch {
            var error = error
            error.plugin = name
            throw error
        }
    }

    private func tellState() {
        publish()
        tell(.state, reason: reason, error: lifecycle.state == .error ? failure : nil)
    }

    private func perform(_ action: PluginLifecycle.Action) async -> PluginLifecycle.Event? {
        do throws(PluginError) {
            switch action {
            case .loadCode:
                request.trust = try await judged(request.prepared, limited(services.supervision.loadTimeout))
                loaded = try await loadCode(request, limited(services.supervision.loadTimeout))
                return .codeLoaded
            case .createInstance:
                _ = try handle(.creating)
                made = try await makeGeneration(of: loaded!, request.options, limited(services.supervision.loadTimeout))
                return .started
            case .startAgain:
                try await plugin!.generation.resume(limited(services.supervision.stepTimeout))
                return .started
            case .open:
                open()
                tellState()
                return nil
            case .refuse:
                plugin?.refuse(refusal())
                return nil
            case .drain:
                return await drained(plugin!.generation) ? .drained : drainTimedOut()
            case .quiesce:
                _ = try await plugin!.generation.quiesce(forSuccessor: false, limited(services.supervision.stepTimeout))
                return .quiesced
            case .destroy:
                try await plugin!.generation.destroy(limited(services.supervision.stepTimeout))
                return .destroyed
            case .abandon:
                letGo(of: plugin!.generation)
                return .destroyed
            case .unload:
                _ = try handle(.unloading)
                forget()
                return .unloaded
            case .retry(let attempt): return await waitForRetry(attempt)
            case .recordQuarantine:
                if let failure { services.quarantine(request.prepared, failure) }
                return nil
            }
        } catch {
            let error = request.redaction.error(error)
            failure = error
            reason = error.what
            return .failed(isRetryable: Self.mayPass(error))
        }
    }

    /// May another attempt succeed though nobody changed anything?
    static func mayPass(_ error: PluginError) -> Bool {
        switch error.code {
        case .timeout, .internal, .resourceExhausted: error.stage != .verify && error.stage != .load
        default: error.retryable
        }
    }

    private func waitForRetry(_ attempt: Int) async -> PluginLifecycle.Event? {
        guard var error = failure else { return .load }
        tell(.retrying, reason: "attempt \(attempt) of \(lifecycle.attempts) failed: \(error.what)", error: error)
        error.retryable = true
        let delay = services.supervision.retry.delay(
            after: error, retries: attempt - 1, remaining: nil, random: services.random())
        do {
            try await services.timer.sleep(for: delay ?? services.supervision.retry.maximumDelay)
            return .load
        } catch {
            return .stop
        }
    }

    private func open() {
        if let made {
            // The generation has its code, and is not to be kept by anybody else when it goes.
            (self.made, loaded) = (nil, nil)
            generation += 1
            if let plugin {
                // Adapters from before it was unloaded lead to it again.
                letGo(of: plugin.replace(with: made))
            } else {
                plugin = NativePlugin(made)
            }
            lendFallback()
            adoptLimits()
            isCounted = true
        } else {
            plugin?.open()
        }
    }

    private func drainTimedOut() -> PluginLifecycle.Event {
        let limit = services.supervision.drainTimeout
        let count = plugin?.statistics.inFlight ?? 0
        failure = PluginError(
            .timeout, "\(count) calls of \(name) did not end within \(limit.milliseconds) ms",
            remedy: "Cancel them, or allow more time",
            facts: .deadline(kind: "drain", milliseconds: limit.milliseconds), plugin: name, stage: .stop)
        tell(.drainTimedOut, reason: failure?.what, error: failure)
        return .drainTimedOut
    }

    /// A generation that is not ended yet, because its calls go on or something of it failed, ends behind the others.
    private func letGo(of generation: PluginGeneration) {
        if isCounted, generation.isDestroyed { retired = retired + generation.statistics }
        isCounted = false
        guard !generation.isDestroyed, !retiring.contains(where: { $0.generation === generation }) else { return }
        retire(generation)
    }

    private func forget() {
        if let plugin { letGo(of: plugin.generation) }
        loaded = nil
        made = nil
        publish()
    }

    // MARK: - Steps that a swap takes, too

    /// Whether a file is trusted, and where it runs.
    func judged(_ prepared: PreparedPlugin, _ context: CallContext) async throws(PluginError) -> TrustVerdict {
        let tiers = services.tiers
        return try await HostThread.run("plugin.trust", of: name, context) { () throws(PluginError) in
            try tiers.verdict(on: prepared)
        }
    }

    /// - Parameter request: judged.
    func loadCode(_ request: Request, _ context: CallContext) async throws(PluginError) -> LoadedPlugin {
        let (services, name, trust) = (services, name, request.trust!)
        await services.gate.enter(priority: Int(request.priority))
        defer { services.gate.leave() }
        if let probe = services.probe { try await probe(request.prepared) }
        return try await HostThread.run("plugin.load", of: name, context) { () throws(PluginError) in
            try services.admit(request.prepared, request.options.dataFolder)
            let offered = try services.offered(request.prepared, request.options.dataFolder)
            try request.prepared.requireLoadable()
            // A worker is given the folder when it is started. A plugin that is refused leaves nothing behind.
            let made = try request.options.dataFolder.map { folder throws(PluginError) in
                try Folders.create(folder, for: "the plugin's data")
            }
            do throws(PluginError) {
                var tier = PluginTier.inProcess
                if let manifest = request.prepared.manifest {
                    tier = try services.tiers.tier(for: manifest, trust, named: name) { () throws(PluginError) in
                        try services.sandbox(request.prepared, request.options)
                    } _: { [weak self] event in
                        self?.tell(event)
                    }
                }
                return try request.prepared.load(in: tier, services: offered)
            } catch {
                Folders.remove(made: made ?? [])
                throw error
            }
        }
    }

    func makeGeneration(
        of loaded: LoadedPlugin, _ options: InstanceOptions, _ context: CallContext
    ) async throws(PluginError) -> PluginGeneration {
        var options = named(options)
        let isStarting = Flag()
        options.willStart = { isStarting.set() }
        do throws(PluginError) {
            return try await HostThread.run(isStarting.isSet ? "plugin.start" : "plugin.create", of: name, context) {
                [options] () throws(PluginError) in try loaded.makeGeneration(options, context)
            }
        } catch {
            var error = error
            // Nobody waited for its end.
            if error.stage == .call { error.stage = isStarting.isSet ? .start : .create }
            throw error
        }
    }

    /// Something that has happened, for several threads.
    private final class Flag: Sendable {
        private let value = Atomic(false)

        var isSet: Bool { value.load(ordering: .relaxed) }

        func set() { value.store(true, ordering: .relaxed) }
    }

    private func named(_ options: InstanceOptions) -> InstanceOptions {
        var options = options
        if options.name == nil { options.name = name }
        return options
    }

    /// Waits until nobody is in a closed generation.
    /// - Returns: false if the time is over first.
    func drained(_ generation: PluginGeneration) async -> Bool {
        let (timer, limit) = (services.timer, services.supervision.drainTimeout)
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { await generation.drain() }
            group.addTask {
                try? await timer.sleep(for: limit)
                return false
            }
            let isDrained = await group.next() ?? false
            group.cancelAll()
            return isDrained
        }
    }

    /// Ends a generation behind the others, when its calls have ended.
    func retire(_ old: PluginGeneration) {
        let number = generation
        retiring.append((number, old))
        Task { [weak self] in
            guard let self else { return }
            if await !self.drained(old) { await self.tellOverdue(old, number) }
            // Nobody can end a call in this process: however long it takes, the memory stays until it has ended.
            guard await old.drain() else { return }
            await self.end(old, number)
        }
    }

    private func tellOverdue(_ old: PluginGeneration, _ number: Int) {
        let count = old.statistics.inFlight
        guard count > 0 else { return }
        tell(.drainTimedOut, generation: number, reason: "\(count) calls of generation \(number) have not ended")
    }

    private func end(_ old: PluginGeneration, _ number: Int) async {
        do throws(PluginError) {
            try await old.destroy(limited(services.supervision.stepTimeout, CallContext()))
        } catch {
            tell(.retired, generation: number, reason: error.what, error: error)
        }
        retiring.removeAll { $0.generation === old }
        retired = retired + old.statistics
        publish()
        tell(.retired, generation: number)
    }

    /// The caller's context with no more time than the limit.
    func limited(_ limit: Duration, _ context: CallContext? = nil) -> CallContext {
        var context = context ?? self.context
        context.deadlines.total = min(context.deadlines.total ?? limit, limit)
        return context
    }

    // MARK: - Telling

    /// What those get who call a plugin that takes no calls.
    private func refusal() -> PluginError {
        let why = reason.map { ": \($0)" } ?? ""
        if lifecycle.isSuspending {
            return PluginError(
                .disabled, "\(name) is suspended\(why)", remedy: "Resume it: keyway resume \(name)", plugin: name,
                stage: .call)
        }
        if lifecycle.state == .error, let failure { return failure }
        return PluginError(
            .disabled, "\(name) was shut down\(why)", remedy: "Load it again before calling it", plugin: name,
            stage: .call)
    }

    func tell(
        _ kind: HostEvent.Kind, generation: Int? = nil, reason: String? = nil, error: PluginError? = nil
    ) {
        services.events.tell(
            HostEvent(
                time: Clock.realtime(), kind: kind, plugin: name, generation: generation ?? self.generation,
                state: lifecycle.state, version: plugin?.version, reason: reason, error: error))
    }

    /// Puts up what ``status`` answers.
    func publish() {
        let status = PluginStatus(
            name: name, id: id, version: request.prepared.manifest?.version, file: request.prepared.path,
            digest: request.prepared.digest, generation: generation, state: lifecycle.state,
            tier: loaded?.tier.isolation ?? plugin?.loaded.tier.isolation ?? .inProcess, trust: request.trust,
            reason: reason,
            calls: retired.calls, errors: retired.failures, retiring: retiring.count,
            isActive: lifecycle.state == .active)
        let present = isCounted ? [plugin?.generation].compactMap(\.self) : []
        board.withLock { $0 = (status, present + retiring.map(\.generation)) }
    }

    /// How the plugin is now. Never waits for a verb.
    nonisolated var status: PluginStatus {
        var (status, counted) = board.withLock { $0 }
        for statistics in counted.map(\.statistics) {
            status.inFlight += statistics.inFlight
            status.calls += statistics.calls
            status.errors += statistics.failures
        }
        status.fallbacks = adapters?.fallbacks ?? 0
        status.traffic = adapters?.traffic
        status.refusals = services.tiers.auditor.refusals(of: id)
        if status.isActive, let refusal = adapters?.refusal {
            (status.state, status.reason, status.refusal) = (.error, refusal.reason, refusal)
        }
        return status
    }

    /// The plugin with its adapters; nil before it was loaded for the first time.
    nonisolated var adapters: NativePlugin? { shared.withLock { $0 } }
}
