/// Puts plugins into an order in which each comes behind what it needs; where that leaves room, by id.
struct LoadOrder {
    struct Edge: Hashable {
        let dependent: String
        let target: String
        let isOptional: Bool
    }

    private(set) var ids: [String] = []
    /// The circle that makes an order impossible, the first id again at the end; or empty.
    private(set) var cycle: [String] = []
    /// Groups of plugins that need each other in a circle, each with the group's number.
    private var groups: [String: Int] = [:]

    /// Is the target of this edge loaded first? An optional dependency among plugins that form a circle orders nothing.
    func isOrdered(_ edge: Edge) -> Bool {
        !edge.isOptional || edge.dependent != edge.target && groups[edge.dependent] != groups[edge.target]
    }

    init(_ nodes: [String], _ edges: Set<Edge>) {
        let sorted = nodes.sorted()
        groups = Self.stronglyConnected(sorted, edges)
        var waiting: [String: Set<String>] = [:]
        var dependents: [String: Set<String>] = [:]
        for edge in edges where isOrdered(edge) {
            waiting[edge.dependent, default: []].insert(edge.target)
            dependents[edge.target, default: []].insert(edge.dependent)
        }
        var ready = Heap(sorted.filter { waiting[$0] == nil })
        while let id = ready.popMinimum() {
            ids.append(id)
            for dependent in dependents[id] ?? [] {
                waiting[dependent]?.remove(id)
                if waiting[dependent]?.isEmpty == true {
                    waiting[dependent] = nil
                    ready.insert(dependent)
                }
            }
        }
        if ids.count < sorted.count { cycle = Self.cycle(waiting) }
    }

    /// A circle among plugins that each wait for another of them.
    private static func cycle(_ waiting: [String: Set<String>]) -> [String] {
        var path: [String] = []
        var places: [String: Int] = [:]
        var id = waiting.keys.min()!
        while places[id] == nil {
            places[id] = path.count
            path.append(id)
            id = waiting[id]!.min()!
        }
        let circle = path[places[id]!...]
        let first = circle.indices.min { circle[$0] < circle[$1] }!
        return Array(circle[first...] + circle[..<first]) + [circle[first]]
    }

    /// The number of each node's group of nodes that reach each other (Tarjan 1972, with a stack of its own instead of
    /// recursion).
    private static func stronglyConnected(_ nodes: [String], _ edges: Set<Edge>) -> [String: Int] {
        let targets = Dictionary(grouping: edges, by: \.dependent).mapValues { $0.map(\.target) }
        var numbers: [String: Int] = [:]
        var lowest: [String: Int] = [:]
        var open: [String] = []
        var groups: [String: Int] = [:]
        for root in nodes where numbers[root] == nil {
            var calls: [(node: String, next: Int)] = [(root, 0)]
            while let (node, next) = calls.last {
                if next == 0 {
                    (numbers[node], lowest[node]) = (numbers.count, numbers.count)
                    open.append(node)
                }
                let list = targets[node] ?? []
                if next < list.count {
                    calls[calls.count - 1].next += 1
                    let target = list[next]
                    if numbers[target] == nil {
                        calls.append((target, 0))
                    } else if groups[target] == nil {
                        lowest[node] = min(lowest[node]!, numbers[target]!)
                    }
                    // The number was given; a node without targets must not be numbered twice.
                    continue
                }
                calls.removeLast()
                if let parent = calls.last?.node { lowest[parent] = min(lowest[parent]!, lowest[node]!) }
                if lowest[node] == numbers[node] {
                    while let member = open.popLast() {
                        groups[member] = numbers[node]
                        if member == node { break }
                    }
                }
            }
        }
        return groups
    }
}

/// A binary heap of texts.
private struct Heap {
    private var elements: [String] = []

    init(_ elements: [String]) { for element in elements { insert(element) } }

    mutating func insert(_ element: String) {
        elements.append(element)
        var index = elements.count - 1
        while index > 0, elements[index] < elements[(index - 1) / 2] {
            elements.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popMinimum() -> String? {
        guard let last = elements.popLast() else { return nil }
        guard let minimum = elements.first else { return last }
        elements[0] = last
        var index = 0
        while 2 * index + 1 < elements.count {
            var child = 2 * index + 1
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            if elements[index] <= elements[child] { break }
            elements.swapAt(index, child)
            index = child
        }
        return minimum
    }
}
