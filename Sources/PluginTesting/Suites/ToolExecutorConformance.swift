public import PluginCore

/// What every ``ToolExecutor`` has to do, as checks that any implementation can be run against.
///
///     let plugin = try await host.load("plugins/command-runner.so")
///     let report = await ToolExecutorConformance().run(on: plugin.toolExecutor!)
///     print(report)
///     precondition(report.isConformant)
///
/// Runs small programs that every POSIX system has: `sh`, `printf`, `cat`, `env`, `head`, `sleep`. Nothing is written to a
/// file, and every run has a wall limit, so that a broken executor leaves nothing running for long.
public struct ToolExecutorConformance: Sendable {
    public enum Check: String, Sendable, CaseIterable {
        /// Every field of ``policyFields`` once, with the mechanism or the reason.
        case enforceable
        /// Without a rule, or disabled, nothing runs.
        case denyByDefault
        /// A rule is the first words of a command line; one without a slash admits no path.
        case allowPrefix
        case denyWins
        /// A shell's text runs only where shells are allowed.
        case shell
        /// What needs approval and cannot have it is denied.
        case approval
        /// What is evaluated as allowed runs, what is not does not.
        case evaluateAgrees
        /// With `requireEnforced`, a field that is set and not enforced is a refusal that names it.
        case requireEnforced
        /// `started` first, output, one `finished`, last; the result counts the bytes that came.
        case events
        case exitCode
        case signal
        /// The bytes of stdout and of stderr, each where it belongs.
        case output
        /// Bytes that are no text, and a last line without an end.
        case binaryOutput
        case largeOutput
        /// The input's bytes, then its end.
        case input
        /// Without input a reader sees the end at once.
        case noInput
        /// Inherited, requested and set variables, filtered.
        case environment
        case workingDirectory
        /// A run beyond the wall limit ends as `timeout`.
        case wallTimeout
        /// Output beyond its limit is not passed on; the result says so, and counts it.
        case outputLimit
        /// With `kill`, it ends the run as `output`.
        case overflowKill
        /// A run ends with its program, even if a child holds the pipes.
        case pipeHolder
        /// A program that is not there ends as `spawnFailed`, with the reason.
        case missingProgram
        /// A consumer that is cancelled gets `cancelled`, and the executor works afterwards.
        case cancellation
        /// A result speaks of the fields that were set, and of no others.
        case enforced
        case concurrency
        /// Typed tools have names of their own.
        case tools
        /// Input reaches a run by its session; an unknown session is `notFound`.
        case send
    }

    /// The names that an ``Enforcement`` uses for the fields of a policy.
    public static let policyFields = [
        "enabled", "allow", "deny", "shell", "env", "network", "net", "paths", "toolLimits", "wall", "cpu", "idle",
        "grace",
        "memory", "fileSize", "diskWrite", "openFiles", "processes", "stdoutBytes", "stderrBytes", "overflow",
        "headBytes", "tailBytes", "approval", "interactive", "autoApprove", "background", "pty", "user", "isolate",
        "seccomp",
    ]

    /// Runs at a time.
    public var parallelRuns: Int
    /// For one check.
    public var limit: Duration

    public init(parallelRuns: Int = 8, limit: Duration = .seconds(60)) {
        self.parallelRuns = parallelRuns
        self.limit = limit
    }

    /// - Parameter checks: those to run, in this order.
    public func run(
        on executor: some ToolExecutor, checks: [Check] = Check.allCases
    ) async -> ConformanceReport {
        let suite = ToolExecutorChecks(executor: executor, settings: self)
        return await CheckRunner(limit: limit).run("ToolExecutor \(executor.id)", checks) { try await suite.run($0) }
    }
}
