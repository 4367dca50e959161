import PluginSDK

/// Values that have every field set to something that no other field has.
enum Values {
    static let health = Health(.warning, message: "slow disk", details: ["free": 12])

    static let prices = Model.Prices(input: 1.5, output: 2.5, cacheRead: 0.25, cacheWrite: 0)
    static let models = [
        Model(
            id: "model-1", description: "the first", features: [.streaming, .json, .audioOut], contextTokens: 1001,
            maxOutputTokens: 1002, latency: .slow, maxChoices: 4, prices: prices),
        Model(id: "model-2"),
    ]

    static let parts: [Part] = [
        .text("täxt"), .reasoning("thought", signature: [1, 0, 255]), .sealedReasoning([7, 7]),
        .toolCall(
            ToolCall(
                id: "c1", name: "look", arguments: "{broken", index: 0, isProviderExecuted: true, signature: [5])),
        .toolResult(
            ToolResult(
                callID: "c2", text: "result", parts: [.text("inner"), .data([1], mediaType: "image/png")],
                isError: true, isDenied: true)),
        .media(Media(.bytes([0, 1, 2]), mediaType: "image/gif", name: "a.gif", settings: ["detail": "high"])),
        .media(Media(.url("https://example.com/b"), mediaType: "audio/wav")), .refusal("no"),
        .citation(id: "doc", quotation: "quoted", place: ["page": 3]),
        .approval(callID: "c3", isApproved: false, reason: "too much"),
        .approvalRequest(callID: "c4", question: "May it?"),
        .custom(kind: 0x10001, text: "own", json: ["k": [1, 2]]),
    ]

    static let tool = ToolSpecification(
        name: "look", title: "Look", description: "looks", inputSchema: ["type": "object", "x": 1],
        outputSchema: ["type": "string"], examples: [["a": 1]], provider: ["type": "search"],
        hints: [.readOnly, .openWorld], isStrict: true)

    static var request: ModelRequest {
        var request = ModelRequest(
            [
                Message(.system, "be brief"), Message(.developer, "dev"),
                Message(.user, parts: parts, name: "ann", cacheBreakpoints: [1, 3]), Message(.assistant, "yes"),
                Message(.tool, parts: [parts[4]]),
            ], model: "model-1", tools: [tool], toolChoice: .allowed(["look", "other"]),
            output: .schema(["type": "array"], name: "list", isStrict: true), stop: ["END", "·"],
            maxOutputTokens: 101, temperature: 0.25, topP: 0.5, topK: 102, seed: -103, choices: 3,
            extra: ["x": ["y": 1]])
        request.parallelToolCalls = true
        request.maxToolCalls = 104
        request.modalities = ["text", "audio"]
        request.minP = 0.125
        request.presencePenalty = -0.5
        request.frequencyPenalty = 0.75
        request.repeatPenalty = 1.125
        request.logitBias = [-5: 1.5, 9: -2.5]
        request.logprobs = 6
        request.reasoning = ModelRequest.Reasoning(effort: .high, tokens: 105, isShown: true)
        request.cacheKey = "cache"
        request.conversation = "conversation"
        request.continuation = "continuation"
        request.serviceTier = "tier"
        request.user = "user"
        request.idempotencyKey = "idempotency"
        request.headers = ["x-a": "1", "x-b": "2"]
        request.metadata = ["m": 1]
        request.includesRaw = true
        request.isBackground = true
        return request
    }

    static var usage: Usage {
        var usage = Usage(
            input: 1, output: 2, total: 3, cacheRead: 4, cacheWrite: 5, reasoning: 6, isEstimated: true)
        usage.audioInput = 7
        usage.audioOutput = 8
        usage.toolPrompt = 9
        usage.cost = 0.5
        usage.raw = ["tokens": 10]
        return usage
    }

    static let logprobs = [
        TokenLogprob(
            token: [0xC3], logprob: -0.5, others: [TokenLogprob(token: [0x41], logprob: -1.5)]),
        TokenLogprob(token: [0xA4], logprob: 0),
    ]

    static let rateLimits = [
        RateLimit(name: "requests", limit: 100, remaining: 99, reset: .milliseconds(1500)), RateLimit(name: "tokens"),
    ]

    static let warnings = [Warning(feature: "seed", message: "ignored"), Warning(feature: "b", message: "c")]

    static var response: ModelResponse {
        var response = ModelResponse(
            id: "answer-1", model: "model-1",
            choices: [
                .init(
                    parts: parts, stop: StopReason(.stopSequence, raw: "eos", sequence: "END"), logprobs: logprobs),
                .init(parts: [], stop: StopReason(.contentFilter)),
            ], usage: usage, warnings: warnings)
        response.rateLimits = rateLimits
        response.continuation = "more"
        response.serviceTier = "fast"
        response.raw = ["raw": true]
        return response
    }

    static var embedder: EmbedderInfo {
        var info = EmbedderInfo(
            id: "space", model: "Embedder", dims: 8, allowedDims: [2, 4], dimsRange: 16...32, maxBatch: 11,
            maxTokens: 12, isDeterministic: true, isNormalized: true)
        info.maxBatchTokens = 13
        info.maxParallel = 14
        info.tasks = [.query, .code]
        info.metrics = [.cosine, .jaccard]
        info.takesTokens = true
        info.takesInstruction = true
        info.mediaTypes = ["image/png", "audio"]
        info.offersSparse = true
        info.offersTokenVectors = true
        info.prefixes = ["query": "q: "]
        return info
    }

    static func embedReport(rows: Int) -> EmbedReport {
        var report = EmbedReport(
            tokens: (0..<rows).map { $0 + 3 }, totalTokens: 900, truncated: rows > 1 ? [1] : [])
        report.sparse = (0..<rows).map { SparseVector(indices: [1, 5], values: [0.5, Float($0)]) }
        report.tokenVectors = (0..<rows).map { row in
            (0...row).map { token in (0..<4).map { Float(row * 100 + token * 10 + $0) } }
        }
        report.usage = usage
        report.warnings = warnings
        return report
    }

    static let finite = Filter.native(dialect: "own", "x > 1")

    /// Every kind of condition.
    static let filter = Filter.and([
        .equal("a", .int(1)), .or([.notEqual("b", .string("ü")), .less("c", .double(1.5)), .none]),
        .not(.lessOrEqual("d", .bool(true))), .greater("e", .null), .greaterOrEqual("f/g", .int(-7)),
        .in("h", [.int(1), .string("two")]), .notIn("i", []), .exists("j"), .isNull("k"), .prefix("l", "pre"),
        .contains("m", .string("con")), .ids(["x", "y"]), .between("n", .int(1), .int(9)),
        .allOf("o", [.string("p")]), .size("q", 1...3), .isEmpty("r"), .match("s", "two words", caseSensitive: true),
        .geoRadius("t", latitude: 52.5, longitude: 13.25, meters: 1000), finite, .all,
    ])

    static var backend: VectorBackendInfo {
        var info = VectorBackendInfo(
            backend: "everything", location: "/nowhere", features: [.persistent, .approximate],
            filterOperations: Filter.Operations(rawValue: 0x2A), metrics: [.dot, .l1], maxBatch: 21, maxDims: 22,
            maxTopK: 23)
        info.maxQueries = 24
        info.indexKinds = ["flat", "hnsw"]
        info.dialects = ["own"]
        return info
    }

    static let fields = [VectorField(name: "words", dims: 0, metric: .dot), VectorField(name: "image", dims: 3)]

    static var specification: RepositorySpecification {
        var specification = RepositorySpecification(name: "bücher", dims: 4, metric: .l2, embedderID: "space")
        specification.index = ["kind": "hnsw"]
        specification.fields = fields
        return specification
    }

    static var repository: RepositoryInfo {
        var info = RepositoryInfo(
            name: "bücher", dims: 4, metric: .l2, items: 31, bytes: 32, embedderID: "space")
        info.index = ["kind": "hnsw"]
        info.fields = fields
        info.version = 33
        return info
    }

    static var query: VectorQuery {
        var query = VectorQuery(
            [1, 2, 3, 4], topK: 41, offset: 42, filter: filter, minimumScore: 0.125, include: [.text, .vector],
            embedderID: "space")
        query.exactness = .effort(43)
        query.field = "image"
        query.sparse = SparseVector(indices: [2, 9], values: [0.5, 1.5])
        query.text = "full text"
        query.like = ["l1"]
        query.unlike = ["u1", "u2"]
        query.fusion = .weighted(vector: 0.5, sparse: 0.25, text: 0.125)
        query.diversity = VectorQuery.Diversity(lambda: 0.75, candidates: 44)
        query.grouping = VectorQuery.Grouping(field: "author", size: 45)
        query.consistency = 46
        return query
    }

    static var queryResult: QueryResult {
        var hit = VectorHit(
            id: "hit", score: 0.5, distance: -0.5, metadata: ["a": 1], text: "text", vector: [1, 2])
        hit.group = "author"
        var result = QueryResult(
            hits: [hit, VectorHit(id: "bare", score: 0.25, distance: 1)], isExact: true, isComplete: true, scanned: 51)
        result.index = "hnsw"
        result.duration = .microseconds(52)
        return result
    }

    static func item(_ id: String) -> VectorItem {
        VectorItem(id: id, vector: [1, 2], metadata: ["id": .string(id)], text: "text", expires: 61, version: 62)
    }

    static let enforcements = [
        Enforcement(field: "wall", isEnforced: true, how: "timer"),
        Enforcement(field: "net", isEnforced: false, how: "no kernel"),
    ]
    static let decision = ToolDecision(verdict: .confirm, rule: "git push", reason: "sure?")
    static let violation = Violation(kind: "net", subject: "example.com", count: 71)

    static var runRequest: ToolRunRequest {
        var request = ToolRunRequest(
            .argv(["git", "sta tus"]), workingDirectory: "/work", environment: ["A": "1", "B": "ü"],
            input: [1, 2], reason: "to see")
        request.classification = .readOnly
        request.callID = "call-7"
        request.session = "talk"
        request.asksApproval = true
        request.keepsInputOpen = true
        request.terminalSize = (rows: 72, columns: 73)
        request.extraPaths = [ToolPolicy.PathRule(path: "/extra", access: .write)]
        request.extraNetwork = [ToolPolicy.NetworkRule(.bind(81...81))]
        return request
    }

    static func limits(_ base: Int) -> ToolPolicy.Limits {
        var limits = ToolPolicy.Limits()
        limits.wall = .milliseconds(base)
        limits.cpu = .milliseconds(base + 1)
        limits.idle = .milliseconds(base + 2)
        limits.grace = .milliseconds(base + 3)
        limits.memory = base + 4
        limits.fileSize = base + 5
        limits.diskWrite = base + 6
        limits.openFiles = base + 7
        limits.processes = base + 8
        limits.stdoutBytes = base + 9
        limits.stderrBytes = base + 10
        return limits
    }

    static var policy: ToolPolicy {
        var policy = ToolPolicy()
        policy.isEnabled = true
        policy.allowShell = true
        policy.allowNetwork = true
        policy.requireEnforced = true
        policy.isInteractive = true
        policy.approvesAutomatically = true
        policy.terminal = true
        policy.userID = 1000
        policy.allow = [["git", "status"], ["ls"]]
        policy.deny = [["rm"]]
        policy.overflow = .spool
        policy.inheritEnvironment = .all
        policy.environmentAllow = ["LC_*"]
        policy.environmentDeny = ["*KEY*", "*B*"]
        policy.environmentSet = ["C": "3"]
        policy.paths = [
            ToolPolicy.PathRule(path: "/usr", access: .read, execute: true),
            ToolPolicy.PathRule(path: "/secret", access: .none),
        ]
        policy.network = [
            ToolPolicy.NetworkRule(.ports(80...443)),
            ToolPolicy.NetworkRule(.domain("*.example.com", ports: 8080...8081)),
            ToolPolicy.NetworkRule(.domain("example.org", ports: nil), isDenied: true),
            ToolPolicy.NetworkRule(.unixSocket("/run/x")), ToolPolicy.NetworkRule(.bind(9000...9001)),
        ]
        policy.limits = limits(100)
        policy.toolLimits = [ToolPolicy.ToolLimits(prefix: ["git"], limits: limits(200))]
        policy.approval = .untrusted
        policy.denyPatterns = [["--force"], ["a", "b"]]
        policy.background = .deny
        policy.headBytes = 301
        policy.tailBytes = 302
        policy.isolation = [.pid, .mount]
        policy.seccompProfile = "default"
        return policy
    }

    static var runResult: ToolRunResult {
        var result = ToolRunResult(
            end: .exited, exitCode: 3, duration: .milliseconds(81), cpu: .milliseconds(82), maxRSS: 83, stdoutBytes: 84,
            stderrBytes: 85, isTruncated: true, enforced: enforcements, violations: [violation], detail: "detail")
        result.stdoutPath = "/tmp/out"
        result.stderrPath = "/tmp/err"
        result.leftover = [86, 87]
        result.structured = ["ok": true]
        result.content = [.text("content")]
        result.diskBytes = 88
        return result
    }

    static let toolOutput = ToolOutput(parts, structured: ["s": 1], isError: true)

    static let operation = OperationDescription(
        name: "count", description: "counts", inputSchema: ["type": "object"], outputSchema: ["type": "integer"],
        inputFormats: ["text/plain", "application/json"], outputFormats: ["text/csv"], capabilities: ["counting"],
        traits: [.idempotent, .streams], examples: [["input": 1, "output": 2]])
    static var operationRequest: OperationRequest {
        var request = OperationRequest(
            "count", input: [1, 2, 3], inputFormat: "text/plain", outputFormat: "text/csv", executionID: "run-1",
            settings: ["fast": true], isDryRun: true, isVerbose: true)
        (request.agentType, request.metadata) = ("critic", ["m": 1])
        return request
    }
    static let operationOutput = OperationOutput(
        [7, 8], format: "text/csv", metadata: ["rows": 1], warnings: warnings)

    static let hook = Hook(
        "before.vector.*", modes: [.filter, .veto], priority: -3, timeout: .milliseconds(5), payloadType: "text/plain",
        retries: 3)

    static func hookEvent(_ name: String, _ mode: Hook.Modes) -> HookEvent {
        HookEvent(
            name, mode: mode, payload: Array("payload".utf8), payloadType: "text/plain", original: [1],
            executionID: "execution", started: 91, startedUnix: 92, userID: "user", sessionID: "session",
            source: "source", attributes: ["a": "b"])
    }

    static let message = PluginMessage(
        id: "m1", sender: "other", topic: "news", type: "order.placed", payload: [1, 2], payloadType: "text/plain",
        sent: 93, wantsReply: true)

    static var endpoint: Endpoint {
        var endpoint = Endpoint("POST", "/items/{id}", summary: "adds", traits: [.isPublic, .streams])
        endpoint.bodySchema = ["b": 1]
        endpoint.querySchema = ["q": 1]
        endpoint.parametersSchema = ["p": 1]
        endpoint.responseSchema = ["r": 1]
        endpoint.middleware = ["log", "auth"]
        endpoint.rateLimit = Endpoint.Rate(requests: 100, window: .seconds(60))
        (endpoint.roles, endpoint.permissions) = (["editor"], ["items.write"])
        endpoint.maxBody = 94
        return endpoint
    }

    static func endpointRequest(_ number: Int) -> EndpointRequest {
        EndpointRequest(
            endpoint: number, method: "POST", path: "/items/7", parameters: [NamedValue("id", "7")],
            query: [NamedValue("q", "1"), NamedValue("q", "2")], headers: [NamedValue("accept", "*/*")],
            body: [1, 2], remoteAddress: "10.0.0.1", principal: "ann", requestID: "r1")
    }

    static let endpointResponse = EndpointResponse(
        status: 201, headers: [NamedValue("x-a", "1"), NamedValue("x-a", "2")], body: [3, 4])
}
