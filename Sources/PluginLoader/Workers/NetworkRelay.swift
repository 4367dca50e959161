internal import CPluginWorker
internal import Glibc
internal import PluginCore
internal import Synchronization

/// Carries what goes over the connections of plugins whose traffic is limited: one thread for all of a host's.
///
/// A worker's connection then ends at the host, which has another to where the plugin wanted to go, and reads from one no more
/// than it may write to the other. The thread starts with the first such connection.
final class NetworkRelay: Sendable {
    /// Whose connections end with one worker.
    final class Owner: Sendable {}

    enum Message: Sendable {
        case open(RelayConnection, number: UInt64)
        case end(Owner)
        case look
        case stop
    }

    private let mailbox: Mailbox
    /// See kww_relay_port().
    private let port: Int32
    private let last = Atomic<UInt64>(0)

    /// nil: there are no descriptors or threads left for it.
    init?() {
        guard let mailbox = Mailbox(), let loop = RelayLoop(mailbox) else { return nil }
        self.mailbox = mailbox
        port = kww_relay_port()
        let isRunning =
            port >= 0
            && DetachedThread.start {
                var loop = loop
                loop.run()
            } == 0
        guard isRunning else {
            loop.end()
            return nil
        }
    }

    deinit {
        if port >= 0 { Glibc.close(port) }
        mailbox.post(.stop)
    }

    /// Relays a connection that was begun.
    /// - Parameters:
    ///   - remote: to where the plugin wanted to go; the relay's from now on, in any case.
    ///   - family: of the worker's socket.
    /// - Returns: what the worker is to have, the caller's, and EINPROGRESS; or -1 and why not.
    func open(_ remote: Int32, family: Int32, _ owner: Owner, _ account: TrafficAccount) -> (Int32, Int32) {
        let mailbox = mailbox
        guard account.open({ mailbox.post(.look) }) else {
            Glibc.close(remote)
            return (-1, EMFILE)
        }
        let number = last.add(1, ordering: .relaxed).newValue
        var ends: [Int32] = [-1, -1]
        var error = unsafe kww_relay_begin(port, family, &ends)
        var held: Int32 = -1
        if error == 0 {
            held = kww_duplicate(ends[1])
            if held < 0 {
                error = errno
                for end in ends { Glibc.close(end) }
            }
        }
        guard error == 0 else {
            account.close(number)
            Glibc.close(remote)
            return (-1, error)
        }
        let connection = RelayConnection(number, account, owner, remote: remote, local: ends[0], theirs: held)
        mailbox.post(.open(connection, number: number))
        return (ends[1], EINPROGRESS)
    }

    /// The worker is gone.
    func end(_ owner: Owner) { mailbox.post(.end(owner)) }

    /// What the thread is told.
    final class Mailbox: Sendable {
        private struct State {
            var messages: [Message] = []
            var isClosed = false
        }

        /// Readable when there is something.
        let bell: Int32
        private let state = Mutex(State())

        init?() {
            bell = kww_open_bell()
            if bell < 0 { return nil }
        }

        deinit { Glibc.close(bell) }

        func post(_ message: Message) {
            let isLate = state.withLock { state in
                if !state.isClosed { state.messages.append(message) }
                return state.isClosed
            }
            if isLate, case .open(let connection, _) = message { return connection.dropped() }
            var one: UInt64 = 1
            _ = unsafe write(bell, &one, 8)
        }

        func take() -> [Message] {
            var count: UInt64 = 0
            _ = unsafe read(bell, &count, 8)
            return state.withLock { state in
                defer { state.messages = [] }
                return state.messages
            }
        }

        /// There is nobody who would take anything any more.
        func close() {
            let messages = state.withLock { state in
                state.isClosed = true
                defer { state.messages = [] }
                return state.messages
            }
            for case .open(let connection, _) in messages { connection.dropped() }
        }
    }
}
