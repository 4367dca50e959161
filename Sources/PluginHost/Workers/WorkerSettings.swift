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
    /// What is done when a plugin breaks.
    public var recovery = RecoveryPolicy.restart
    /// Between asking a call to end and ending its worker.
    public var grace = Duration.milliseconds(50)

    public init() {}

    func options(for manifest: Manifest) -> WorkerOptions {
        var options = WorkerOptions(
            limits: EffectiveLimits(
                operator: operatorLimits, call: callLimits, plugin: LimitSet(manifest.limits), host: hostLimits),
            environment: environment)
        options.health = manifest.health
        options.grace = grace
        options.recovery = recovery
        return options
    }
}

/// Decides where plugins run, and has the program for those that run elsewhere.
final class TierChooser: Sendable {
    private let least: IsolationTier
    private let settings: WorkerSettings
    private let domain = Mutex<WorkerDomain?>(nil)

    /// - Parameter least: where plugins run that do not ask for more.
    init(least: IsolationTier, _ settings: WorkerSettings) {
        self.least = least
        self.settings = settings
    }

    /// - Throws: `sandboxUnavailable` if the plugin has to be kept apart further than this host can, or the error of a
    ///   missing program. Nothing is lowered in silence.
    func tier(
        for manifest: Manifest, _ observer: @escaping @Sendable (WorkerEvent) -> Void
    ) throws(PluginError) -> PluginTier {
        switch max(least, manifest.isolation ?? .inProcess) {
        case .inProcess: return .inProcess
        case .worker:
            var options = settings.options(for: manifest)
            options.observer = observer
            return .worker(try worker(), options)
        case .workerStrict:
            throw PluginError(
                .sandboxUnavailable, "it is to run in a sandbox of its own, which this host does not have",
                remedy: "Have it ask for the isolation \"worker\", or load it with another host", plugin: manifest.id,
                stage: .load)
        }
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
