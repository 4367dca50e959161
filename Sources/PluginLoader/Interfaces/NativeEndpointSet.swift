internal import PluginABI
internal import PluginBridge
public import PluginCore
internal import Synchronization

/// Endpoints whose code is in this process: `keyway.endpoints/1` over a vtable.
public final class NativeEndpointSet: EndpointSet, Sendable {
    let port: InterfacePort<EndpointsInterface>

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<EndpointsInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

    public func endpoints(_ context: CallContext) async throws(PluginError) -> [Endpoint] {
        unsafe try await port.run("endpoints.list", \.list, context, reply: kw_endpoints_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.endpoints, of: kw_endpoint.self, "endpoints") {
                endpoint throws(PluginError) in unsafe try Endpoint(endpoint, reader)
            }
        }
    }

    public func handle(_ request: EndpointRequest, _ context: CallContext) async throws(PluginError)
        -> EventStream<EndpointEvent>
    {
        let traits = Mailbox<RawResponse>.Traits(
            cost: { raw in
                switch raw {
                case .chunk(let bytes): bytes.count
                case .head, .reply: 0
                }
            },
            merge: { last, next in
                guard case .chunk(let bytes) = last, case .chunk(let more) = next else { return false }
                last = .chunk(bytes + more)
                return true
            })
        let reader = ABIReader(plugin: id, operation: "endpoints.handle")
        let hasHead = Mutex(false)
        let fold = PluginStream<RawResponse, EndpointEvent>.Fold(
            accept: { raw throws(PluginError) in
                try hasHead.withLock { hasHead throws(PluginError) in try raw.events(&hasHead, reader) }
            }, complete: { $0 })
        return EventStream(
            PluginStream("endpoints.handle", of: id, context, traits: traits, fold: fold) {
                mailbox, cancellation throws(PluginError) in
                let target = unsafe EmitTarget(mailbox) { event throws(PluginError) in
                    unsafe try RawResponse.decode(event, reader)
                }
                var inputs = ABIWriter()
                var input = unsafe inputs.request(request)
                let response = try withExtendedLifetime(target) { () throws(PluginError) in
                    unsafe try self.port.invoke(
                        "endpoints.handle", \.handle, &input, reply: kw_response_out.self,
                        context: context, cancellation: cancellation, sink: target.sink
                    ) { reply, reader throws(PluginError) in unsafe try RawResponse.reply(reply, reader) }
                }
                _ = consume inputs
                _ = mailbox.put(response, mayWait: true)
            })
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }
}

/// A response as a plugin gives it: whole with its reply, or as a head and chunks before an empty one.
private enum RawResponse: Sendable {
    case head(EndpointResponse)
    case chunk([UInt8])
    /// nil: its status is none, which only a streamed response may have.
    case reply(EndpointResponse?, body: [UInt8])

    static func decode(_ event: borrowing kw_event, _ reader: ABIReader) throws(PluginError) -> RawResponse? {
        switch unsafe event.kind {
        case UInt32(KW_EVENT_RESPONSE):
            let head = unsafe try reader.optional(event.payload, of: kw_response_out.self, "a response") {
                head throws(PluginError) in unsafe try EndpointResponse(head, reader)
            }
            guard let head else { throw reader.violation("emitted RESPONSE without a payload") }
            return .head(head)
        case UInt32(KW_EVENT_CHUNK): return unsafe .chunk(try reader.bytes(event.data, "a body"))
        default:
            unsafe try reader.skip(event)
            return nil
        }
    }

    static func reply(_ reply: borrowing kw_response_out, _ reader: ABIReader) throws(PluginError) -> RawResponse {
        unsafe .reply(
            (100...599).contains(reply.status) ? try EndpointResponse(reply, reader) : nil,
            body: try reader.bytes(reply.body, "a body"))
    }

    func events(_ hasHead: inout Bool, _ reader: ABIReader) throws(PluginError) -> [EndpointEvent] {
        switch self {
        case .head(let head):
            guard !hasHead else { throw reader.violation("emitted RESPONSE twice") }
            hasHead = true
            return [.head(status: head.status, headers: head.headers)]
        case .chunk(let bytes):
            guard hasHead else { throw reader.violation("emitted CHUNK before RESPONSE") }
            return [.chunk(bytes)]
        case .reply(let response, let body):
            if hasHead {
                guard body.isEmpty else { throw reader.violation("replied a body after it had streamed one") }
                return []
            }
            guard let response else { throw reader.violation("answered without a status") }
            hasHead = true
            let head = EndpointEvent.head(status: response.status, headers: response.headers)
            return body.isEmpty ? [head] : [head, .chunk(body)]
        }
    }
}
