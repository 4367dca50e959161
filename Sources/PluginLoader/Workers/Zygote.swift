internal import CPluginLinux
internal import CPluginWorker
internal import Glibc
internal import PluginCore
internal import PluginELF
internal import Synchronization

/// A `keyway-worker` that makes workers, and the thread that started it.
///
/// The thread lives as long as the program: the kernel ends the program when the *thread* that started it ends
/// (PR_SET_PDEATHSIG, prctl(2)). It also receives what the program and its workers say.
final class Zygote: Sendable {
    private struct State {
        var isRunning = false
        var isGone = false
        var failure: PluginError?
        var socket: Int32 = -1
        var workers: [UInt32: WorkerProcess] = [:]
        var channels: [Int32: WorkerChannel] = [:]
        var preloaded: Set<String> = []
    }

    /// How long the program may take to say what it is.
    private static let patience: Int32 = 5000
    private static let tags = Atomic<UInt32>(0)

    let path: String
    private let monitor = Monitor(State())
    /// Has the thread look at the list of channels again.
    private let bell: Int32

    private init(path: String) {
        self.path = path
        bell = kww_open_bell()
    }

    deinit { close(bell) }

    /// Starts the program and waits until it has said what it is.
    static func start(_ path: String) throws(PluginError) -> Zygote {
        let zygote = Zygote(path: path)
        guard zygote.startThread() else {
            throw PluginError(
                .resourceExhausted, "no thread is left for \(path)", remedy: "Raise the limit on processes (ulimit -u)",
                stage: .load)
        }
        let failure = zygote.monitor.wait { state -> PluginError?? in
            state.isRunning || state.failure != nil ? .some(state.failure) : nil
        }
        if let failure { throw failure }
        return zygote
    }

    static func nextTag() -> UInt32 { tags.add(1, ordering: .relaxed).newValue }

    var isRunning: Bool { monitor.withLock { $0.isRunning } }

    /// Ends the program, and with it its workers, and waits until they are gone. Not on its own thread.
    func stop() {
        monitor.withLock { state in if state.socket >= 0 { _ = shutdown(state.socket, Int32(SHUT_RDWR)) } }
        monitor.wait { state -> Void? in state.isGone ? () : nil }
    }

    // MARK: - Requests

    /// Has a worker started for a plugin. What comes of it is told to the worker.
    func spawn(
        _ worker: WorkerProcess, _ files: borrowing WorkerProcess.Files, _ parts: borrowing PreparedPlugin.Parts,
        _ request: kww_spawn, environment: [String]
    ) throws(PluginError) {
        let channel = try WorkerChannel.make(worker)
        var request = request
        request.libraries = UInt32(parts.descriptors.count - 1)
        let variables: [UInt8] = environment.flatMap { variable -> [UInt8] in Array(variable.utf8) + [0] }
        request.environment = UInt32(variables.count)
        let header: [UInt8] = unsafe withUnsafeBytes(of: request) { unsafe Array($0) }
        let body = header + variables
        let descriptors = [files.host, files.worker, channel.theirLog, channel.theirOutput] + parts.descriptors
        let libraries = parts.hostLibraries
        try monitor.withLock { state throws(PluginError) in
            guard state.isRunning else { throw lost() }
            for library in libraries where !state.preloaded.contains(library) {
                try send(state.socket, KWW_PRELOAD, 0, Array(library.utf8) + [0], [])
                state.preloaded.insert(library)
            }
            state.workers[worker.tag] = worker
            state.channels[channel.log] = channel
            do throws(PluginError) {
                try send(state.socket, KWW_SPAWN, worker.tag, body, descriptors)
            } catch {
                state.workers[worker.tag] = nil
                state.channels[channel.log] = nil
                throw error
            }
        }
        channel.closeTheirs()
        ring()
    }

    private func send(
        _ socket: Int32, _ kind: UInt32, _ tag: UInt32, _ body: [UInt8], _ descriptors: [Int32]
    ) throws(PluginError) {
        var frame = kww_frame(magic: KWW_MAGIC, protocol: KWW_PROTOCOL, kind: kind, tag: tag)
        let count = descriptors.count
        guard unsafe kww_send(socket, &frame, body, body.count, descriptors, count) != 0 else { return }
        if errno == EPIPE || errno == ECONNRESET { throw lost() }
        throw PluginError(
            .unavailable, "\(path) cannot be asked for a worker (error \(errno))",
            remedy: "Check the limit on open files", facts: .errno(errno, call: "sendmsg"), stage: .load)
    }

    private func lost() -> PluginError {
        PluginError(
            .workerLost, "\(path), which starts workers, is gone", remedy: "Try it again", stage: .load, retryable: true
        )
    }

    private func ring() {
        var one: UInt64 = 1
        _ = unsafe write(bell, &one, MemoryLayout<UInt64>.size)
    }

    // MARK: - The thread

    private func startThread() -> Bool {
        var thread = pthread_t()
        let zygote = unsafe Unmanaged.passRetained(self)
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Zygote>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, zygote.toOpaque())
        guard status == 0 else {
            unsafe zygote.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func run() {
        var (socket, process) = (Int32(-1), Int32(0))
        let reason = unsafe Self.withEnvironment { environment in
            unsafe kww_spawn_zygote(path, environment, &socket, &process)
        }
        guard reason == 0 else {
            return fail(Self.failure(path, reason))
        }
        var buffer = [UInt8](repeating: 0, count: Int(KWW_PACKET_LIMIT))
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
            while turn(socket, &buffer) {}
            end()
        }
        kww_end_zygote(socket, process)
        close(socket)
        monitor.withLock { $0.isGone = true }
        monitor.signal()
    }

    private static func failure(_ path: String, _ reason: Int32) -> PluginError {
        guard reason == EMFILE || reason == ENFILE || reason == ENOMEM || reason == EAGAIN else {
            return HelperProgram.worker.missing("\(path) cannot be run (error \(reason))", [path])
        }
        return PluginError(
            .resourceExhausted, "\(path) cannot be started (error \(reason))",
            remedy: "Raise the limits on open files (ulimit -n) and processes (ulimit -u)",
            facts: .errno(reason, call: "posix_spawn"), stage: .load)
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

    private func fail(_ error: PluginError) {
        monitor.withLock { state in
            state.failure = error
            state.isGone = true
        }
        monitor.signal()
    }

    /// What is wrong with it, or nil.
    private func greeting(_ socket: Int32, _ buffer: inout [UInt8]) -> PluginError? {
        var event = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&event, 1, Self.patience) > 0, let packet = receive(socket, &buffer), packet.descriptor < 0,
            packet.frame.magic == KWW_MAGIC, packet.frame.kind == KWW_HELLO
        else {
            return PluginError(
                .protocolViolation, "\(path) is no keyway-worker: it does not say that it is one",
                remedy: "Build it from Keyway's source with make build, or swift build --product keyway-worker",
                facts: .file(path: path), stage: .load)
        }
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
    private func turn(_ socket: Int32, _ buffer: inout [UInt8]) -> Bool {
        let channels = monitor.withLock { Array($0.channels.values) }
        var events = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
        ]
        for channel in channels { events += channel.polled }
        let count = unsafe poll(&events, nfds_t(events.count), -1)
        guard count > 0 else { return count == 0 || errno == EINTR }
        if events[1].revents != 0 {
            var number: UInt64 = 0
            _ = unsafe read(bell, &number, MemoryLayout<UInt64>.size)
        }
        for (index, channel) in channels.enumerated() {
            let isReadable = events[2 + 2 * index].revents != 0 || events[3 + 2 * index].revents != 0
            if isReadable, !channel.drain() { _ = monitor.withLock { $0.channels.removeValue(forKey: channel.log) } }
        }
        return events[0].revents == 0 || take(socket, &buffer)
    }

    private func take(_ socket: Int32, _ buffer: inout [UInt8]) -> Bool {
        guard let (frame, body, descriptor) = receive(socket, &buffer) else { return false }
        let worker = monitor.withLock { state in
            frame.kind == KWW_EXITED ? state.workers.removeValue(forKey: frame.tag) : state.workers[frame.tag]
        }
        switch frame.kind {
        case KWW_STARTED where body.count == MemoryLayout<kww_started>.size:
            let started = unsafe body.withUnsafeBytes { unsafe $0.loadUnaligned(as: kww_started.self) }
            guard let worker, descriptor >= 0 else {
                if descriptor >= 0 { close(descriptor) }
                worker?.ended(KWW_END_START, status: started.error)
                _ = monitor.withLock { $0.workers.removeValue(forKey: frame.tag) }
                return true
            }
            worker.started(descriptor, pid: started.pid)
        case KWW_EXITED where body.count == MemoryLayout<kww_exited>.size:
            let exited = unsafe body.withUnsafeBytes { unsafe $0.loadUnaligned(as: kww_exited.self) }
            worker?.ended(KWW_END_EXIT, status: exited.status)
        default:
            if descriptor >= 0 { close(descriptor) }
            return false
        }
        return true
    }

    private func end() {
        let workers = monitor.withLock { state in
            state.isRunning = false
            state.socket = -1
            state.channels = [:]
            defer { state.workers = [:] }
            return Array(state.workers.values)
        }
        for worker in workers { worker.ended(KWW_END_ZYGOTE, status: 0) }
    }
}
