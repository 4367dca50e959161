/// Runs programs under a policy, and says what it really enforces.
public protocol ToolExecutor: Plugin {
    /// Which fields of a policy are enforced on this machine, a field once.
    func enforceable(_ context: CallContext) async throws(PluginError) -> [Enforcement]
    /// Would ``execute(_:under:_:)`` run this? Nothing runs.
    func evaluate(_ request: ToolRunRequest, under policy: ToolPolicy, _ context: CallContext)
        async throws(PluginError) -> ToolDecision
    /// Runs it. What may not run ends as `denied`; that is a result, not an error. The last event is `finished`.
    func execute(_ request: ToolRunRequest, under policy: ToolPolicy, _ context: CallContext)
        async throws(PluginError) -> EventStream<ToolEvent>
    /// Typed tools that a request may name; empty if there are none.
    func tools(_ context: CallContext) async throws(PluginError) -> [ToolSpecification]
    /// Speaks to a run that goes on.
    /// - Throws: `notFound` if there is none of that session.
    func send(_ message: ToolMessage, to session: String, _ context: CallContext) async throws(PluginError)
}

extension ToolExecutor {
    public func tools(_ context: CallContext) async throws(PluginError) -> [ToolSpecification] { [] }

    public func send(_ message: ToolMessage, to session: String, _ context: CallContext) async throws(PluginError) {
        throw PluginError(
            .unsupported, "\(id) cannot speak to a run", remedy: "Give the whole input with the request", plugin: id,
            stage: .call, operation: "toolExecutor.send")
    }
}

/// What can be said to a run that goes on.
public enum ToolMessage: Sendable, Hashable {
    case input([UInt8])
    case endOfInput
    case signal(Int32)
    case resize(rows: Int, columns: Int)
    case approve(id: String)
    case refuse(id: String, reason: String)
}

public struct ToolRunRequest: Sendable, Hashable {
    public enum Body: Sendable, Hashable {
        case argv([String])
        /// A line for a shell; a policy has to allow shells.
        case shell(String)
        /// One of ``ToolExecutor/tools(_:)``, with its arguments as JSON text.
        case tool(name: String, arguments: String)
    }

    /// What a command does, as far as the caller knows.
    public enum Classification: String, Sendable, CaseIterable {
        case unknown
        case readOnly = "read_only"
        case build, test, format, install, network, destructive
    }

    public var body: Body
    /// Absolute; nil = the host's.
    public var workingDirectory: String?
    public var environment: [String: String]
    /// Standard input; empty = none.
    public var input: [UInt8]
    /// Why, for logs and approvals.
    public var reason: String
    public var classification = Classification.unknown
    /// The model's id of the call, or nil.
    public var callID: String?
    /// Name by which ``ToolExecutor/send(_:to:_:)`` reaches this run; nil: it cannot.
    public var session: String?
    /// The caller wants approval first.
    public var asksApproval = false
    /// Input goes on with ``ToolExecutor/send(_:to:_:)``.
    public var keepsInputOpen = false
    /// Of the terminal, if the policy gives one.
    public var terminalSize: (rows: Int, columns: Int) {
        get { (rows, columns) }
        set { (rows, columns) = newValue }
    }
    private var rows = 24
    private var columns = 80
    /// Granted for this run only, on top of the policy's.
    public var extraPaths: [ToolPolicy.PathRule] = []
    public var extraNetwork: [ToolPolicy.NetworkRule] = []

    public init(
        _ body: Body, workingDirectory: String? = nil, environment: [String: String] = [:], input: [UInt8] = [],
        reason: String = ""
    ) {
        self.body = body
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.input = input
        self.reason = reason
    }
}

public struct ToolDecision: Sendable, Hashable {
    public enum Verdict: String, Sendable, CaseIterable { case deny, allow, confirm }
    public var verdict: Verdict
    /// The rule that decided, as written.
    public var rule: String
    public var reason: String

    public init(verdict: Verdict, rule: String, reason: String) {
        self.verdict = verdict
        self.rule = rule
        self.reason = reason
    }
}

/// Whether a field of a policy holds, and by what.
public struct Enforcement: Sendable, Hashable {
    public var field: String
    public var isEnforced: Bool
    /// The mechanism, or why there is none.
    public var how: String

    public init(field: String, isEnforced: Bool, how: String) {
        self.field = field
        self.isEnforced = isEnforced
        self.how = how
    }
}

public struct Violation: Sendable, Hashable {
    public var kind: String
    public var subject: String
    public var count: Int

    public init(kind: String, subject: String, count: Int) {
        self.kind = kind
        self.subject = subject
        self.count = count
    }
}

public enum ToolEvent: Sendable, Hashable {
    /// The program runs. The process id as the host sees it, if it does.
    case started(processID: Int?, session: String?)
    case stdout([UInt8])
    case stderr([UInt8])
    case progress(fraction: Double?, String)
    case warning(Warning)
    case violation(Violation)
    /// The program waits for ``ToolMessage/approve(id:)`` or ``ToolMessage/refuse(id:reason:)``.
    case approval(id: String, ToolDecision)
    /// The last event.
    case finished(ToolRunResult)
}

public struct ToolRunResult: Sendable, Hashable {
    public enum End: String, Sendable, CaseIterable {
        case exited, signalled, timeout, idle, cpu, memory, output, cancelled, denied, sandboxFailed, spawnFailed
    }

    public var end: End
    /// nil unless the program exited.
    public var exitCode: Int?
    /// nil unless a signal ended it.
    public var signal: Int?
    public var duration: Duration
    public var cpu: Duration
    /// Bytes; nil if not known.
    public var maxRSS: Int?
    /// Produced, passed on or not.
    public var stdoutBytes: Int
    public var stderrBytes: Int
    /// Output beyond a limit was not passed on.
    public var isTruncated: Bool
    public var enforced: [Enforcement]
    public var violations: [Violation]
    /// Why, for `denied`, `sandboxFailed` and `spawnFailed`.
    public var detail: String?
    /// Files with all of the output, the caller's to remove; with ``ToolPolicy/Overflow/spool``.
    public var stdoutPath: String?
    public var stderrPath: String?
    /// Processes it left behind.
    public var leftover: [Int] = []
    /// A typed tool's result, or null.
    public var structured: JSON = .null
    /// A typed tool's result for a model.
    public var content: [Part] = []
    /// Bytes written to disk; nil if not known.
    public var diskBytes: Int?

    public init(
        end: End, exitCode: Int? = nil, signal: Int? = nil, duration: Duration = .zero, cpu: Duration = .zero,
        maxRSS: Int? = nil, stdoutBytes: Int = 0, stderrBytes: Int = 0, isTruncated: Bool = false,
        enforced: [Enforcement] = [], violations: [Violation] = [], detail: String? = nil
    ) {
        self.end = end
        self.exitCode = exitCode
        self.signal = signal
        self.duration = duration
        self.cpu = cpu
        self.maxRSS = maxRSS
        self.stdoutBytes = stdoutBytes
        self.stderrBytes = stderrBytes
        self.isTruncated = isTruncated
        self.enforced = enforced
        self.violations = violations
        self.detail = detail
    }
}
