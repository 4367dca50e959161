internal import CPluginLinux
internal import CPluginWorker
internal import Glibc
internal import PluginBridge
internal import PluginCore
internal import PluginELF

/// One process that loads one plugin, says what it is, and ends. In a sandbox it is granted
/// nothing: no plugin needs more before it is configured.
@safe
final class ProbeProcess: ZygoteChild, ZygoteChannel, @unchecked Sendable {  // each var has its thread
    let tag: UInt32
    let theirLog: Int32
    let theirOutput: Int32
    private let plugin: PreparedPlugin
    private let worker: OpaquePointer
    private let output: Int32
    /// Of CLOCK_MONOTONIC, in nanoseconds.
    private let began: Int64
    private let deadline: Int64
    /// Called once, on the zygote's thread.
    private let finish: @Sendable (ProbeReport) -> Void
    private var theirsAreOpen = true
    private var outputIsOpen = true
    private var hasEnded = false
    private var tail: [UInt8] = []
    private var printed: UInt64 = 0

    /// Bytes of its output that are kept.
    private static let tailLimit = 4096
    /// What may still be in a pipe when its writers are dead, and more than that only if one of them is not.
    private static let restLimit: UInt64 = 1 << 20
    /// Generous: they end a plugin that went wild, and no plugin that only is large.
    private static let addresses: UInt64 = 4 << 30
    private static let openFiles: UInt64 = 256
    private static let fileSize: UInt64 = 16 << 20
    /// Between its kill and the news of its end, in nanoseconds.
    private static let patience: Int64 = 10_000_000_000

    /// Has a process started.
    /// - Parameter finish: called once, on the zygote's thread, unless this throws.
    static func start(
        _ plugin: PreparedPlugin, _ parts: borrowing PreparedPlugin.Parts, by zygote: Zygote, isSandboxed: Bool,
        deadline: Duration, _ finish: @escaping @Sendable (ProbeReport) -> Void
    ) throws(PluginError) {
        let policy = isSandboxed ? SandboxPolicy() : nil
        let sandbox =
            if let policy {
                try SandboxRequest(
                    policy, limits: EffectiveLimits(), runtimeFolder: parts.hostLibraries.first?.folder,
                    plugin: plugin.path)
            } else { SandboxRequest() }
        var (hostFile, workerFile) = (Int32(-1), Int32(-1))
        let window = plugin.hostSDK
        let sdk = plugin.verification.sdk ?? window.minimum
        guard
            let worker = unsafe kww_worker_make(0, sdk, window.minimum, window.maximum ?? 0, &hostFile, &workerFile)
        else { throw exhausted("memfd_create") }
        let files = WorkerProcess.Files(host: hostFile, worker: workerFile)
        var (sockets, pipes): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        guard unsafe kww_open_channel(&sockets, &pipes) == 0 else {
            unsafe kww_worker_free(worker)
            throw exhausted("socketpair")
        }
        // Nobody wants to know what it logs.
        close(sockets[0])
        let probe = unsafe ProbeProcess(
            plugin, worker, theirLog: sockets[1], output: pipes[0], theirOutput: pipes[1], deadline, finish)
        let request = kww_spawn(
            lanes: 0, libraries: 0, environment: 0, is_rehearsal: 0, described: 0, reserved: 0, memory: 0,
            addresses: addresses, open_files: openFiles, file_size: fileSize,
            cpu_seconds: UInt64(probe.deadline - probe.began) / 1_000_000_000 + 2)
        try zygote.spawn(
            probe, probe, files, parts, request, sandbox, environment: WorkerEnvironment.variables(policy))
    }

    private static func exhausted(_ call: String) -> PluginError {
        PluginError(
            .resourceExhausted, "no process can be made for it (error \(errno))",
            remedy: "Check the limits on memory and open files", facts: .errno(errno, call: call), stage: .load)
    }

    private init(
        _ plugin: PreparedPlugin, _ worker: OpaquePointer, theirLog: Int32, output: Int32, theirOutput: Int32,
        _ deadline: Duration, _ finish: @escaping @Sendable (ProbeReport) -> Void
    ) {
        tag = Zygote.nextTag()
        self.plugin = plugin
        unsafe self.worker = worker
        (self.theirLog, self.output, self.theirOutput) = (theirLog, output, theirOutput)
        began = kwl_monotonic_ns()
        self.deadline = began + min(max(deadline.nanoseconds, 0), .max / 4)
        self.finish = finish
    }

    deinit {
        closeTheirs()
        close(output)
        unsafe kww_worker_free(worker)
    }

    // MARK: - Its output

    func closeTheirs() {
        guard theirsAreOpen else { return }
        theirsAreOpen = false
        close(theirLog)
        close(theirOutput)
    }

    var polled: [pollfd] {
        [-1, outputIsOpen ? output : -1].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    }

    func drain() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = unsafe read(output, &bytes, bytes.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return true }
        guard count > 0 else {
            outputIsOpen = false
            return false
        }
        printed += UInt64(count)
        tail = Array((tail + bytes.prefix(count)).suffix(Self.tailLimit))
        return true
    }

    private func drainRest() {
        let limit = printed + Self.restLimit
        var before: UInt64
        repeat {
            before = printed
        } while outputIsOpen && drain() && printed > before && printed < limit
    }

    // MARK: - Its process

    func started(_ descriptor: Int32, _ started: kww_started) {
        unsafe kww_worker_started(worker, descriptor, started.pid)
    }

    func enforceDeadline(_ now: Int64) -> Int64? {
        guard !hasEnded else { return .max }
        guard now >= deadline else { return deadline }
        unsafe kww_worker_kill(worker, KWW_KILL_LOAD)
        return now < deadline + Self.patience ? deadline + Self.patience : nil
    }

    func ended(_ how: UInt32, _ exited: kww_exited) {
        guard !hasEnded else { return }
        hasEnded = true
        unsafe kww_worker_ended(worker, how, exited.status)
        drainRest()
        var facts = kww_facts()
        unsafe kww_worker_facts(worker, &facts)
        let duration = how == KWW_END_EXIT ? exited.wall_ns : kwl_monotonic_ns() - began
        finish(
            ProbeReport(
                end: end(facts), phase: facts.phase <= KWW_PHASE_SERVING ? Int(facts.phase) : 0, backtrace: backtrace,
                output: tail,
                outputBytes: printed, duration: .nanoseconds(duration)))
    }

    // MARK: - What came of it

    private func end(_ facts: kww_facts) -> ProbeReport.End {
        guard facts.ended == KWW_END_EXIT else {
            return facts.ended == KWW_END_START ? .notStarted(facts.status) : .lost
        }
        let signal = facts.status & 0x7F
        let address = facts.has_address != 0 ? facts.address : nil
        // It may have ended by itself just before it was killed. Or it broke, and then what was to say how hung.
        if facts.killed == KWW_KILL_LOAD, signal == SIGKILL {
            return facts.signal != 0 ? .crashed(signal: facts.signal, address: address) : .hung
        }
        if signal != 0 { return .crashed(signal: signal, address: facts.signal == signal ? address : nil) }
        return said(facts) ?? .exited(status: facts.status >> 8 & 0xFF)
    }

    /// What it said itself; nil if it did not come to that.
    private func said(_ facts: kww_facts) -> ProbeReport.End? {
        var description = kww_description()
        var message = [CChar](repeating: 0, count: 1024)
        switch unsafe kww_worker_await(worker, 0, &description, &message, message.count) {
        case KWW_STATE_READY where facts.status == 0:
            do throws(PluginError) {
                if let manifest = plugin.manifest {
                    let interfaces = WorkerTable.offers(&description).map(\.id)
                    try WorkerTable.check(&description, interfaces, manifest, plugin.object.notes)
                }
                return .answered
            } catch {
                return .refused(error.what)
            }
        case KWW_STATE_FAILED:
            let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            let text = String(decoding: bytes, as: UTF8.self)
            if facts.phase == KWW_PHASE_SANDBOX { return .notContained(text) }
            let isContract = (KWW_PHASE_ENTRY...KWW_PHASE_SERVING).contains(facts.phase)
            return isContract ? .refused(text) : .unloadable(text)
        default: return nil
        }
    }

    private var backtrace: [ProbeReport.Frame] {
        let places = unsafe [kww_place](unsafeUninitializedCapacity: Int(KWW_PLACE_LIMIT)) { buffer, count in
            unsafe count = Int(kww_worker_backtrace(worker, buffer.baseAddress!, UInt32(buffer.count)))
        }
        return places.map { place in
            ProbeReport.Frame(
                module: Self.text(place.module), symbol: Self.text(place.symbol), offset: place.offset,
                symbolOffset: place.symbol_offset)
        }
    }

    /// An array of C, as far as its first NUL.
    private static func text<Array>(_ array: Array) -> String {
        unsafe withUnsafeBytes(of: array) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
