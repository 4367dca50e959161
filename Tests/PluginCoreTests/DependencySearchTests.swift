import PluginCore
import Testing

/// Small graphs of plugins, the same for one seed.
private struct RandomGraph {
    var candidates: [PluginCandidate] = []
    var roots: [Resolver.Root] = []
    let host = SDKRange(minimum: 1, maximum: 2)

    private static let versions = ["1.0.0", "1.1.0", "2.0.0"]
    private static let ranges = ["*", "^1", "~1.0", "^2", ">=1.1", "1.0.0", "<2", "1.1.0 || 2"]

    init(_ seed: UInt64) {
        var random = Random(seed)
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        func range() -> VersionRange { try! VersionRange(Self.ranges.randomElement(using: &random)!) }
        let ids = Array(["a", "b", "c", "d"].prefix(Int.random(in: 2...4, using: &random)))
        for id in ids {
            for version in Self.versions where chance(75) {
                var relations = PluginRelations()
                for other in ids + ["v"] where other != id && chance(other == "v" ? 15 : 40) {
                    let isPeer = chance(20)
                    relations.dependencies.append(
                        PluginDependency(other, range(), scope: isPeer ? .peer : .runtime, isOptional: chance(30)))
                }
                for other in ids + ["v"] where other != id && chance(6) {
                    relations.conflicts.append(.init(other, range()))
                }
                if chance(15) { relations.provides.append(.init("v", chance(70) ? SemanticVersion("1.1.0") : nil)) }
                let sdk = chance(92) ? SDKRange(minimum: 1, maximum: 2) : SDKRange(minimum: 3, maximum: 3)
                candidates.append(
                    PluginCandidate(
                        id: id, version: SemanticVersion(version)!, relations: relations, sdk: sdk,
                        digest: "\(id)-\(version)"))
            }
        }
        candidates.shuffle(using: &random)
        roots = ids.filter { _ in chance(50) }.map { Resolver.Root($0, chance(50) ? range() : nil) }
        if roots.isEmpty { roots = [Resolver.Root("a")] }
    }

    // MARK: - What is asked of a set of plugins, said a second time and as plainly as possible

    func offers(_ plugin: PluginCandidate, _ name: String, _ range: VersionRange?) -> Bool {
        if plugin.id == name { return range?.contains(plugin.version) ?? true }
        return plugin.relations.provides.contains { provision in
            guard provision.name == name else { return false }
            guard let range else { return true }
            return provision.version.map { range.contains($0) } ?? (range.canonicalText == "*")
        }
    }

    func isPresent(_ name: String, in chosen: [PluginCandidate]) -> Bool {
        chosen.contains { offers($0, name, nil) }
    }

    func isValid(_ chosen: [PluginCandidate]) -> Bool {
        for root in roots where !chosen.contains(where: { offers($0, root.id, root.range) }) { return false }
        for plugin in chosen {
            guard plugin.sdk.minimum <= 2 else { return false }
            let others = chosen.filter { $0.id != plugin.id }
            for dependency in plugin.relations.dependencies {
                if dependency.isOptional {
                    guard dependency.scope == .peer else { continue }
                    for other in others where offers(other, dependency.name, nil) {
                        guard offers(other, dependency.name, dependency.range) else { return false }
                    }
                } else if !chosen.contains(where: { offers($0, dependency.name, dependency.range) }) {
                    return false
                }
            }
            for conflict in plugin.relations.conflicts {
                if others.contains(where: { offers($0, conflict.name, conflict.range) }) { return false }
            }
        }
        return true
    }

    /// Every set with at most one version of each id.
    func assignments() -> [[PluginCandidate]] {
        Dictionary(grouping: candidates, by: \.id).values.reduce([[]]) { sets, versions in
            sets.flatMap { set in [set] + versions.map { set + [$0] } }
        }
    }
}

@Suite("Search for plugins that fit together")
struct DependencySearchTests {
    @Test("finds a set exactly if one of all sets fits, takes the best, and leaves out no option that could be in")
    func oracle() throws {
        var (found, refused, circles, skipped) = (0, 0, 0, 0)
        for seed in UInt64(0)..<1500 {
            let graph = RandomGraph(seed)
            let valid = graph.assignments().filter(graph.isValid)
            let resolver = Resolver(graph.candidates, hostSDK: graph.host)
            do throws(PluginError) {
                let resolution = try resolver.resolve(graph.roots)
                found += 1
                check(resolution, graph, seed)
                checkIsBest(resolution, graph, valid, seed)
                skipped += checkOptions(resolution, graph, valid, seed)
            } catch {
                #expect(error.code == .dependency)
                let failure = try #require(error.underlying as? ResolutionFailure)
                if failure.cycle.isEmpty {
                    refused += 1
                    #expect(valid.isEmpty, "seed \(seed): refused, but \(valid.first?.map(\.digest) ?? [])")
                    #expect(!failure.conflicts.isEmpty, "seed \(seed)")
                    #expect(error.remedy?.isEmpty == false)
                } else {
                    circles += 1
                    #expect(!valid.isEmpty, "seed \(seed)")
                    checkCycle(failure.cycle, graph, seed)
                }
            }
        }
        #expect(min(found, refused) > 300 && min(circles, skipped) > 20, "\(found) \(refused) \(circles) \(skipped)")
    }

    private func check(_ resolution: Resolution, _ graph: RandomGraph, _ seed: UInt64) {
        #expect(graph.isValid(resolution.plugins), "seed \(seed)")
        #expect(Set(resolution.plugins.map(\.id)).count == resolution.plugins.count)
        // Nothing is in that nobody asked for.
        var needed = Set(
            resolution.plugins.filter { plugin in graph.roots.contains { graph.offers(plugin, $0.id, $0.range) } }
                .map(\.id))
        for _ in resolution.plugins {
            for link in resolution.links where needed.contains(link.dependent) { needed.insert(link.target) }
        }
        #expect(needed == Set(resolution.plugins.map(\.id)), "seed \(seed)")
        let places = Dictionary(uniqueKeysWithValues: resolution.plugins.enumerated().map { ($1.id, $0) })
        for link in resolution.links {
            #expect(link.isOrdered || link.dependency.isOptional)
            if link.isOrdered { #expect(places[link.target]! < places[link.dependent]!, "seed \(seed)") }
        }
    }

    /// No set has a newer version of the first plugin asked for, nor of the second with the same first, and so on.
    private func checkIsBest(
        _ resolution: Resolution, _ graph: RandomGraph, _ valid: [[PluginCandidate]], _ seed: UInt64
    ) {
        var rivals = valid
        for root in graph.roots.sorted(by: { $0.id < $1.id }) where resolution[root.id] != nil {
            let best = rivals.compactMap { set in set.first { $0.id == root.id }?.version }.max()
            #expect(resolution[root.id]?.version == best, "seed \(seed)")
            rivals = rivals.filter { set in set.contains { $0.id == root.id && $0.version == best } }
        }
    }

    private func checkOptions(
        _ resolution: Resolution, _ graph: RandomGraph, _ valid: [[PluginCandidate]], _ seed: UInt64
    ) -> Int {
        let chosen = Set(resolution.plugins)
        let supersets = valid.filter { chosen.isSubset(of: $0) }
        var skipped = 0
        for plugin in resolution.plugins {
            for option in plugin.relations.dependencies where option.isOptional && option.scope == .runtime {
                let isMet = { (set: [PluginCandidate]) in
                    set.contains { graph.offers($0, option.name, option.range) }
                }
                guard !isMet(resolution.plugins) else { continue }
                skipped += 1
                #expect(!supersets.contains(where: isMet), "seed \(seed): \(plugin.id) could have \(option.name)")
                let isThere = graph.isPresent(option.name, in: resolution.plugins)
                let isWarned = resolution.warnings.contains {
                    $0.plugin1 == plugin.id && $0.dependency == option.name && $0.severity == .warning
                }
                #expect(isThere == isWarned, "seed \(seed)")
            }
        }
        return skipped
    }

    private func checkCycle(_ cycle: [String], _ graph: RandomGraph, _ seed: UInt64) {
        #expect(cycle.count > 2 && cycle.first == cycle.last && cycle.first == cycle.min(), "seed \(seed)")
        for (dependent, target) in zip(cycle, cycle.dropFirst()) {
            let isNeeded = graph.candidates.contains { plugin in
                plugin.id == dependent
                    && plugin.relations.dependencies.contains { dependency in
                        !dependency.isOptional
                            && graph.candidates.contains {
                                $0.id == target && graph.offers($0, dependency.name, dependency.range)
                            }
                    }
            }
            #expect(isNeeded, "seed \(seed): \(dependent) -> \(target)")
        }
    }

    @Test("the order of what is installed and asked for changes nothing, neither results nor words")
    func determinism() {
        var random = Random(3)
        for seed in UInt64(0)..<300 {
            let graph = RandomGraph(seed)
            func outcome() -> (Resolution?, String?) {
                do throws(PluginError) {
                    let resolver = Resolver(graph.candidates.shuffled(using: &random), hostSDK: graph.host)
                    return (try resolver.resolve(graph.roots.shuffled(using: &random)), nil)
                } catch {
                    return (nil, error.description)
                }
            }
            let first = outcome()
            for _ in 0..<3 { #expect(outcome() == first, "seed \(seed)") }
        }
    }

    private func plugin(_ id: String, _ version: String, _ needs: [(String, String)] = []) -> PluginCandidate {
        PluginCandidate(
            id: id, version: SemanticVersion(version)!,
            relations: PluginRelations(
                dependencies: needs.map { PluginDependency($0.0, try! VersionRange($0.1)) }),
            sdk: SDKRange(minimum: 1, maximum: 1), digest: "\(id) \(version)")
    }

    private let host = SDKRange(minimum: 1, maximum: 1)

    @Test("a chain of 10,000 plugins is resolved, ordered, and if it is a circle refused")
    func deepChain() throws {
        let count = 10_000
        func chain(last: [(String, String)]) -> [PluginCandidate] {
            (0..<count).map { plugin("p\($0)", "1.0.0", $0 + 1 < count ? [("p\($0 + 1)", "^1")] : last) }
        }
        let resolution = try Resolver(chain(last: []), hostSDK: host).resolve([.init("p0")])
        #expect(resolution.plugins.map(\.id) == (0..<count).reversed().map { "p\($0)" })
        #expect(resolution.transitiveDependents(of: "p\(count - 1)").count == count - 1)
        #expect(resolution.tree().map(\.depth) == Array(0..<count))

        let circle = try #require(throws: PluginError.self) {
            try Resolver(chain(last: [("p0", "^1")]), hostSDK: host).resolve([.init("p0")])
        }
        #expect((circle.underlying as? ResolutionFailure)?.cycle.count == count + 1)
        #expect(circle.message.utf8.count < 1000)

        let missing = try #require(throws: PluginError.self) {
            try Resolver(chain(last: [("gone", "^1")]), hostSDK: host).resolve([.init("p0")])
        }
        #expect((missing.underlying as? ResolutionFailure)?.conflicts.first?.chain.count == count + 1)
        #expect(missing.message.utf8.count < 1000)
    }

    @Test("10,000 plugins that need the same are resolved, or refused in few words")
    func wide() throws {
        let users = (0..<10_000).map { plugin("p\($0)", "1.0.0", [("lib", "^1")]) }
        #expect(try Resolver(users + [plugin("lib", "1.0.0")], hostSDK: host).resolve().plugins.count == 10_001)
        for lib in [[], [plugin("lib", "2.0.0")]] {
            let error = try #require(throws: PluginError.self) { try Resolver(users + lib, hostSDK: host).resolve() }
            #expect(error.code == .dependency)
            #expect(error.message.utf8.count < 1000)
        }
        let torn = users + [plugin("other", "1.0.0", [("lib", "^2")]), plugin("lib", "1.0.0"), plugin("lib", "2.0.0")]
        let error = try #require(throws: PluginError.self) { try Resolver(torn, hostSDK: host).resolve() }
        #expect(error.what.contains("needs lib ^2"))
        #expect(error.message.utf8.count < 1000)
    }

    @Test("a choice that has no part in a dead end is not tried again")
    func independentChoices() throws {
        // 60 plugins in 5 versions stand between the two that do not fit together.
        let bystanders = (0..<60).flatMap { index in (1...5).map { plugin("m\(index)", "1.\($0).0") } }
        let candidates =
            bystanders + [
                plugin("a", "1.0.0", [("lib", "^2")]), plugin("z", "1.0.0", [("lib", "^1")]), plugin("lib", "1.0.0"),
                plugin("lib", "2.0.0"),
            ]
        var resolver = Resolver(candidates, hostSDK: host)
        resolver.stepLimit = 1000
        let error = try #require(throws: PluginError.self) { try resolver.resolve() }
        #expect(
            error.what == "a 1.0.0 needs lib ^2, but z 1.0.0 needs lib ^1: installed are lib 1.0.0, 2.0.0", "\(error)")
    }

    @Test("a search without end is given up with an error that says so")
    func budget() throws {
        // Pigeons and holes: each of 9 plugins takes one of 8 places, and no two can share one.
        var candidates: [PluginCandidate] = []
        for pigeon in 0..<9 {
            for hole in 1...8 {
                var candidate = plugin("pigeon\(pigeon)", "\(hole).0.0")
                candidate.relations.conflicts = (0..<9).filter { $0 != pigeon }.map {
                    .init("pigeon\($0)", try! VersionRange("\(hole)"))
                }
                candidates.append(candidate)
            }
        }
        var resolver = Resolver(candidates, hostSDK: host)
        resolver.stepLimit = 20_000
        let error = try #require(throws: PluginError.self) { try resolver.resolve() }
        #expect(error.code == .resourceExhausted)
        #expect(
            error.facts == .limit(name: "resolver steps", value: 20_000, unit: "steps", source: "resolver"))
        // With a place for each it is found.
        let fewer = candidates.filter { $0.id != "pigeon8" }
        #expect(try Resolver(fewer, hostSDK: host).resolve().plugins.count == 8)
    }
}
