package import PluginCore

/// What a control socket speaks: lines of JSON, each one object, ended by a line feed.
///
/// The host begins with `{"keyway":"control","version":1,"pid":N}`, or with `{"id":null,"error":{...}}` and the end. Then each
/// request, `{"id":any,"verb":"status","arguments":{...}}`, gets one reply, in order: `{"id":...,"ok":...}` or
/// `{"id":...,"error":{"code","message",...}}`, the id being the request's. After the reply to the verb `events` the host
/// sends an event a line, and reads no more requests.
package enum ControlProtocol {
    package static let version: Int64 = 1
    /// Bytes that a request may have.
    package static let requestLimit = 1 << 20
    /// Bytes that a client takes in a line.
    static let replyLimit = 64 << 20
    /// Clients at once.
    package static let connectionLimit = 64
    /// Events that wait for one client.
    package static let eventLimit = 256

    static func line(_ json: JSON) -> [UInt8] { Array(json.text.utf8) + [UInt8(ascii: "\n")] }

    static func greeting(process: Int32) -> [UInt8] {
        line(["keyway": "control", "version": .int(version), "pid": .int(Int64(process))])
    }

    static func reply(_ result: Result<JSON, PluginError>, to id: JSON) -> [UInt8] {
        switch result {
        case .success(let value): line(["id": id, "ok": value])
        case .failure(let error): line(["id": id, "error": error.json])
        }
    }
}

/// One request on a control socket.
package struct ControlRequest: Sendable, Hashable {
    /// Whatever the client wants to see in the reply.
    package var id: JSON
    package var verb: String
    /// An object; empty if there are none.
    package var arguments: JSON

    package init(_ verb: String, arguments: JSON = .object([:]), id: JSON = .null) {
        (self.verb, self.arguments, self.id) = (verb, arguments, id)
    }

    var json: JSON { ["id": id, "verb": .string(verb), "arguments": arguments] }

    /// - Throws: ``PluginError`` with code `invalidArgument`.
    init(_ json: JSON) throws(PluginError) {
        guard json.objectValue != nil else { throw Self.malformed("is no object", "") }
        guard let verb = json["verb"]?.stringValue else {
            throw Self.malformed("has no verb that is a string", "/verb")
        }
        let arguments = json["arguments"] ?? .object([:])
        guard arguments.objectValue != nil else {
            throw Self.malformed("has arguments that are no object", "/arguments")
        }
        self.init(verb, arguments: arguments, id: json["id"] ?? .null)
    }

    private static func malformed(_ what: String, _ pointer: String) -> PluginError {
        PluginError(
            .invalidArgument, "a request on the control socket \(what)",
            remedy: #"Send lines such as {"id":1,"verb":"status","arguments":{}}"#, facts: .pointer(pointer))
    }
}
