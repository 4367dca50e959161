internal import CPluginLinux
internal import Glibc
internal import PluginCore

/// The control server's thread.
struct ControlLoop {
    private let path: String
    private let listener: ControlSocket.Listener
    private let mailbox: ControlMailbox
    private let handler: ControlServer.Handler
    private let events: ControlServer.EventSource
    /// Given up for a moment where descriptors run out, so that a client can be turned away: one that is only left waiting
    /// would have poll(2) return for ever.
    private var spare = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    private var connections: [Int: ControlConnection] = [:]
    private var lastNumber = 0
    private var isStopping = false
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    init(
        _ path: String, _ listener: ControlSocket.Listener, _ mailbox: ControlMailbox,
        _ handler: @escaping ControlServer.Handler, _ events: @escaping ControlServer.EventSource
    ) {
        (self.path, self.listener, self.mailbox) = (path, listener, mailbox)
        (self.handler, self.events) = (handler, events)
    }

    mutating func run() {
        while !isStopping || !connections.isEmpty {
            wait()
            for message in mailbox.take() { take(message) }
        }
        close(spare)
    }

    private mutating func wait() {
        let numbers = connections.keys.filter { !(connections[$0]?.isGone ?? true) }
        var waits = [
            pollfd(fd: mailbox.wakeup.descriptor, events: Int16(POLLIN), revents: 0),
            // A negative one is passed over.
            pollfd(fd: isStopping ? -1 : listener.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        for number in numbers {
            guard let connection = connections[number] else { continue }
            waits.append(pollfd(fd: connection.descriptor, events: connection.pollEvents, revents: 0))
        }
        guard unsafe poll(&waits, nfds_t(waits.count), -1) > 0 else { return }
        for (number, wait) in zip(numbers, waits.dropFirst(2)) where wait.revents != 0 {
            if wait.revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 {
                connections[number]?.drop()
            } else if wait.revents & Int16(POLLIN) != 0 {
                connections[number]?.receive(&buffer)
            }
            advance(number)
        }
        if waits[1].revents != 0 { accept() }
    }

    private mutating func take(_ message: ControlMailbox.Message) {
        switch message {
        case .replied(let number, let line):
            connections[number]?.work = .idle
            connections[number]?.write(line)
            advance(number)
        case .streams(let number, let line, let outbox):
            guard case .running(let task) = connections[number]?.work else { return }
            connections[number]?.work = .streaming(task, outbox)
            connections[number]?.write(line)
            if isStopping { task.cancel() }
            advance(number)
        case .hasEvents:
            for number in connections.keys { if case .streaming = connections[number]?.work { advance(number) } }
        case .streamEnded(let number):
            if case .streaming(_, let outbox) = connections[number]?.work { connections[number]?.write(outbox.take()) }
            connections[number]?.work = .ending
            advance(number)
        case .stop: stop()
        }
    }

    private mutating func stop() {
        guard !isStopping else { return }
        isStopping = true
        // First the name, so that nobody is led to a host that does not answer.
        ControlSocket.remove(path, listener.stamp)
        close(listener.descriptor)
        for number in connections.keys {
            switch connections[number]?.work {
            case .running(let task), .streaming(let task, _): task.cancel()
            default: break
            }
            advance(number)
        }
    }

    // MARK: - Clients

    private mutating func accept() {
        while true {
            var client = kwl_accept(listener.descriptor)
            var problem: PluginError?
            if client < 0, errno == EMFILE || errno == ENFILE {
                close(spare)
                spare = -1
                client = kwl_accept(listener.descriptor)
                problem = PluginError(
                    .resourceExhausted, "the host has no descriptor left for another client",
                    remedy: "Raise the host's limit on open files (ulimit -n)")
            }
            defer { if spare < 0 { spare = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) } }
            if client < 0, errno == EINTR || errno == ECONNABORTED { continue }
            guard client >= 0 else { return }
            let peer = ControlSocket.peer(of: client)
            if peer?.user != 0, peer?.user != geteuid() {
                problem = PluginError(
                    .permissionDenied, "the host serves the user that runs it and root alone",
                    remedy: "Run as the user that runs the host")
            } else if problem == nil, connections.count >= ControlProtocol.connectionLimit {
                problem = PluginError(
                    .overloaded, "the host serves \(ControlProtocol.connectionLimit) clients at once, and has so many",
                    remedy: "Try again when others have gone",
                    facts: .limit(
                        name: "controlConnections", value: Int64(ControlProtocol.connectionLimit), unit: "clients",
                        source: "host"))
            }
            var connection = ControlConnection(client)
            if let problem {
                connection.write(ControlProtocol.reply(.failure(problem), to: .null))
                connection.flush()
                connection.drop()
                continue
            }
            lastNumber += 1
            connection.write(ControlProtocol.greeting(process: getpid()))
            connections[lastNumber] = connection
            advance(lastNumber)
        }
    }

    /// Does for a client whatever can be done without waiting.
    private mutating func advance(_ number: Int) {
        guard var connection = connections[number] else { return }
        connection.flush()
        if case .streaming(_, let outbox) = connection.work, !connection.hasOutput {
            // It is empty from then on, so that the next event is told.
            connection.write(outbox.take())
            connection.flush()
        }
        var isOver = false
        switch connection.work {
        case .running, .streaming: break
        case .ending: isOver = connection.isGone || !connection.hasOutput || isStopping
        case .idle where connection.isGone: isOver = true
        // Whoever does not take the last reply at once cannot hold up the end.
        case .idle where isStopping: isOver = true
        case .idle where connection.hasOutput: break
        case .idle: isOver = !begin(number, &connection)
        }
        if isOver { connection.drop() }
        connections[number] = isOver ? nil : connection
    }

    /// Begins the client's next request, if there is one.
    /// - Returns: whether the connection goes on.
    private func begin(_ number: Int, _ connection: inout ControlConnection) -> Bool {
        do throws(LineBuffer.TooLong) {
            while let line = try connection.lines.next() {
                if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
                let (mailbox, handler, events) = (mailbox, handler, events)
                connection.work = .running(Task { await Self.answer(Array(line), number, mailbox, handler, events) })
                return true
            }
            return !connection.isInputClosed
        } catch {
            let problem = PluginError(
                .resourceExhausted, "a request is longer than \(ControlProtocol.requestLimit) bytes",
                remedy: "Send less, or name a file",
                facts: .limit(
                    name: "controlRequest", value: Int64(ControlProtocol.requestLimit), unit: "bytes", source: "host"))
            connection.write(ControlProtocol.reply(.failure(problem), to: .null))
            connection.work = .ending
            connection.flush()
            return connection.hasOutput
        }
    }

    private static func answer(
        _ line: [UInt8], _ number: Int, _ mailbox: ControlMailbox, _ handler: ControlServer.Handler,
        _ events: ControlServer.EventSource
    ) async {
        var id = JSON.null
        let result: Result<JSON, PluginError>
        do throws(PluginError) {
            let json = try JSON(parsing: line, what: "a request on the control socket")
            id = json["id"] ?? .null
            let request = try ControlRequest(json)
            if request.verb == "events" {
                let sequence = try await events(request).get()
                let outbox = EventOutbox(limit: ControlProtocol.eventLimit)
                mailbox.post(
                    .streams(connection: number, line: ControlProtocol.reply(.success(.object([:])), to: id), outbox))
                await forward(sequence, to: outbox, mailbox)
                return mailbox.post(.streamEnded(connection: number))
            }
            result = await handler(request)
        } catch {
            result = .failure(error)
        }
        mailbox.post(.replied(connection: number, line: ControlProtocol.reply(result, to: id)))
    }

    private static func forward(
        _ events: some AsyncSequence<JSON, Never>, to outbox: EventOutbox, _ mailbox: ControlMailbox
    ) async {
        for await event in events where outbox.offer(ControlProtocol.line(event)) { mailbox.post(.hasEvents) }
    }
}
