internal import Glibc
package import PluginCore
internal import PluginLoader
internal import Synchronization

/// Talks to a running host over its control socket, for the command line.
///
/// Waits on threads that may block, never on Swift's pool. Requests of several tasks are sent one after the other. When a
/// task that waits is cancelled, or its deadline passes, the connection is closed: what the host would still say to that
/// request cannot be told from the next reply.
package final class ControlClient: Sendable {
    package let path: String
    /// The host's process.
    package let process: Int32
    private let connection: Connection

    private init(_ path: String, _ process: Int32, _ connection: Connection) {
        (self.path, self.process, self.connection) = (path, process, connection)
    }

    /// - Parameter path: nil is ``ControlSocket/standardPath``.
    /// - Throws: ``PluginError`` with code `notFound` if no host runs, `overloaded` if it has too many clients,
    ///   `unsupported` if it speaks another version, `protocolViolation` if it is no host.
    package static func connect(
        to path: String? = nil, _ context: CallContext = CallContext()
    ) async throws(PluginError) -> ControlClient {
        let path = path ?? ControlSocket.standardPath
        return try await HostThread.run("control.connect", of: path, context) { () throws(PluginError) in
            let connection = Connection(path, try ControlSocket.connect(to: path))
            let greeting = try connection.receive()
            if let error = greeting["error"] { throw PluginError(controlError: error) }
            guard greeting["keyway"] == "control", let version = greeting["version"]?.intValue,
                let process = greeting["pid"]?.intValue.flatMap(Int32.init(exactly:))
            else { throw connection.violation("does not greet as one") }
            guard version == ControlProtocol.version else {
                throw PluginError(
                    .unsupported,
                    "the host at \(path) speaks version \(version) of the control protocol, and this command version "
                        + "\(ControlProtocol.version)",
                    remedy: "Use the command that came with the host", facts: .file(path: path))
            }
            return ControlClient(path, process, connection)
        }
    }

    /// Sends a request and waits for its reply.
    /// - Throws: what the host replies, or ``PluginError`` with code `unavailable` if it ends meanwhile.
    package func send(
        _ verb: String, _ arguments: JSON = .object([:]), _ context: CallContext = CallContext()
    ) async throws(PluginError) -> JSON {
        try await run("control.send", context) { connection throws(PluginError) in
            try connection.ask(ControlRequest(verb, arguments: arguments))
        }
    }

    /// The host's events from now on, one JSON object each. The connection is for nothing else from then on; it ends with the
    /// sequence's consumer.
    package func events(
        _ arguments: JSON = .object([:]), _ context: CallContext = CallContext()
    ) async throws(PluginError) -> EventStream<JSON> {
        _ = try await send("events", arguments, context)
        return EventStream(Events(client: self))
    }

    /// Ends the connection; whoever waits gets an error.
    package func close() { connection.shutDown() }

    private func run<Value: Sendable>(
        _ operation: StaticString, _ context: CallContext,
        _ body: @escaping @Sendable (Connection) throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        let connection = connection
        let result: Result<Value, PluginError>
        do throws(PluginError) {
            result = try await HostThread.run(operation, of: path, context) { () throws(PluginError) in
                do throws(PluginError) {
                    return .success(try body(connection))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            // It was cancelled, or too late: the thread still waits.
            connection.shutDown()
            throw error
        }
        return try result.get()
    }

    private final class Events: PluginCore.EventSource {
        let client: ControlClient

        init(client: ControlClient) { self.client = client }

        deinit { client.close() }

        func next() async throws(PluginError) -> JSON? {
            try await client.run("control.events", CallContext()) { connection throws(PluginError) in
                try connection.receiveOrEnd()
            }
        }
    }
}

extension ControlClient {
    /// The blocking end of it.
    private final class Connection: Sendable {
        private let path: String
        private let descriptor: Int32
        private let lines = Mutex(LineBuffer(limit: ControlProtocol.replyLimit))
        /// Held from a request to its reply.
        private let turn = Mutex<Int64>(0)

        /// - Parameter descriptor: becomes this object's own.
        init(_ path: String, _ descriptor: Int32) { (self.path, self.descriptor) = (path, descriptor) }

        deinit { Glibc.close(descriptor) }

        func shutDown() { Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }

        func ask(_ request: ControlRequest) throws(PluginError) -> JSON {
            try turn.withLock { number throws(PluginError) in
                number += 1
                var request = request
                request.id = .int(number)
                send(ControlProtocol.line(request.json))
                let reply = try receive()
                if let error = reply["error"] { throw PluginError(controlError: error) }
                guard reply["id"] == request.id, let value = reply["ok"] else {
                    throw violation("replies to what was not asked")
                }
                return value
            }
        }

        /// A host that is gone, or has ended the connection with an error, shows when its answer is read.
        private func send(_ bytes: [UInt8]) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes {
                    unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { return }
                rest = rest.dropFirst(count)
            }
        }

        func receive() throws(PluginError) -> JSON {
            guard let json = try receiveOrEnd() else {
                throw PluginError(
                    .unavailable, "the host at \(path) has ended the connection", remedy: "See whether it still runs",
                    facts: .file(path: path))
            }
            return json
        }

        func receiveOrEnd() throws(PluginError) -> JSON? {
            try lines.withLock { lines throws(PluginError) in
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    let line: ArraySlice<UInt8>?
                    do throws(LineBuffer.TooLong) {
                        line = try lines.next()
                    } catch {
                        throw violation("sends a line of more than \(lines.limit) bytes")
                    }
                    if let line { return try JSON(parsing: line, what: "what the host at \(path) says") }
                    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { return nil }
                    lines.append(buffer[..<count])
                }
            }
        }

        func violation(_ what: String) -> PluginError {
            PluginError(
                .protocolViolation, "what listens at \(path) is no host: it \(what)",
                remedy: "Name the host's socket with --socket", facts: .file(path: path))
        }
    }
}
