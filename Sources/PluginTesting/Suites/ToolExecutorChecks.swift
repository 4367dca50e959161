internal import PluginCore

struct ToolExecutorChecks<Base: ToolExecutor>: Sendable {
    let executor: Base
    let settings: ToolExecutorConformance
    let context = CallContext(runID: "conformance")

    init(executor: Base, settings: ToolExecutorConformance) {
        self.executor = executor
        self.settings = settings
    }

    func run(_ check: ToolExecutorConformance.Check) async throws -> String {
        switch check {
        case .enforceable: try await enforceable()
        case .denyByDefault: try await denyByDefault()
        case .allowPrefix: try await allowPrefix()
        case .denyWins: try await denyWins()
        case .shell: try await shell()
        case .approval: try await approval()
        case .evaluateAgrees: try await evaluateAgrees()
        case .requireEnforced: try await requireEnforced()
        case .events: try await events()
        case .exitCode: try await exitCode()
        case .signal: try await signal()
        case .output: try await output()
        case .binaryOutput: try await binaryOutput()
        case .largeOutput: try await largeOutput()
        case .input: try await input()
        case .noInput: try await noInput()
        case .environment: try await environment()
        case .workingDirectory: try await workingDirectory()
        case .wallTimeout: try await wallTimeout()
        case .outputLimit: try await outputLimit()
        case .overflowKill: try await overflowKill()
        case .pipeHolder: try await pipeHolder()
        case .missingProgram: try await missingProgram()
        case .cancellation: try await cancellation()
        case .enforced: try await enforced()
        case .concurrency: try await concurrency()
        case .tools: try await tools()
        case .send: try await send()
        }
    }

    // MARK: - Means

    /// What came of a run.
    struct Run {
        var events: [ToolEvent] = []
        var stdout: [UInt8] = []
        var stderr: [UInt8] = []
        var result: ToolRunResult

        var text: String { String(decoding: stdout, as: UTF8.self) }

        func requireExit(_ code: Int, _ what: String) throws(CheckFailure) {
            try require(
                result.end == .exited && result.exitCode == code && result.signal == nil,
                "\(what): exited with \(code)",
                seen: "\(result.end), exit code \(result.exitCode.map(String.init) ?? "none"), signal "
                    + "\(result.signal.map(String.init) ?? "none"), \(result.detail ?? "no detail")")
        }
    }

    /// Admits `sh`, for half a minute.
    var policy: ToolPolicy {
        var policy = ToolPolicy()
        policy.allow = [["sh"]]
        policy.limits.wall = .seconds(30)
        policy.limits.grace = .zero
        return policy
    }

    func script(_ text: String) -> ToolRunRequest { ToolRunRequest(.argv(["sh", "-c", text])) }

    func perform(_ request: ToolRunRequest, _ policy: ToolPolicy? = nil) async throws -> Run {
        var run: Run?
        var events: [ToolEvent] = []
        var (stdout, stderr): ([UInt8], [UInt8]) = ([], [])
        for try await event in try await executor.execute(request, under: policy ?? self.policy, context) {
            events.append(event)
            switch event {
            case .stdout(let bytes): stdout += bytes
            case .stderr(let bytes): stderr += bytes
            case .finished(let result): run = Run(result: result)
            default: break
            }
        }
        guard var run else { throw CheckFailure(expected: "finished", seen: "\(events.count) events, and none of it") }
        (run.events, run.stdout, run.stderr) = (events, stdout, stderr)
        return run
    }

    func requireDenied(_ request: ToolRunRequest, _ policy: ToolPolicy, _ why: String) async throws {
        let run = try await perform(request, policy)
        try require(
            run.result.end == .denied && run.stdout.isEmpty, "denied: \(why)",
            seen: "\(run.result.end), \(excerpt(run.text))")
        try require(!(run.result.detail ?? "").isEmpty, "a reason for the refusal: \(why)", seen: "none")
    }

    func requireRuns(_ request: ToolRunRequest, _ policy: ToolPolicy, _ why: String) async throws {
        try await perform(request, policy).requireExit(0, why)
    }
}
