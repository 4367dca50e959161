/// A binary heap of numbered members; any of them can be taken out. Every change costs O(log n).
struct TicketHeap<Key: Comparable> {
    private var nodes: [(key: Key, ticket: UInt64)] = []
    /// Where each member is among the nodes.
    private var places: [UInt64: Int] = [:]

    init() {}

    /// The member with the least key; among equals the one with the least number.
    var first: (key: Key, ticket: UInt64)? { nodes.first }

    mutating func insert(_ ticket: UInt64, key: Key) {
        nodes.append((key, ticket))
        places[ticket] = nodes.count - 1
        rise(from: nodes.count - 1)
    }

    mutating func remove(_ ticket: UInt64) {
        guard let place = places.removeValue(forKey: ticket) else { return }
        let last = nodes.removeLast()
        guard place < nodes.count else { return }
        nodes[place] = last
        places[last.ticket] = place
        rise(from: place)
        sink(from: place)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (nodes[left].key, nodes[left].ticket) < (nodes[right].key, nodes[right].ticket)
    }

    private mutating func rise(from start: Int) {
        var child = start
        while child > 0, isBefore(child, (child - 1) / 2) {
            exchange(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func sink(from start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < nodes.count && isBefore(child, least) {
                least = child
            }
            guard least != parent else { return }
            exchange(parent, least)
            parent = least
        }
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        nodes.swapAt(left, right)
        places[nodes[left].ticket] = left
        places[nodes[right].ticket] = right
    }
}

extension TicketHeap: Sendable where Key: Sendable {}
