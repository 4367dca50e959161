internal import PluginCore

/// Filters over the metadata of ``VectorFixture``: of one operation, or trees of the operations of a set.
struct FilterFixture {
    private let operations: Filter.Operations
    private let ids: [String]
    private var random: SeededGenerator

    init(operations: Filter.Operations, ids: [String], seed: UInt64) {
        self.operations = operations
        self.ids = ids
        random = SeededGenerator(seed: seed &+ 991)
    }

    static let leaves: [(operation: Filter.Operations, name: String)] = [
        (.equal, "equal"), (.notEqual, "notEqual"), (.less, "less"), (.lessOrEqual, "lessOrEqual"),
        (.greater, "greater"), (.greaterOrEqual, "greaterOrEqual"), (.in, "in"), (.notIn, "notIn"), (.exists, "exists"),
        (.isNull, "isNull"), (.prefix, "prefix"), (.contains, "contains"), (.ids, "ids"), (.between, "between"),
        (.allOf, "allOf"), (.size, "size"), (.isEmpty, "isEmpty"), (.match, "match"), (.geoRadius, "geoRadius"),
    ]
    static let junctions: [(operation: Filter.Operations, name: String)] = [(.and, "and"), (.or, "or"), (.not, "not")]

    private static let fields = [
        "color", "n", "x", "flag", "deep", "deep/a/b", "deep/c", "words", "maybe", "tags", "mixed", "big", "absent",
        "deep/absent", "place/lat",
    ]
    private static let values: [Filter.Value] = [
        .null, .bool(true), .bool(false), .int(0), .int(1), .int(2), .int(-3), .double(1), .double(2.5), .double(-0.0),
        .int(9_007_199_254_740_993), .double(9_007_199_254_740_992), .string("red"), .string("Red"), .string("green"),
        .string(""), .string("1"), .string("0"), .string("literal"), .string("fox"), .string("Grüße"),
    ]
    private static let texts = [
        "", "r", "re", "Red", "fox", "quick", "QUICK fox", "Grüße", "über köln", "the", "witted", "1",
    ]

    /// A random filter of this operation; junctions are of leaves that are offered.
    mutating func filter(of operation: Filter.Operations) -> Filter {
        switch operation {
        case .and: .and(leaves(2...4))
        case .or: .or(leaves(2...4))
        case .not: .not(leaf())
        default: leaf(of: operation)
        }
    }

    /// A random tree of what is offered.
    mutating func tree(depth: Int = 4) -> Filter {
        let offered = Self.junctions.map(\.operation).filter { operations.contains($0) }
        guard depth > 0, let junction = offered.randomElement(using: &random),
            Int.random(in: 0..<4, using: &random) != 0
        else { return leaf() }
        if junction == .not { return .not(tree(depth: depth - 1)) }
        let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in tree(depth: depth - 1) }
        return junction == .and ? .and(parts) : .or(parts)
    }

    private mutating func leaves(_ count: ClosedRange<Int>) -> [Filter] {
        (0..<Int.random(in: count, using: &random)).map { _ in leaf() }
    }

    private mutating func leaf() -> Filter {
        let offered = Self.leaves.map(\.operation).filter { operations.contains($0) }
        guard let operation = offered.randomElement(using: &random) else {
            return Bool.random(using: &random) ? .all : .none
        }
        return leaf(of: operation)
    }

    private mutating func leaf(of operation: Filter.Operations) -> Filter {
        let field = pick(Self.fields)
        switch operation {
        case .equal: return .equal(field, value(of: field))
        case .notEqual: return .notEqual(field, value(of: field))
        case .less: return .less(field, value(of: field))
        case .lessOrEqual: return .lessOrEqual(field, value(of: field))
        case .greater: return .greater(field, value(of: field))
        case .greaterOrEqual: return .greaterOrEqual(field, value(of: field))
        case .in: return .in(field, values(of: field))
        case .notIn: return .notIn(field, values(of: field))
        case .exists: return .exists(field)
        case .isNull: return .isNull(pick(["maybe", "maybe", "tags", field]))
        case .prefix: return .prefix(pick(["color", "words", "tags", field]), pick(Self.texts))
        case .contains: return .contains(pick(["words", "tags", "color", field]), value(of: field))
        case .ids: return .ids((0..<Int.random(in: 1...5, using: &random)).map { _ in pick(ids + ["absent"]) })
        case .between: return .between(field, value(of: field), value(of: field))
        case .allOf: return .allOf(pick(["tags", "tags", "mixed", field]), values(of: field))
        case .size:
            let low = Int.random(in: 0...3, using: &random)
            return .size(pick(["tags", "words", "mixed", field]), low...(low + Int.random(in: 0...16, using: &random)))
        case .isEmpty: return .isEmpty(pick(["tags", "words", "mixed", "maybe", field]))
        case .match:
            return .match(
                pick(["words", "words", "color", "tags", field]), pick(Self.texts),
                caseSensitive: Bool.random(using: &random))
        case .geoRadius:
            return .geoRadius(
                pick(["place", "place", "place", field]), latitude: .random(in: -80...80, using: &random),
                longitude: .random(in: -180...180, using: &random), meters: .random(in: 1e5...8e6, using: &random))
        default: return .all
        }
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    /// Mostly of the field's own kind, or few filters would admit anything.
    private mutating func value(of field: String) -> Filter.Value {
        switch field {
        case "n" where Int.random(in: 0..<4, using: &random) != 0: .int(Int64.random(in: -12...60, using: &random))
        case "x" where Int.random(in: 0..<4, using: &random) != 0:
            .double(Double(Int.random(in: 0...120, using: &random)) / 4)
        default: pick(Self.values)
        }
    }

    private mutating func values(of field: String) -> [Filter.Value] {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in value(of: field) }
    }
}
