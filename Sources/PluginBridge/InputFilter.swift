package import PluginABI
package import PluginCore

extension ABIReader {
    /// The filter of a postfix program; no program is `all`.
    package func filter(_ span: kw_span) throws(PluginError) -> Filter {
        var stack: [Filter] = []
        let steps = try unsafe elements(
            span, of: kw_finst.self, "filter instructions", atMost: Int(KW_FILTER_MAX_LENGTH)
        ) { step throws(PluginError) in
            FilterStep(
                operation: unsafe step.op, operands: unsafe Int(step.argc),
                field: try unsafe text(step.field, "a filter's field"),
                values: try unsafe elements(step.values, of: kw_value.self, "a filter's values") {
                    value throws(PluginError) in try unsafe Filter.Value(value, self)
                })
        }
        guard !steps.isEmpty else { return .all }
        for (index, step) in steps.enumerated() {
            let place = "in instruction \(index) of a filter"
            switch step.operation {
            case UInt32(KW_FILTER_AND), UInt32(KW_FILTER_OR), UInt32(KW_FILTER_NOT):
                let isNot = step.operation == UInt32(KW_FILTER_NOT)
                let count = isNot ? 1 : step.operands
                guard count > 0, count <= stack.count else {
                    throw violation("joins \(count) of \(stack.count) conditions \(place)")
                }
                let parts = Array(stack.suffix(count))
                stack.removeLast(count)
                stack.append(
                    isNot ? .not(parts[0]) : step.operation == UInt32(KW_FILTER_AND) ? .and(parts) : .or(parts))
            default:
                guard let predicate = step.predicate else {
                    throw violation("has operation \(step.operation) with \(step.values.count) values \(place)")
                }
                stack.append(predicate)
            }
            guard stack.count <= Int(KW_FILTER_MAX_DEPTH) else {
                throw violation("piles up more than \(KW_FILTER_MAX_DEPTH) conditions \(place)")
            }
        }
        guard stack.count == 1 else { throw violation("has a filter that leaves \(stack.count) conditions, not one") }
        return stack[0]
    }
}

/// One instruction, read.
private struct FilterStep {
    let operation: UInt32
    let operands: Int
    let field: String
    let values: [Filter.Value]

    /// The condition, if the operation is one and has the values that it needs.
    var predicate: Filter? {
        switch (operation, values.count) {
        case (UInt32(KW_FILTER_TRUE), 0): .all
        case (UInt32(KW_FILTER_FALSE), 0): Filter.none
        case (UInt32(KW_FILTER_EQ), 1): .equal(field, values[0])
        case (UInt32(KW_FILTER_NE), 1): .notEqual(field, values[0])
        case (UInt32(KW_FILTER_LT), 1): .less(field, values[0])
        case (UInt32(KW_FILTER_LE), 1): .lessOrEqual(field, values[0])
        case (UInt32(KW_FILTER_GT), 1): .greater(field, values[0])
        case (UInt32(KW_FILTER_GE), 1): .greaterOrEqual(field, values[0])
        case (UInt32(KW_FILTER_IN), _): .in(field, values)
        case (UInt32(KW_FILTER_NOT_IN), _): .notIn(field, values)
        case (UInt32(KW_FILTER_EXISTS), 0): .exists(field)
        case (UInt32(KW_FILTER_IS_NULL), 0): .isNull(field)
        case (UInt32(KW_FILTER_CONTAINS), 1): .contains(field, values[0])
        case (UInt32(KW_FILTER_BETWEEN), 2): .between(field, values[0], values[1])
        case (UInt32(KW_FILTER_ALL_OF), _): .allOf(field, values)
        case (UInt32(KW_FILTER_IS_EMPTY), 0): .isEmpty(field)
        default: typed
        }
    }

    /// The conditions whose values have to be of one kind.
    private var typed: Filter? {
        switch (operation, values.count) {
        case (UInt32(KW_FILTER_PREFIX), 1):
            if case .string(let text) = values[0] { return .prefix(field, text) }
        case (UInt32(KW_FILTER_IDS), _):
            let ids = values.compactMap { if case .string(let id) = $0 { id } else { nil } }
            if ids.count == values.count { return .ids(ids) }
        case (UInt32(KW_FILTER_SIZE), 2):
            if case .int(let low) = values[0], case .int(let high) = values[1] {
                // A range that ends before it begins admits nothing, but is no mistake.
                return low <= high ? .size(field, Int(low)...Int(high)) : Filter.none
            }
        case (UInt32(KW_FILTER_MATCH), 1...2):
            if case .string(let text) = values[0] {
                let isExact = values.count == 2 && values[1] == .bool(true)
                return .match(field, text, caseSensitive: isExact)
            }
        case (UInt32(KW_FILTER_GEO_RADIUS), 3):
            if let latitude = values[0].number, let longitude = values[1].number, let meters = values[2].number {
                return .geoRadius(field, latitude: latitude, longitude: longitude, meters: meters)
            }
        case (UInt32(KW_FILTER_NATIVE), 2):
            if case .string(let dialect) = values[0], case .string(let condition) = values[1] {
                return .native(dialect: dialect, condition)
            }
        default: break
        }
        return nil
    }
}

extension Filter.Value {
    fileprivate init(_ value: borrowing kw_value, _ reader: ABIReader) throws(PluginError) {
        switch unsafe value.kind {
        case UInt32(KW_VALUE_NULL): self = .null
        case UInt32(KW_VALUE_BOOL): self = .bool(unsafe value.integer != 0)
        case UInt32(KW_VALUE_INT): self = .int(unsafe value.integer)
        case UInt32(KW_VALUE_DOUBLE):
            let number = unsafe value.number
            guard number.isFinite else { throw reader.violation("has a filter value that is not a finite number") }
            self = .double(number)
        case UInt32(KW_VALUE_STRING): self = .string(try unsafe reader.text(value.text, "a filter's value"))
        case let kind: throw reader.violation("has a filter value of kind \(kind), which is none")
        }
    }

    fileprivate var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        case .null, .bool, .string: nil
        }
    }
}
