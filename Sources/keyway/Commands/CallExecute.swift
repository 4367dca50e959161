internal import ArgumentParser
internal import PluginHost

struct CallExecute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "execute", abstract: "Run a program under a policy.",
        discussion: """
            Without a policy nothing may run. A policy is a JSON object: {"allow": [["ls"]], "wallMs": 5000, "stdoutBytes": 65536}.
            Exits 0 if the program ran and ended by itself, whatever its own exit status; 1 if it was refused or stopped.
            """)

    @OptionGroup var adapter: AdapterOptions
    @OptionGroup var input: ToolRunOptions

    func run() async throws {
        let (request, policy) = try input.read()
        try await adapter.withPlugin(runsPrograms: true) { plugin in
            let executor = try plugin.requiredToolExecutor()
            // What a tool says to a model holds its output already.
            let run = try await ToolRun.collect(
                try await executor.execute(request, under: policy, CallContext()),
                isShown: !adapter.output.json && input.tool == nil)
            if adapter.output.json {
                Console.print(json: run.json)
            } else {
                if input.tool != nil { Console.print(run.content.visibleLines) }
                if run.result.end != .exited || run.result.exitCode != 0 {
                    Console.error("keyway: note: \(run.sentence)")
                }
            }
            if run.result.end != .exited { throw ExitCode(1) }
        }
    }
}

struct CallEvaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Say whether a policy lets a program run. Nothing runs.",
        discussion: "Takes what `execute` takes. Exits 0 whatever the verdict.")

    @OptionGroup var adapter: AdapterOptions
    @OptionGroup var input: ToolRunOptions

    func run() async throws {
        let (request, policy) = try input.read()
        try await adapter.withPlugin(runsPrograms: true) { plugin in
            let decision = try await plugin.requiredToolExecutor().evaluate(request, under: policy, CallContext())
            if adapter.output.json {
                Console.print(json: [
                    "verdict": .string(decision.verdict.rawValue), "rule": .string(decision.rule),
                    "reason": .string(decision.reason),
                ])
            } else {
                Console.print("\(decision.verdict.rawValue): \(decision.reason)".visible)
            }
        }
    }
}

struct CallTools: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tools", abstract: "List the typed tools that `execute --tool` can run.")

    @OptionGroup var adapter: AdapterOptions

    func run() async throws {
        try await adapter.withPlugin(runsPrograms: true) { plugin in
            let tools = try await plugin.requiredToolExecutor().tools(CallContext())
            if adapter.output.json {
                let list = tools.map { tool -> JSON in
                    [
                        "name": .string(tool.name), "title": .optional(tool.title, JSON.string),
                        "description": .optional(tool.description, JSON.string), "inputSchema": tool.inputSchema,
                        "outputSchema": tool.outputSchema,
                    ]
                }
                Console.print(json: ["tools": .array(list)])
            } else {
                for line in TextTable.lines(tools.map { [$0.name, $0.description ?? ""] }) { Console.print(line) }
                if tools.isEmpty { Console.print("No tools.") }
            }
        }
    }
}

struct CallEnforceable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enforceable", abstract: "Say which fields of a policy are enforced here, and by what.")

    @OptionGroup var adapter: AdapterOptions

    func run() async throws {
        try await adapter.withPlugin(runsPrograms: true) { plugin in
            let fields = try await plugin.requiredToolExecutor().enforceable(CallContext())
            if adapter.output.json {
                let list = fields.map { field -> JSON in
                    ["field": .string(field.field), "enforced": .bool(field.isEnforced), "how": .string(field.how)]
                }
                Console.print(json: ["fields": .array(list)])
            } else {
                let rows = fields.map { [$0.field, $0.isEnforced ? "yes" : "no", $0.how] }
                for line in TextTable.lines(rows) { Console.print(line) }
            }
        }
    }
}
