package import PluginABI
package import PluginCore

extension ABIWriter {
    package mutating func floats(_ values: [Float]) -> UnsafeRawPointer? { unsafe span(values).ptr }

    /// The postfix program of a filter; empty for `all`.
    package mutating func program(_ filter: Filter) -> kw_span {
        var instructions: [kw_finst] = unsafe []
        if filter != .all { unsafe append(filter, to: &instructions) }
        return unsafe span(instructions)
    }

    private mutating func append(_ filter: Filter, to program: inout [kw_finst]) {
        switch filter {
        case .all: unsafe program.append(instruction(KW_FILTER_TRUE))
        case .none: unsafe program.append(instruction(KW_FILTER_FALSE))
        case .and(let parts): unsafe append(parts, joinedBy: KW_FILTER_AND, empty: KW_FILTER_TRUE, to: &program)
        case .or(let parts): unsafe append(parts, joinedBy: KW_FILTER_OR, empty: KW_FILTER_FALSE, to: &program)
        case .not(let part):
            unsafe append(part, to: &program)
            unsafe program.append(instruction(KW_FILTER_NOT, operands: 1))
        case .equal(let field, let value): unsafe program.append(instruction(KW_FILTER_EQ, field, [value]))
        case .notEqual(let field, let value): unsafe program.append(instruction(KW_FILTER_NE, field, [value]))
        case .less(let field, let value): unsafe program.append(instruction(KW_FILTER_LT, field, [value]))
        case .lessOrEqual(let field, let value): unsafe program.append(instruction(KW_FILTER_LE, field, [value]))
        case .greater(let field, let value): unsafe program.append(instruction(KW_FILTER_GT, field, [value]))
        case .greaterOrEqual(let field, let value): unsafe program.append(instruction(KW_FILTER_GE, field, [value]))
        case .in(let field, let values): unsafe program.append(instruction(KW_FILTER_IN, field, values))
        case .notIn(let field, let values): unsafe program.append(instruction(KW_FILTER_NOT_IN, field, values))
        case .exists(let field): unsafe program.append(instruction(KW_FILTER_EXISTS, field))
        case .isNull(let field): unsafe program.append(instruction(KW_FILTER_IS_NULL, field))
        case .prefix(let field, let text): unsafe program.append(instruction(KW_FILTER_PREFIX, field, [.string(text)]))
        case .contains(let field, let value): unsafe program.append(instruction(KW_FILTER_CONTAINS, field, [value]))
        case .ids(let ids): unsafe program.append(instruction(KW_FILTER_IDS, "", ids.map(Filter.Value.string)))
        case .between(let field, let low, let high):
            unsafe program.append(instruction(KW_FILTER_BETWEEN, field, [low, high]))
        case .allOf(let field, let values): unsafe program.append(instruction(KW_FILTER_ALL_OF, field, values))
        case .size(let field, let range):
            unsafe program.append(
                instruction(
                    KW_FILTER_SIZE, field, [.int(Int64(range.lowerBound)), .int(Int64(range.upperBound))]))
        case .isEmpty(let field): unsafe program.append(instruction(KW_FILTER_IS_EMPTY, field))
        case .match(let field, let text, let caseSensitive):
            unsafe program.append(instruction(KW_FILTER_MATCH, field, [.string(text), .bool(caseSensitive)]))
        case .geoRadius(let field, let latitude, let longitude, let meters):
            unsafe program.append(
                instruction(KW_FILTER_GEO_RADIUS, field, [.double(latitude), .double(longitude), .double(meters)]))
        case .native(let dialect, let query):
            unsafe program.append(instruction(KW_FILTER_NATIVE, "", [.string(dialect), .string(query)]))
        }
    }

    private mutating func append(
        _ parts: [Filter], joinedBy operation: UInt32, empty: UInt32, to program: inout [kw_finst]
    ) {
        if parts.isEmpty { unsafe program.append(instruction(empty)) }
        // Joined two by two, so that a long list needs no more of the stack than a short one.
        for (index, part) in parts.enumerated() {
            unsafe append(part, to: &program)
            if index > 0 { unsafe program.append(instruction(operation, operands: 2)) }
        }
    }

    private mutating func instruction(
        _ operation: UInt32, _ field: String = "", _ values: [Filter.Value] = [], operands: UInt32 = 0
    ) -> kw_finst {
        var list: [kw_value] = unsafe []
        for value in values { unsafe list.append(self.value(value)) }
        return unsafe kw_finst(
            h: .of(kw_finst.self), op: operation, argc: operands, field: string(field), values: span(list))
    }

    private mutating func value(_ value: Filter.Value) -> kw_value {
        var result = unsafe zeroed(kw_value.self)
        unsafe result.h = .of(kw_value.self)
        switch value {
        case .null: unsafe result.kind = UInt32(KW_VALUE_NULL)
        case .bool(let bool):
            unsafe result.kind = UInt32(KW_VALUE_BOOL)
            unsafe result.integer = bool ? 1 : 0
        case .int(let int):
            unsafe result.kind = UInt32(KW_VALUE_INT)
            unsafe result.integer = int
        case .double(let double):
            unsafe result.kind = UInt32(KW_VALUE_DOUBLE)
            unsafe result.number = double
        case .string(let text):
            unsafe result.kind = UInt32(KW_VALUE_STRING)
            unsafe result.text = string(text)
        }
        return unsafe result
    }
}
