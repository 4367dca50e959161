/// Chooses among the installed plugins those to load: one version of each id, with everything that these need.
///
/// A pure function of its input: the order of the candidates does not matter. Plugins that need each other in a circle
/// are refused after the versions are chosen; other versions are not tried to avoid a circle.
public struct Resolver: Sendable {
    public enum Strategy: String, Sendable, CaseIterable {
        /// Of every plugin exactly one installed version may fit, and one plugin where a name is provided by others;
        /// optional dependencies must fit too.
        case strict
        /// The newest that fits. Of plugins that provide a name the one that provides its newest version, then by id.
        case latest
        /// Where more than one fits, a person chooses by a pin.
        case manual
    }

    /// What is asked for.
    public struct Root: Sendable, Hashable {
        public var id: String
        /// nil takes every version, a prerelease only if there is nothing else.
        public var range: VersionRange?

        public init(_ id: String, _ range: VersionRange? = nil) {
            self.id = id
            self.range = range
        }
    }

    public var candidates: [PluginCandidate]
    /// The SDKs that the host serves.
    public var hostSDK: SDKRange
    public var strategy: Strategy
    /// The version to take of an id, whatever else is installed.
    public var pins: [String: SemanticVersion]
    /// The versions that a lock file names. A pin of the same id goes before.
    public var locked: [String: SemanticVersion] = [:]
    /// What is installed and must not be chosen: for messages that say so instead of "not installed".
    public var leftOut: [LeftOutPlugin] = []
    /// Ids of plugins whose development dependencies are needed too.
    public var developmentIDs: Set<String> = []
    /// How many candidates may be tried.
    public var stepLimit = 100_000

    public init(
        _ candidates: [PluginCandidate], hostSDK: SDKRange, strategy: Strategy = .latest,
        pins: [String: SemanticVersion] = [:]
    ) {
        self.candidates = candidates
        self.hostSDK = hostSDK
        self.strategy = strategy
        self.pins = pins
    }

    /// - Parameter roots: what is asked for; without it everything installed.
    /// - Throws: ``PluginError`` with code `dependency` and a ``ResolutionFailure`` as `underlying`, or with code
    ///   `resourceExhausted` after ``stepLimit`` steps.
    public func resolve(_ roots: [Root]? = nil) throws(PluginError) -> Resolution {
        let catalogue = PluginCatalogue(
            candidates, hostSDK: hostSDK, pins: pins, locked: locked, leftOut: leftOut)
        try checkInput(catalogue)
        let provided = catalogue.provided
        let requirements = Set(roots ?? catalogue.candidates.map { Root($0.id) }).map {
            Requirement(name: $0.id, range: $0.range, requirer: nil, isOptional: false)
        }
        .sorted { left, right in
            // A plugin is chosen before those that could stand in for it.
            let isProvided = [left, right].map { provided.contains($0.name) }
            if isProvided[0] != isProvided[1] { return isProvided[0] }
            return (left.name, left.range?.canonicalText ?? "") < (right.name, right.range?.canonicalText ?? "")
        }
        var search = ResolverSearch(
            catalogue, roots: requirements, developmentIDs: developmentIDs, stepLimit: stepLimit)
        guard let chosen = try search.run() else {
            let explanation = ConflictExplanation(catalogue: catalogue)
            let deadEnds = search.deadEnds.isEmpty ? [search.lastDeadEnd].compactMap(\.self) : search.deadEnds
            throw Self.failure(deadEnds.map(explanation.conflict))
        }
        let selection = PluginSelection(
            catalogue, chosen: chosen, roots: requirements, developmentIDs: developmentIDs)
        let order = LoadOrder(
            selection.byID.keys.sorted(),
            Set(selection.links.map(LoadOrder.Edge.init)))
        guard order.cycle.isEmpty else { throw Self.circle(order.cycle) }
        if strategy != .latest { try checkChoices(selection) }
        return Resolution(
            plugins: order.ids.map { selection.byID[$0]! },
            links: selection.links.map { link in
                var link = link
                link.isOrdered = order.isOrdered(LoadOrder.Edge(link))
                return link
            },
            warnings: selection.warnings)
    }

    private func checkInput(_ catalogue: PluginCatalogue) throws(PluginError) {
        for (left, right) in zip(catalogue.candidates, catalogue.candidates.dropFirst())
        where left.id == right.id && left.version == right.version {
            let files = [left.file, right.file].compactMap(\.self)
            throw PluginError(
                .dependency,
                "\(left.title) is installed twice, with different content"
                    + (files.isEmpty ? "" : ": \(files.joined(separator: " and "))"),
                remedy: "Remove one of the two files", facts: .names(files.isEmpty ? [left.title] : files),
                plugin: left.id)
        }
        let wanted =
            pins.map { ($0.key, $0.value, false) }
            + locked.filter { pins[$0.key] == nil }.map { ($0.key, $0.value, true) }
        for (id, version, isLocked) in wanted.sorted(by: { $0.0 < $1.0 })
        where !catalogue.candidates.contains(where: { $0.id == id && $0.version == version }) {
            let explanation = ConflictExplanation(catalogue: catalogue)
            let leftOut = leftOut.first { $0.id == id && $0.version == version }
            let found = leftOut.map { "it is left out: \($0.reason)" } ?? explanation.present(id)
            let instead = isLocked ? "write the lock file again" : "pin another version"
            throw PluginError(
                .dependency, "\(id) is \(isLocked ? "locked at" : "pinned to") \(version), but \(found)",
                remedy: "\(leftOut?.remedy ?? "Install \(id) \(version)"), or \(instead)",
                facts: .names(["\(id) \(version)"]), plugin: id)
        }
    }

    private func checkChoices(_ selection: PluginSelection) throws(PluginError) {
        let choices = selection.choices(pins: pins.merging(locked) { pin, _ in pin })
        guard choices.isEmpty else {
            let list = choices.map { "\($0.name): \($0.candidates.joined(separator: ", "))" }
            throw PluginError(
                .dependency,
                "more than one fits, which the strategy \(strategy.rawValue) does not decide: "
                    + list.joined(separator: "; "),
                remedy: strategy == .manual
                    ? "Pin one version of each" : "Remove all but one, pin one, or take the strategy latest",
                facts: .names(choices.map(\.name)), underlying: ResolutionFailure(choices: choices))
        }
        guard strategy == .strict, !selection.warnings.isEmpty else { return }
        throw Self.failure(
            selection.warnings.map { warning in
                var conflict = warning
                conflict.severity = .error
                return conflict
            })
    }

    private static func failure(_ conflicts: [DependencyConflict]) -> PluginError {
        // Versions of one plugin often fail for the same reason, and saying it once is enough.
        var seen: Set<[String?]> = []
        var messages = conflicts.filter {
            seen.insert([$0.plugin1, $0.plugin2, $0.dependency, $0.version1, $0.version2]).inserted
        }
        .map(\.message)
        if messages.count > 4 { messages = messages.prefix(4) + ["and further conflicts"] }
        return PluginError(
            .dependency, messages.joined(separator: "; "), remedy: conflicts.first?.resolution,
            facts: .names(conflicts.first?.chain ?? []), plugin: conflicts.first?.plugin1,
            underlying: ResolutionFailure(conflicts: conflicts))
    }

    private static func circle(_ cycle: [String]) -> PluginError {
        PluginError(
            .dependency,
            "plugins need each other in a circle: "
                + ConflictExplanation.abbreviated(cycle).joined(separator: " -> "),
            remedy: "Make one of these dependencies optional, or remove one of the plugins", facts: .names(cycle),
            plugin: cycle.first, underlying: ResolutionFailure(cycle: cycle))
    }
}

extension LoadOrder.Edge {
    fileprivate init(_ link: Resolution.Link) {
        self.init(dependent: link.dependent, target: link.target, isOptional: link.dependency.isOptional)
    }
}
