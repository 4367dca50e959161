internal import Glibc
package import PluginCore
internal import Synchronization

/// Serves a host's control socket: see ``ControlProtocol`` for what is spoken.
///
/// One thread of its own waits for all sockets (poll(2)) and does nothing but move bytes; requests are read and answered by
/// tasks. A client's requests are answered one after the other. A client that is gone, or has not read its reply, costs
/// nobody anything: it is not read from meanwhile. When a client goes, its request's task is cancelled.
///
/// Limits: ``ControlProtocol/connectionLimit`` clients, beyond which a client gets an error and the end; a line of
/// ``ControlProtocol/requestLimit`` bytes; ``ControlProtocol/eventLimit`` events for a client that reads slowly, which is told
/// how many it has missed. Only root and the host's own user are served (SO_PEERCRED, unix(7)).
package final class ControlServer: Sendable {
    /// Answers a request; also concurrently with itself, for other clients. Must not block: it runs in Swift's pool.
    package typealias Handler = @Sendable (ControlRequest) async -> Result<JSON, PluginError>
    /// Begins a stream of events for a request of the verb `events`. Letting go of the sequence ends it.
    package typealias EventSource =
        @Sendable (ControlRequest) async -> Result<any AsyncSequence<JSON, Never> & Sendable, PluginError>

    /// Where the socket is.
    package let path: String
    private let mailbox: ControlMailbox
    private let end: End

    private init(_ path: String, _ mailbox: ControlMailbox, _ end: End) {
        (self.path, self.mailbox, self.end) = (path, mailbox, end)
    }

    deinit { stop() }

    /// Returns when the host can be talked to.
    ///
    /// - Parameter path: nil is ``ControlSocket/standardPath``, whose folder is made and must be this user's alone. The folder
    ///   of another path has to be there.
    /// - Throws: ``PluginError`` with code `conflict` if a host runs there already, `permissionDenied`, `invalidArgument` if
    ///   the path is too long for a socket, `resourceExhausted`.
    package static func start(
        at path: String? = nil, handler: @escaping Handler, events: @escaping EventSource
    ) async throws(PluginError) -> ControlServer {
        let place = path ?? ControlSocket.standardPath
        return try await start(at: place, makesFolder: path == nil, handler: handler, events: events)
    }

    package static func start(
        at path: String, makesFolder: Bool, handler: @escaping Handler, events: @escaping EventSource
    ) async throws(PluginError) -> ControlServer {
        let mailbox = try ControlMailbox()
        let end = End()
        let result: Result<Void, PluginError> = await withCheckedContinuation { ready in
            do throws(PluginError) {
                try OwnThread.start(for: "the control socket") {
                    let listener: ControlSocket.Listener
                    do throws(PluginError) {
                        listener = try ControlSocket.listen(at: path, makesFolder: makesFolder)
                    } catch {
                        return ready.resume(returning: .failure(error))
                    }
                    ready.resume(returning: .success(()))
                    var loop = ControlLoop(path, listener, mailbox, handler, events)
                    loop.run()
                    end.reach()
                }
            } catch {
                ready.resume(returning: .failure(error))
            }
        }
        try result.get()
        return ControlServer(path, mailbox, end)
    }

    /// Removes the socket, cancels the tasks of the requests that run, sends their replies and closes every connection; soon.
    /// Any thread, a handler's task included.
    package func stop() { mailbox.post(.stop) }

    /// Waits until ``stop()`` has done all that. It has to wait for the handlers, so that none of them may wait for it.
    package func finished() async { await end.wait() }

    /// What several may wait for.
    private final class End: Sendable {
        private let state = Mutex<(isReached: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

        func reach() {
            let waiters = state.withLock { state in
                defer { state = (true, []) }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }

        func wait() async {
            await withCheckedContinuation { continuation in
                let isReached = state.withLock { state in
                    if !state.isReached { state.waiters.append(continuation) }
                    return state.isReached
                }
                if isReached { continuation.resume() }
            }
        }
    }
}
