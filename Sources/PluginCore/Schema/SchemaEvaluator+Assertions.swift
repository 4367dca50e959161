/// Keywords that look at the value itself.
extension SchemaEvaluator {
    mutating func assert(_ node: Int, _ rule: SchemaRule, _ value: JSON) -> Bool {
        switch rule.check {
        case .type(let types):
            return types.accepts(value)
                || report(node, rule.keyword, value, "must be \(types.names), but is \(Self.nameOfType(value))")
        case .enumeration(let values, let keys):
            if keys.contains(key(value)) { return true }
            if isDone { return false }
            let message = alternatives(values, value)
            return report(node, rule.keyword, value, message)
        case .constant(let constant, let wanted):
            return key(value) == wanted
                || report(node, rule.keyword, value, "must be \(constant.brief), but is \(value.shortened)")
        case .required(let names): return require(names, by: nil, node, rule, value)
        case .dependentRequired(let dependencies):
            guard case .object(let members) = value else { return true }
            guard spend(dependencies.count) else { return false }
            var isValid = true
            for (name, names) in dependencies where members[exactly: name] != nil {
                isValid = require(names, by: name, node, rule, value) && isValid
            }
            return isValid
        default: break
        }
        switch value {
        case .int, .double: return assertNumber(node, rule, value)
        case .string(let text): return assertText(node, rule, text)
        case .array(let elements): return assertElements(node, rule, elements)
        case .object(let members): return assertCount(node, rule, members.count, "member", value)
        default: return true
        }
    }

    /// The value for comparisons, which costs as much as the value is large.
    private mutating func key(_ value: JSON) -> SchemaValueKey {
        let key = SchemaValueKey(value)
        _ = spend(key.size)
        return key
    }

    private static func nameOfType(_ value: JSON) -> String {
        // 1.5 is no integer: its value says more than its type.
        if case .double = value { return value.shortened }
        return SchemaTypes.phrase(value.typeName)
    }

    private mutating func alternatives(_ values: [JSON], _ value: JSON) -> String {
        let sentence = "must be one of \(JSON.alternatives(values)), but is \(value.shortened)"
        guard let text = value.stringValue,
            let similar = similarName(to: text, in: values.lazy.compactMap(\.stringValue))
        else { return sentence }
        return "\(sentence); did you mean \(JSON.string(similar).shortened)?"
    }

    private mutating func require(
        _ names: [String], by cause: String?, _ node: Int, _ rule: SchemaRule, _ value: JSON
    ) -> Bool {
        guard case .object(let members) = value else { return true }
        guard spend(names.count) else { return false }
        var isValid = true
        for name in names where members[exactly: name] == nil {
            if isDone { return false }
            let message = missing(name, by: cause, node, members)
            isValid = report(node, rule.keyword, value, message)
        }
        return isValid
    }

    private mutating func missing(_ name: String, by cause: String?, _ node: Int, _ members: [String: JSON]) -> String {
        var sentence = "is missing the member \(JSON.string(name).shortened)"
        if let cause { sentence += ", which goes with \(JSON.string(cause).shortened)" }
        if let index = members.index(forKey: name) {
            return "\(sentence) (\(JSON.escaped(name))), but has the same text in another Unicode form:"
                + " \(JSON.escaped(members.keys[index]))"
        }
        // A member that has a meaning of its own was not meant to be another.
        let rules = graph.nodes[node].rules
        let unknown = members.keys.lazy.filter { name in !rules.contains { $0.hasProperty(name) } }
        guard let similar = similarName(to: name, in: unknown) else { return sentence }
        return "\(sentence); did you mean it by \(JSON.string(similar).shortened)?"
    }

    // MARK: - Numbers and strings

    private mutating func assertNumber(_ node: Int, _ rule: SchemaRule, _ value: JSON) -> Bool {
        let (isValid, demand): (Bool, String)
        switch rule.check {
        case .multipleOf(let divisor):
            (isValid, demand) = (SchemaNumber.isMultiple(value, of: divisor), "a multiple of \(divisor.shortened)")
        case .maximum(let bound, isExclusive: false):
            (isValid, demand) = (!SchemaNumber.isLess(bound, value), "at most \(bound.shortened)")
        case .maximum(let bound, isExclusive: true):
            (isValid, demand) = (SchemaNumber.isLess(value, bound), "less than \(bound.shortened)")
        case .minimum(let bound, isExclusive: false):
            (isValid, demand) = (!SchemaNumber.isLess(value, bound), "at least \(bound.shortened)")
        case .minimum(let bound, isExclusive: true):
            (isValid, demand) = (SchemaNumber.isLess(bound, value), "greater than \(bound.shortened)")
        default: return true
        }
        return isValid || report(node, rule.keyword, value, "must be \(demand), but is \(value.shortened)")
    }

    private mutating func assertText(_ node: Int, _ rule: SchemaRule, _ text: String) -> Bool {
        switch rule.check {
        case .pattern(let pattern):
            return matches(pattern, text)
                || report(
                    node, rule.keyword, .string(text),
                    "must match the pattern \(JSON.string(pattern.text).shortened), but is \(JSON.string(text).shortened)"
                )
        case .format(let format):
            guard spend(text.utf8.count) else { return false }
            return format.accepts(text)
                || report(
                    node, rule.keyword, .string(text),
                    "must be \(format.phrase), but is \(JSON.string(text).shortened)")
        // Characters are code points here.
        case .maxLength, .minLength:
            guard spend(text.utf8.count) else { return false }
            return assertCount(node, rule, text.unicodeScalars.count, "character", .string(text))
        default: return true
        }
    }

    // MARK: - Sizes

    private mutating func assertElements(_ node: Int, _ rule: SchemaRule, _ elements: [JSON]) -> Bool {
        guard case .uniqueItems = rule.check else {
            return assertCount(node, rule, elements.count, "element", .array(elements))
        }
        var seen: [SchemaValueKey: Int] = [:]
        for (index, element) in elements.enumerated() {
            guard let first = seen.updateValue(index, forKey: key(element)) else { continue }
            return report(
                node, rule.keyword, .array(elements),
                "must not have equal elements, but \(index) is equal to \(first): \(element.shortened)")
        }
        return true
    }

    private mutating func assertCount(
        _ node: Int, _ rule: SchemaRule, _ count: Int, _ noun: String, _ value: JSON
    ) -> Bool {
        let (bound, isMaximum): (Int, Bool)
        switch (rule.check, value) {
        case (.maxLength(let most), .string), (.maxItems(let most), .array), (.maxProperties(let most), .object):
            (bound, isMaximum) = (most, true)
        case (.minLength(let least), .string), (.minItems(let least), .array), (.minProperties(let least), .object):
            (bound, isMaximum) = (least, false)
        default: return true
        }
        if isMaximum ? count <= bound : count >= bound { return true }
        let demand = "\(isMaximum ? "at most" : "at least") \(bound) \(noun)\(bound == 1 ? "" : "s")"
        return report(node, rule.keyword, value, "must have \(demand), but has \(count)")
    }
}

extension SchemaRule {
    fileprivate func hasProperty(_ name: String) -> Bool {
        if case .members(let members) = check { members.properties[exactly: name] != nil } else { false }
    }
}
