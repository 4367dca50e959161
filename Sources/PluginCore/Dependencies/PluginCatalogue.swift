/// A demand for a plugin: a dependency, or what was asked for.
struct Requirement: Hashable {
    let name: String
    /// nil takes every version, prereleases included.
    let range: VersionRange?
    /// Index of the candidate whose demand it is; nil for the one who asks for plugins.
    let requirer: Int?
    let isOptional: Bool
}

/// The candidates and what is known of them before any is chosen. Indices are into ``candidates``.
struct PluginCatalogue {
    /// A name under which a candidate can be needed.
    struct Offer: Hashable {
        let candidate: Int
        /// nil where the candidate provides the name without a version.
        let version: SemanticVersion?

        func fits(_ range: VersionRange?) -> Bool {
            guard let range else { return true }
            return version.map { range.contains($0) } ?? range.isAny
        }
    }

    /// A name that must not be loaded beside a candidate in some versions.
    struct Ban: Hashable {
        let name: String
        let range: VersionRange
        /// Of an optional peer: whatever is outside the range is banned.
        let isOutside: Bool

        func hits(_ offer: Offer) -> Bool { offer.fits(range) != isOutside }
    }

    /// Why a candidate cannot be chosen.
    enum Obstacle: CustomStringConvertible {
        case pin(SemanticVersion)
        case lock(SemanticVersion)
        case hostTooOld(PluginCandidate, host: SDKRange)
        case pluginTooOld(PluginCandidate, host: SDKRange)

        /// What would remove it, of a name; nil if only another build would.
        func remedy(for name: String) -> String? {
            switch self {
            case .pin: "Pin another version of \(name)"
            case .lock: "Lock another version of \(name) by writing the lock file again"
            default: nil
            }
        }

        /// What follows the candidate's name in a sentence.
        var description: String {
            switch self {
            case .pin(let version): "is not the pinned version \(version)"
            case .lock(let version): "is not the locked version \(version)"
            case .hostTooOld(let plugin, let host): "needs SDK \(plugin.sdk), and this older host serves \(host)"
            case .pluginTooOld(let plugin, let host):
                "is built for SDK \(min(plugin.builtSDK, plugin.sdk.maximum ?? .max)), and this newer host serves \(host)"
            }
        }
    }

    /// By id, the newest version first, each once.
    let candidates: [PluginCandidate]
    private(set) var obstacles: [Int: Obstacle] = [:]
    /// A plugin's own versions first, the newest first; then others that provide the name: pinned ones, locked
    /// ones, those that provide its newest version, then by id.
    private(set) var offers: [String: [Offer]] = [:]
    /// Names that plugins provide besides their own.
    var provided: Set<String> { Set(names.flatMap { $0.dropFirst().map(\.name) }) }
    let bans: [[Ban]]
    /// The names of each candidate, its id first.
    let names: [[(name: String, offer: Offer)]]

    /// Installed, and not to be chosen.
    let leftOut: [LeftOutPlugin]

    /// - Parameter locked: as pins, but said otherwise.
    init(
        _ given: [PluginCandidate], hostSDK: SDKRange, pins: [String: SemanticVersion],
        locked: [String: SemanticVersion], leftOut: [LeftOutPlugin]
    ) {
        var sorted: [PluginCandidate] = []
        for candidate in Set(given).sorted(by: PluginCandidate.comesBefore)
        where sorted.last?.isCopy(of: candidate) != true {
            sorted.append(candidate)
        }
        candidates = sorted
        self.leftOut = leftOut
        names = sorted.enumerated().map { index, candidate in
            let own = Offer(candidate: index, version: candidate.version)
            let provided = candidate.relations.provides.filter { $0.name != candidate.id }
            return [(candidate.id, own)]
                + provided.map { ($0.name, Offer(candidate: index, version: $0.version)) }
        }
        bans = sorted.map { candidate in
            let peers = candidate.relations.dependencies.filter {
                $0.scope == .peer && $0.isOptional && $0.kind == .plugin
            }
            return candidate.relations.conflicts.map { Ban(name: $0.name, range: $0.range, isOutside: false) }
                + peers.map { Ban(name: $0.name, range: $0.range, isOutside: true) }
        }
        for (index, candidate) in sorted.enumerated() {
            for (name, offer) in names[index] { offers[name, default: []].append(offer) }
            obstacles[index] = Self.obstacle(
                candidate, hostSDK: hostSDK, pin: pins[candidate.id], lock: locked[candidate.id])
        }
        for (name, found) in offers {
            let isOwn = { (offer: Offer) in sorted[offer.candidate].id == name }
            let rank = { (offer: Offer) in
                let id = sorted[offer.candidate].id
                return pins[id] != nil ? 0 : locked[id] != nil ? 1 : 2
            }
            let others = found.filter { !isOwn($0) }.sorted { left, right in
                rank(left) == rank(right) ? Self.isNewer(left, than: right) : rank(left) < rank(right)
            }
            offers[name] = found.filter(isOwn) + others
        }
    }

    /// Of what plugins provide only these versions can be compared, never those of different plugins. What has none
    /// comes last; among equals the candidates' order decides.
    private static func isNewer(_ left: Offer, than right: Offer) -> Bool {
        switch (left.version, right.version) {
        case (let one?, let other?) where one < other || other < one: other < one
        case (nil, _?): false
        case (_?, nil): true
        default: left.candidate < right.candidate
        }
    }

    private static func obstacle(
        _ candidate: PluginCandidate, hostSDK: SDKRange, pin: SemanticVersion?, lock: SemanticVersion?
    ) -> Obstacle? {
        if let pin {
            if pin != candidate.version { return .pin(pin) }
        } else if let lock, lock != candidate.version {
            return .lock(lock)
        }
        switch SDKNegotiation(host: hostSDK, plugin: candidate.sdk, built: candidate.builtSDK) {
        case .agreed: return nil
        case .hostTooOld: return .hostTooOld(candidate, host: hostSDK)
        case .pluginTooOld: return .pluginTooOld(candidate, host: hostSDK)
        }
    }

    /// Candidates that can be chosen for a demand, the preferred first: the newest; where no range was given, releases
    /// before prereleases.
    func fitting(_ requirement: Requirement) -> [Int] {
        let found = (offers[requirement.name] ?? []).filter {
            obstacles[$0.candidate] == nil && $0.fits(requirement.range)
        }
        .map(\.candidate)
        guard requirement.range == nil else { return found }
        let isRelease = { (index: Int) in candidates[index].version.prerelease.isEmpty }
        return found.filter(isRelease) + found.filter { !isRelease($0) }
    }

    /// What a candidate demands of others, by name.
    func requirements(of index: Int, includesDevelopment: Bool) -> [Requirement] {
        candidates[index].relations.dependencies.compactMap { dependency in
            guard dependency.kind == .plugin else { return nil }
            switch dependency.scope {
            case .runtime: break
            // An optional peer is a ban on what does not fit.
            case .peer: if dependency.isOptional { return nil }
            case .development: if !includesDevelopment { return nil }
            }
            return Requirement(
                name: dependency.name, range: dependency.range, requirer: index, isOptional: dependency.isOptional)
        }
        .sorted { $0.name < $1.name }
    }
}
