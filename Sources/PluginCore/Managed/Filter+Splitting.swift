extension Filter {
    /// A filter of these operations only that admits everything this one admits, and as little more as is simple. Equal to
    /// this one if the backend can do all of it; else who uses it has to apply this one to what it finds.
    public func widened(to operations: Operations) -> Filter { replacing(unknown: .all, operations) }

    private func replacing(unknown: Filter, _ operations: Operations) -> Filter {
        switch self {
        case .all, .none: return self
        case .and(let parts):
            return Self.joined(
                parts.map { $0.replacing(unknown: unknown, operations) }, .and, neutral: .all, absorbing: .none,
                unknown, operations)
        case .or(let parts):
            return Self.joined(
                parts.map { $0.replacing(unknown: unknown, operations) }, .or, neutral: .none, absorbing: .all,
                unknown, operations)
        case .not(let part):
            // What a negation has too much, it lacks inside.
            switch part.replacing(unknown: unknown == .all ? .none : .all, operations) {
            case .all: return .none
            case .none: return .all
            case let inner: return operations.contains(.not) ? .not(inner) : unknown
            }
        default: return operations.contains(operation) ? self : unknown
        }
    }

    private enum Junction { case and, or }

    private static func joined(
        _ parts: [Filter], _ junction: Junction, neutral: Filter, absorbing: Filter, _ unknown: Filter,
        _ operations: Operations
    ) -> Filter {
        if parts.contains(absorbing) { return absorbing }
        let rest = parts.filter { $0 != neutral }
        if rest.isEmpty { return neutral }
        if rest.count == 1 { return rest[0] }
        switch junction {
        case .and where operations.contains(.and): return .and(rest)
        case .or where operations.contains(.or): return .or(rest)
        // One conjunct alone admits more than all together; of a disjunction nothing is left.
        case .and: return unknown == .all ? rest[0] : .none
        case .or: return unknown == .all ? .all : rest[0]
        }
    }

    /// What the filter itself is, without its parts.
    private var operation: Operations {
        switch self {
        case .all, .none: []
        case .and: .and
        case .or: .or
        case .not: .not
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .in: .in
        case .notIn: .notIn
        case .exists: .exists
        case .isNull: .isNull
        case .prefix: .prefix
        case .contains: .contains
        case .ids: .ids
        case .between: .between
        case .allOf: .allOf
        case .size: .size
        case .isEmpty: .isEmpty
        case .match: .match
        case .geoRadius: .geoRadius
        case .native: .native
        }
    }

    /// The dialects of the native conditions in it.
    var dialects: [String] {
        switch self {
        case .and(let parts), .or(let parts): parts.flatMap(\.dialects)
        case .not(let part): part.dialects
        case .native(let dialect, _): [dialect]
        default: []
        }
    }
}

extension Filter.Operations {
    public static let and = Self(number: 1)
    public static let or = Self(number: 2)
    public static let not = Self(number: 3)
    public static let equal = Self(number: 6)
    public static let notEqual = Self(number: 7)
    public static let less = Self(number: 8)
    public static let lessOrEqual = Self(number: 9)
    public static let greater = Self(number: 10)
    public static let greaterOrEqual = Self(number: 11)
    public static let `in` = Self(number: 12)
    public static let notIn = Self(number: 13)
    public static let exists = Self(number: 14)
    public static let isNull = Self(number: 15)
    public static let prefix = Self(number: 16)
    public static let contains = Self(number: 17)
    public static let ids = Self(number: 18)
    public static let between = Self(number: 19)
    public static let allOf = Self(number: 20)
    public static let size = Self(number: 21)
    public static let isEmpty = Self(number: 22)
    public static let match = Self(number: 23)
    public static let geoRadius = Self(number: 24)
    public static let native = Self(number: 25)
}
