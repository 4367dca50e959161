import PluginCore
import Testing

@Suite("Manifests, in full")
struct ManifestReadingTests {
    private func read(_ members: String) throws -> ManifestReading {
        Manifest.read(try ManifestCases.document(members))
    }

    @Test("every member has its value")
    func complete() throws {
        let manifest = try Manifest(ManifestCases.fixture("good/complete.plugin.json"))
        #expect(manifest.id == "@acme/word-counter" && manifest.name == "Word counter")
        #expect(
            manifest.authors == [
                ManifestAuthor("Ada Byron", mail: "ada@example.com", url: "https://example.com/ada"),
                ManifestAuthor("Grace"),
            ])
        #expect(
            manifest.keywords == ["words", "count"] && manifest.categories == ["text"] && manifest.tags == ["demo"])
        #expect(manifest.homepage == "https://example.com/word-counter")
        #expect(manifest.repository == "https://example.com/word-counter.git" && manifest.main == "word-counter.so")
        #expect(manifest.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(manifest.buildID == "5d4f3a2b1c" && manifest.sdk == SDKRange(minimum: 1, maximum: 2))
        #expect(manifest.engines == [EngineRequirement("keyway", try VersionRange("^0.1"))])
        #expect(manifest.platforms == ["linux-x86_64", "linux-aarch64"] && manifest.processorFeatures == ["avx2"])
        #expect(manifest.relations.dependencies.count == 5 && manifest.relations.conflicts.count == 1)
        #expect(manifest.permissions.map(\.permission.text) == ["fs.read:data", "net:api.example.com:443", "threads"])
        #expect(manifest.permissions[1].justification == "Fetches word lists" && !manifest.permissions[1].isRequired)
        #expect(manifest.interfaces == ["keyway.tool-executor/1"] && manifest.unknownKeys.isEmpty)
        #expect(manifest.warnings.isEmpty, "\(manifest.warnings)")
    }

    @Test("how a plugin is run has its value")
    func running() throws {
        let manifest = try Manifest(ManifestCases.fixture("good/complete.plugin.json"))
        let limits = manifest.limits
        #expect(limits.memory == 67_108_864 && limits.processorTime == .seconds(30) && limits.time == .seconds(10))
        #expect(limits.disk == 1_000_000_000 && limits.network == 500_000 && limits.concurrency == 4)
        #expect(limits.openFiles == 64 && limits.fileSize == 10_000_000 && limits.workers == 2)
        let configuration = manifest.configuration
        #expect(manifest.configSchema?["required"] == ["language"] && configuration.defaults == .inline(["limit": 100]))
        #expect(configuration.environments == ["production": ["limit": 1000]] && configuration.isStrict)
        #expect(configuration.allowsAdditionalProperties == false && !configuration.isHotReloadable)
        #expect(manifest.loading.mode == .eager && manifest.loading.priority == 1000)
        #expect(manifest.isolation == .worker && manifest.health.interval == .seconds(60))
        #expect(manifest.health.timeout == .milliseconds(500) && manifest.health.failures == 3)
    }

    @Test("what a plugin offers has its value")
    func offers() throws {
        let manifest = try Manifest(ManifestCases.fixture("good/complete.plugin.json"))
        #expect(
            manifest.hooks == [
                Hook("after.load", modes: .observe, payloadType: "application/json", isAsynchronous: true),
                Hook("after.message", modes: .observe),
                Hook("before.vector.upsert", modes: [.filter, .veto], priority: 500, timeout: .seconds(2), retries: 1),
            ])
        let tool = try #require(manifest.tools.first)
        #expect(tool.name == "count" && tool.title == "Count words" && tool.outputSchema == ["type": "integer"])
        #expect(tool.hints == [.readOnly, .notDestructive, .idempotent, .closedWorld] && tool.isStrict)
        let operation = try #require(manifest.operations.first)
        #expect(operation.name == "analyze" && operation.outputFormats == ["text/plain"])
        #expect(operation.traits == [.idempotent, .streams, .readOnly] && operation.agentTypes == ["analyst"])
        let endpoint = try #require(manifest.endpoints.first)
        #expect(endpoint.method == "POST" && endpoint.path == "/count/{language}" && endpoint.maxBody == 1_000_000)
        #expect(endpoint.rateLimit == Endpoint.Rate(requests: 100, window: .seconds(60)))
        #expect(endpoint.traits == [.isPublic, .streams] && endpoint.roles == ["reader"])
    }

    @Test(
        "the canonical form is read as the same manifest, and is its own canonical form",
        arguments: [
            "good/complete.plugin.json", "good/orchestrator.plugin.json", "autoweave.plugin.json", "pliers.plugin.json",
        ])
    func canonical(name: String) throws {
        let manifest = try Manifest(ManifestCases.fixture(name))
        let again = try Manifest(manifest.json)
        #expect(again.json == manifest.json)
        var (one, other) = (manifest, again)
        // The document and what was said about it differ.
        for path in [\Manifest.document] { (one[keyPath: path], other[keyPath: path]) = (.null, .null) }
        (one.warnings, other.warnings, one.unknownKeys, other.unknownKeys) = ([], [], [], [])
        #expect(one == other)
    }

    @Test("what is wrong is an error at its place, and nothing else is", arguments: ManifestCases.bad)
    func bad(manifest: ManifestCases.Bad) throws {
        let reading = Manifest.read(try manifest.document())
        #expect(reading.manifest == nil)
        #expect(
            reading.problems.filter { $0.severity == .error }.map(\.pointer).contains(manifest.pointer),
            "\(reading.problems)")
        let error = #expect(throws: PluginError.self) { try Manifest(manifest.document()) }
        #expect(error?.code == .validation && error?.remedy != nil)
    }

    @Test("all errors are found, not the first only")
    func all() throws {
        let reading = try read(
            #""id": 1, "version": "x", "license": 2, "limits": {"memory": 0, "time": 0}, "hooks": 3"#)
        #expect(
            Set(reading.problems.map(\.pointer)) == [
                "/id", "/version", "/license", "/limits/memory", "/limits/time", "/hooks",
            ])
    }

    @Test(
        "unknown keys are warned about, with what may have been meant",
        arguments: [
            (#""licence": "MIT""#, "/licence", "license"), (#""limits": {"memroy": 1}"#, "/limits/memroy", "memory"),
            (#""hooks": {"a": {"priorty": 1}}"#, "/hooks/a/priorty", "priority"),
            (#""tools": [{"name": "t", "desription": "d"}]"#, "/tools/0/desription", "description"),
            (#""health": {"intervall": 1}"#, "/health/intervall", "interval"),
            (#""plugin": {"licence": "MIT"}"#, "/plugin/licence", "license"),
            (#""type": "embeder""#, "/type", "embedder"), (#""engines": {"keywy": "1"}"#, "/engines/keywy", "keyway"),
        ])
    func unknown(members: String, pointer: String, meant: String) throws {
        let reading = try read(members)
        let problem = try #require(reading.manifest?.warnings.first)
        #expect(problem.severity == .warning && problem.pointer == pointer)
        #expect(problem.message.contains("is \"\(meant)\" meant?"), "\(problem)")
    }

    @Test(
        "what can be used, but may not be meant, is warned about",
        arguments: [
            (#""sdk": {"minVersion": 1, "maxVersion": null}"#, "/sdk/maxVersion"), (#""type": "wasm""#, "/type"),
            (#""main": "main""#, "/main"), (#""engines": {"node": ">=18"}"#, "/engines/node"),
            (#""platforms": ["darwin-arm64"]"#, "/platforms/0"),
            (#""dependencies": {"serde": "^1"}"#, "/dependencies/serde"),
            (#""devDependencies": ["b", "lodash"]"#, "/devDependencies/1"),
            (#""limits": {"memory": 256}"#, "/limits/memory"),
            (#""hooks": {"onLoad": "initialize"}"#, "/hooks/onLoad"),
            (#""hooks": {"before.run": "check"}"#, "/hooks/before.run"),
            (#""plugin": {"dependencies": {"serde": "^1"}}"#, "/plugin/dependencies/serde"),
            (#""endpoints": [{"method": "GET", "path": "/a", "handler": "h"}]"#, "/endpoints/0/handler"),
        ])
    func warned(members: String, pointer: String) throws {
        let reading = try read(members)
        #expect(reading.manifest != nil && reading.problems.map(\.pointer) == [pointer], "\(reading.problems)")
    }

    @Test(
        "what is known is not warned about",
        arguments: [
            #""type": "native""#, #""type": "vector-backend""#, #""sdk": {"min": 1, "max": 3}"#,
            #""configSchema": {"type": "object"}"#, #""hooks": ["before.run"]"#, #""tags": "one""#,
            #""requires": {"cpu": ["avx2"]}"#, #""main": "./lib/a.so""#,
        ])
    func known(members: String) throws { #expect(try read(members).problems.isEmpty) }

    @Test(
        "amounts are numbers or texts",
        arguments: [
            ("1", 1), (#""64MB""#, 64_000_000), (#""64MiB""#, 67_108_864), (#""64 mib""#, 67_108_864),
            (#""1.5kB""#, 1500), (#""2TiB""#, 2_199_023_255_552), (#""7B""#, 7),
            ("9007199254740993", 9_007_199_254_740_993),
        ] as [(String, Int64)])
    func sizes(text: String, bytes: Int64) throws {
        #expect(try read(#""limits": {"disk": \#(text)}"#).manifest?.limits.disk == bytes)
    }

    @Test(
        "durations are milliseconds or texts",
        arguments: [
            ("1", Duration.milliseconds(1)), ("0.5", .microseconds(500)), (#""30s""#, .seconds(30)),
            (#""5 min""#, .seconds(300)), (#""1h""#, .seconds(3600)), (#""1d""#, .seconds(86400)),
            (#""1.5s""#, .milliseconds(1500)),
        ])
    func durations(text: String, duration: Duration) throws {
        #expect(try read(#""limits": {"time": \#(text)}"#).manifest?.limits.time == duration)
    }

    @Test(
        "amounts that overflow, are empty or have another unit are refused",
        arguments: [
            "1e300", "-1", "0", #""""#, #""MB""#, #""1e9MB""#, #""99999999999999TiB""#, #""1M""#, #""nanMB""#, "[]",
        ])
    func wrongAmounts(text: String) throws {
        for key in ["disk", "max_memory_mb", "time"] {
            let reading = try read(#""limits": {"\#(key)": \#(text)}"#)
            #expect(reading.manifest == nil && reading.problems.map(\.pointer) == ["/limits/\(key)"], "\(key)")
        }
    }

    @Test("of very many errors only some are listed, and that is said")
    func manyProblems() throws {
        let members = (0..<5000).map { #""tool\#($0)": {"inputSchema": 1}"# }.joined(separator: ",")
        let reading = try read(#""tools": {\#(members)}"#)
        #expect(reading.manifest == nil && reading.problems.count == ManifestReading.maximumProblems)
        #expect(reading.problems.last?.message.contains("more problems") == true)
    }
}
