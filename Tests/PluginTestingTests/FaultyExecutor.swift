import PluginCore
import Synchronization

/// An executor that does one thing wrong, and everything else as the one behind it.
final class FaultyExecutor<Base: ToolExecutor>: ToolExecutor {
    private let base: Base
    private let fault: ExecutorFault
    private let calls = Counter()

    init(_ base: Base, _ fault: ExecutorFault) {
        self.base = base
        self.fault = fault
    }

    var id: String { base.id }
    var version: SemanticVersion { base.version }
    func health(_ context: CallContext) async throws(PluginError) -> Health { try await base.health(context) }
    func shutdown() async {}

    func enforceable(_ context: CallContext) async throws(PluginError) -> [Enforcement] {
        let fields = try await base.enforceable(context)
        return fault == .listsTwice ? fields + fields.prefix(1) : fields
    }

    func evaluate(_ request: ToolRunRequest, under policy: ToolPolicy, _ context: CallContext)
        async throws(PluginError) -> ToolDecision
    {
        if fault == .evaluatesAsAllowed { return ToolDecision(verdict: .allow, rule: "", reason: "everything is") }
        return try await base.evaluate(changed(request), under: changed(policy, request), context)
    }

    func tools(_ context: CallContext) async throws(PluginError) -> [ToolSpecification] {
        let tools = try await base.tools(context)
        return fault == .repeatsTools ? tools + [ToolSpecification(name: "a"), ToolSpecification(name: "a")] : tools
    }

    func send(_ message: ToolMessage, to session: String, _ context: CallContext) async throws(PluginError) {
        if fault == .sendsAnywhere, session == "no-such-session" { return }
        try await base.send(message, to: session, context)
    }

    func execute(_ request: ToolRunRequest, under policy: ToolPolicy, _ context: CallContext)
        async throws(PluginError) -> EventStream<ToolEvent>
    {
        if fault == .waitsForChildren, case .argv(let words) = request.body, words.last?.contains("&") == true {
            await never()
        }
        let isDisturbed = fault == .mixesRuns ? await calls.meetsAnother() : false
        let events = try await base.execute(changed(request), under: changed(policy, request), context)
        return EventStream(FaultyEvents(events.source, fault, isDisturbed: isDisturbed))
    }

    private func changed(_ request: ToolRunRequest) -> ToolRunRequest {
        var request = request
        switch fault {
        case .dropsInput: request.input = []
        case .inventsInput: if request.input.isEmpty, request.session == nil { request.input = [0x78] }
        case .staysWhereItIs: request.workingDirectory = nil
        default: break
        }
        return request
    }

    private func changed(_ policy: ToolPolicy, _ request: ToolRunRequest) -> ToolPolicy {
        var policy = policy
        switch fault {
        case .allowsByDefault: if policy.allow.isEmpty { policy.allow = [["sh"]] }
        case .comparesFirstWords: policy.allow = policy.allow.map { Array($0.prefix(1)) }
        case .forgetsDenials: policy.deny = []
        case .allowsShells: policy.allowShell = true
        case .approves: policy.approvesAutomatically = true
        case .ignoresRequirements: policy.requireEnforced = false
        case .passesSecrets: policy.environmentDeny = []
        case .neverKills: policy.overflow = .truncate
        default: break
        }
        return policy
    }
}

enum ExecutorFault: String, Sendable {
    case listsTwice, allowsByDefault, comparesFirstWords, forgetsDenials, allowsShells, approves, evaluatesAsAllowed
    case ignoresRequirements, speaksAfterTheEnd, wrongExitCode, signalAsExitCode, joinsStreams, repairsText
    case losesLargeOutput, dropsInput, inventsInput, passesSecrets, staysWhereItIs, timeoutAsSignal, hidesTruncation
    case neverKills, waitsForChildren, missingAsExit, otherErrorWhenCancelled, namesUnsetFields, mixesRuns, repeatsTools
    case sendsAnywhere
}

private final class FaultyEvents: EventSource {
    private let base: any EventSource<ToolEvent>
    private let fault: ExecutorFault
    private let isDisturbed: Bool
    private let passed = Counter()
    private let late = Mutex<ToolEvent?>(nil)

    init(_ base: any EventSource<ToolEvent>, _ fault: ExecutorFault, isDisturbed: Bool) {
        self.base = base
        self.fault = fault
        self.isDisturbed = isDisturbed
    }

    func next() async throws(PluginError) -> ToolEvent? {
        do throws(PluginError) {
            guard let event = try await base.next() else { return late.withLock { $0.take() } }
            return changed(event)
        } catch {
            guard fault == .otherErrorWhenCancelled, error.code == .cancelled else { throw error }
            throw PluginError(.internal, "the consumer went away")
        }
    }

    private func changed(_ event: ToolEvent) -> ToolEvent {
        switch event {
        case .stderr(let bytes) where fault == .joinsStreams: return .stdout(bytes)
        case .stdout(let bytes) where fault == .repairsText:
            return .stdout(Array(String(decoding: bytes, as: UTF8.self).utf8))
        case .stdout(let bytes) where fault == .losesLargeOutput && bytes.count > 4096:
            return .stdout(Array(bytes.dropLast()))
        case .stdout where isDisturbed: return .stdout(Array("another's".utf8))
        case .finished(var result):
            change(&result)
            if fault == .speaksAfterTheEnd { late.withLock { $0 = .progress(fraction: 1, "done") } }
            return .finished(result)
        default: return event
        }
    }

    private func change(_ result: inout ToolRunResult) {
        switch fault {
        case .wrongExitCode: if result.exitCode == 7 { result.exitCode = 1 }
        case .signalAsExitCode:
            if let signal = result.signal, result.end == .signalled {
                (result.end, result.exitCode, result.signal) = (.exited, 128 + signal, nil)
            }
        case .timeoutAsSignal: if result.end == .timeout { result.end = .signalled }
        case .hidesTruncation: result.isTruncated = false
        case .missingAsExit: if result.end == .spawnFailed { (result.end, result.exitCode) = (.exited, 127) }
        case .namesUnsetFields:
            if !result.enforced.contains(where: { $0.field == "cpu" }) {
                result.enforced.append(Enforcement(field: "cpu", isEnforced: true, how: "always"))
            }
        default: break
        }
    }
}
