internal import CPluginLinux
internal import CPluginWorker
internal import Glibc
internal import PluginCore
internal import PluginELF
internal import Synchronization

/// A process that a zygote makes. What becomes of it is told on the zygote's thread.
protocol ZygoteChild: AnyObject, Sendable {
    /// Of ``Zygote/nextTag()``.
    var tag: UInt32 { get }
    /// - Parameters:
    ///   - descriptor: a pidfd, the child's from now on.
    ///   - started: its process, and its control group.
    func started(_ descriptor: Int32, _ started: kww_started)
    /// Its process is gone, or never came.
    /// - Parameters:
    ///   - how: KWW_END_*.
    ///   - exited: what is known of it, at least the status.
    func ended(_ how: UInt32, _ exited: kww_exited)
    /// Ends it if its time is over. Returns when to look again (CLOCK_MONOTONIC, nanoseconds), or nil if the zygote does not
    /// tell of its end, as one does that works.
    func enforceDeadline(_ now: Int64) -> Int64?
}

extension ZygoteChild {
    func enforceDeadline(_ now: Int64) -> Int64? { .max }
}

/// What the zygote's thread reads of a process. The descriptors are closed with this value, theirs as soon as it has them.
protocol ZygoteChannel: AnyObject, Sendable {
    var theirLog: Int32 { get }
    var theirOutput: Int32 { get }
    /// On which it asks its broker; -1: it has none.
    var theirNetwork: Int32 { get }
    func closeTheirs()
    /// Two to wait for.
    var polled: [pollfd] { get }
    /// Reads what is there. false: there will be no more.
    func drain() -> Bool
}

extension ZygoteChannel {
    var theirNetwork: Int32 { -1 }
}

extension WorkerChannel: ZygoteChannel {}

/// A `keyway-worker` that makes processes for plugins, and the thread that started it.
///
/// The thread lives as long as the program: the kernel ends the program when the *thread* that started it ends
/// (PR_SET_PDEATHSIG, prctl(2)). It also receives what the program and its workers say.
final class Zygote: Sendable {
    private struct State {
        var isRunning = false
        var isGone = false
        var failure: PluginError?
        var socket: Int32 = -1
        /// By tag.
        var children: [UInt32: any ZygoteChild] = [:]
        var channels: [UInt32: any ZygoteChannel] = [:]
        var preloaded: Set<String> = []
        /// Has the thread look at the children again; -1 when there is none.
        var bell = kww_open_bell()
    }

    /// How long the program may take to say what it is.
    private static let patience: Int32 = 5000
    private static let tags = Atomic<UInt32>(0)

    let path: String
    private let monitor = Monitor(State())

    private init(path: String) { self.path = path }

    /// Starts the program and waits until it has said what it is.
    static func start(_ path: String) throws(PluginError) -> Zygote {
        let zygote = Zygote(path: path)
        guard zygote.startThread() else {
            zygote.gone()
            throw PluginError(
                .resourceExhausted, "no thread is left for \(path)", remedy: "Raise the limit on processes (ulimit -u)",
                stage: .load)
        }
        let failure = zygote.monitor.wait { state -> PluginError?? in
            state.isRunning || state.isGone || state.failure != nil ? .some(state.failure) : nil
        }
        if let failure { throw failure }
        return zygote
    }

    static func nextTag() -> UInt32 { tags.add(1, ordering: .relaxed).newValue }

    var isRunning: Bool { monitor.withLock { $0.isRunning } }

    /// Why it could not be started, or what it said that it cannot mean.
    var failure: PluginError? { monitor.withLock { $0.failure } }

    /// Ends the program, and with it its workers, and waits until they are gone. Not on its own thread.
    func stop() {
        monitor.withLock { state in if state.socket >= 0 { _ = shutdown(state.socket, Int32(SHUT_RDWR)) } }
        monitor.wait { state -> Void? in state.isGone ? () : nil }
    }

    // MARK: - Requests

    /// Has a process started for a plugin. What comes of it is told to the child.
    func spawn(
        _ child: any ZygoteChild, _ channel: any ZygoteChannel, _ files: borrowing WorkerProcess.Files,
        _ parts: borrowing PreparedPlugin.Parts, _ request: kww_spawn, _ sandbox: borrowing SandboxRequest,
        _ interfaces: DescribedInterfaces? = nil, environment: [String]
    ) throws(PluginError) {
        guard parts.descriptors.count <= Int(KWW_LIBRARY_LIMIT) + 1 else {
            throw PluginError(
                .resourceExhausted, "has more than \(KWW_LIBRARY_LIMIT) private libraries",
                remedy: "Link some of them into one",
                facts: .limit(name: "privateLibraries", value: Int64(KWW_LIBRARY_LIMIT), unit: "files", source: "host"),
                stage: .load)
        }
        var request = request
        request.libraries = UInt32(max(0, parts.descriptors.count - 1))
        let variables: [UInt8] = environment.flatMap { variable -> [UInt8] in Array(variable.utf8) + [0] }
        request.environment = UInt32(variables.count)
        let described = interfaces?.bytes ?? []
        request.described = UInt32(described.count)
        let header: [UInt8] = unsafe withUnsafeBytes(of: request) { unsafe Array($0) }
        var restrictions = sandbox.request
        restrictions.has_broker = channel.theirNetwork >= 0 ? 1 : 0
        let sandboxed: [UInt8] = unsafe withUnsafeBytes(of: restrictions) { unsafe Array($0) }
        let body = header + sandboxed + variables + described
        guard body.count < Int(KWW_PACKET_LIMIT) - MemoryLayout<kww_frame>.size else {
            throw PluginError(
                .resourceExhausted,
                "a worker's environment and the descriptions of interfaces take \(body.count) bytes together, and a request has \(KWW_PACKET_LIMIT)",
                remedy: "Pass fewer variables, or describe fewer interfaces", stage: .load)
        }
        let descriptors =
            [files.host, files.worker, channel.theirLog, channel.theirOutput] + parts.descriptors + sandbox.descriptors
            + (channel.theirNetwork >= 0 ? [channel.theirNetwork] : [])
        let libraries = parts.hostLibraries
        try monitor.withLock { state throws(PluginError) in
            guard state.isRunning else { throw lost() }
            for library in libraries where !state.preloaded.contains(library) {
                try send(state.socket, KWW_PRELOAD, 0, Array(library.utf8) + [0], [])
                state.preloaded.insert(library)
            }
            state.children[child.tag] = child
            state.channels[child.tag] = channel
            do throws(PluginError) {
                try send(state.socket, KWW_SPAWN, child.tag, body, descriptors)
            } catch {
                state.children[child.tag] = nil
                state.channels[child.tag] = nil
                throw error
            }
            var one: UInt64 = 1
            _ = unsafe write(state.bell, &one, MemoryLayout<UInt64>.size)
        }
        channel.closeTheirs()
    }

    private func send(
        _ socket: Int32, _ kind: UInt32, _ tag: UInt32, _ body: [UInt8], _ descriptors: [Int32]
    ) throws(PluginError) {
        var frame = kww_frame(magic: KWW_MAGIC, protocol: KWW_PROTOCOL, kind: kind, tag: tag)
        let count = descriptors.count
        guard unsafe kww_send(socket, &frame, body, body.count, descriptors, count) != 0 else { return }
        if errno == EPIPE || errno == ECONNRESET { throw lost() }
        throw PluginError(
            .unavailable, "\(path) cannot be asked for a process (error \(errno))",
            remedy: "Check the limit on open files", facts: .errno(errno, call: "sendmsg"), stage: .load)
    }

    private func lost() -> PluginError {
        PluginError(
            .workerLost, "\(path) is gone", remedy: "Try it again", stage: .load, retryable: true)
    }

    // MARK: - The thread

    private func startThread() -> Bool { DetachedThread.start { self.run() } == 0 }

    private func run() {
        var (socket, process) = (Int32(-1), Int32(0))
        let reason = unsafe Self.withEnvironment { environment in
            unsafe kww_spawn_zygote(path, environment, &socket, &process)
        }
        guard reason == 0 else {
            fail(Self.failure(path, reason))
            return gone()
        }
        var buffer = [UInt8](repeating: 0, count: Int(KWW_PACKET_LIMIT))
        let bell = monitor.withLock { $0.bell }
        if let failure = greeting(socket, &buffer) {
            // Whatever it is, it does not know that it is to end.
            kill(process, SIGKILL)
            fail(failure)
        } else {
            monitor.withLock { state in
                state.socket = socket
                state.isRunning = true
            }
            monitor.signal()
            while turn(socket, bell, &buffer) {}
            end()
        }
        kww_end_zygote(socket, process)
        close(socket)
        gone()
    }

    private static func failure(_ path: String, _ reason: Int32) -> PluginError {
        let facts = PluginError.Facts.errno(reason, call: "posix_spawn")
        switch reason {
        case EMFILE, ENFILE, ENOMEM, EAGAIN:
            return PluginError(
                .resourceExhausted, "\(path) cannot be started (error \(reason))",
                remedy: "Raise the limits on open files (ulimit -n) and processes (ulimit -u)", facts: facts,
                stage: .load)
        case ETXTBSY:
            return PluginError(
                .unavailable, "\(path) is being written, and cannot be run until that is done",
                remedy: "Try it again; install a program under another name and rename it, so that it is whole at once",
                facts: facts, stage: .load, retryable: true)
        default: return WorkerProgram.missing("\(path) cannot be run (error \(reason))", [path])
        }
    }

    /// The Swift runtime's own reporter of crashes takes milliseconds, and starts a process.
    @unsafe
    private static func withEnvironment<Result>(
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var variable = Array("SWIFT_BACKTRACE=enable=no".utf8CString)
        return unsafe variable.withUnsafeMutableBufferPointer { variable in
            let list = unsafe [variable.baseAddress, nil]
            return unsafe list.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
        }
    }

    private func gone() {
        monitor.withLock { state in
            state.isGone = true
            close(state.bell)
            state.bell = -1
        }
        monitor.signal()
    }

    /// - Returns: false.
    @discardableResult
    private func fail(_ error: PluginError) -> Bool {
        monitor.withLock { $0.failure = error }
        monitor.signal()
        return false
    }

    private func noWorker(_ why: String) -> PluginError {
        PluginError(
            .protocolViolation, "\(path) is no keyway-worker of this host: it \(why)",
            remedy: "Build it from Keyway's source with make build, or swift build --product keyway-worker",
            facts: .file(path: path), stage: .load)
    }

    /// What is wrong with it, or nil.
    private func greeting(_ socket: Int32, _ buffer: inout [UInt8]) -> PluginError? {
        var event = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&event, 1, Self.patience) > 0, let packet = receive(socket, &buffer), packet.descriptor < 0,
            packet.frame.magic == KWW_MAGIC, packet.frame.kind == KWW_HELLO, packet.body.isEmpty
        else { return noWorker("does not say that it is one") }
        guard packet.frame.protocol == KWW_PROTOCOL else {
            return PluginError(
                .unsupported,
                "\(path) speaks version \(packet.frame.protocol) of the workers' protocol, and this host version \(KWW_PROTOCOL)",
                remedy: "Build both from the same source", facts: .file(path: path), stage: .load)
        }
        return nil
    }

    private func receive(
        _ socket: Int32, _ buffer: inout [UInt8]
    ) -> (frame: kww_frame, body: ArraySlice<UInt8>, descriptor: Int32)? {
        var descriptor = Int32(-1)
        let size = unsafe buffer.withUnsafeMutableBytes {
            unsafe kww_receive(socket, $0.baseAddress, $0.count, &descriptor)
        }
        guard size >= MemoryLayout<kww_frame>.size else {
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
        let frame = unsafe buffer.withUnsafeBytes { unsafe $0.loadUnaligned(as: kww_frame.self) }
        return (frame, buffer[MemoryLayout<kww_frame>.size..<Int(size)], descriptor)
    }

    /// Waits for something to happen, and takes it. false: the program is gone.
    private func turn(_ socket: Int32, _ bell: Int32, _ buffer: inout [UInt8]) -> Bool {
        let (children, channels) = monitor.withLock { (Array($0.children.values), Array($0.channels)) }
        guard let timeout = enforceDeadlines(children) else { return false }
        var events = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
        ]
        for (_, channel) in channels { events += channel.polled }
        let count = unsafe poll(&events, nfds_t(events.count), timeout)
        guard count > 0 else { return count == 0 || errno == EINTR }
        if events[1].revents != 0 {
            var number: UInt64 = 0
            _ = unsafe read(bell, &number, MemoryLayout<UInt64>.size)
        }
        for (index, (tag, channel)) in channels.enumerated() {
            let isReadable = events[2 + 2 * index].revents != 0 || events[3 + 2 * index].revents != 0
            if isReadable, !channel.drain() { _ = monitor.withLock { $0.channels.removeValue(forKey: tag) } }
        }
        return events[0].revents == 0 || take(socket, &buffer)
    }

    /// Milliseconds until the next deadline, rounded up, -1: there is none. nil: the program does not tell of an end.
    private func enforceDeadlines(_ children: [any ZygoteChild]) -> Int32? {
        let now = kwl_monotonic_ns()
        var next = Int64.max
        for child in children {
            guard let deadline = child.enforceDeadline(now) else { return nil }
            next = min(next, deadline)
        }
        return next == .max ? -1 : Int32(clamping: max(0, next - now + 999_999) / 1_000_000)
    }

    private func take(_ socket: Int32, _ buffer: inout [UInt8]) -> Bool {
        guard let (frame, body, descriptor) = receive(socket, &buffer) else { return false }
        let child = monitor.withLock { state in
            frame.kind == KWW_EXITED ? state.children.removeValue(forKey: frame.tag) : state.children[frame.tag]
        }
        switch frame.kind {
        case KWW_STARTED where body.count == MemoryLayout<kww_started>.size && child != nil:
            let started = unsafe body.withUnsafeBytes { unsafe $0.loadUnaligned(as: kww_started.self) }
            if descriptor >= 0 {
                child?.started(descriptor, started)
            } else {
                // It runs if only the descriptor was lost, as there was no room for it here; then its end is told, too.
                if started.error != 0 { _ = monitor.withLock { $0.children.removeValue(forKey: frame.tag) } }
                child?.ended(KWW_END_START, kww_exited(status: started.error != 0 ? started.error : EMFILE))
            }
            return true
        case KWW_EXITED where body.count == MemoryLayout<kww_exited>.size && child != nil && descriptor < 0:
            let exited = unsafe body.withUnsafeBytes { unsafe $0.loadUnaligned(as: kww_exited.self) }
            child?.ended(KWW_END_EXIT, exited)
            return true
        default:
            if descriptor >= 0 { close(descriptor) }
            return fail(noWorker("answers what was not asked"))
        }
    }

    private func end() {
        let children = monitor.withLock { state in
            state.isRunning = false
            state.socket = -1
            state.channels = [:]
            defer { state.children = [:] }
            return Array(state.children.values)
        }
        for child in children { child.ended(KWW_END_ZYGOTE, kww_exited(status: 0)) }
    }
}

extension kww_exited {
    fileprivate init(status: Int32) {
        self.init()
        self.status = status
    }
}
