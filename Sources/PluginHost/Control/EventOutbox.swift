internal import PluginCore
internal import Synchronization

/// Events on their way to one client, in bounded memory: what does not fit is counted, and the client is told how many it
/// has missed, at the place where they are missing.
final class EventOutbox: Sendable {
    private enum Entry {
        case line([UInt8])
        case dropped(Int64)
    }

    private struct State {
        var entries: [Entry] = []
        var lines = 0
        var bytes = 0
    }

    private let state = Mutex(State())
    private let limit: Int
    private let byteLimit: Int

    init(limit: Int, byteLimit: Int = 1 << 20) { (self.limit, self.byteLimit) = (limit, byteLimit) }

    /// - Returns: whether it was empty before, so that somebody has to be told.
    func offer(_ line: [UInt8]) -> Bool {
        state.withLock { state in
            let wasEmpty = state.entries.isEmpty
            if state.lines < limit, state.bytes + line.count <= byteLimit {
                state.entries.append(.line(line))
                state.lines += 1
                state.bytes += line.count
            } else if case .dropped(let count) = state.entries.last {
                state.entries[state.entries.count - 1] = .dropped(count + 1)
            } else {
                state.entries.append(.dropped(1))
            }
            return wasEmpty
        }
    }

    /// Everything that waits, as lines.
    func take() -> [UInt8] {
        let entries = state.withLock { state in
            defer { state = State() }
            return state.entries
        }
        return entries.reduce(into: []) { bytes, entry in
            switch entry {
            case .line(let line): bytes += line
            case .dropped(let count):
                bytes += ControlProtocol.line([
                    "time": .string(HostEvent.text(of: Clock.realtime())), "event": "dropped", "plugin": "",
                    "count": .int(count),
                ])
            }
        }
    }
}
