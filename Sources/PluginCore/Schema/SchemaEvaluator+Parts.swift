/// Keywords that apply subschemas to the items of arrays and the members of objects.
extension SchemaEvaluator {
    mutating func applyToItems(_ node: Int, _ rule: SchemaRule, _ elements: [JSON], _ own: inout Evaluated) -> Bool {
        guard spend(elements.count) else { return false }
        var isValid = true
        switch rule.check {
        case .items(let prefix, let rest):
            for (index, element) in elements.enumerated() {
                guard let item = index < prefix.count ? prefix[index] : rest else { break }
                isValid = visit(item, element, at: .index(index)) && isValid
                if !isValid, isDone { return false }
            }
            if own.isTracked {
                own.prefix = max(own.prefix, rest == nil ? min(prefix.count, elements.count) : elements.count)
            }
        case .contains(let item, let minimum, let maximum, let isAnnotated):
            var count = 0
            for (index, element) in elements.enumerated() {
                var evaluated = Evaluated(isTracked: false)
                guard test(item, element, &evaluated) else { continue }
                count += 1
                if own.isTracked, isAnnotated { own.items.insert(index) }
            }
            isValid = count >= minimum && count <= maximum
            if !isValid {
                let (demand, bound) = count < minimum ? ("at least", minimum) : ("at most", maximum)
                let those = bound == 1 ? "element that conforms" : "elements that conform"
                let location = graph.nodes[item].location
                report(
                    node, rule.keyword, .array(elements),
                    "must have \(demand) \(bound) \(those) to \(location), but has \(count)")
            }
        case .unevaluatedItems(let item):
            for (index, element) in elements.enumerated() where index >= own.prefix && !own.items.contains(index) {
                isValid = visit(item, element, at: .index(index)) && isValid
                if !isValid, isDone { return false }
            }
            own.prefix = elements.count
        default: break
        }
        return isValid
    }

    mutating func applyToMembers(
        _ node: Int, _ rule: SchemaRule, _ members: [String: JSON], _ own: inout Evaluated
    ) -> Bool {
        guard spend(members.count) else { return false }
        switch rule.check {
        case .members(let rules): return apply(rules, members, &own)
        case .propertyNames(let schema): return applyToNames(schema, node, rule, members)
        case .unevaluatedProperties(let schema):
            var isValid = true
            for (name, value) in members where !own.properties.contains(name) {
                if graph.nodes[schema].boolean == false {
                    isValid = false
                    report(member: name, schema, rule.keyword, value, "is not a known member")
                } else {
                    isValid = visit(schema, value, at: .name(name)) && isValid
                }
                if !isValid, isDone { return false }
            }
            if own.isTracked { own.properties = Set(members.keys) }
            return isValid
        default: return true
        }
    }

    private mutating func apply(_ rules: SchemaMembers, _ members: [String: JSON], _ own: inout Evaluated) -> Bool {
        var isValid = true
        for (name, value) in members {
            var isKnown = false
            if let schema = rules.properties[exactly: name] {
                isKnown = true
                isValid = visit(schema, value, at: .name(name)) && isValid
            }
            for rule in rules.patterns where matches(rule.pattern, name) {
                isKnown = true
                isValid = visit(rule.node, value, at: .name(name)) && isValid
            }
            if !isKnown, let additional = rules.additional {
                isKnown = true
                if graph.nodes[additional].boolean == false {
                    isValid = false
                    if isDone { return false }
                    let message = unknown(name, rules, members)
                    report(member: name, additional, "additionalProperties", value, message)
                } else {
                    isValid = visit(additional, value, at: .name(name)) && isValid
                }
            }
            if own.isTracked, isKnown { own.properties.insert(name) }
            if !isValid, isDone { return false }
        }
        return isValid
    }

    private mutating func unknown(_ name: String, _ rules: SchemaMembers, _ members: [String: JSON]) -> String {
        if let index = rules.properties.index(forKey: name) {
            return
                "is not a known member: known is \(JSON.escaped(rules.properties.keys[index])), the same text in another"
                + " Unicode form than \(JSON.escaped(name))"
        }
        let free = rules.properties.keys.lazy.filter { members[exactly: $0] == nil }
        if let similar = similarName(to: name, in: free) {
            return "is not a known member; did you mean \(JSON.string(similar).shortened)?"
        }
        // A long list helps nobody.
        guard (1...16).contains(rules.properties.count) else { return "is not a known member" }
        return "is not a known member; known are \(JSON.alternatives(rules.properties.keys.sorted().map(JSON.string)))"
    }

    private mutating func applyToNames(
        _ schema: Int, _ node: Int, _ rule: SchemaRule, _ members: [String: JSON]
    ) -> Bool {
        var isValid = true
        for name in members.keys {
            let before = violations.count
            var evaluated = Evaluated(isTracked: false)
            guard !evaluate(schema, .string(name), &evaluated) else { continue }
            isValid = false
            if !isCollecting || limit != nil { return false }
            // What was found is about the name, not about the object.
            let reasons = violations[before...].map(\.message).joined(separator: ", and ")
            violations.removeSubrange(before...)
            report(
                node, rule.keyword, .string(name),
                "must not have the member \(JSON.string(name).shortened): its name \(reasons)")
        }
        return isValid
    }
}
