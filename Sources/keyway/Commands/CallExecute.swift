internal import ArgumentParser
internal import Glibc
internal import PluginHost

struct CallExecute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "execute", abstract: "Run a program under a policy.",
        discussion: """
            Without a policy nothing may run. A policy is a JSON object: {"allow": [["ls"]], "wallMs": 5000, "stdoutBytes": 65536}.
            Exits 0 if the program ran and ended by itself, whatever its own exit status; 1 if it was refused or stopped.
            """)

    @OptionGroup var adapter: AdapterOptions

    @Option(help: ArgumentHelp("The policy: a file of JSON; - is standard input.", valueName: "file"))
    var policy: String?

    @Option(help: ArgumentHelp("The folder to run in.", valueName: "folder"))
    var cwd: String?

    @Option(help: ArgumentHelp("A line for a shell, instead of a program; the policy has to allow it.", valueName: "line"))
    var shell: String?

    @Argument(parsing: .postTerminator, help: "The program and its arguments, after --.")
    var argv: [String] = []

    func validate() throws {
        if argv.isEmpty == (shell == nil) { throw ValidationError("name the program to run after --, or give --shell") }
    }

    func run() async throws {
        var rules = ToolPolicy()
        if let policy {
            rules = try ToolPolicy(JSON(parsing: try InputFile.read(policy), what: "the policy (\(policy))"))
        }
        if rules.isInteractive {
            Console.error("keyway: note: nobody can approve here: what needs approval is denied.")
            rules.isInteractive = false
        }
        let request = ToolRunRequest(
            shell.map { .shell($0) } ?? .argv(argv), workingDirectory: try cwd.map(Self.absolute), reason: "keyway call-adapter")
        try await adapter.withPlugin { plugin in
            let executor = try plugin.toolExecutor.orMissing("tool executor", in: plugin)
            let run = try await ToolRun.collect(
                try await executor.execute(request, under: rules, CallContext()), isShown: !adapter.output.json)
            if adapter.output.json {
                Console.print(json: run.json)
            } else if run.result.end != .exited || run.result.exitCode != 0 {
                Console.error("keyway: note: \(run.sentence)")
            }
            if run.result.end != .exited { throw ExitCode(1) }
        }
    }

    private static func absolute(_ path: String) throws(PluginError) -> String {
        guard let resolved = unsafe realpath(path, nil) else { throw InputFile.failure(path, errno) }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}

/// A run of a tool with its output.
struct ToolRun {
    var stdout: [UInt8] = []
    var stderr: [UInt8] = []
    var result: ToolRunResult

    /// Takes the events of a run to its end.
    /// - Parameter isShown: pass output on to our own as it comes, and keep none of it.
    static func collect(_ events: EventStream<ToolEvent>, isShown: Bool = false) async throws(PluginError) -> ToolRun {
        var (stdout, stderr): ([UInt8], [UInt8]) = ([], [])
        for try await event in events {
            switch event {
            case .stdout(let bytes):
                if isShown { Console.write(bytes: bytes) } else { stdout += bytes }
            case .stderr(let bytes):
                if isShown { Console.write(errorBytes: bytes) } else { stderr += bytes }
            case .warning(let warning): Console.error("keyway: note: \(warning.feature): \(warning.message)")
            case .started, .progress, .violation, .approval: break
            case .finished(let result): return ToolRun(stdout: stdout, stderr: stderr, result: result)
            }
        }
        throw PluginError(.protocolViolation, "the run ended without a result", operation: "toolExecutor.execute")
    }

    /// How it ended, for a person.
    var sentence: String {
        switch result.end {
        case .exited: "the program exited with status \(result.exitCode ?? 0)"
        case .signalled: "the program was ended by signal \(result.signal ?? 0)"
        case .denied: "the program was not run: \(result.detail ?? "no rule allows it")"
        case .spawnFailed, .sandboxFailed: "the program could not be run: \(result.detail ?? "no reason given")"
        default: "the program was stopped: \(result.end.rawValue)\(result.detail.map { " (\($0))" } ?? "")"
        }
    }

    var json: JSON {
        [
            "end": .string(result.end.rawValue), "exitCode": .optional(result.exitCode) { .int(Int64($0)) },
            "signal": .optional(result.signal) { .int(Int64($0)) },
            "durationMs": .double(result.duration.milliseconds), "cpuMs": .double(result.cpu.milliseconds),
            "maxRSS": .optional(result.maxRSS) { .int(Int64($0)) },
            "stdout": .string(String(decoding: stdout, as: UTF8.self)),
            "stderr": .string(String(decoding: stderr, as: UTF8.self)),
            "stdoutBytes": .int(Int64(result.stdoutBytes)), "stderrBytes": .int(Int64(result.stderrBytes)),
            "truncated": .bool(result.isTruncated),
            "enforced": .object(
                Dictionary(result.enforced.map { ($0.field, JSON.bool($0.isEnforced)) }) { first, _ in first }),
            "violations": .array(
                result.violations.map {
                    ["kind": .string($0.kind), "subject": .string($0.subject), "count": .int(Int64($0.count))]
                }),
            "detail": .optional(result.detail, JSON.string),
        ]
    }
}
