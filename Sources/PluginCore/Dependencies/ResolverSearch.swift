/// Looks for a set of candidates that meets every demand: backtracking over the demands in the order in which they arise,
/// the preferred candidate first. So the first set found is the best: what was asked for is as new as can be, then what
/// that needs.
///
/// A dead end jumps back to the latest choice that has a part in it (conflict-directed backjumping: Prosser, "Hybrid
/// Algorithms for the Constraint Satisfaction Problem", 1993), and never to one that has none. Nothing recurses, so that
/// a chain of any length is fine.
struct ResolverSearch {
    /// A candidate that another does not go with.
    struct Refusal: Hashable {
        let owner: Int
        let ban: PluginCatalogue.Ban
        let banned: Int
    }

    /// A demand that nothing could meet any more, at the moment when that was seen.
    struct DeadEnd {
        let requirement: Requirement
        /// Other demands for the same name at that moment.
        let others: [Requirement]
        /// Why a candidate that fits could not be chosen, if it does not go with another.
        let refusal: Refusal?
        /// Candidates from what was asked for down to the one whose demand it is.
        let path: [Int]
    }

    private struct Goal {
        let requirement: Requirement
        /// The level whose choice made the demand; -1 for what was asked for.
        let level: Int
    }

    /// A choice made for a goal.
    private struct Level {
        let goal: Goal
        let options: [Int]
        /// Of the option to try next.
        var next = 0
        /// Earlier levels that took part in refusing options.
        var blame: Set<Int> = []
        /// How far the queues had come.
        let required: (count: Int, head: Int)
        let optional: (count: Int, head: Int)

        var chosen: Int { options[next - 1] }
    }

    private let catalogue: PluginCatalogue
    private let stepLimit: Int
    private let developmentIDs: Set<String>
    private(set) var steps = 0
    private(set) var deadEnds: [DeadEnd] = []
    /// The last one that does not explain a failure by itself.
    private(set) var lastDeadEnd: DeadEnd?
    private var recorded = 0

    private var levels: [Level] = []
    private var required: [Goal] = []
    private var optional: [Goal] = []
    private var requiredHead = 0
    private var optionalHead = 0
    /// Levels whose candidates answer to a name.
    private var levelsByName: [String: [Int]] = [:]
    /// Levels whose candidates ban a name.
    private var bansByName: [String: [Int]] = [:]

    /// Further dead ends tell a person nothing that these do not.
    private static let maximumDeadEnds = 16
    private static let maximumRecords = 100

    init(
        _ catalogue: PluginCatalogue, roots: [Requirement], developmentIDs: Set<String>, stepLimit: Int
    ) {
        self.catalogue = catalogue
        self.developmentIDs = developmentIDs
        self.stepLimit = stepLimit
        required = roots.map { Goal(requirement: $0, level: -1) }
    }

    /// Indices of the chosen candidates, or nil if no set meets every demand; then ``deadEnds`` says why.
    /// - Throws: ``PluginError`` with code `resourceExhausted` if the search takes too long.
    mutating func run() throws(PluginError) -> [Int]? {
        while let goal = nextGoal() {
            if isMet(goal.requirement) { continue }
            levels.append(
                Level(
                    goal: goal, options: catalogue.fitting(goal.requirement),
                    required: (required.count, requiredHead), optional: (optional.count, optionalHead)))
            guard try advance() else { return nil }
        }
        return levels.map(\.chosen)
    }

    /// Required goals first: what is optional never decides about what is not.
    private mutating func nextGoal() -> Goal? {
        if requiredHead < required.count {
            requiredHead += 1
            return required[requiredHead - 1]
        }
        guard optionalHead < optional.count else { return nil }
        optionalHead += 1
        return optional[optionalHead - 1]
    }

    private func isMet(_ requirement: Requirement) -> Bool {
        (levelsByName[requirement.name] ?? []).contains { level in
            offer(of: levels[level].chosen, as: requirement.name).fits(requirement.range)
        }
    }

    private func offer(of candidate: Int, as name: String) -> PluginCatalogue.Offer {
        catalogue.names[candidate].first { $0.name == name }!.offer
    }

    // MARK: - Choosing

    /// Chooses the next option of the last level, going back as far as needed; false if nothing is left.
    private mutating func advance() throws(PluginError) -> Bool {
        while true {
            let top = levels.count - 1
            var refusal: Refusal?
            let isFresh = levels[top].next == 0
            while levels[top].next < levels[top].options.count {
                steps += 1
                guard steps <= stepLimit else { throw exhausted }
                let candidate = levels[top].options[levels[top].next]
                levels[top].next += 1
                let (blockers, found) = blockers(of: candidate)
                if blockers.isEmpty {
                    choose(candidate)
                    return true
                }
                refusal = refusal ?? found
                // Each blocker alone refuses the option; the earliest leaves most room to jump.
                levels[top].blame.insert(blockers.min()!)
            }
            let level = levels.removeLast()
            if level.goal.requirement.isOptional { return true }
            if isFresh { record(level.goal, refusal) }
            var blame = level.blame
            if level.goal.level >= 0 { blame.insert(level.goal.level) }
            guard let target = blame.max() else { return false }
            for index in levels.indices.dropFirst(target).reversed() { undo(index) }
            levels.removeSubrange((target + 1)...)
            blame.remove(target)
            levels[target].blame.formUnion(blame)
        }
    }

    /// The levels that each alone make it impossible to choose a candidate now, and the first ban among the reasons.
    private func blockers(of candidate: Int) -> (levels: [Int], refusal: Refusal?) {
        let id = catalogue.candidates[candidate].id
        var blockers = (levelsByName[id] ?? []).filter { catalogue.candidates[levels[$0].chosen].id == id }
        var found: Refusal?
        for (name, offer) in catalogue.names[candidate] {
            for level in bansByName[name] ?? [] {
                let owner = levels[level].chosen
                for ban in catalogue.bans[owner] where ban.name == name && ban.hits(offer) {
                    blockers.append(level)
                    found = found ?? Refusal(owner: owner, ban: ban, banned: candidate)
                }
            }
        }
        for ban in catalogue.bans[candidate] {
            for level in levelsByName[ban.name] ?? []
            where ban.hits(offer(of: levels[level].chosen, as: ban.name)) {
                blockers.append(level)
                found = found ?? Refusal(owner: candidate, ban: ban, banned: levels[level].chosen)
            }
        }
        return (blockers, found)
    }

    private mutating func choose(_ candidate: Int) {
        let level = levels.count - 1
        for (name, _) in catalogue.names[candidate] { levelsByName[name, default: []].append(level) }
        for name in Set(catalogue.bans[candidate].map(\.name)) { bansByName[name, default: []].append(level) }
        let isDeveloped = developmentIDs.contains(catalogue.candidates[candidate].id)
        for requirement in catalogue.requirements(of: candidate, includesDevelopment: isDeveloped) {
            let goal = Goal(requirement: requirement, level: level)
            if requirement.isOptional { optional.append(goal) } else { required.append(goal) }
        }
    }

    /// Takes back the choice of a level, and everything behind it.
    private mutating func undo(_ index: Int) {
        let level = levels[index]
        for (name, _) in catalogue.names[level.chosen] { levelsByName[name]?.removeLast() }
        for name in Set(catalogue.bans[level.chosen].map(\.name)) { bansByName[name]?.removeLast() }
        required.removeSubrange(level.required.count...)
        optional.removeSubrange(level.optional.count...)
        (requiredHead, optionalHead) = (level.required.head, level.optional.head)
    }

    // MARK: - Dead ends

    /// Keeps what explains a failure by itself. A dead end that another version of the same plugin would have avoided
    /// does not: the search goes back and tries that version.
    private mutating func record(_ goal: Goal, _ refusal: Refusal?) {
        guard deadEnds.count < Self.maximumDeadEnds, recorded < Self.maximumRecords else { return }
        recorded += 1
        let found = deadEnd(goal, refusal)
        guard explains(found) else {
            lastDeadEnd = found
            return
        }
        keep(found)
        guard catalogue.fitting(goal.requirement).isEmpty else { return }
        // Whoever installs what is missing wants to know at once what else is.
        var names: Set = [goal.requirement.name]
        for other in required[requiredHead...] where deadEnds.count < Self.maximumDeadEnds {
            let isMissing = catalogue.fitting(other.requirement).isEmpty
            if isMissing, names.insert(other.requirement.name).inserted { keep(deadEnd(other, nil)) }
        }
    }

    private mutating func keep(_ deadEnd: DeadEnd) {
        let demands = Set(deadEnd.others + [deadEnd.requirement])
        let isKnown = deadEnds.contains {
            deadEnd.refusal == nil ? demands == Set($0.others + [$0.requirement]) : deadEnd.refusal == $0.refusal
        }
        if !isKnown { deadEnds.append(deadEnd) }
    }

    private func deadEnd(_ goal: Goal, _ refusal: Refusal?) -> DeadEnd {
        let requirement = goal.requirement
        var path: [Int] = []
        var level = goal.level
        while level >= 0 {
            path.append(levels[level].chosen)
            level = levels[level].goal.level
        }
        let others = required.map(\.requirement).filter { $0.name == requirement.name && $0 != requirement }
        return DeadEnd(requirement: requirement, others: others, refusal: refusal, path: path.reversed())
    }

    private func explains(_ deadEnd: DeadEnd) -> Bool {
        if deadEnd.refusal != nil { return true }
        let fitting = catalogue.fitting(deadEnd.requirement)
        // With several plugins of one name each demand may be met by another.
        if Set(fitting.map { catalogue.candidates[$0].id }).count > 1 { return true }
        return deadEnd.others.reduce(Set(fitting)) { $0.intersection(catalogue.fitting($1)) }.isEmpty
    }

    private var exhausted: PluginError {
        PluginError(
            .resourceExhausted, "no set of plugins that fit together was found in \(stepLimit) steps",
            remedy: "Pin versions of the plugins that exist in many, or remove versions that nobody needs",
            facts: .limit(name: "resolver steps", value: Int64(stepLimit), unit: "steps", source: "resolver"))
    }
}
