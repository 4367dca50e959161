/// A set of candidates that meets every demand, and what can be said of it.
struct PluginSelection {
    let byID: [String: PluginCandidate]
    /// By dependent, then by name; every one ordered until a circle says otherwise.
    let links: [Resolution.Link]
    let warnings: [DependencyConflict]
    private let catalogue: PluginCatalogue
    private let chosen: [Int]
    private let roots: [Requirement]

    init(_ catalogue: PluginCatalogue, chosen: [Int], roots: [Requirement], developmentIDs: Set<String>) {
        self.catalogue = catalogue
        self.chosen = chosen.sorted()
        self.roots = roots
        let plugins = self.chosen.map { catalogue.candidates[$0] }
        byID = Dictionary(uniqueKeysWithValues: plugins.map { ($0.id, $0) })
        let isChosen = Set(chosen)
        let names = Set(self.chosen.flatMap { catalogue.names[$0].map(\.name) })
        // In the order in which they would be chosen.
        let offers = Dictionary(
            uniqueKeysWithValues: names.map { name in
                (name, (catalogue.offers[name] ?? []).filter { isChosen.contains($0.candidate) })
            })
        var links: [Resolution.Link] = []
        var warnings: [DependencyConflict] = []
        for plugin in plugins {
            for dependency in plugin.relations.dependencies.sorted(by: { $0.name < $1.name })
            where dependency.kind == .plugin
                && (dependency.scope != .development || developmentIDs.contains(plugin.id))
            {
                let present = offers[dependency.name] ?? []
                let fitting = present.filter { $0.fits(dependency.range) }.map { catalogue.candidates[$0.candidate].id }
                if let target = fitting.first {
                    // What a plugin provides itself it need not wait for.
                    guard !fitting.contains(plugin.id) else { continue }
                    links.append(
                        Resolution.Link(
                            dependent: plugin.id, target: target, dependency: dependency, isOrdered: true))
                } else if let other = present.first {
                    warnings.append(Self.warning(plugin, dependency, catalogue.candidates[other.candidate]))
                }
            }
        }
        self.links = links
        self.warnings = warnings
    }

    private static func warning(
        _ plugin: PluginCandidate, _ dependency: PluginDependency, _ other: PluginCandidate
    ) -> DependencyConflict {
        DependencyConflict(
            plugin1: plugin.id, plugin2: other.id, dependency: dependency.name, version1: dependency.range.text,
            version2: other.version.description, severity: .warning,
            message: "\(plugin.title) goes without its optional \(dependency.name) \(dependency.range), because"
                + " \(other.title) is loaded",
            resolution: "Install a version of \(dependency.name) that fits \(dependency.range) and its other users",
            chain: [plugin.title, "\(dependency.name) \(dependency.range)"])
    }

    // MARK: - Choices

    /// Where another candidate would meet the same demands.
    /// - Parameter pins: what a person decided, by a lock file as well.
    func choices(pins: [String: SemanticVersion]) -> [ResolutionFailure.Choice] {
        var choices: [ResolutionFailure.Choice] = []
        let linksByTarget = Dictionary(grouping: links, by: \.target)
        for index in chosen {
            let id = catalogue.candidates[index].id
            let rivals = (catalogue.offers[id] ?? []).map(\.candidate).filter { rival in
                catalogue.candidates[rival].id == id && (rival == index || fits(rival, linksByTarget[id] ?? []))
            }
            guard rivals.count > 1 else { continue }
            choices.append(.init(name: id, candidates: rivals.map { catalogue.candidates[$0].title }))
        }
        // A plugin of the very name is no choice: others only stand in for it.
        let demands =
            links.map { (name: $0.dependency.name, range: VersionRange?.some($0.dependency.range)) }
            + roots.map { (name: $0.name, range: $0.range) }
        var seen: Set<String> = []
        for demand in demands {
            if let own = byID[demand.name], demand.range?.contains(own.version) ?? true { continue }
            let rivals = (catalogue.offers[demand.name] ?? []).filter {
                catalogue.obstacles[$0.candidate] == nil && $0.fits(demand.range)
            }
            .map { catalogue.candidates[$0.candidate] }.filter { byID[$0.id] == nil || $0 == byID[$0.id] }
            guard rivals.count > 1, !rivals.contains(where: { pins[$0.id] != nil && byID[$0.id] != nil }),
                seen.insert(demand.name).inserted
            else { continue }
            choices.append(.init(name: demand.name, candidates: rivals.map(\.title)))
        }
        return choices.sorted { $0.name < $1.name }
    }

    /// Could this candidate stand in the place of the chosen one of its id?
    private func fits(_ candidate: Int, _ links: [Resolution.Link]) -> Bool {
        guard catalogue.obstacles[candidate] == nil else { return false }
        let names = Dictionary(catalogue.names[candidate].map { ($0.name, $0.offer) }) { first, _ in first }
        let id = catalogue.candidates[candidate].id
        let meetsRoots = roots.allSatisfy { root in root.name != id || names[id]!.fits(root.range) }
        let meetsLinks = links.allSatisfy { names[$0.dependency.name]?.fits($0.dependency.range) ?? false }
        return meetsRoots && meetsLinks && !isBanned(candidate, id, names)
    }

    private func isBanned(
        _ candidate: Int, _ id: String, _ names: [String: PluginCatalogue.Offer]
    ) -> Bool {
        chosen.contains { other in
            guard catalogue.candidates[other].id != id else { return false }
            let bansOther = catalogue.bans[candidate].contains { ban in
                catalogue.names[other].contains { $0.name == ban.name && ban.hits($0.offer) }
            }
            let isHit = catalogue.bans[other].contains { ban in names[ban.name].map(ban.hits) ?? false }
            return bansOther || isHit
        }
    }
}
