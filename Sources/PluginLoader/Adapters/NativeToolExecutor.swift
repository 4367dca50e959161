internal import PluginABI
internal import PluginBridge
public import PluginCore

/// A tool executor whose code is in this process: `keyway.tool-executor/1` over a vtable.
public final class NativeToolExecutor: ToolExecutor, Sendable {
    let port: InterfacePort<ToolExecutorInterface>
    /// Of the table, from 0 behind its header.
    private static let toolsSlot = 3

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<ToolExecutorInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

    public func enforceable(_ context: CallContext) async throws(PluginError) -> [Enforcement] {
        unsafe try await port.run(
            "toolExecutor.enforceable", \.enforceable, context, reply: kw_enforceable_out.self
        ) { reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.fields, of: kw_enforcement.self, "fields") { field throws(PluginError) in
                unsafe try Enforcement(field, reader)
            }
        }
    }

    public func evaluate(_ request: ToolRunRequest, under policy: ToolPolicy, _ context: CallContext)
        async throws(PluginError) -> ToolDecision
    {
        unsafe try await port.run(
            "toolExecutor.evaluate", \.evaluate, context, reply: kw_decision.self
        ) { inputs in
            unsafe inputs.run(request, policy)
        } read: { reply, reader throws(PluginError) in
            unsafe try ToolDecision(reply, reader)
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
                case .warning(let warning): warning.feature.utf8.count + warning.message.utf8.count
                case .started, .violation, .approval, .finished: 0
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
                    try unsafe self.port.invoke(
                        "toolExecutor.execute", \.execute, &input, reply: kw_run_out.self,
                        context: context, cancellation: cancellation, sink: target.sink
                    ) { reply, reader throws(PluginError) in try unsafe ToolRunResult(reply, reader) }
                }
                _ = consume inputs
                _ = mailbox.put(.finished(result), mayWait: true)
            })
    }

    public func tools(_ context: CallContext) async throws(PluginError) -> [ToolSpecification] {
        guard port.implements(Self.toolsSlot) else { return [] }
        return unsafe try await port.run(
            "toolExecutor.tools", \.tools, context, reply: kw_tools_out.self
        ) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.tools, of: kw_tool_spec.self, "tools") { tool throws(PluginError) in
                unsafe try ToolSpecification(tool, reader)
            }
        }
    }

    public func send(_ message: ToolMessage, to session: String, _ context: CallContext) async throws(PluginError) {
        // It speaks to a run that holds its place: it takes none, and the plugin must bear two operations at once.
        guard port.capabilities & UInt32(KW_CAP_CONCURRENT) != 0 else {
            throw PluginError(
                .unsupported, "\(id) runs one operation at a time, so nothing can be sent to a run",
                remedy: "Use a plugin with the CONCURRENT capability", plugin: id, stage: .call,
                operation: "toolExecutor.send")
        }
        unsafe try await port.run("toolExecutor.send", \.send, context, isCounted: false) { inputs in
            unsafe inputs.send(message, to: session)
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }
}

extension ToolEvent {
    static func decode(_ event: borrowing kw_event, _ reader: ABIReader) throws(PluginError) -> ToolEvent? {
        switch unsafe event.kind {
        case UInt32(KW_EVENT_STDOUT): return .stdout(try unsafe reader.bytes(event.data, "output"))
        case UInt32(KW_EVENT_STDERR): return .stderr(try unsafe reader.bytes(event.data, "output"))
        case UInt32(KW_EVENT_PROGRESS):
            let (fraction, text) = try unsafe reader.progress(event)
            return .progress(fraction: fraction, text)
        case UInt32(KW_EVENT_WARNING): return .warning(try unsafe reader.warning(event))
        case UInt32(KW_EVENT_PROCESS):
            return try unsafe reader.payload(event, of: kw_process.self, "a process") {
                process throws(PluginError) in
                let pid = unsafe process.pid
                return .started(
                    processID: pid == 0 ? nil : Int(clamping: pid),
                    session: try unsafe reader.optionalText(process.session, "a session"))
            }
        case UInt32(KW_EVENT_VIOLATION):
            return try unsafe reader.payload(event, of: kw_violation.self, "a violation") {
                violation throws(PluginError) in .violation(try unsafe Violation(violation, reader))
            }
        case UInt32(KW_EVENT_APPROVAL):
            let id = try unsafe reader.text(event.id, "an approval's id")
            return try unsafe reader.payload(event, of: kw_decision.self, "a decision") {
                decision throws(PluginError) in .approval(id: id, try unsafe ToolDecision(decision, reader))
            }
        default:
            try unsafe reader.skip(event)
            return nil
        }
    }
}
