internal import Glibc
public import PluginCore
internal import Synchronization

/// Plugins that share one `keyway-worker`: each has processes of its own, all made by the same one, so that they have the same
/// layout of memory. Plugins that must not help each other find their way in it get domains of their own.
///
/// The program is started with the first plugin, and again after it was lost. It has to belong to root or to this user, and
/// nobody else may be able to write it.
public final class WorkerDomain: Sendable {
    /// The program.
    public let path: String
    private let zygote = Monitor<Zygote?>(nil)
    private let shared = Mutex<NetworkRelay?>(nil)

    /// - Parameter program: nil: the one that the variable KEYWAY_WORKER names (ignored in a privileged process), else
    ///   `keyway-worker` beside this program, in `../libexec/keyway` of its folder, in `/usr/local/libexec/keyway` or in
    ///   `/usr/libexec/keyway`.
    /// - Throws: ``PluginError`` with code `notFound`, or `permissionDenied` if others can write it.
    public init(program: String? = nil) throws(PluginError) {
        path = try WorkerProgram.locate(program)
    }

    deinit { stop() }

    /// Ends the program and all workers of the domain, and waits until they are gone. It starts again with the next plugin.
    public func stop() {
        let running = zygote.withLock { zygote in
            defer { zygote = nil }
            return zygote
        }
        running?.stop()
        // Its thread ends when the brokers of the last workers have noticed.
        shared.withLock { $0 = nil }
    }

    /// Carries what goes over limited connections; nil: there are no threads or descriptors left for it.
    func relay() -> NetworkRelay? {
        shared.withLock { relay in
            if relay == nil { relay = NetworkRelay() }
            return relay
        }
    }

    /// Starts the program unless it runs, and has it say that it is this host's.
    /// - Throws: ``PluginError``: as loading a plugin into a worker.
    package func start() throws(PluginError) { _ = try running() }

    /// The program as it runs now.
    func running() throws(PluginError) -> Zygote {
        // One at a time: whoever comes second finds it started.
        try zygote.withLock { zygote throws(PluginError) in
            if let zygote, zygote.isRunning { return zygote }
            try WorkerProgram.requireTrusted(path)
            let started = try Zygote.start(path)
            zygote = started
            return started
        }
    }
}

/// How plugins run in workers.
public struct WorkerOptions: Sendable {
    /// What a call, and a worker, may use.
    public var limits: EffectiveLimits
    /// How many workers there are, and how they are looked after; nil: as the limits say.
    public var rules: WorkerPoolRules?
    /// The variables of the plugin's environment, each as NAME=VALUE; nil: those that programs cannot do without.
    public var environment: [String]?
    /// What the plugin may do; nil: everything that the host's user may.
    public var sandbox: SandboxPolicy?
    /// What is done when the plugin breaks.
    public var recovery = RecoveryPolicy.restart
    /// Told what happens to the plugin's workers, on any thread.
    public var observer: @Sendable (WorkerEvent) -> Void = { _ in }
    /// Told of everything that the plugin asks of the network, on any thread.
    public var networkObserver: @Sendable (NetworkVerdict) -> Void = { _ in }
    /// Told of every system call and file that the sandbox refuses, and once by each worker of each grant of files that is
    /// used, on a thread of the worker's; nil: nobody is.
    public var accessObserver:
        (@Sendable (_ action: AccessRecord.Action, _ resource: String, _ isAllowed: Bool, _ reason: String) -> Void)?
    /// Who finds the addresses of names.
    package var resolver = NetworkResolver.system
    /// What connections may carry and have carried, of everything that is loaded with these options or with copies of them.
    package var traffic = TrafficAccount()
    /// What the plugin's manifest says of its checks.
    public var health = ManifestHealth()
    /// Between asking a call to end and ending its worker.
    public var grace = Duration.milliseconds(50)
    /// After how long a call that waits for a worker counts as one of the next higher priority.
    public var ageing = Duration.seconds(1)
    /// What waiting is measured by: for a failed worker's successor, for an open circuit.
    public var clock: any Clock<Duration> = ContinuousClock()

    public init(
        limits: EffectiveLimits = EffectiveLimits(), rules: WorkerPoolRules? = nil, environment: [String]? = nil
    ) {
        self.limits = limits
        self.rules = rules
        self.environment = environment
    }
}

/// Where a plugin's code runs.
public enum PluginTier: Sendable {
    /// In this process: at the cost of a function pointer, and with all its rights. If it crashes, the host does.
    case inProcess
    /// In processes of its own.
    case worker(WorkerDomain, WorkerOptions = WorkerOptions())

    public var isolation: IsolationTier {
        switch self {
        case .inProcess: .inProcess
        case .worker: .worker
        }
    }
}
