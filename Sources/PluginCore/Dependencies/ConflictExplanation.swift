/// Words for dead ends.
struct ConflictExplanation {
    let catalogue: PluginCatalogue

    func conflict(_ deadEnd: ResolverSearch.DeadEnd) -> DependencyConflict {
        let requirement = deadEnd.requirement
        let fitting = Set(catalogue.fitting(requirement))
        if fitting.isEmpty { return missing(deadEnd) }
        let opponent = deadEnd.others.first { fitting.isDisjoint(with: catalogue.fitting($0)) }
        if let opponent { return contradiction(deadEnd, opponent) }
        if let refusal = deadEnd.refusal { return refused(deadEnd, refusal) }
        return crowd(deadEnd)
    }

    /// Nothing that can be chosen fits.
    private func missing(_ deadEnd: ResolverSearch.DeadEnd) -> DependencyConflict {
        let requirement = deadEnd.requirement
        let offers = catalogue.offers[requirement.name] ?? []
        let blocked = offers.filter { $0.fits(requirement.range) }
        let needed = text(requirement)
        let other = requester(requirement).map { ", or remove \($0.id)" } ?? ""
        var message = "\(demand(requirement)), but "
        var resolution = "Install \(needed)\(other)"
        let leftOut = catalogue.leftOut.filter { $0.fits(requirement.name, requirement.range) }
        if let range = requirement.range, range.isImpossible {
            message += "no version can be \(range)"
            resolution = "Correct the range" + (requester(requirement).map { " in the manifest of \($0.id)" } ?? "")
        } else if blocked.isEmpty, let first = leftOut.first {
            message += Self.abbreviated(leftOut.map { "\($0.title) is left out: \($0.reason)" })
                .joined(separator: ", and ")
            resolution = (first.remedy ?? "Install another build of \(needed)") + other
        } else if let hint = ForeignPackage.hint(for: requirement.name), offers.isEmpty {
            message += hint
            resolution = "Take \(requirement.name) out of the manifest\(other)"
        } else if blocked.isEmpty {
            message += present(requirement.name)
        } else {
            let obstacles = blocked.compactMap { catalogue.obstacles[$0.candidate] }
            let reasons = zip(blocked, obstacles).map { "\(catalogue.candidates[$0.candidate].title) \($1)" }
            message += Self.abbreviated(reasons).joined(separator: ", and ")
            let remedy = obstacles.lazy.compactMap { $0.remedy(for: requirement.name) }.first
            resolution = (remedy ?? "Install a build of \(needed) that this host can load") + other
        }
        return conflict(
            deadEnd, requirement, plugin2: nil, version2: nil, message: message, resolution: resolution)
    }

    /// Two demands that no candidate meets together.
    private func contradiction(
        _ deadEnd: ResolverSearch.DeadEnd, _ first: Requirement
    ) -> DependencyConflict {
        let second = deadEnd.requirement
        let removable = [first, second].compactMap { requester($0)?.id }
        let remove =
            removable.isEmpty ? "ask for one of them only" : "remove \(removable.joined(separator: " or "))"
        let ranges = (first.range ?? .any, second.range ?? .any)
        let resolution: String
        if ranges.0.isDisjoint(with: ranges.1) {
            resolution = "No version of \(second.name) fits both: \(remove), or install other versions of them"
        } else {
            resolution = "Install a version of \(second.name) that fits \(ranges.0) and \(ranges.1), or \(remove)"
        }
        return conflict(
            deadEnd, first, plugin2: requester(second)?.id, version2: second.range?.text,
            message: "\(demand(first)), but \(demand(second)): \(installed(second.name))", resolution: resolution)
    }

    /// A candidate would fit, but another plugin does not go with it.
    private func refused(
        _ deadEnd: ResolverSearch.DeadEnd, _ refusal: ResolverSearch.Refusal
    ) -> DependencyConflict {
        let (owner, banned) = (catalogue.candidates[refusal.owner], catalogue.candidates[refusal.banned])
        let ban = refusal.ban
        let reason =
            ban.isOutside
            ? "\(owner.title) goes with \(ban.name) \(ban.range) only"
            : "\(owner.title) conflicts with \(ban.name) \(ban.range)"
        let who = banned.id == ban.name ? banned.title : "\(banned.title), which provides \(ban.name)"
        return conflict(
            deadEnd, deadEnd.requirement, plugin2: refusal.owner == deadEnd.path.last ? banned.id : owner.id,
            version2: ban.range.text, message: "\(demand(deadEnd.requirement)), but \(reason): \(who) is in the way",
            resolution: "Remove \(owner.id) or \(banned.id), or install versions that go together")
    }

    /// More than two demands that no candidate meets together, or none that a few words could name.
    private func crowd(_ deadEnd: ResolverSearch.DeadEnd) -> DependencyConflict {
        let demands = (deadEnd.others + [deadEnd.requirement]).map(demand)
        return conflict(
            deadEnd, deadEnd.requirement, plugin2: deadEnd.others.first.flatMap { requester($0)?.id },
            version2: deadEnd.others.first?.range?.text,
            message: "\(Self.abbreviated(demands).joined(separator: ", ")): \(installed(deadEnd.requirement.name))",
            resolution: "Install a version of \(deadEnd.requirement.name) that fits them all, or remove one of them")
    }

    private func conflict(
        _ deadEnd: ResolverSearch.DeadEnd, _ first: Requirement, plugin2: String?, version2: String?,
        message: String, resolution: String
    ) -> DependencyConflict {
        let path = deadEnd.path.map { catalogue.candidates[$0].title }
        let chain = path + [text(deadEnd.requirement)]
        return DependencyConflict(
            plugin1: requester(first)?.id, plugin2: plugin2, dependency: deadEnd.requirement.name,
            version1: first.range?.text, version2: version2, severity: .error,
            message: path.count > 1 ? "\(message) (\(Self.abbreviated(path).joined(separator: " -> ")))" : message,
            resolution: resolution, chain: chain)
    }

    // MARK: - Parts

    private func requester(_ requirement: Requirement) -> PluginCandidate? {
        requirement.requirer.map { catalogue.candidates[$0] }
    }

    private func text(_ requirement: Requirement) -> String {
        requirement.range.map { "\(requirement.name) \($0)" } ?? requirement.name
    }

    private func demand(_ requirement: Requirement) -> String {
        guard let plugin = requester(requirement) else { return "\(text(requirement)) is asked for" }
        return "\(plugin.title) needs \(text(requirement))"
    }

    /// What there is of a name, or that there is nothing.
    func present(_ name: String) -> String {
        if catalogue.offers[name]?.isEmpty == false { return installed(name) }
        let others = catalogue.leftOut.filter { $0.id == name }
        if others.isEmpty { return "no \(name) is installed" }
        return Self.abbreviated(others.map { "\($0.title) is left out: \($0.reason)" }).joined(separator: ", and ")
    }

    /// "installed are b 1.4.2, 2.0.1".
    private func installed(_ name: String) -> String {
        let offers = (catalogue.offers[name] ?? []).map { catalogue.candidates[$0.candidate] }
        let own = offers.filter { $0.id == name }.reversed().map(\.version.description)
        let others = offers.filter { $0.id != name }.map { "\($0.title), which provides \(name)" }
        let list = (own.isEmpty ? [] : ["\(name) \(Self.abbreviated(own).joined(separator: ", "))"]) + others
        return "installed \(offers.count == 1 ? "is" : "are") \(list.joined(separator: "; "))"
    }

    /// A long list without its middle.
    static func abbreviated(_ list: [String]) -> [String] {
        list.count <= 8 ? list : list.prefix(3) + ["..."] + list.suffix(4)
    }
}
