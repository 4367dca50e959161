internal import PluginABI
internal import PluginBridge
public import PluginCore

extension HostContext {
    /// HTTP by the host's hand: `keyway.host.http/1`.
    /// - Throws: `permissionDenied` if the plugin was not granted it.
    public func http() throws(PluginError) -> HostHTTP {
        HostHTTP(service: try HostService(self, "keyway.host.http/1", permission: "net"))
    }
}

/// HTTP requests, of which the host decides where they may go. A status such as 404 is a response, not an error.
public struct HostHTTP: Sendable {
    public struct Request: Sendable, Hashable {
        public var method: String
        public var url: String
        public var headers: [NamedValue]
        public var body: [UInt8]
        /// nil = the call's deadline.
        public var timeout: Duration?
        /// Bytes of the response; nil = the host's limit.
        public var maximumBody: Int?
        /// Each is checked like the first.
        public var maximumRedirects: Int

        public init(
            _ method: String = "GET", _ url: String, headers: [NamedValue] = [], body: [UInt8] = [],
            timeout: Duration? = nil, maximumBody: Int? = nil, maximumRedirects: Int = 0
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeout = timeout
            self.maximumBody = maximumBody
            self.maximumRedirects = maximumRedirects
        }
    }

    public struct Response: Sendable, Hashable {
        public var status: Int
        /// After redirects.
        public var url: String
        /// Names in lower case, in order.
        public var headers: [NamedValue]
        /// Empty if it is read in pieces.
        public var body: [UInt8]
    }

    let service: HostService<kw_host_http>

    /// A request and its whole response.
    public func request(_ request: Request, for call: borrowing PluginCall) throws(PluginError) -> Response {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(\.request, "http.request", call, writer.request(request), reply: kw_http_out.self)
        {
            reply, reader throws(PluginError) in try unsafe Response(reply, reader)
        }
    }

    /// A request whose response is read in pieces. The response is closed when `body` ends, however it ends.
    public func withResponse<Result>(
        to request: Request, for call: borrowing PluginCall,
        _ body: (Response, borrowing ByteReader) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let (response, handle) = try unsafe service.ask(
            \.open, "http.open", call, writer.request(request), reply: kw_http_out.self
        ) { reply, reader throws(PluginError) in (try unsafe Response(reply, reader), unsafe reply.handle) }
        let service = service
        let reader = unsafe ByteReader(call.pointer) { call, limit throws(PluginError) in
            let input = kw_read_in(h: .of(kw_read_in.self), handle: handle, max: limit)
            return try unsafe service.ask(\.read, "http.read", call, input, reply: kw_contents.self) {
                reply, reader throws(PluginError) in try unsafe reader.bytes(reply.bytes, "a piece of a body")
            }
        }
        let close = kw_handle(h: .of(kw_handle.self), handle: handle)
        let result: Result
        do throws(PluginError) {
            result = try body(response, reader)
        } catch {
            // The first error is the one to tell.
            try? unsafe service.tell(\.close, "http.close", call, close)
            throw error
        }
        try unsafe service.tell(\.close, "http.close", call, close)
        return result
    }
}

/// Pieces of something that the host has open. Ends with the closure that it is given to.
@safe
public struct ByteReader: ~Copyable {
    typealias Read = (borrowing PluginCall, UInt64) throws(PluginError) -> [UInt8]

    private let call: UnsafeMutablePointer<kw_call>
    private let read: Read

    init(_ call: UnsafeMutablePointer<kw_call>, _ read: @escaping Read) {
        unsafe self.call = call
        self.read = read
    }

    /// Waits for the next piece; nil = the end.
    /// - Parameter limit: bytes at most; nil = as the host likes.
    public func next(limit: Int? = nil) throws(PluginError) -> [UInt8]? {
        let bytes = try unsafe read(PluginCall(call), UInt64(clamping: limit ?? 0))
        return bytes.isEmpty ? nil : bytes
    }
}

extension HostHTTP.Response {
    fileprivate init(_ reply: borrowing kw_http_out, _ reader: ABIReader) throws(PluginError) {
        self.init(
            status: unsafe Int(reply.status), url: try unsafe reader.text(reply.url, "a URL"),
            headers: try unsafe reader.namedValues(reply.headers, "headers"),
            body: try unsafe reader.bytes(reply.body, "a body"))
    }
}

extension ABIWriter {
    fileprivate mutating func request(_ request: HostHTTP.Request) -> kw_http_in {
        unsafe kw_http_in(
            h: .of(kw_http_in.self), method: string(request.method), url: string(request.url),
            headers: namedValues(request.headers), body: bytes(request.body),
            timeout_ns: request.timeout?.nanoseconds ?? 0, max_body: UInt64(clamping: request.maximumBody ?? 0),
            max_redirects: UInt32(clamping: request.maximumRedirects), reserved: 0)
    }
}
