internal import PluginABI
internal import PluginBridge
public import PluginCore

/// A tool executor whose code is in this process: `keyway.tool-executor/1` over a vtable.
public final class NativeToolExecutor: ToolExecutor, Sendable {
    let instance: PluginInstance
    private let table: InterfaceTable<kw_tool_executor>

    init(instance: PluginInstance, table: InterfaceTable<kw_tool_executor>) {
        self.instance = instance
        self.table = table
    }

    public var id: String { instance.id }
    public var version: SemanticVersion { instance.version }

    public func enforceable(_ context: CallContext) async throws(PluginError) -> [Enforcement] {
        try await AsyncCall.run("toolExecutor.enforceable", of: id, context) { cancellation throws(PluginError) in
            var input = kw_none(h: .of(kw_none.self))
            return try unsafe self.instance.invoke(
                "toolExecutor.enforceable", self.table.slot(\.enforceable), &input, reply: kw_enforceable_out.self,
                context: context, cancellation: cancellation
            ) { reply, reader throws(PluginError) in
                try unsafe reader.elements(reply.fields, of: kw_enforcement.self, "fields") {
                    field throws(PluginError) in try unsafe Enforcement(field, reader)
                }
            }
        }
    }

    public func evaluate(_ request: ToolRunRequest, under policy: ToolPolicy, _ context: CallContext)
        async throws(PluginError) -> ToolDecision
    {
        try await AsyncCall.run("toolExecutor.evaluate", of: id, context) { cancellation throws(PluginError) in
            var inputs = ABIWriter()
            var input = unsafe inputs.run(request, policy)
            let decision = try unsafe self.instance.invoke(
                "toolExecutor.evaluate", self.table.slot(\.evaluate), &input, reply: kw_decision.self,
                context: context, cancellation: cancellation
            ) { reply, reader throws(PluginError) in
                let verdict: ToolDecision.Verdict
                switch unsafe reply.verdict {
                case UInt32(KW_DECISION_ALLOW): verdict = .allow
                case UInt32(KW_DECISION_CONFIRM): verdict = .confirm
                case UInt32(KW_DECISION_DENY): verdict = .deny
                case let other: throw reader.violation("decided \(other), which is no decision")
                }
                return ToolDecision(
                    verdict: verdict, rule: try unsafe reader.text(reply.rule, "a rule"),
                    reason: try unsafe reader.text(reply.reason, "a reason"))
            }
            _ = consume inputs
            return decision
        }
    }

    public func execute(_ request: ToolRunRequest, under policy: ToolPolicy, _ context: CallContext)
        async throws(PluginError) -> EventStream<ToolEvent>
    {
        // Output of one stream coalesces while the consumer is behind.
        let traits = Mailbox<ToolEvent>.Traits(
            cost: { event in
                switch event {
                case .stdout(let bytes), .stderr(let bytes): bytes.count
                case .progress(_, let text): text.utf8.count
                case .finished: 0
                }
            },
            merge: { last, next in
                switch (last, next) {
                case (.stdout(let bytes), .stdout(let more)): last = .stdout(bytes + more)
                case (.stderr(let bytes), .stderr(let more)): last = .stderr(bytes + more)
                default: return false
                }
                return true
            })
        return EventStream(
            PluginStream(
                "toolExecutor.execute", of: id, context, traits: traits,
                fold: .init(accept: { event throws(PluginError) in [event] }, complete: { $0 })
            ) { mailbox, cancellation throws(PluginError) in
                let reader = ABIReader(plugin: self.id, operation: "toolExecutor.execute")
                let target = unsafe EmitTarget(mailbox) { event throws(PluginError) in
                    try unsafe ToolEvent.decode(event, reader)
                }
                var inputs = ABIWriter()
                var input = unsafe inputs.run(request, policy)
                let result = try withExtendedLifetime(target) { () throws(PluginError) in
                    try unsafe self.instance.invoke(
                        "toolExecutor.execute", self.table.slot(\.execute), &input, reply: kw_run_out.self,
                        context: context, cancellation: cancellation, sink: target.sink
                    ) { reply, reader throws(PluginError) in try unsafe ToolRunResult(reply, reader) }
                }
                _ = consume inputs
                _ = mailbox.put(.finished(result), mayWait: true)
            })
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await instance.health(context)
    }

    public func shutdown() async { await instance.shutdownFromTask() }
}

extension ToolEvent {
    static func decode(_ event: borrowing kw_event, _ reader: ABIReader) throws(PluginError) -> ToolEvent? {
        switch unsafe event.kind {
        case UInt32(KW_EVENT_STDOUT): return .stdout(try unsafe reader.bytes(event.data, "output"))
        case UInt32(KW_EVENT_STDERR): return .stderr(try unsafe reader.bytes(event.data, "output"))
        case UInt32(KW_EVENT_PROGRESS):
            let data = try unsafe reader.bytes(event.data, "progress")
            var fraction: Double?
            if data.count == MemoryLayout<Double>.size {
                fraction = unsafe data.withUnsafeBytes { unsafe $0.loadUnaligned(as: Double.self) }
            }
            return .progress(fraction: fraction, try unsafe reader.text(event.text, "progress"))
        default:
            guard unsafe event.h.flags & UInt32(KW_MUST) == 0 else {
                throw reader.violation(
                    "emitted an event of kind \(unsafe event.kind) that must be understood and is not")
            }
            return nil
        }
    }
}
