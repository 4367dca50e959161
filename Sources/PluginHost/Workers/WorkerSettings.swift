public import PluginCore
internal import PluginLoader
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

    func options(for manifest: Manifest, named name: String) -> WorkerOptions {
        var options = WorkerOptions(
            limits: EffectiveLimits(
                operator: operatorLimits, call: callLimits, plugin: LimitSet(manifest.limits), host: hostLimits),
            environment: environment)
        options.health = manifest.health
        options.grace = grace
        options.ageing = ageing
        options.recovery = recovery(of: name, manifest.id)
        return options
    }
}

/// Decides where plugins run, and has the program for those that run elsewhere.
final class TierChooser: Sendable {
    private let least: IsolationTier
    private let settings: WorkerSettings
    private let timer: any _Concurrency.Clock<Duration>
    private let domain = Mutex<WorkerDomain?>(nil)

    /// - Parameters:
    ///   - least: where plugins run that do not ask for more.
    ///   - timer: what waiting is measured by.
    init(least: IsolationTier, _ settings: WorkerSettings, _ timer: any _Concurrency.Clock<Duration>) {
        self.least = least
        self.settings = settings
        self.timer = timer
    }

    func isolation(of manifest: Manifest) -> IsolationTier { max(least, manifest.isolation ?? .inProcess) }

    /// - Throws: `sandboxUnavailable` if the plugin has to be kept apart further than this host can, or the error of a
    ///   missing program. Nothing is lowered in silence.
    func tier(
        for manifest: Manifest, named name: String, _ sandbox: () throws(PluginError) -> SandboxPolicy,
        _ observer: @escaping @Sendable (WorkerEvent) -> Void
    ) throws(PluginError) -> PluginTier {
        switch isolation(of: manifest) {
        case .inProcess: return .inProcess
        case .worker, .workerStrict:
            var options = settings.options(for: manifest, named: name)
            options.observer = observer
            options.clock = timer
            options.sandbox = try self.sandbox(for: manifest, try sandbox())
            return .worker(try worker(), options)
        }
    }

    /// What the manifest's `workerStrict` asks for on top of what this host requires.
    private static let strict: Set<SandboxGuarantee.Name> = [
        .files, .network, .processes, .signals, .hostMemory, .systemCalls, .writeXorExecute, .memory,
    ]

    /// nil: none is wanted, or what was granted leaves none.
    private func sandbox(for manifest: Manifest, _ granted: SandboxPolicy) throws(PluginError) -> SandboxPolicy? {
        var policy = granted
        policy.required = settings.required
        if manifest.isolation == .workerStrict { policy.required.formUnion(Self.strict) }
        if settings.isSandboxed, !policy.mayStartAnyProgram { return policy }
        let reason = settings.isSandboxed ? "every program was granted" : "this host has turned the sandbox off"
        try SandboxReport.none(because: reason).require(policy.required, for: manifest.id)
        return nil
    }

    /// What a plugin would be kept from in a worker.
    func rehearse(_ manifest: Manifest, _ granted: SandboxPolicy) throws(PluginError) -> SandboxReport {
        guard let policy = try sandbox(for: manifest, granted) else {
            return .none(because: settings.isSandboxed ? "every program was granted" : "the sandbox is turned off")
        }
        let limits = settings.options(for: manifest, named: manifest.id).limits
        return try worker().rehearse(policy, limits: limits, for: manifest.id)
    }

    /// Ends the program for those that run elsewhere. It starts again with the next plugin.
    func stop() { domain.withLock { $0 }?.stop() }

    private func worker() throws(PluginError) -> WorkerDomain {
        try domain.withLock { domain throws(PluginError) in
            if let domain { return domain }
            let made = try WorkerDomain(program: settings.program)
            domain = made
            return made
        }
    }
}
