internal import CPluginWorker
internal import Glibc
internal import PluginCore

/// The relay's thread: waits for connections, and gives each direction of each its turn.
struct RelayLoop {
    private let mailbox: NetworkRelay.Mailbox
    private let readiness: Int32
    private var connections: [UInt64: RelayConnection] = [:]
    /// Of the connections that there are.
    private var accounts: [ObjectIdentifier: (account: TrafficAccount, connections: Int)] = [:]
    private var buffer = [UInt8](repeating: 0, count: TrafficShaper<TrafficAccount.Flow>.quantum)
    private var isStopping = false

    /// No connection's: those count from 1.
    private static let bell: UInt64 = 0
    /// Turns of one plugin before others have theirs, and before it is looked at what has happened meanwhile.
    private static let turns = 32
    /// How long what a worker has sent may take after its end.
    private static let patience = Duration.seconds(60)

    /// nil: there is no descriptor for it.
    init?(_ mailbox: NetworkRelay.Mailbox) {
        readiness = kww_open_readiness()
        self.mailbox = mailbox
        guard readiness >= 0 else { return nil }
        guard kww_watch_readiness(readiness, mailbox.bell, Self.bell) == 0 else {
            close(readiness)
            return nil
        }
    }

    /// Until it is told to stop.
    mutating func run() {
        while !isStopping {
            wait()
            for message in mailbox.take() { take(message) }
            for account in accounts.values.map(\.account) { serve(account) }
            giveUp()
        }
        for connection in connections.values { connection.close(isBroken: true) }
        end()
    }

    /// Nobody runs it any more, or ever did.
    func end() {
        mailbox.close()
        close(readiness)
    }

    private mutating func wait() {
        var found = [kww_readiness](repeating: kww_readiness(), count: 64)
        let count = unsafe kww_await_readiness(readiness, &found, 64, milliseconds)
        for ready in found.prefix(max(0, Int(count))) where ready.key != Self.bell {
            let number = ready.key >> 1
            change(number) { connection, readiness in
                let outcome =
                    connection.isConnecting
                    ? connection.complete(ready.what, readiness)
                    : connection.note(ready.what, isLocal: ready.key & 1 != 0)
                return outcome == .goesOn ? connection.advance() : outcome
            }
        }
    }

    /// Until somebody may go on, if nothing happens before; -1: for ever.
    private var milliseconds: Int32 {
        let now = TrafficAccount.now
        var waits = accounts.values.compactMap { $0.account.wait(at: now) }
        waits += connections.values.compactMap { connection in connection.deadline.map { max(.zero, $0 - now) } }
        guard let least = waits.min() else { return -1 }
        return Int32(min(least.milliseconds.rounded(.up), 60_000))
    }

    private mutating func take(_ message: NetworkRelay.Message) {
        switch message {
        case .open(let connection, let number):
            connections[number] = connection
            let account = connection.account
            accounts[ObjectIdentifier(account), default: (account, 0)].connections += 1
            change(number) { connection, readiness in connection.watch(readiness) == 0 ? .goesOn : .broken }
        case .end(let owner):
            let deadline = TrafficAccount.now + Self.patience
            for (number, connection) in connections where connection.owner === owner {
                change(number) { connection, _ in connection.orphan(until: deadline) }
            }
        case .look: break
        case .stop: isStopping = true
        }
    }

    /// Lets the plugin's connections carry what they may now.
    private mutating func serve(_ account: TrafficAccount) {
        for _ in 0..<Self.turns {
            guard let (flow, bytes) = account.next(at: TrafficAccount.now) else { return }
            var carried = 0
            // Taken out meanwhile: a copy would have what is on the way copied.
            if var connection = connections.removeValue(forKey: flow.connection) {
                var outcome: RelayConnection.Outcome
                (carried, outcome) = connection.carry(flow.direction, bytes, &buffer)
                connections[flow.connection] = connection
                settle(flow.connection, outcome)
            }
            account.note(flow, carried: carried, of: bytes)
        }
    }

    /// Changes a connection that there is, and does what follows from it.
    private mutating func change(_ number: UInt64, _ body: (inout RelayConnection, Int32) -> RelayConnection.Outcome) {
        guard var connection = connections.removeValue(forKey: number) else { return }
        let outcome = body(&connection, readiness)
        connections[number] = connection
        settle(number, outcome)
    }

    private mutating func settle(_ number: UInt64, _ outcome: RelayConnection.Outcome) {
        guard let connection = connections[number] else { return }
        guard outcome == .goesOn else { return end(connection, isBroken: outcome == .broken) }
        guard !connection.isConnecting else { return }
        for direction in connection.wishes {
            connection.account.want(TrafficAccount.Flow(connection: number, direction: direction))
        }
    }

    private mutating func end(_ connection: RelayConnection, isBroken: Bool) {
        connection.close(isBroken: isBroken)
        connections[connection.number] = nil
        let key = ObjectIdentifier(connection.account)
        accounts[key]?.connections -= 1
        if accounts[key]?.connections == 0 { accounts[key] = nil }
    }

    private mutating func giveUp() {
        let now = TrafficAccount.now
        for connection in connections.values where connection.deadline.map({ $0 <= now }) ?? false {
            end(connection, isBroken: true)
        }
    }
}
