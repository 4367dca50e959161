internal import PluginABI
internal import PluginBridge
public import PluginCore

/// HTTP endpoints that a server offers on the plugin's behalf: `keyway.endpoints/1`.
public protocol EndpointPlugin: PluginImplementation {
    /// What is offered. Constant between two configurations.
    func endpoints(_ call: borrowing PluginCall) throws(PluginError) -> [Endpoint]

    /// Answers one request.
    /// - Returns: the response; nil if it went out by `output`.
    /// - Throws: an error becomes a response of the host's.
    func handle(
        _ request: EndpointRequest, to output: borrowing ResponseOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> EndpointResponse?
}

/// Where an endpoint writes a response in pieces: its head, then its body.
@safe
public struct ResponseOutput: ~Copyable {
    private let call: UnsafeMutablePointer<kw_call>

    init(_ call: UnsafeMutablePointer<kw_call>) { unsafe self.call = call }

    /// Status and headers. Once, before the first chunk.
    public func head(status: Int = 200, headers: [NamedValue] = []) throws(PluginError) {
        var writer = ABIWriter()
        let payload = unsafe writer.span([
            writer.endpointResponse(EndpointResponse(status: status, headers: headers))
        ])
        defer { extendLifetime(writer) }
        try unsafe PluginCall(call).emit(UInt32(KW_EVENT_RESPONSE), payload: payload)
    }

    /// The next bytes of the body. Blocks while the consumer is behind.
    /// - Throws: `cancelled` once nobody listens.
    public func chunk(_ bytes: Span<UInt8>) throws(PluginError) { try unsafe ChunkOutput(call).chunk(bytes) }

    /// The next text of the body.
    public func chunk(_ text: String) throws(PluginError) { try unsafe ChunkOutput(call).chunk(text) }
}

enum EndpointOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_endpoints>? {
        guard type is any EndpointPlugin.Type else { return nil }
        var table = zeroed(kw_endpoints.self)
        table.h = .of(kw_endpoints.self)
        unsafe table.list = { instance, call, _ in
            unsafe Operation.answer(call) { call, writer throws(PluginError) in
                let endpoints = try unsafe Instance.of(instance, "endpoints.list").pointee.endpoints!
                return unsafe writer.endpoints(try endpoints.pointee.endpoints(call))
            }
        }
        unsafe table.handle = { instance, call, input in
            unsafe Operation.answer("endpoints.handle", call, input) {
                call, input, reader, writer throws(PluginError) in
                let endpoints = try unsafe Instance.of(instance, "endpoints.handle").pointee.endpoints!
                let response = try unsafe endpoints.pointee.handle(
                    EndpointRequest(input, reader), to: ResponseOutput(call.pointer), call)
                // After a RESPONSE event the reply says nothing; without one it is a response without content.
                return unsafe writer.endpointResponse(response ?? EndpointResponse(status: 204))
            }
        }
        return unsafe permanent(table)
    }
}
