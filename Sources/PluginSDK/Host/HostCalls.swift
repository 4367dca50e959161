internal import PluginABI
internal import PluginBridge
public import PluginCore

extension HostContext {
    /// Calls of other plugins: `keyway.host.call/1`.
    /// - Throws: `permissionDenied` if the plugin was not granted it.
    public func calls() throws(PluginError) -> HostCalls {
        HostCalls(service: try HostService(self, "keyway.host.call/1", permission: "call"))
    }
}

/// Other plugins, called through the host. Errors are the callee's.
public struct HostCalls: Sendable {
    public struct Request: Sendable, Hashable {
        /// Id; nil = any that offers the interface.
        public var plugin: String?
        /// "keyway.tools/1"
        public var interface: String
        /// A slot of it ("embed"), or the name of a tool, function or operation.
        public var operation: String
        public var input: [UInt8]
        /// Media type.
        public var inputType: String

        public init(
            plugin: String? = nil, interface: String, operation: String, input: [UInt8],
            inputType: String = "application/json"
        ) {
            self.plugin = plugin
            self.interface = interface
            self.operation = operation
            self.input = input
            self.inputType = inputType
        }

        public init(plugin: String? = nil, interface: String, operation: String, _ input: JSON) {
            self.init(plugin: plugin, interface: interface, operation: operation, input: Array(input.text.utf8))
        }
    }

    public struct Output: Sendable, Hashable {
        public var bytes: [UInt8]
        /// Media type.
        public var type: String
    }

    let service: HostService<kw_host_call>

    /// Calls and waits.
    public func invoke(_ request: Request, for call: borrowing PluginCall) throws(PluginError) -> Output {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(\.invoke, "call.invoke", call, writer.request(request), reply: kw_invoke_out.self)
        {
            reply, reader throws(PluginError) in
            Output(
                bytes: try unsafe reader.bytes(reply.output, "an output"),
                type: try unsafe reader.mediaType(reply.output_type, "an output's type"))
        }
    }

    /// The same for operations that stream: each piece is one event as JSON, the last the reply. What still runs when `body`
    /// ends is cancelled.
    public func withEvents<Result>(
        of request: Request, for call: borrowing PluginCall,
        _ body: (borrowing ByteReader) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let handle = try unsafe service.ask(
            \.open, "call.open", call, writer.request(request), reply: kw_handle.self
        ) { reply, _ throws(PluginError) in reply.handle }
        let service = service
        let reader = unsafe ByteReader(call.pointer) { call, limit throws(PluginError) in
            let input = kw_read_in(h: .of(kw_read_in.self), handle: handle, max: limit)
            return try unsafe service.ask(\.read, "call.read", call, input, reply: kw_contents.self) {
                reply, reader throws(PluginError) in try unsafe reader.bytes(reply.bytes, "an event")
            }
        }
        let close = kw_handle(h: .of(kw_handle.self), handle: handle)
        let result: Result
        do throws(PluginError) {
            result = try body(reader)
        } catch {
            // The first error is the one to tell.
            try? unsafe service.tell(\.close, "call.close", call, close)
            throw error
        }
        try unsafe service.tell(\.close, "call.close", call, close)
        return result
    }
}

extension ABIWriter {
    fileprivate mutating func request(_ request: HostCalls.Request) -> kw_invoke_in {
        unsafe kw_invoke_in(
            h: .of(kw_invoke_in.self), plugin: string(request.plugin), interface: string(request.interface),
            operation: string(request.operation), input: bytes(request.input), input_type: string(request.inputType))
    }
}
