internal import Glibc

/// One client, as the server's thread sees it.
struct ControlConnection {
    enum Work {
        /// The next request may be read.
        case idle
        case running(Task<Void, Never>)
        case streaming(Task<Void, Never>, EventOutbox)
        /// What is written already is sent; then it is over.
        case ending
    }

    /// -1 when the client is gone and only its request is left.
    private(set) var descriptor: Int32
    var lines = LineBuffer(limit: ControlProtocol.requestLimit)
    var work = Work.idle
    /// The client will send nothing more, but may read.
    private(set) var isInputClosed = false
    private var output: ArraySlice<UInt8> = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var isGone: Bool { descriptor < 0 }
    var hasOutput: Bool { !output.isEmpty }

    /// What to wait for: nobody is read from whose request is being worked on, so that what waits is bounded.
    var pollEvents: Int16 {
        var events: Int32 = hasOutput ? POLLOUT : 0
        switch work {
        case .idle where !hasOutput && !isInputClosed, .streaming where !isInputClosed: events |= POLLIN
        default: break
        }
        return Int16(events)
    }

    mutating func write(_ bytes: [UInt8]) { output += bytes }

    /// Takes what the client has sent, once.
    mutating func receive(_ buffer: inout [UInt8]) {
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            isInputClosed = true
            if count < 0 { drop() }
            return
        }
        // Behind a request for events nothing counts.
        if case .streaming = work { return }
        lines.append(buffer[..<count])
    }

    /// Sends as much as the client takes now.
    mutating func flush() {
        while !isGone, hasOutput {
            let count = unsafe output.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count >= 0 else { return drop() }
            output = output.dropFirst(count)
        }
        // Lets go of the memory as well.
        output = []
    }

    /// Closes the connection; a request that runs is told to stop.
    mutating func drop() {
        switch work {
        case .running(let task), .streaming(let task, _): task.cancel()
        case .idle, .ending: break
        }
        guard !isGone else { return }
        close(descriptor)
        descriptor = -1
        output = []
    }
}
