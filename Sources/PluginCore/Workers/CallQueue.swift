/// Calls that wait for a worker: a bounded queue by priority, in which nothing waits for ever.
///
/// A call that has waited for ``ageing`` is as good as a call of the next higher priority that arrives then, and so on up to
/// `critical`; of equal calls the one that came first is first. So a call of priority P waits at most for those that arrive
/// within ``ageing`` for each priority above P. Times are durations since any one moment, and never go back. Every change
/// costs O(log n).
public struct CallQueue<Element> {
    /// A place in the queue. Never given twice by one queue.
    public struct Ticket: Sendable, Hashable {
        fileprivate let number: UInt64
    }

    fileprivate struct Entry {
        let element: Element
        let arrival: Duration
        let deadline: Duration?
    }

    /// How many may wait. Lowering it turns nobody away who waits.
    public var limit: EffectiveLimit
    /// After how long a waiting call rises by one priority.
    public let ageing: Duration
    private var entries: [UInt64: Entry] = [:]
    private var order = TicketHeap<Duration>()
    private var deadlines = TicketHeap<Duration>()
    private var arrivals = TicketHeap<Duration>()
    private var lastTicket: UInt64 = 0

    public init(
        limit: EffectiveLimit = EffectiveLimit(.queue, 256, source: .host), ageing: Duration = .seconds(1)
    ) {
        self.limit = limit
        self.ageing = max(.zero, ageing)
    }

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty }
    /// When the next call expires.
    public var nextDeadline: Duration? { deadlines.first?.key }
    /// When the call that has waited the longest arrived.
    public var oldestArrival: Duration? { arrivals.first?.key }

    /// - Parameter deadline: when the call is no longer worth making; nil: it always is.
    /// - Throws: `overloaded`, with the limit, if the queue is full. Expired calls count until they are taken out.
    public mutating func append(
        _ element: Element, priority: PluginPriority = .normal, deadline: Duration? = nil, at now: Duration
    ) throws(PluginError) -> Ticket {
        guard entries.count < limit.value else {
            throw limit.error("\(entries.count) calls wait for a worker already")
        }
        lastTicket += 1
        entries[lastTicket] = Entry(element: element, arrival: now, deadline: deadline)
        // What rises with time is the same at any time: so the order never has to be made anew.
        order.insert(lastTicket, key: now + ageing * priority.rank)
        arrivals.insert(lastTicket, key: now)
        if let deadline { deadlines.insert(lastTicket, key: deadline) }
        return Ticket(number: lastTicket)
    }

    /// Takes out the call whose turn it is. Never one that has expired: those wait for ``popExpired(at:)``.
    public mutating func pop(at now: Duration) -> Element? {
        while let ticket = order.first?.ticket {
            if let deadline = entries[ticket]?.deadline, deadline <= now {
                // Out of the order only: it leaves the queue as expired.
                order.remove(ticket)
            } else {
                return remove(Ticket(number: ticket))
            }
        }
        return nil
    }

    /// Takes out a call that has expired.
    /// - Returns: it, and the error that its caller gets: `timeout`, with how long it waited.
    public mutating func popExpired(at now: Duration) -> (element: Element, error: PluginError)? {
        guard let first = deadlines.first, first.key <= now, let entry = entries[first.ticket] else { return nil }
        _ = remove(Ticket(number: first.ticket))
        let waited = now - entry.arrival
        let error = PluginError(
            .timeout, "its time was over after \(waited.milliseconds) ms, before a worker was free",
            remedy: "Give the call more time, or let the plugin have more workers",
            facts: .deadline(kind: LimitKind.wall.rawValue, milliseconds: waited.milliseconds), stage: .call)
        return (entry.element, error)
    }

    /// Takes out a call that its caller gave up.
    /// - Returns: nil if it has left the queue already.
    @discardableResult
    public mutating func remove(_ ticket: Ticket) -> Element? {
        guard let entry = entries.removeValue(forKey: ticket.number) else { return nil }
        order.remove(ticket.number)
        deadlines.remove(ticket.number)
        arrivals.remove(ticket.number)
        return entry.element
    }

    /// Takes out all, in the order in which they arrived.
    public mutating func removeAll() -> [Element] {
        let all = entries.sorted { $0.key < $1.key }.map(\.value.element)
        entries = [:]
        (order, deadlines, arrivals) = (TicketHeap(), TicketHeap(), TicketHeap())
        return all
    }
}

extension CallQueue: Sendable where Element: Sendable {}
extension CallQueue.Entry: Sendable where Element: Sendable {}

extension PluginPriority {
    /// 0 is the highest.
    var rank: Int {
        switch self {
        case .critical: 0
        case .high: 1
        case .normal: 2
        case .low: 3
        case .cleanup: 4
        }
    }
}
