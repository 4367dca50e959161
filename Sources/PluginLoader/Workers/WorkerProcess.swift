internal import CPluginLinux
internal import CPluginSandbox
internal import CPluginWorker
internal import Glibc
internal import PluginABI
internal import PluginCore
internal import Synchronization

/// One process that has one plugin loaded, from before it is started until after it has ended.
@safe
final class WorkerProcess: ZygoteChild, @unchecked Sendable {  // what the pointer leads to is atomic
    let tag: UInt32
    /// Receives what the plugin logs.
    let host: HostTable
    private let worker: OpaquePointer
    private let life = Monitor(Life())
    private let sandbox = Mutex(Sandbox())
    /// Of its memory; nil: it has none.
    private let group = Mutex<MemoryGroup?>(nil)
    private let server = Mutex<RemoteInstance?>(nil)

    private struct Life {
        /// Is its process known? It may be ready before.
        var isKnown = false
        var hasEnded = false
        /// Called once, on the zygote's thread, when the process is gone.
        var observer: (@Sendable (WorkerProcess) -> Void)?
    }

    private struct MemoryGroup {
        let folder: [CChar]
        let version: UInt32
    }

    /// Its memory as two descriptors that another process can map. They are closed with this value.
    @safe
    struct Files: ~Copyable {
        let host: Int32
        let worker: Int32

        deinit {
            close(host)
            close(worker)
        }
    }

    /// - Parameter start: has its process started.
    static func make(
        tag: UInt32, lanes: UInt32, sdk: UInt32, window: SDKRange, host: HostTable,
        start: (WorkerProcess, borrowing Files) throws(PluginError) -> Void
    ) throws(PluginError) -> WorkerProcess {
        var (hostFile, workerFile) = (Int32(-1), Int32(-1))
        guard
            let worker = unsafe kww_worker_make(
                lanes, sdk, window.minimum, window.maximum ?? 0, &hostFile, &workerFile)
        else {
            throw PluginError(
                .resourceExhausted, "no memory can be shared with a worker (error \(errno))",
                remedy: "Check the limits on memory and open files", facts: .errno(errno, call: "memfd_create"),
                stage: .load)
        }
        let files = Files(host: hostFile, worker: workerFile)
        let process = unsafe WorkerProcess(tag: tag, host: host, worker: worker)
        try start(process, files)
        return process
    }

    private init(tag: UInt32, host: HostTable, worker: OpaquePointer) {
        self.tag = tag
        self.host = host
        unsafe self.worker = worker
    }

    deinit {
        unsafe kww_worker_kill(worker, KWW_KILL_RETIRED)
        unsafe kww_worker_free(worker)
    }

    /// For the remote that it serves, which lets go of it before it dies.
    @unsafe
    var pointer: OpaquePointer { unsafe worker }

    // MARK: - Its process

    func started(_ descriptor: Int32, _ started: kww_started) {
        if started.group_version != 0 {
            let folder = unsafe withUnsafeBytes(of: started.group) { unsafe $0.map { CChar(bitPattern: $0) } }
            group.withLock { $0 = MemoryGroup(folder: folder.prefix { $0 != 0 } + [0], version: started.group_version) }
        }
        unsafe kww_worker_started(worker, descriptor, started.pid)
        life.withLock { $0.isKnown = true }
        life.signal()
    }

    func ended(_ how: UInt32, _ exited: kww_exited) {
        if exited.memory_kills > 0 { unsafe kww_worker_lacked_memory(worker) }
        unsafe kww_worker_ended(worker, how, exited.status)
        let observer = life.withLock { life in
            life.hasEnded = true
            defer { life.observer = nil }
            return life.observer
        }
        life.signal()
        server.withLock { $0 = nil }
        observer?(self)
    }

    /// Has the observer called when the process is gone, at once if it is.
    func observeEnd(_ observer: @escaping @Sendable (WorkerProcess) -> Void) {
        let hasEnded = life.withLock { life in
            if !life.hasEnded { life.observer = observer }
            return life.hasEnded
        }
        if hasEnded { observer(self) }
    }

    /// Waits until the process is gone.
    func awaitEnd() { life.wait { $0.hasEnded ? () : nil } }

    /// - Parameter reason: KWW_KILL_*.
    func kill(_ reason: UInt32) { unsafe kww_worker_kill(worker, reason) }

    /// Has what the plugin asks for outside of calls served by the remote of its instance.
    func serve(by remote: RemoteInstance) { server.withLock { $0 = remote } }

    /// The plugin asks for something in a lane of its own: its thread waits.
    func serve(lane: UInt32) {
        guard let remote = server.withLock({ $0 }) else { return kill(KWW_KILL_PROTOCOL) }
        HostThreads.shared.submit { remote.serve(self, lane: lane) }
    }

    // MARK: - Its sandbox

    private struct Sandbox {
        var reports: [kws_report] = []
    }

    /// What it says of its sandbox: once before any code of the plugin has run, and once after. More is the plugin's.
    func take(_ report: kws_report) {
        sandbox.withLock { sandbox in if sandbox.reports.count < 2 { sandbox.reports.append(report) } }
    }

    /// nil: it has none, or has not said yet.
    func sandboxReport(_ policy: SandboxPolicy, _ limits: EffectiveLimits) -> SandboxReport? {
        let reports = sandbox.withLock { $0.reports }
        guard let first = reports.first else { return nil }
        return SandboxMechanisms.report(
            first, reports.count > 1 ? reports[1] : nil, policy: policy, limits: limits)
    }

    // MARK: - What is known of it

    var facts: kww_facts {
        var facts = kww_facts()
        unsafe kww_worker_facts(worker, &facts)
        return facts
    }

    var pid: Int32 { facts.pid }

    /// nil when it is gone.
    var processorTime: Duration? {
        let time = unsafe kww_worker_cpu_ns(worker)
        return time < 0 ? nil : .nanoseconds(time)
    }

    /// Bytes that it alone has; nil when it is gone.
    var memory: Int64? {
        guard facts.ended == 0 else { return nil }
        return ProcessMemory.residentBytes(of: pid)
    }

    /// Gives its process another limit, if it has one by now. The zygote keeps a process's number until it has told of its
    /// end, so it is no other's but for the time that this takes to be heard.
    /// - Parameters:
    ///   - what: KWL_DATA and so on.
    ///   - value: nil: no limit.
    /// - Returns: false if the kernel does not let this user raise it.
    func limit(_ what: UInt32, _ value: Int64?) -> Bool {
        let facts = facts
        guard facts.ended == 0, facts.pid > 0 else { return true }
        return kwl_limit(facts.pid, what, value.map(UInt64.init) ?? .max) == 0 || errno == ESRCH
    }

    /// The same of its memory: of the process, and of its control group.
    /// - Returns: false also if it has more already than it may have from now on.
    func limitMemory(_ value: Int64?) -> Bool {
        let isLimited = limit(UInt32(KWL_DATA), value)
        let facts = facts
        guard facts.ended == 0, let group = group.withLock({ $0 }) else { return isLimited }
        let bytes = kww_group_memory(facts.lanes, value.map(UInt64.init) ?? 0)
        let reason = unsafe kws_limit_memory(group.folder, group.version, bytes)
        // The group is gone when its worker is.
        return isLimited && (reason == 0 || reason == ENOENT || reason == ENODEV)
    }

    private func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Waits until the plugin is loaded, and its process known.
    func awaitPlugin(
        until deadline: Int64, _ plugin: String, _ limits: EffectiveLimits
    ) throws(PluginError) -> kww_description {
        var description = kww_description()
        var message = [CChar](repeating: 0, count: 1024)
        let state = unsafe kww_worker_await(worker, deadline, &description, &message, message.count)
        switch state {
        case KWW_STATE_READY:
            life.wait { $0.isKnown || $0.hasEnded ? () : nil }
            return description
        case KWW_STATE_FAILED where facts.phase == KWW_PHASE_SANDBOX:
            throw PluginError(
                .sandboxUnavailable, "its sandbox cannot be had: \(text(message))",
                remedy: "Run `keyway doctor` to see what this machine offers, or require less", plugin: plugin,
                stage: .load)
        case KWW_STATE_FAILED:
            let lacked: [(UInt32, LimitKind, String)] = [
                (facts.is_memory, .memory, "memory"), (facts.is_descriptors, .openFiles, "descriptor"),
            ]
            for (isLacked, kind, name) in lacked where isLacked != 0 {
                guard let limit = limits[kind] else { continue }
                var error = limit.error("it found no \(name) while it was loaded (\(text(message)))", plugin: plugin)
                error.stage = .load
                throw error
            }
            let isLinker = [KWW_PHASE_LIBRARIES, KWW_PHASE_LOAD].contains(facts.phase)
            throw PluginError(
                .load, isLinker ? "the dynamic linker refused it: \(text(message))" : text(message),
                remedy: "Run `keyway inspect` on it, and look at what its worker logs", plugin: plugin,
                stage: .load)
        default:
            guard facts.ended == 0 else { throw WorkerFault.endedWhileLoading(facts, plugin, limits) }
            kill(KWW_KILL_LOAD)
            throw PluginError(
                .timeout, "its worker was not ready in time", remedy: "Allow it more time, or look at its constructors",
                facts: .deadline(kind: "load", milliseconds: Double(WorkerFactory.patience)), plugin: plugin,
                stage: .load)
        }
    }
}

/// What /proc says of a process.
enum ProcessMemory {
    /// Resident bytes that are not of files: what the process would give back.
    static func residentBytes(of pid: Int32) -> Int64? {
        let file = unsafe open("/proc/\(pid)/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = unsafe read(file, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let fields = String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: " ")
        guard fields.count >= 3, let resident = Int64(fields[1]), let shared = Int64(fields[2]) else { return nil }
        return max(0, resident - shared) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }
}
