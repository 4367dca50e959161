internal import PluginCore
internal import Synchronization

/// What tasks tell the server's thread, which is woken by it.
final class ControlMailbox: Sendable {
    enum Message: Sendable {
        /// A request has its reply.
        case replied(connection: Int, line: [UInt8])
        /// A request was for events, and they begin.
        case streams(connection: Int, line: [UInt8], EventOutbox)
        case hasEvents
        case streamEnded(connection: Int)
        case stop
    }

    let wakeup: Wakeup
    private let messages = Mutex<[Message]>([])

    init() throws(PluginError) { wakeup = try Wakeup() }

    func post(_ message: Message) {
        let wasEmpty = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        if wasEmpty { wakeup.signal() }
    }

    /// By the server's thread.
    func take() -> [Message] {
        wakeup.clear()
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
