internal import PluginCore

/// An item as a check writes it.
struct StoredItem: Sendable {
    var id: String
    var vector: [Float]
    var metadata: JSON
    var text: String
}

/// Items of all sorts: small whole numbers, so that most metrics are exact; a few equal vectors; metadata of every kind.
struct VectorFixture: Sendable {
    let items: [StoredItem]

    init(count: Int, dims: Int, seed: UInt64, prefix: String = "item") {
        var random = SeededGenerator(seed: seed)
        var items: [StoredItem] = []
        for index in 0..<count {
            var vector = (0..<dims).map { _ in Float(Int.random(in: -4...4, using: &random)) }
            // No vector without a direction, and every tenth like the one before.
            if vector.allSatisfy({ $0 == 0 }) { vector[0] = 1 }
            if index % 10 == 9, let last = items.last { vector = last.vector }
            items.append(
                StoredItem(
                    id: "\(prefix)-\(index / 100)\(index / 10 % 10)\(index % 10)", vector: vector,
                    metadata: index % 11 == 10 ? .null : Self.metadata(index), text: "Text of \(prefix) \(index)"))
        }
        self.items = items
    }

    /// A query vector that no item has.
    static func query(dims: Int, seed: UInt64) -> [Float] {
        var random = SeededGenerator(seed: seed &+ 77)
        return (0..<dims).map { _ in Float.random(in: 0.5...3, using: &random) * (Bool.random(using: &random) ? 1 : -1)
        }
    }

    /// Fields are there or not, null, of one kind or another, lists, objects; values meet those of ``FilterFixture``.
    private static func metadata(_ index: Int) -> JSON {
        var members: [String: JSON] = [
            "color": .string(["red", "green", "blue", "Red"][index % 4]),
            "n": .int(Int64(index - 10)),
            "x": .double(Double(index) * 0.5),
            "flag": .bool(index.isMultiple(of: 2)),
            "deep": ["a": ["b": .int(Int64(index % 3))], "c": .string("\(index % 2)")],
            "place": ["lat": .double(Double(index % 13) * 10 - 60), "lon": .int(Int64(index % 17) * 20 - 160)],
            "words": .string(
                ["The quick brown fox", "quick-witted, slow", "Grüße über Köln", "", "fox fox fox"][index % 5]),
        ]
        if index % 3 != 0 { members["maybe"] = index % 3 == 1 ? .null : .int(Int64(index % 4)) }
        switch index % 5 {
        case 0: members["tags"] = ["red", "blue"]
        case 1: members["tags"] = []
        case 2: members["tags"] = ["green", .int(Int64(index % 4)), .null, true]
        case 3: members["tags"] = "red"
        default: break
        }
        switch index % 6 {
        case 0: members["mixed"] = .int(1)
        case 1: members["mixed"] = .double(1)
        case 2: members["mixed"] = "1"
        case 3: members["mixed"] = true
        case 4: members["mixed"] = [1, 2, 3]
        default: members["mixed"] = [:]
        }
        // Neighbours beyond what a double tells apart, and a member whose name looks like a path.
        if index % 4 == 0 { members["big"] = .int(9_007_199_254_740_992 + Int64(index % 3)) }
        if index % 7 == 0 { members["deep/c"] = "literal" }
        return .object(members)
    }
}

extension VectorBatch {
    init(_ items: [StoredItem], dims: Int, embedderID: String? = nil) {
        var matrix = Matrix(rows: items.count, dims: dims)
        for (row, item) in items.enumerated() { matrix.setRow(row, item.vector) }
        self.init(
            ids: items.map(\.id), matrix: matrix, texts: items.map(\.text), metadata: items.map(\.metadata),
            embedderID: embedderID)
    }
}

/// Ids order by bytes, and are equal if their bytes are: `String` would find "é" equal to "e" with an accent.
extension String {
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
