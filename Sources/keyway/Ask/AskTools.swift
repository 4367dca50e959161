internal import PluginHost

/// Runs the tools that a model asks for, as far as the operator allows it.
struct AskTools {
    let executor: any ToolExecutor
    let policy: ToolPolicy
    let calls: CallLog

    /// - Parameter allowed: rules of `--allow-tools`; nothing else may run.
    init(executor: any ToolExecutor, allowed: [[String]], calls: CallLog) {
        var policy = ToolPolicy()
        policy.allow = allowed
        policy.isEnabled = !allowed.isEmpty
        policy.limits.wall = .seconds(30)
        policy.limits.stdoutBytes = 64 << 10
        policy.limits.stderrBytes = 16 << 10
        self.executor = executor
        self.policy = policy
        self.calls = calls
    }

    /// The result of one call, as the model sees it. What may not run is a result too: the model can say so.
    func run(_ call: ToolCall) async throws(PluginError) -> (part: Part, note: String) {
        func refused(_ reason: String) -> (part: Part, note: String) {
            (
                .toolResult(callID: call.id, text: reason, isError: true),
                "a tool was asked for and not run: \(reason)"
            )
        }
        guard policy.isEnabled else { return refused("tools are off; --allow-tools names what may run") }
        guard call.name == "run_command" else { return refused("there is no tool \"\(call.name)\"") }
        guard let arguments = try? JSON(parsing: call.arguments, what: "the arguments"),
            let argv = arguments["argv"]?.arrayValue?.compactMap(\.stringValue), !argv.isEmpty,
            argv.count == arguments["argv"]?.arrayValue?.count
        else { return refused("the arguments have no \"argv\" of strings") }
        let request = ToolRunRequest(.argv(argv), reason: "asked for by the model in keyway ask")
        let run = try await calls.measure(executor.id, "execute") { () async throws(PluginError) in
            try await ToolRun.collect(try await executor.execute(request, under: policy, CallContext()))
        }
        let command = argv.joined(separator: " ")
        let output = String(decoding: run.stdout, as: UTF8.self) + String(decoding: run.stderr, as: UTF8.self)
        let isError = run.result.end != .exited || run.result.exitCode != 0
        let text = isError ? "\(run.sentence)\n\(output)" : output
        return (
            .toolResult(callID: call.id, text: text, isError: isError),
            run.result.end == .denied
                ? "a tool was asked for and not run: \(command): \(run.result.detail ?? "no rule allows it")"
                : "ran `\(command)`: \(run.sentence)"
        )
    }
}
