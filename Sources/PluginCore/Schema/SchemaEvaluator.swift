/// Applies a compiled schema to one value.
///
/// Without collecting it stops at the first violation, as the tests of `anyOf`, `not` and `if` do, too.
struct SchemaEvaluator {
    /// What successful keywords have looked at in one array or object, for `unevaluatedItems` and
    /// `unevaluatedProperties`. Kept only where somebody asks.
    struct Evaluated {
        let isTracked: Bool
        var properties: Set<String> = []
        /// All items before this one.
        var prefix = 0
        var items: Set<Int> = []

        init(isTracked: Bool) { self.isTracked = isTracked }

        mutating func merge(_ other: Evaluated) {
            properties.formUnion(other.properties)
            prefix = max(prefix, other.prefix)
            items.formUnion(other.items)
        }
    }

    /// A part of the path from the whole value to the present one.
    enum PathStep {
        case name(String)
        case index(Int)
    }

    /// What keeps a value from being judged.
    enum Limit {
        case depth, steps
    }

    let graph: SchemaGraph
    var isCollecting: Bool
    var violations: [SchemaViolation] = []
    private(set) var limit: Limit?
    /// Steps that are left; enough for any honest schema.
    private var steps = 2_000_000
    private var searches = 0
    private var depth = 0
    private(set) var path: [PathStep] = []
    /// The resources entered, outermost first: the dynamic scope.
    private var scope: [Int] = []

    /// Subschemas may be applied within each other this often: by nesting of the value and by references.
    static let maximumDepth = 512

    init(_ graph: SchemaGraph, isCollecting: Bool) {
        self.graph = graph
        self.isCollecting = isCollecting
    }

    /// Does the value conform? False, with ``limit``, if that cannot be found out.
    mutating func accepts(_ instance: JSON) -> Bool {
        let measure = instance.measure
        guard measure.depth <= JSON.maximumDepth else {
            limit = .depth
            return false
        }
        steps += measure.values * 1_000 + measure.bytes * 100
        var evaluated = Evaluated(isTracked: false)
        return evaluate(graph.root, instance, &evaluated) && limit == nil
    }

    /// What does not conform, in the order of the values' pointers, because members of an object have none.
    mutating func violations(of instance: JSON) -> [SchemaViolation] {
        if accepts(instance) { return [] }
        if let limit { return [violation(of: limit, instance)] }
        return violations.enumerated()
            .sorted { ($0.element.instance, $0.offset) < ($1.element.instance, $1.offset) }
            .map(\.element)
    }

    private func violation(of limit: Limit, _ instance: JSON) -> SchemaViolation {
        let reason =
            switch limit {
            case .depth: "is nested too deeply to be checked, or the schema refers to itself too often for it"
            case .steps: "needs too many steps to be checked"
            }
        return SchemaViolation(
            instance: "", keyword: "", rule: graph.nodes[graph.root].location, value: instance.shortened,
            message: reason)
    }

    // MARK: - Nodes

    /// Does the value conform to the subschema?
    mutating func evaluate(_ node: Int, _ value: JSON, _ evaluated: inout Evaluated) -> Bool {
        if depth >= Self.maximumDepth { limit = .depth }
        guard spend(1) else { return false }
        if let boolean = graph.nodes[node].boolean {
            if !boolean { report(node, nil, value, "is not allowed here") }
            return boolean
        }
        depth += 1
        scope.append(graph.nodes[node].resource)
        defer {
            depth -= 1
            scope.removeLast()
        }
        return applyRules(node, value, &evaluated)
    }

    private mutating func applyRules(_ node: Int, _ value: JSON, _ evaluated: inout Evaluated) -> Bool {
        var own = Evaluated(isTracked: evaluated.isTracked || graph.nodes[node].asksForUnevaluated)
        var isValid = true
        for index in graph.nodes[node].rules.indices {
            guard spend(1) else { return false }
            let rule = graph.nodes[node].rules[index]
            // What a failed rule would have evaluated is not known, so nothing is said about the rest.
            if !isValid, rule.asksForUnevaluated { continue }
            if apply(rule, of: node, value, &own) { continue }
            isValid = false
            // A value of the wrong type needs no further complaint.
            if case .type = rule.check { return false }
            if isDone { return false }
        }
        guard isValid, evaluated.isTracked else { return isValid }
        evaluated.merge(own)
        return spend(own.properties.count + own.items.count)
    }

    /// After a failure: is there nothing more to find out?
    var isDone: Bool {
        !isCollecting || limit != nil || violations.count >= JSONSchema.maximumViolations
    }

    /// Counts work; false if there has been too much, or another limit is reached.
    mutating func spend(_ count: Int) -> Bool {
        steps -= count
        if steps <= 0 { limit = .steps }
        return limit == nil
    }

    /// The groups know their keywords; each takes what it knows and leaves the rest.
    private mutating func apply(_ rule: SchemaRule, of node: Int, _ value: JSON, _ own: inout Evaluated) -> Bool {
        switch rule.check {
        case .type, .enumeration, .constant, .multipleOf, .maximum, .minimum, .maxLength, .minLength, .pattern, .format,
            .maxItems, .minItems, .uniqueItems, .maxProperties, .minProperties, .required, .dependentRequired:
            return assert(node, rule, value)
        case .items, .contains, .unevaluatedItems:
            guard case .array(let elements) = value else { return true }
            return applyToItems(node, rule, elements, &own)
        case .members, .propertyNames, .unevaluatedProperties:
            guard case .object(let members) = value else { return true }
            return applyToMembers(node, rule, members, &own)
        default:
            return combine(node, rule, value, &own)
        }
    }

    /// Applies a subschema to a part of the present value.
    mutating func visit(_ node: Int, _ value: JSON, at step: PathStep) -> Bool {
        path.append(step)
        defer { path.removeLast() }
        var evaluated = Evaluated(isTracked: false)
        return evaluate(node, value, &evaluated)
    }

    /// Applies a subschema without saying what it finds.
    mutating func test(_ node: Int, _ value: JSON, _ evaluated: inout Evaluated) -> Bool {
        let wasCollecting = isCollecting
        isCollecting = false
        defer { isCollecting = wasCollecting }
        return evaluate(node, value, &evaluated)
    }

    /// The target of a dynamic reference: the outermost resource with such an anchor has it.
    mutating func dynamicTarget(_ target: Int, _ anchor: String) -> Int {
        _ = spend(scope.count)
        for resource in scope {
            if let node = graph.resources[resource].dynamicAnchors[anchor] { return node }
        }
        return target
    }

    /// Does the pattern match? No, if that cannot be found out within the steps.
    mutating func matches(_ pattern: SchemaPattern, _ text: String) -> Bool {
        guard let isMatch = pattern.matches(text, steps: &steps) else {
            limit = .steps
            return false
        }
        return isMatch
    }

    // MARK: - Reports

    /// Takes note of a violation, and answers false.
    ///
    /// - Parameters:
    ///   - keyword: nil if the node itself, as the boolean `false`, is what is violated.
    ///   - name: the keyword that the boolean is the value of.
    @discardableResult
    mutating func report(
        _ node: Int, _ keyword: String?, _ value: JSON, _ message: @autoclosure () -> String, name: String = ""
    ) -> Bool {
        // To find words costs more than to find the fault.
        guard !isDone, spend(100) else { return false }
        let location = graph.nodes[node].location
        violations.append(
            SchemaViolation(
                instance: pointer, keyword: keyword ?? name, rule: keyword.map { "\(location)/\($0)" } ?? location,
                value: value.shortened, message: message()))
        return false
    }

    /// What somebody may have meant. Not searched for again and again: nobody reads that many suggestions.
    mutating func similarName(to name: String, in candidates: some Sequence<String>) -> String? {
        searches += 1
        return searches <= 2 * JSONSchema.maximumViolations ? SimilarName.find(name, in: candidates) : nil
    }

    var pointer: String {
        path.reduce(into: "") { pointer, step in
            switch step {
            case .name(let name): pointer += "/" + JSON.escapedForPointer(name)
            case .index(let index): pointer += "/\(index)"
            }
        }
    }

    /// Says that a member of the present object is not allowed by a keyword whose value is `false`.
    mutating func report(
        member: String, _ node: Int, _ keyword: String, _ value: JSON, _ message: @autoclosure () -> String
    ) {
        path.append(.name(member))
        report(node, nil, value, message(), name: keyword)
        path.removeLast()
    }
}

extension SchemaRule {
    var asksForUnevaluated: Bool {
        switch check {
        case .unevaluatedItems, .unevaluatedProperties: true
        default: false
        }
    }
}
