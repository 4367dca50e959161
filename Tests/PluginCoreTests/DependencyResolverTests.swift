import PluginCore
import Testing

@Suite("Resolver")
struct DependencyResolverTests {
    private let host = SDKRange(minimum: 1, maximum: 2)

    /// `plugin("a 1.0.0", ["dependencies": ["b": "^1"]])`: relations as a manifest states them.
    private func plugin(_ title: String, _ manifest: JSON = [:], sdk: SDKRange? = nil) throws -> PluginCandidate {
        let parts = title.split(separator: " ").map(String.init)
        return PluginCandidate(
            id: parts[0], version: try #require(SemanticVersion(parts[1])),
            relations: try PluginRelations(manifest: manifest), sdk: sdk ?? SDKRange(minimum: 1, maximum: 1),
            digest: title)
    }

    private func plugins(_ titles: String...) throws -> [PluginCandidate] { try titles.map { try plugin($0) } }

    private func needs(_ title: String, _ dependencies: JSON) throws -> PluginCandidate {
        try plugin(title, ["dependencies": dependencies])
    }

    private func resolve(
        _ candidates: [PluginCandidate], _ roots: [Resolver.Root]? = nil, _ strategy: Resolver.Strategy = .latest,
        pins: [String: String] = [:]
    ) throws -> Resolution {
        let versions = pins.compactMapValues { SemanticVersion($0) }
        return try Resolver(candidates, hostSDK: host, strategy: strategy, pins: versions).resolve(roots)
    }

    private func titles(_ resolution: Resolution) -> [String] {
        resolution.plugins.map { "\($0.id) \($0.version)" }
    }

    private func refusal(
        _ candidates: [PluginCandidate], _ roots: [Resolver.Root]? = nil, _ strategy: Resolver.Strategy = .latest,
        pins: [String: String] = [:]
    ) throws -> (error: PluginError, failure: ResolutionFailure) {
        let error = try #require(throws: PluginError.self) {
            try resolve(candidates, roots, strategy, pins: pins)
        }
        #expect(error.code == .dependency)
        return (error, error.underlying as? ResolutionFailure ?? ResolutionFailure())
    }

    // MARK: - Choosing

    @Test("takes the newest that fits everybody, and loads dependencies first, then by id")
    func newest() throws {
        let candidates =
            try plugins("b 1.4.2", "b 1.9.0", "b 2.0.1", "d 1.0.0", "a 0.9.0") + [
                try needs("a 1.0.0", ["b": "^1", "d": "*"]), try needs("c 1.1.0", ["b": "~1.4"]),
            ]
        #expect(titles(try resolve(candidates)) == ["b 1.4.2", "c 1.1.0", "d 1.0.0", "a 1.0.0"])
        #expect(titles(try resolve(candidates, [.init("a")])) == ["b 1.9.0", "d 1.0.0", "a 1.0.0"])
        #expect(titles(try resolve(candidates, [.init("a", try VersionRange("<1"))])) == ["a 0.9.0"])
    }

    @Test("goes back to an older version where the newest cannot have what it needs")
    func backtracking() throws {
        let candidates =
            try plugins("b 1.0.0") + [try needs("a 2.0.0", ["b": "^2"]), try needs("a 1.0.0", ["b": "^1"])]
        #expect(titles(try resolve(candidates, [.init("a")])) == ["b 1.0.0", "a 1.0.0"])
    }

    @Test("takes a prerelease only where a range names it or nothing else is there")
    func prereleases() throws {
        let candidates = try plugins("a 1.0.0", "a 2.0.0-rc.1", "b 1.0.0-beta")
        #expect(titles(try resolve(candidates)) == ["a 1.0.0", "b 1.0.0-beta"])
        #expect(titles(try resolve(candidates, [.init("a", try VersionRange(">=2.0.0-rc"))])) == ["a 2.0.0-rc.1"])
    }

    @Test("takes only what the host's SDK can load")
    func sdk() throws {
        let newer = try plugin("b 2.0.0", sdk: SDKRange(minimum: 3, maximum: 4))
        let candidates = [try needs("a 1.0.0", ["b": "*"]), newer]
        #expect(titles(try resolve(candidates + (try plugins("b 1.0.0")))) == ["b 1.0.0", "a 1.0.0"])
        let (error, failure) = try refusal(candidates, [.init("a")])
        #expect(
            error.what
                == "a 1.0.0 needs b *, but b 2.0.0 needs SDK 3-4, and this older host serves 1-2")
        #expect(failure.conflicts[0].resolution == "Install a build of b * that this host can load, or remove a")
    }

    @Test("lets another plugin stand for a name that it provides, and prefers the plugin of that name")
    func provides() throws {
        let search = try plugin("fast 3.0.0", ["provides": ["search": "1.5.0"]])
        let user = try needs("a 1.0.0", ["search": "^1"])
        let resolution = try resolve([user, search], [.init("a")])
        #expect(titles(resolution) == ["fast 3.0.0", "a 1.0.0"])
        #expect(resolution.links.map(\.target) == ["fast"])
        let own = try plugin("search 1.0.0")
        #expect(titles(try resolve([user, search, own], [.init("a")])) == ["search 1.0.0", "a 1.0.0"])
        let unversioned = try plugin("fast 3.0.0", ["provides": ["search"]])
        #expect(try refusal([user, unversioned], [.init("a")]).error.what.contains("which provides search"))
    }

    @Test("has optional dependencies where they fit, and says where they are there and do not")
    func optional() throws {
        let user = try needs("a 1.0.0", ["b": ["version": "^1", "optional": true]])
        #expect(titles(try resolve([user])) == ["a 1.0.0"])
        let fitting = try resolve([user] + plugins("b 1.0.0", "b 2.0.0"), [.init("a")])
        #expect(titles(fitting) == ["b 1.0.0", "a 1.0.0"])
        let without = try resolve([user] + plugins("b 2.0.0"))
        #expect(titles(without) == ["a 1.0.0", "b 2.0.0"])
        #expect(
            without.warnings.map(\.message) == ["a 1.0.0 goes without its optional b ^1, because b 2.0.0 is loaded"])
        #expect(without.warnings[0].severity == .warning)
        #expect(try refusal([user] + plugins("b 2.0.0"), nil, .strict).failure.conflicts[0].severity == .error)
    }

    @Test("wants required peers, does not fetch optional ones, and refuses those that do not fit")
    func peers() throws {
        let required = try plugin("a 1.0.0", ["peerDependencies": ["core": "^1"]])
        #expect(titles(try resolve([required] + plugins("core 1.0.0"), [.init("a")])) == ["core 1.0.0", "a 1.0.0"])
        #expect(try refusal([required]).error.what == "a 1.0.0 needs core ^1, but no core is installed")
        let optional = try plugin(
            "a 1.0.0", ["peerDependencies": ["core": ["version": "^1", "optional": true]]])
        #expect(titles(try resolve([optional] + plugins("core 1.0.0"), [.init("a")])) == ["a 1.0.0"])
        let (error, _) = try refusal([optional] + plugins("core 2.0.0"))
        #expect(error.what == "core is asked for, but a 1.0.0 goes with core ^1 only: core 2.0.0 is in the way")
    }

    @Test("has development dependencies only for those that are being developed")
    func development() throws {
        let candidates = [try plugin("a 1.0.0", ["devDependencies": ["t": "*"]])] + (try plugins("t 1.0.0"))
        #expect(titles(try resolve(candidates, [.init("a")])) == ["a 1.0.0"])
        var resolver = Resolver(candidates, hostSDK: host)
        resolver.developmentIDs = ["a"]
        #expect(titles(try resolver.resolve([.init("a")])) == ["t 1.0.0", "a 1.0.0"])
    }

    // MARK: - Explanations

    @Test("explains two demands that do not go together as a chain, with what is installed")
    func conflict() throws {
        let candidates =
            try plugins("b 1.4.2", "b 2.0.1") + [
                try needs("a 1.0.0", ["b": "^2"]), try needs("c 1.1.0", ["b": "~1.4"]),
                try needs("x 1.0.0", ["a": "*", "c": "*"]),
            ]
        let (error, failure) = try refusal(candidates, [.init("x")])
        #expect(
            error.what == "a 1.0.0 needs b ^2, but c 1.1.0 needs b ~1.4: installed are b 1.4.2, 2.0.1"
                + " (x 1.0.0 -> c 1.1.0)")
        #expect(error.facts == .names(["x 1.0.0", "c 1.1.0", "b ~1.4"]))
        #expect(
            failure.json == [
                "conflicts": [
                    [
                        "plugin1": "a", "plugin2": "c", "dependency": "b", "version1": "^2", "version2": "~1.4",
                        "severity": "error", "message": .string(error.what),
                        "resolution":
                            "No version of b fits both: remove a or c, or install other versions of them",
                        "chain": ["x 1.0.0", "c 1.1.0", "b ~1.4"],
                    ]
                ], "choices": [], "cycle": [],
            ])
    }

    @Test("says that a version could be installed where one could fit both")
    func installable() throws {
        let candidates =
            try plugins("b 1.0.0", "b 1.5.0") + [
                try needs("a 1.0.0", ["b": ">=1.4"]), try needs("c 1.0.0", ["b": "<1.5"]),
            ]
        #expect(
            try refusal(candidates).error.remedy == "Install a version of b that fits >=1.4 and <1.5, or remove a or c")
    }

    @Test("names every demand where only all of them together cannot be met")
    func threeDemands() throws {
        let candidates =
            try plugins("b 1.0.0", "b 2.0.0", "b 3.0.0") + [
                try needs("a 1.0.0", ["b": "1 || 2"]), try needs("c 1.0.0", ["b": "2 || 3"]),
                try needs("d 1.0.0", ["b": "1 || 3"]),
            ]
        let (error, _) = try refusal(candidates, [.init("a"), .init("c"), .init("d")])
        #expect(
            error.what == "a 1.0.0 needs b 1 || 2, c 1.0.0 needs b 2 || 3, d 1.0.0 needs b 1 || 3:"
                + " installed are b 1.0.0, 2.0.0, 3.0.0")
    }

    @Test("explains why every version of a plugin failed")
    func everyVersion() throws {
        let candidates = [
            try needs("a 1.0.0", ["b": "^1"]), try needs("a 2.0.0", ["c": "^1"]), try plugin("c 2.0.0"),
        ]
        #expect(
            try refusal(candidates, [.init("a")]).error.what
                == "a 2.0.0 needs c ^1, but installed is c 2.0.0; a 1.0.0 needs b ^1, but no b is installed")
    }

    @Test("names everything that is missing at once")
    func missing() throws {
        let user = try plugin(
            "a 1.0.0", ["dependencies": ["lodash": "^4", "b": "^1"], "peerDependencies": ["@acme/core": "^3"]])
        let (error, failure) = try refusal([user])
        #expect(failure.conflicts.map(\.dependency) == ["@acme/core", "b", "lodash"])
        #expect(error.what.contains("lodash is a package of npm"))
    }

    @Test("tells of conflicts that a plugin declares")
    func exclusion() throws {
        let candidates = [try plugin("a 1.0.0", ["conflicts": ["b": "<2"]]), try plugin("b 1.3.0")]
        let (error, failure) = try refusal(candidates)
        #expect(error.what == "b is asked for, but a 1.0.0 conflicts with b <2: b 1.3.0 is in the way")
        #expect(failure.conflicts[0].plugin2 == "a")
        #expect(titles(try resolve(candidates + plugins("b 2.0.0"))) == ["a 1.0.0", "b 2.0.0"])
    }

    @Test(
        "says of other ecosystems' packages why they are not found",
        arguments: [("serde", "a crate of Rust"), ("lodash", "a package of npm"), ("numpy", "a package of Python")])
    func foreign(name: String, what: String) throws {
        let (error, _) = try refusal([try needs("a 1.0.0", .object([name: "^1.0.0"]))])
        #expect(error.what.contains("\(name) is \(what): what a plugin is built from is linked into its file"))
        #expect(error.remedy == "Take \(name) out of the manifest, or remove a")
        // A plugin of that name is a plugin.
        let both = [try needs("a 1.0.0", .object([name: "^1.0.0"])), try plugin("\(name) 1.2.0")]
        #expect(try resolve(both).plugins.count == 2)
    }

    @Test("explains that what was asked for contradicts itself, is missing, or is older than the host")
    func roots() throws {
        let ranges = (try VersionRange("^1"), try VersionRange("^2"))
        let both = try refusal(plugins("b 1.0.0", "b 2.0.0"), [.init("b", ranges.1), .init("b", ranges.0)])
        #expect(
            both.error.message
                == "b ^1 is asked for, but b ^2 is asked for: installed are b 1.0.0, 2.0.0."
                + " No version of b fits both: ask for one of them only, or install other versions of them.")
        #expect(both.failure.conflicts[0].plugin1 == nil && both.failure.conflicts[0].plugin2 == nil)
        #expect(try refusal([], [.init("z")]).error.message == "z is asked for, but no z is installed. Install z.")
        let old = Resolver(try plugins("a 1.0.0"), hostSDK: SDKRange(minimum: 2, maximum: 3))
        let error = try #require(throws: PluginError.self) { try old.resolve() }
        #expect(error.what == "a is asked for, but a 1.0.0 is built for SDK 1, and this newer host serves 2-3")
    }

    // MARK: - Strategies

    @Test("with the strategies strict and manual refuses a choice and lists it until it is pinned")
    func choices() throws {
        let candidates =
            try plugins("b 1.0.0", "b 1.1.0", "b 2.0.0", "d 1.0.0", "d 1.0.1") + [
                try needs("a 1.0.0", ["b": "^1", "d": "*"])
            ]
        for strategy in [Resolver.Strategy.strict, .manual] {
            let (error, failure) = try refusal(candidates, [.init("a")], strategy)
            #expect(
                failure.choices.map(\.candidates) == [["b 1.1.0", "b 1.0.0"], ["d 1.0.1", "d 1.0.0"]])
            #expect(error.what.contains("b: b 1.1.0, b 1.0.0; d: d 1.0.1, d 1.0.0"))
            let half = try refusal(candidates, [.init("a")], strategy, pins: ["b": "1.0.0"])
            #expect(half.failure.choices.map(\.name) == ["d"])
            let pinned = try resolve(candidates, [.init("a")], strategy, pins: ["b": "1.0.0", "d": "1.0.1"])
            #expect(titles(pinned) == ["b 1.0.0", "d 1.0.1", "a 1.0.0"])
        }
        // A version that another plugin conflicts with is no choice.
        let banned = try plugins("b 1.0.0", "b 2.0.0") + [try plugin("a 1.0.0", ["conflicts": ["b": "1"]])]
        #expect(titles(try resolve(banned, nil, .strict)) == ["a 1.0.0", "b 2.0.0"])
        let unambiguous = try plugins("b 1.0.0", "b 2.0.0") + [try needs("a 1.0.0", ["b": "^1"])]
        #expect(try resolve(unambiguous, [.init("a")], .strict).plugins.count == 2)
    }

    @Test("takes several plugins that provide one name for a choice too")
    func providerChoice() throws {
        let candidates = [
            try needs("a 1.0.0", ["search": "^1"]), try plugin("p 1.0.0", ["provides": ["search": "1.0.0"]]),
            try plugin("q 2.0.0", ["provides": ["search": "1.1.0"]]),
        ]
        for (roots, strategy) in [
            ([Resolver.Root("a")], .manual), (nil, .strict), (nil, .manual), ([.init("search")], .strict),
        ]
            as [([Resolver.Root]?, Resolver.Strategy)]
        {
            let (_, failure) = try refusal(candidates, roots, strategy)
            #expect(failure.choices.map(\.name) == ["search"])
            #expect(failure.choices.map(\.candidates) == [["q 2.0.0", "p 1.0.0"]])
            let pinned = try resolve(candidates, roots, strategy, pins: ["p": "1.0.0"])
            #expect(pinned.dependencies(of: "a").allSatisfy { $0.target == "p" } && pinned["p"] != nil)
        }
        #expect(titles(try resolve(candidates, [.init("a")], .manual, pins: ["p": "1.0.0"])) == ["p 1.0.0", "a 1.0.0"])
        // A plugin of that very name is no choice, unless its version does not fit.
        #expect(
            try refusal(candidates + plugins("search 2.0.0"), nil, .strict).failure.choices.map(\.name) == ["search"])
        #expect(try resolve(candidates + plugins("search 1.0.0"), nil, .strict).plugins.count == 4)
    }

    @Test("of several plugins that provide a name takes the one that provides its newest version, then by id")
    func newestProvider() throws {
        let user = try needs("a 1.0.0", ["search": "*"])
        let providers = [
            try plugin("b 9.0.0", ["provides": ["search"]]), try plugin("c 8.0.0", ["provides": ["search": "1.1.0"]]),
            try plugin("d 1.0.0", ["provides": ["search": "1.2.0"]]),
            try plugin("e 2.0.0", ["provides": ["search": "1.2.0"]]),
        ]
        for roots in [nil, [Resolver.Root("a")]] {
            for candidates in [[user] + providers, providers.reversed() + [user]] {
                #expect(try resolve(candidates, roots).dependencies(of: "a").map(\.target) == ["d"])
            }
            let pinned = try resolve([user] + providers, roots, pins: ["c": "8.0.0"])
            #expect(pinned.dependencies(of: "a").map(\.target) == ["c"])
            var locked = Resolver([user] + providers, hostSDK: host)
            locked.locked = ["a": SemanticVersion("1.0.0")!, "b": SemanticVersion("9.0.0")!]
            #expect(try locked.resolve(roots).dependencies(of: "a").map(\.target) == ["b"])
        }
    }

    @Test("says of a range that no version can lie in just that")
    func impossibleRange() throws {
        for range in [">2 <1", ">=2 <2", "1.0.0 2.0.0"] {
            let candidates = [try needs("a 1.0.0", ["b": .string(range)])] + (try plugins("b 1.0.0"))
            let (error, failure) = try refusal(candidates, [.init("a")])
            #expect(error.what == "a 1.0.0 needs b \(range), but no version can be \(range)")
            #expect(failure.conflicts[0].resolution == "Correct the range in the manifest of a")
            #expect(try VersionRange(range).isImpossible)
        }
        for range in ["*", ">=1 <2", "<0.0.0-1 || 2", ">1.0.0-a <1.0.0-b"] {
            #expect(try !VersionRange(range).isImpossible)
        }
    }

    @Test("says of what is installed and left out why, and what brings it back")
    func leftOut() throws {
        var resolver = Resolver([try needs("a 1.0.0", ["b": "^1"])], hostSDK: host)
        resolver.leftOut = [
            LeftOutPlugin(
                id: "b", version: SemanticVersion("1.2.0"), reason: "it is disabled",
                remedy: "Run `keyway registry enable b`")
        ]
        let error = try #require(throws: PluginError.self) { try resolver.resolve() }
        #expect(error.what == "a 1.0.0 needs b ^1, but b 1.2.0 is left out: it is disabled")
        #expect(error.remedy == "Run `keyway registry enable b`, or remove a")
        resolver.pins = ["b": SemanticVersion("1.2.0")!]
        let pinned = try #require(throws: PluginError.self) { try resolver.resolve() }
        #expect(pinned.what == "b is pinned to 1.2.0, but it is left out: it is disabled")
        // Of a version that would not do it is no help to enable it.
        resolver.pins = [:]
        resolver.leftOut[0].version = SemanticVersion("2.0.0")
        let other = try #require(throws: PluginError.self) { try resolver.resolve() }
        #expect(
            other.remedy == "Install b ^1, or remove a" && other.what.hasSuffix("b 2.0.0 is left out: it is disabled"))
    }

    @Test("calls what a lock file fixes locked, and what a person fixes pinned")
    func locked() throws {
        var resolver = Resolver(
            [try needs("a 1.0.0", ["b": "^2"])] + (try plugins("b 1.0.0", "b 2.0.0")), hostSDK: host)
        resolver.locked = ["b": SemanticVersion("1.0.0")!]
        let error = try #require(throws: PluginError.self) { try resolver.resolve([.init("a")]) }
        #expect(error.what == "a 1.0.0 needs b ^2, but b 2.0.0 is not the locked version 1.0.0")
        #expect(error.remedy == "Lock another version of b by writing the lock file again, or remove a")
        resolver.locked = ["b": SemanticVersion("3.0.0")!]
        let gone = try #require(throws: PluginError.self) { try resolver.resolve() }
        #expect(gone.what == "b is locked at 3.0.0, but installed are b 1.0.0, 2.0.0")
        #expect(gone.remedy == "Install b 3.0.0, or write the lock file again")
        resolver.pins = ["b": SemanticVersion("2.0.0")!]
        #expect(titles(try resolver.resolve([.init("a")])) == ["b 2.0.0", "a 1.0.0"])
    }

    @Test("holds to pins, and says when one cannot be held")
    func pins() throws {
        let candidates = try plugins("b 1.0.0", "b 2.0.0") + [try needs("a 1.0.0", ["b": "*"])]
        #expect(titles(try resolve(candidates, pins: ["b": "1.0.0"])) == ["b 1.0.0", "a 1.0.0"])
        #expect(
            try refusal(candidates, pins: ["b": "3.0.0"]).error.what
                == "b is pinned to 3.0.0, but installed are b 1.0.0, 2.0.0")
        #expect(
            try refusal(candidates, pins: ["z": "1.0.0"]).error.what == "z is pinned to 1.0.0, but no z is installed")
        let picky = [try needs("a 1.0.0", ["b": "^2"])] + (try plugins("b 1.0.0", "b 2.0.0"))
        let (error, _) = try refusal(picky, [.init("a")], pins: ["b": "1.0.0"])
        #expect(error.what == "a 1.0.0 needs b ^2, but b 2.0.0 is not the pinned version 1.0.0")
        #expect(error.remedy == "Pin another version of b, or remove a")
    }

    @Test("refuses two files that say they are the same version of the same plugin")
    func twice() throws {
        var other = try plugin("a 1.0.0")
        other.digest = "other"
        #expect(
            try refusal([try plugin("a 1.0.0"), other]).error.what
                == "a 1.0.0 is installed twice, with different content")
        var copies = [try plugin("a 1.0.0"), try plugin("a 1.0.0")]
        #expect(titles(try resolve(copies)) == ["a 1.0.0"])
        (copies[0].file, copies[1].file) = ("x/a.so", "y/a.so")
        #expect(titles(try resolve(copies)) == ["a 1.0.0"])
        copies[0].digest = "other"
        #expect(
            try refusal(copies).error.what
                == "a 1.0.0 is installed twice, with different content: y/a.so and x/a.so")
    }

    // MARK: - Order and the graph

    @Test("refuses a circle, and shows it")
    func circle() throws {
        let candidates = [
            try needs("c 1.0.0", ["b": "*"]), try needs("b 1.0.0", ["a": "*"]), try needs("a 1.0.0", ["c": "*"]),
            try needs("x 1.0.0", ["a": "*"]),
        ]
        let (error, failure) = try refusal(candidates)
        #expect(error.what == "plugins need each other in a circle: a -> c -> b -> a")
        #expect(failure.cycle == ["a", "c", "b", "a"])
    }

    @Test("opens a circle at an optional dependency, and says that it is not loaded first")
    func optionalCircle() throws {
        let candidates = [
            try needs("a 1.0.0", ["b": "*"]), try needs("b 1.0.0", ["a": ["optional": true], "z": ["optional": true]]),
            try plugin("z 1.0.0"),
        ]
        let resolution = try resolve(candidates)
        #expect(titles(resolution) == ["z 1.0.0", "b 1.0.0", "a 1.0.0"])
        #expect(resolution.dependencies(of: "b").map(\.isOrdered) == [false, true])
    }

    @Test("knows who needs a plugin, and which libraries are needed")
    func reverse() throws {
        let resolution = try resolve([
            try needs("a 1.0.0", ["b": "*"]), try needs("b 1.0.0", ["c": "*", "libpq.so.5": ["kind": "library"]]),
            try needs("d 1.0.0", ["c": ["optional": true], "libpq.so.5": ["kind": "library"]]), try plugin("c 1.0.0"),
        ])
        #expect(resolution.dependents(of: "c").map(\.dependent) == ["b", "d"])
        #expect(resolution.transitiveDependents(of: "c") == ["a", "b"])
        #expect(resolution.dependencies(of: "a").map(\.target) == ["b"])
        #expect(resolution.libraries == ["libpq.so.5": ["b", "d"]])
        #expect(resolution["b"]?.id == "b" && resolution["z"] == nil)
    }

    @Test("draws who needs whom as a tree, each plugin's part once, and the same upside down")
    func tree() throws {
        let resolution = try resolve([
            try needs("a 1.0.0", ["b": "^1", "c": "*"]), try needs("b 1.2.0", ["c": "^2"]), try plugin("c 2.0.0"),
            try needs("o 1.0.0", ["p": ["optional": true]]), try needs("p 1.0.0", ["o": ["optional": true]]),
        ])
        func text(_ lines: [Resolution.TreeLine]) -> [String] {
            lines.map { line in
                let range = line.link.map { " (\($0.dependency.range))" } ?? ""
                return String(repeating: ".", count: line.depth) + line.plugin.id + range
                    + (line.isRepeated ? " above" : "")
            }
        }
        #expect(
            text(resolution.tree()) == [
                "a", ".b (^1)", "..c (^2)", ".c (*) above", "o", ".p (*)", "..o (*) above",
            ])
        #expect(
            text(resolution.tree(isReversed: true)) == [
                "c", ".a (*)", ".b (^2)", "..a (^1) above", "o", ".p (*)", "..o (*) above",
            ])
        #expect(
            resolution.json["plugins"]?.arrayValue?.first { $0["id"] == "b" } == [
                "id": "b", "version": "1.2.0", "digest": "b 1.2.0",
                "dependencies": [
                    [
                        "name": "c", "range": "^2", "plugin": "c", "scope": "runtime", "optional": false,
                        "ordered": true,
                    ]
                ],
            ])
        #expect(resolution.json["plugins"]?.arrayValue?.map { $0["id"] } == ["c", "b", "a", "o", "p"])
    }
}
