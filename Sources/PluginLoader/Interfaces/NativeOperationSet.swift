internal import PluginABI
internal import PluginBridge
public import PluginCore
internal import Synchronization

/// Operations whose code is in this process: `keyway.operations/1` over a vtable.
public final class NativeOperationSet: OperationSet, Sendable {
    let port: InterfacePort<OperationsInterface>

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<OperationsInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

    public func operations(_ context: CallContext) async throws(PluginError) -> [OperationDescription] {
        unsafe try await port.run("operations.list", \.list, context, reply: kw_operations_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.operations, of: kw_operation.self, "operations") {
                operation throws(PluginError) in unsafe try OperationDescription(operation, reader)
            }
        }
    }

    public func run(_ request: OperationRequest, _ context: CallContext) async throws(PluginError)
        -> EventStream<OperationEvent>
    {
        // Pieces of output coalesce while the consumer is behind.
        let traits = Mailbox<OperationEvent>.Traits(
            cost: { event in
                switch event {
                case .chunk(let bytes): bytes.count
                case .progress(_, let text): text.utf8.count
                case .warning(let warning): warning.feature.utf8.count + warning.message.utf8.count
                case .completed: 0
                }
            },
            merge: { last, next in
                guard case .chunk(let bytes) = last, case .chunk(let more) = next else { return false }
                last = .chunk(bytes + more)
                return true
            })
        let output = StreamedOutput()
        return EventStream(
            PluginStream(
                "operations.run", of: id, context, traits: traits,
                fold: .init(accept: { event throws(PluginError) in [output.take(event)] }, complete: { $0 })
            ) { mailbox, cancellation throws(PluginError) in
                let reader = ABIReader(plugin: self.id, operation: "operations.run")
                let target = unsafe EmitTarget(mailbox) { event throws(PluginError) in
                    unsafe try OperationEvent.decode(event, reader)
                }
                var inputs = ABIWriter()
                var input = unsafe inputs.operation(request)
                let reply = try withExtendedLifetime(target) { () throws(PluginError) in
                    unsafe try self.port.invoke(
                        "operations.run", \.run, &input, reply: kw_operate_out.self,
                        context: context, cancellation: cancellation, sink: target.sink
                    ) { reply, reader throws(PluginError) in unsafe try OperationOutput(reply, reader) }
                }
                _ = consume inputs
                _ = mailbox.put(.completed(reply), mayWait: true)
            })
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }
}

/// Joins the pieces of an output, so that its end has all of it.
private final class StreamedOutput: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    private let warnings = Mutex<[Warning]>([])

    func take(_ event: OperationEvent) -> OperationEvent {
        switch event {
        case .chunk(let more): bytes.withLock { $0 += more }
        case .warning(let warning): warnings.withLock { $0.append(warning) }
        case .progress: break
        case .completed(var output):
            if output.bytes.isEmpty { output.bytes = bytes.withLock { $0 } }
            output.warnings = warnings.withLock { $0 } + output.warnings
            return .completed(output)
        }
        return event
    }
}

extension OperationEvent {
    static func decode(_ event: borrowing kw_event, _ reader: ABIReader) throws(PluginError) -> OperationEvent? {
        switch unsafe event.kind {
        case UInt32(KW_EVENT_CHUNK): return unsafe .chunk(try reader.bytes(event.data, "output"))
        case UInt32(KW_EVENT_PROGRESS):
            let (fraction, text) = unsafe try reader.progress(event)
            return .progress(fraction: fraction, text)
        case UInt32(KW_EVENT_WARNING): return unsafe .warning(try reader.warning(event))
        default:
            unsafe try reader.skip(event)
            return nil
        }
    }
}
