internal import CPluginScanner
internal import Glibc
internal import PluginCore
internal import PluginLoader

/// A running scanner. Blocks the thread that uses it, which has to be one and the same: the scanner dies with it.
@safe
struct ScannerSession: ~Copyable {
    enum Event {
        case result(tag: UInt32, json: JSON, tail: ArraySlice<UInt8>)
        /// There is room for another request.
        case room
        /// The scanner is gone, or does not answer.
        case lost
    }

    /// How long a program may take to say that it is a scanner.
    private static let patience = Duration.seconds(10)

    /// Tags of the plugins that are being tried.
    private(set) var running: Set<UInt32> = []
    private let path: String
    private let socket: Int32
    private let process: Int32
    private var buffer = [UInt8](repeating: 0, count: Int(KWS_PACKET_LIMIT))
    private var isFull = false
    private var preloaded: Set<String> = []

    /// - Throws: ``PluginError`` with code `notFound` if the program cannot be run, `unsupported` if it is a scanner of
    ///   another version, `protocolViolation` if it is none.
    static func start(_ path: String) throws(PluginError) -> ScannerSession {
        var (socket, process) = (Int32(-1), Int32(0))
        let reason = unsafe kws_spawn(path, &socket, &process)
        guard reason == 0 else { throw PluginScanner.missing("\(path) cannot be run (error \(reason))", [path]) }
        var session = ScannerSession(path: path, socket: socket, process: process)
        try session.expectGreeting()
        return session
    }

    private init(path: String, socket: Int32, process: Int32) {
        (self.path, self.socket, self.process) = (path, socket, process)
    }

    private mutating func expectGreeting() throws(PluginError) {
        guard wait(for: Self.patience) != nil, let frame = try receiveFrame()?.frame, frame.kind == KWS_HELLO else {
            throw notScanner("does not say that it is one")
        }
    }

    /// A scanner that is sound needs the time only to end what plugins have left.
    deinit { kws_end(socket, process, 5000) }

    // MARK: - Requests

    enum Submission {
        case done
        /// The scanner takes no more just now.
        case full
        /// A file that the plugin needs is gone.
        case missing(PluginError)
    }

    mutating func submit(
        _ plugin: PreparedPlugin, _ tag: UInt32, _ deadline: Duration
    ) throws(PluginError) -> Submission {
        let parts: PreparedPlugin.Parts
        do throws(PluginError) {
            parts = try plugin.parts()
        } catch {
            guard error.code == .notFound else { throw error }
            return .missing(error)
        }
        guard parts.descriptors.count <= Int(KWS_LIBRARY_LIMIT) + 1 else {
            throw PluginError(
                .resourceExhausted, "has more than \(KWS_LIBRARY_LIMIT) private libraries",
                remedy: "Link some of them into one",
                facts: .limit(name: "privateLibraries", value: Int64(KWS_LIBRARY_LIMIT), unit: "files", source: "host"),
                plugin: plugin.path, stage: .load)
        }
        for library in parts.hostLibraries where !preloaded.contains(library) {
            guard try send(KWS_PRELOAD, 0, Array(library.utf8) + [0], []) else { return .full }
            preloaded.insert(library)
        }
        let window = plugin.hostSDK
        let request = kws_probe(
            deadline_ms: UInt32(clamping: Int64(deadline.milliseconds.rounded(.up))),
            sdk: plugin.verification.sdk ?? window.minimum, sdk_min: window.minimum, sdk_max: window.maximum ?? 0,
            libraries: UInt32(parts.descriptors.count - 1))
        let body = unsafe withUnsafeBytes(of: request) { unsafe Array($0) }
        guard try send(KWS_PROBE, tag, body, parts.descriptors) else { return .full }
        running.insert(tag)
        return .done
    }

    private mutating func send(
        _ kind: UInt32, _ tag: UInt32, _ body: [UInt8], _ descriptors: [Int32]
    ) throws(PluginError) -> Bool {
        var frame = kws_frame(magic: KWS_MAGIC, protocol: KWS_PROTOCOL, kind: kind, tag: tag, text: 0, tail: 0)
        let count = descriptors.count
        guard unsafe kws_send(socket, &frame, body, body.count, descriptors, count) != 0 else { return true }
        switch errno {
        // A scanner that is gone shows when its answer is read.
        case EPIPE, ECONNRESET: return true
        case EAGAIN, ENOBUFS, ETOOMANYREFS:
            isFull = true
            return false
        default:
            throw PluginError(
                .unavailable, "\(path) cannot be asked (error \(errno))", remedy: "Check the limit on open files",
                facts: .errno(errno, call: "sendmsg"), stage: .load)
        }
    }

    // MARK: - Answers

    mutating func next(within patience: Duration) throws(PluginError) -> Event {
        guard let events = wait(for: patience) else { return .lost }
        if events == Int16(POLLOUT) {
            isFull = false
            return .room
        }
        guard let (frame, packet) = try receiveFrame() else { return .lost }
        guard frame.kind == KWS_RESULT, running.remove(frame.tag) != nil else {
            throw notScanner("answers what was not asked")
        }
        let text = packet.prefix(Int(frame.text))
        // What plugins say of themselves may be no UTF-8.
        let json = try JSON(parsing: String(decoding: text, as: UTF8.self), what: "an answer of \(path)")
        return .result(tag: frame.tag, json: json, tail: packet.dropFirst(Int(frame.text)))
    }

    /// The next packet: its frame and what follows it. nil if the scanner is gone.
    private mutating func receiveFrame() throws(PluginError) -> (frame: kws_frame, packet: ArraySlice<UInt8>)? {
        let size = unsafe buffer.withUnsafeMutableBytes { unsafe kws_receive(socket, $0.baseAddress, $0.count) }
        if size == 0 || (size < 0 && errno == ECONNRESET) { return nil }
        guard size >= MemoryLayout<kws_frame>.size else { throw notScanner("does not speak as one") }
        let frame = unsafe buffer.withUnsafeBytes { unsafe $0.loadUnaligned(as: kws_frame.self) }
        guard frame.magic == KWS_MAGIC else { throw notScanner("does not speak as one") }
        guard frame.protocol == KWS_PROTOCOL else {
            throw PluginError(
                .unsupported,
                "\(path) speaks version \(frame.protocol) of the scanner's protocol, and this host version \(KWS_PROTOCOL)",
                remedy: "Build both from the same source", facts: .file(path: path), stage: .load)
        }
        let packet = buffer[MemoryLayout<kws_frame>.size..<Int(size)]
        guard UInt64(frame.text) + UInt64(frame.tail) == UInt64(packet.count) else {
            throw notScanner("does not speak as one")
        }
        return (frame, packet)
    }

    /// Waits for an answer, for the end of the scanner or, if it took no more requests, for room: what poll(2) says. nil:
    /// nothing came.
    private func wait(for patience: Duration) -> Int16? {
        let end = ContinuousClock.now + patience
        while true {
            var event = pollfd(fd: socket, events: Int16(isFull ? POLLIN | POLLOUT : POLLIN), revents: 0)
            let left = max(0, (end - .now).milliseconds.rounded(.up))
            let count = unsafe poll(&event, 1, Int32(clamping: Int64(left)))
            if count < 0, errno == EINTR { continue }
            return count > 0 ? event.revents : nil
        }
    }

    private func notScanner(_ why: String) -> PluginError {
        PluginError(
            .protocolViolation, "\(path) is no keyway-scanner of this host: it \(why)",
            remedy: "Build it from Keyway's source with make build, or swift build --product keyway-scanner",
            facts: .file(path: path), stage: .load)
    }
}
