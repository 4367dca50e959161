public import PluginCore
package import PluginLoader
internal import Synchronization

/// How a host runs plugins in processes of their own.
public struct WorkerSettings: Sendable {
    /// The `keyway-worker` program; nil: where it usually is, see ``WorkerDomain/init(program:)``.
    public var program: String?
    /// What no call may go beyond, whatever it, the plugin or the host says.
    public var operatorLimits = LimitSet()
    /// What calls may use, over what plugins' manifests say.
    public var callLimits = LimitSet()
    /// What holds where nobody else says anything.
    public var hostLimits = LimitSet.hostDefaults
    /// The variables that plugins see, each as NAME=VALUE; nil: those that programs cannot do without, such as PATH.
    public var environment: [String]?
    /// Whether the kernel keeps plugins from what they were not granted.
    public var isSandboxed = true
    /// What every plugin may do, besides what it was granted; paths are absolute.
    public var allowed: [Permission] = []
    /// What those plugins may do whose manifests ask for it, also where it is about everything of its kind.
    public var allowedOnRequest: [Permission] = []
    /// What has to be enforced whole, or plugins are not started.
    public var required: Set<SandboxGuarantee.Name> = []
    /// What is done when a plugin breaks that ``recoveries`` does not name. With `.fallback` the plugin that it names is
    /// loaded with each of the others, and has none itself.
    public var recovery = RecoveryPolicy.restart
    /// What is done when a plugin breaks, by the plugins' names or ids.
    public var recoveries: [String: RecoveryPolicy] = [:]
    /// Who finds the addresses of names for plugins with a granted network.
    package var resolver = NetworkResolver.system
    /// Where `/sys` and `/dev` are, for granted devices.
    package var machine = ""
    /// Between asking a call to end and ending its worker.
    public var grace = Duration.milliseconds(50)
    /// After how long a call that waits for a worker counts as one of the next higher priority.
    public var ageing = Duration.seconds(1)

    public init() {}

    /// What is done when a plugin breaks.
    func recovery(of name: String, _ id: String) -> RecoveryPolicy {
        if let own = recoveries[name] ?? recoveries[id] { return own }
        // What all fall back to cannot fall back to itself.
        if case .fallback(let last) = recovery, last == name || last == id { return .restart }
        return recovery
    }

    /// - Parameter changed: limits that were changed since, over what calls may use.
    func options(for manifest: Manifest, named name: String, _ changed: LimitSet) -> WorkerOptions {
        var options = WorkerOptions(
            limits: EffectiveLimits(
                operator: operatorLimits, call: callLimits.merged(with: changed), plugin: LimitSet(manifest.limits),
                host: hostLimits),
            environment: environment)
        options.health = manifest.health
        options.resolver = resolver
        options.grace = grace
        options.ageing = ageing
        options.recovery = recovery(of: name, manifest.id)
        return options
    }
}

/// Decides where plugins run, and has the program for those that run elsewhere.
final class TierChooser: Sendable {
    private let least: IsolationTier
    private let trust: TrustPolicy
    private let settings: WorkerSettings
    private let timer: any _Concurrency.Clock<Duration>
    let auditor: Auditor
    /// Of the plugins that are trusted, and of the others: who knows the memory of one of these knows nothing of those.
    private let domains = Mutex<[Bool: WorkerDomain]>([:])
    /// Limits that somebody changed while plugins lived, by the plugins' names.
    private let changed = Mutex<[String: LimitSet]>([:])
    /// Held by who changes them.
    let changes = Mutex<Void>(())
    /// What plugins' connections carry, by the plugins' names: one build after the other has the same.
    private let traffic = Mutex<[String: TrafficAccount]>([:])

    /// - Parameters:
    ///   - least: where plugins run that do not ask for more.
    ///   - trust: which plugins may run in this process.
    ///   - timer: what waiting is measured by.
    init(
        least: IsolationTier, _ trust: TrustPolicy, _ settings: WorkerSettings,
        _ timer: any _Concurrency.Clock<Duration>, _ auditor: Auditor
    ) {
        self.least = least
        self.trust = trust
        self.settings = settings
        self.timer = timer
        self.auditor = auditor
    }

    /// What was asked for, whoever is trusted.
    private func isolation(of manifest: Manifest?) -> IsolationTier { max(least, manifest?.isolation ?? .inProcess) }

    /// Whether the plugin is trusted, and where it runs.
    func verdict(on prepared: PreparedPlugin) throws(PluginError) -> TrustVerdict {
        var verdict = try trust.verdict(on: prepared)
        verdict.tier = max(verdict.floor, isolation(of: prepared.manifest))
        return verdict
    }

    /// - Throws: `sandboxUnavailable` if the plugin has to be kept apart further than this host can, or the error of a
    ///   missing program. Nothing is lowered in silence.
    func tier(
        for manifest: Manifest, _ verdict: TrustVerdict, named name: String,
        _ sandbox: () throws(PluginError) -> SandboxPolicy, _ observer: @escaping @Sendable (WorkerEvent) -> Void
    ) throws(PluginError) -> PluginTier {
        guard verdict.tier > .inProcess else { return .inProcess }
        var options = settings.options(for: manifest, named: name, changed(name))
        let (auditor, id) = (auditor, manifest.id)
        options.networkObserver = { auditor.note($0, of: id) }
        if auditor.isAsked {
            options.accessObserver = { auditor.note($0, $1, of: id, isAllowed: $2, $3) }
        }
        options.observer = observer
        options.clock = timer
        options.traffic = traffic(of: name)
        do throws(PluginError) {
            options.sandbox = try self.sandbox(for: manifest, try sandbox())
            return .worker(try domain(ofTrusted: verdict.isTrusted), options)
        } catch {
            guard isolation(of: manifest) == .inProcess else { throw error }
            var error = error
            error.what += "; and it may not run in the host's own process, because \(verdict.because)"
            throw error
        }
    }

    /// What `workerStrict` asks for on top of what this host requires.
    private static let strict: Set<SandboxGuarantee.Name> = [
        .files, .metadata, .network, .processes, .signals, .hostMemory, .systemCalls, .writeXorExecute, .devices,
        .environment, .memory,
    ]

    /// nil: none is wanted, or what was granted leaves none.
    private func sandbox(for manifest: Manifest, _ granted: SandboxPolicy) throws(PluginError) -> SandboxPolicy? {
        var policy = granted
        policy.required = settings.required
        policy.machine = settings.machine
        policy.reportsRefusals = auditor.isAsked
        if isolation(of: manifest) == .workerStrict {
            policy.required.formUnion(Self.strict)
            policy.isApart = true
        }
        if settings.isSandboxed, !policy.mayStartAnyProgram { return policy }
        let reason = settings.isSandboxed ? "every program was granted" : "this host has turned the sandbox off"
        try SandboxReport.none(because: reason).require(policy.required, for: manifest.id)
        return nil
    }

    /// What a plugin would be kept from in a worker.
    func rehearse(
        _ prepared: PreparedPlugin, _ manifest: Manifest, _ granted: SandboxPolicy
    ) throws(PluginError) -> SandboxReport {
        guard let policy = try sandbox(for: manifest, granted) else {
            return .none(because: settings.isSandboxed ? "every program was granted" : "the sandbox is turned off")
        }
        let limits = settings.options(for: manifest, named: manifest.id, LimitSet()).limits
        return try domain(ofTrusted: false).rehearse(policy, limits: limits, for: prepared)
    }

    private func traffic(of name: String) -> TrafficAccount {
        traffic.withLock { traffic in
            if let account = traffic[name] { return account }
            let account = TrafficAccount()
            traffic[name] = account
            return account
        }
    }

    private func changed(_ name: String) -> LimitSet { changed.withLock { $0[name] ?? LimitSet() } }

    /// What would hold if these limits were changed.
    func limits(changing limits: LimitSet, for manifest: Manifest, named name: String) -> EffectiveLimits {
        settings.options(for: manifest, named: name, changed(name).merged(with: limits)).limits
    }

    /// Remembers limits for all workers of the plugin that come.
    /// - Returns: what holds now.
    func change(_ limits: LimitSet, for manifest: Manifest, named name: String) -> EffectiveLimits {
        let all = changed.withLock { changed in
            changed[name] = (changed[name] ?? LimitSet()).merged(with: limits)
            return changed[name] ?? LimitSet()
        }
        return settings.options(for: manifest, named: name, all).limits
    }

    /// Ends the programs for those that run elsewhere. They start again with the next plugin.
    func stop() { for domain in domains.withLock(\.values) { domain.stop() } }

    private func domain(ofTrusted isTrusted: Bool) throws(PluginError) -> WorkerDomain {
        try domains.withLock { domains throws(PluginError) in
            if let domain = domains[isTrusted] { return domain }
            let made = try WorkerDomain(program: settings.program)
            domains[isTrusted] = made
            return made
        }
    }
}
