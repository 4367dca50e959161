internal import CPluginLinux
internal import CPluginSandbox
internal import CPluginWorker
internal import Glibc
internal import Logging
internal import PluginABI
internal import PluginCore

/// Where a worker's plugin logs and prints, read on the zygote's thread.
@safe
final class WorkerChannel: @unchecked Sendable {  // the buffers are the zygote's thread's alone
    let log: Int32
    let output: Int32
    let theirLog: Int32
    let theirOutput: Int32
    private(set) var theirNetwork: Int32 = -1
    /// Until the worker has said what its sandbox is: before any code of the plugin has run.
    private var listener: SandboxListener?
    private let host: HostTable
    private weak let worker: WorkerProcess?
    private var theirsAreOpen = true
    private var logIsOpen = true
    private var outputIsOpen = true
    private var line: [UInt8] = []
    private var windowBegan: Int64 = 0
    private var spent = 0
    private var dropped = 0

    /// Bytes of a line that is printed; a longer one becomes several.
    private static let lineLimit = 4096
    /// Bytes that are logged within a window of so many nanoseconds.
    private static let outputLimit = 1 << 20
    private static let window: Int64 = 10_000_000_000
    /// Bytes and notes that are read before others have their turn.
    private static let share = 64

    /// - Parameters:
    ///   - network: what the worker may ask of the network; nil: nothing.
    ///   - listener: told of what its sandbox tells; nil: nobody is.
    static func make(
        _ worker: WorkerProcess, network: NetworkService? = nil, listener: SandboxListener? = nil
    ) throws(PluginError) -> WorkerChannel {
        var (sockets, pipes): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        guard unsafe kww_open_channel(&sockets, &pipes) == 0 else { throw failure("socketpair") }
        let channel = WorkerChannel(
            log: sockets[0], theirLog: sockets[1], output: pipes[0], theirOutput: pipes[1], worker: worker)
        channel.listener = listener
        if let network {
            guard unsafe kww_open_network(&sockets) == 0 else { throw failure("socketpair") }
            channel.theirNetwork = sockets[1]
            let isServed = NetworkBroker.start(network, socket: sockets[0]) { [weak worker] in
                worker?.kill(KWW_KILL_PROTOCOL)
            }
            guard isServed else {
                close(sockets[0])
                throw PluginError(
                    .resourceExhausted, "no thread is left for a worker's network",
                    remedy: "Raise the limit on processes (ulimit -u)", stage: .load)
            }
        }
        return channel
    }

    private static func failure(_ call: String) -> PluginError {
        PluginError(
            .resourceExhausted, "no descriptor is left for a worker (error \(errno))",
            remedy: "Raise the limit on open files (ulimit -n)", facts: .errno(errno, call: call), stage: .load)
    }

    private init(log: Int32, theirLog: Int32, output: Int32, theirOutput: Int32, worker: WorkerProcess) {
        (self.log, self.theirLog, self.output, self.theirOutput) = (log, theirLog, output, theirOutput)
        self.worker = worker
        host = worker.host
    }

    deinit {
        closeTheirs()
        close(log)
        close(output)
    }

    /// The worker has them.
    func closeTheirs() {
        guard theirsAreOpen else { return }
        theirsAreOpen = false
        close(theirLog)
        close(theirOutput)
        if theirNetwork >= 0 { close(theirNetwork) }
    }

    /// What there is to wait for: poll(2) passes over what is closed.
    var polled: [pollfd] {
        [(log, logIsOpen), (output, outputIsOpen)].map { descriptor, isOpen in
            pollfd(fd: isOpen ? descriptor : -1, events: Int16(POLLIN), revents: 0)
        }
    }

    /// Reads what is there. false: both ends are closed.
    func drain() -> Bool {
        if logIsOpen { logIsOpen = drainLog() }
        if outputIsOpen { outputIsOpen = drainOutput() }
        return logIsOpen || outputIsOpen
    }

    private func drainLog() -> Bool {
        var packet = [UInt8](repeating: 0, count: Int(KWW_NOTE_LIMIT))
        for _ in 0..<Self.share {
            var descriptors: [Int32] = [-1, -1]
            let size =
                listener == nil
                ? unsafe recv(log, &packet, packet.count, Int32(MSG_DONTWAIT))
                : Int(unsafe kww_receive_note(log, &packet, packet.count, &descriptors))
            if size < 0, errno == EINTR { continue }
            if size < 0, errno == EAGAIN { return true }
            guard size > 0 else { return false }
            if let listener, descriptors[0] >= 0 {
                listener.start(descriptors[0], memory: descriptors[1]) { [weak worker] in worker?.pid ?? 0 }
            }
            // What comes from now on may be the plugin's own.
            listener = nil
            take(packet[..<size])
        }
        return true
    }

    private func take(_ packet: ArraySlice<UInt8>) {
        let headerSize = MemoryLayout<kww_note>.size
        guard packet.count >= headerSize else { return }
        let note = unsafe packet.withUnsafeBytes { unsafe $0.loadUnaligned(as: kww_note.self) }
        switch note.kind {
        case KWW_NOTE_UPCALL: worker?.serve(lane: note.level)
        case KWW_NOTE_SANDBOX where packet.count == headerSize + MemoryLayout<kws_report>.size:
            worker?.take(
                unsafe packet.dropFirst(headerSize).withUnsafeBytes { unsafe $0.loadUnaligned(as: kws_report.self) })
        default: host.receive(note, packet.dropFirst(headerSize))
        }
    }

    private func drainOutput() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16384)
        let count = unsafe read(output, &bytes, bytes.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return true }
        for byte in bytes.prefix(max(0, count)) {
            if byte != UInt8(ascii: "\n") { line.append(byte) }
            if byte == UInt8(ascii: "\n") || line.count >= Self.lineLimit { flush() }
        }
        if count <= 0 { flush() }
        return count > 0
    }

    /// May so many bytes be logged? A plugin that prints without end must not fill its operator's disk.
    private func spend(_ bytes: Int) -> Bool {
        let now = kwl_monotonic_ns()
        if now - windowBegan >= Self.window {
            if dropped > 0 { host.log(.warning, "output", "\(dropped) lines of it were left out: it prints too much") }
            (windowBegan, spent, dropped) = (now, 0, 0)
        }
        spent += bytes
        if spent > Self.outputLimit { dropped += 1 }
        return spent <= Self.outputLimit
    }

    private func flush() {
        guard !line.isEmpty else { return }
        defer { line.removeAll(keepingCapacity: true) }
        guard spend(line.count + 64) else { return }
        host.log(.warning, "output", "it printed: \(ControlCharacters.spelled(String(decoding: line, as: UTF8.self)))")
    }
}

extension HostTable {
    /// Takes a note of a worker: what its plugin logged or measured. What makes no sense is dropped.
    func receive(_ note: kww_note, _ body: ArraySlice<UInt8>) {
        let lengths = [note.length.0, note.length.1, note.length.2, note.length.3].map(Int.init)
        guard lengths.reduce(0, +) == body.count else { return }
        if note.dropped > 0 { log(.warning, "worker", "\(note.dropped) notes of it were lost: it logs too fast") }
        unsafe body.withUnsafeBytes { bytes in
            var at = 0
            let texts = unsafe lengths.map { length in
                defer { at += length }
                return unsafe kw_str(
                    ptr: bytes.baseAddress.map { unsafe $0.assumingMemoryBound(to: CChar.self) + at },
                    len: UInt64(length))
            }
            switch note.kind {
            case KWW_NOTE_LOG:
                unsafe log(note.level, texts[0], texts[1], texts[2], number: note.call, run: texts[3])
            case KWW_NOTE_METRIC: unsafe metric(texts[0], note.level, note.value, texts[1])
            default: break
            }
        }
    }
}
