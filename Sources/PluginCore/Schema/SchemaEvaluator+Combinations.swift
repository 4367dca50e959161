/// Keywords that apply further subschemas to the same value.
extension SchemaEvaluator {
    mutating func combine(_ node: Int, _ rule: SchemaRule, _ value: JSON, _ own: inout Evaluated) -> Bool {
        switch rule.check {
        case .reference(let target): return evaluate(target, value, &own)
        case .dynamicReference(let target, let anchor):
            return evaluate(dynamicTarget(target, anchor), value, &own)
        case .allOf(let nodes):
            var isValid = true
            for child in nodes {
                isValid = evaluate(child, value, &own) && isValid
                if !isValid, isDone { return false }
            }
            return isValid
        case .anyOf(let nodes):
            var isValid = false
            for child in nodes {
                isValid = test(child, value, &own) || isValid
                // The rest matters only to somebody who asks what is evaluated.
                if isValid, !own.isTracked { return true }
            }
            return isValid || explain(nodes, node, rule, value)
        case .oneOf(let nodes): return exactlyOne(nodes, node, rule, value, &own)
        case .not(let child):
            var evaluated = Evaluated(isTracked: false)
            if !test(child, value, &evaluated) { return true }
            let location = graph.nodes[child].location
            return report(node, rule.keyword, value, "must not conform to \(location)")
        case .conditional(let condition, let then, let otherwise):
            guard let child = test(condition, value, &own) ? then : otherwise else { return true }
            return evaluate(child, value, &own)
        case .dependentSchemas(let dependencies):
            guard case .object(let members) = value else { return true }
            guard spend(dependencies.count) else { return false }
            var isValid = true
            for (name, child) in dependencies where members[exactly: name] != nil {
                isValid = evaluate(child, value, &own) && isValid
            }
            return isValid
        default: return true
        }
    }

    private mutating func exactlyOne(
        _ nodes: [Int], _ node: Int, _ rule: SchemaRule, _ value: JSON, _ own: inout Evaluated
    ) -> Bool {
        var matching: Int?
        for child in nodes {
            guard test(child, value, &own) else { continue }
            if let matching {
                let (first, second) = (graph.nodes[matching].location, graph.nodes[child].location)
                return report(
                    node, rule.keyword, value,
                    "must conform to exactly one alternative, but conforms to \(first) and \(second)")
            }
            matching = child
        }
        return matching != nil || explain(nodes, node, rule, value)
    }

    /// Says why no alternative fits: if the value is of the right kind for exactly one, what is wrong by that one.
    private mutating func explain(_ nodes: [Int], _ node: Int, _ rule: SchemaRule, _ value: JSON) -> Bool {
        if isDone { return false }
        let (here, before) = (pointer, violations)
        var closest: [[SchemaViolation]] = []
        var wanted: SchemaTypes? = []
        for child in nodes {
            violations = []
            var evaluated = Evaluated(isTracked: false)
            _ = evaluate(child, value, &evaluated)
            wanted = typesWanted(by: child).flatMap { wanted?.union($0) }
            if !violations.contains(where: { $0.isAboutKind(of: here) }) { closest.append(violations) }
        }
        violations = before
        if closest.count == 1, let found = closest.first, !found.isEmpty {
            violations += found.prefix(
                JSONSchema.maximumViolations - min(violations.count, JSONSchema.maximumViolations))
            return false
        }
        if closest.isEmpty, let wanted, !wanted.isEmpty, !wanted.accepts(value) {
            return report(
                node, rule.keyword, value, "must be \(wanted.names), but is \(SchemaTypes.phrase(value.typeName))")
        }
        return report(
            node, rule.keyword, value,
            "must conform to one of \(nodes.count) alternatives, but conforms to none: \(value.shortened)")
    }

    /// The types that a subschema itself asks for, if it does.
    private func typesWanted(by node: Int) -> SchemaTypes? {
        for rule in graph.nodes[node].rules {
            if case .type(let types) = rule.check { return types }
        }
        return nil
    }
}

extension SchemaViolation {
    /// Does it say that the value is of another kind, rather than a bad one of its kind? Objects often carry their
    /// kind in a member with a constant.
    fileprivate func isAboutKind(of pointer: String) -> Bool {
        if instance == pointer { return ["type", "const", "enum"].contains(keyword) }
        return keyword == "const" && !instance.utf8.dropFirst(pointer.utf8.count + 1).contains(UInt8(ascii: "/"))
    }
}
