import PluginBridge
import PluginSDK

/// What came as events of one call, read while each of them lasted.
final class EventLog: @unchecked Sendable {  // one call, one thread
    private(set) var lines: [String] = []
    private(set) var parts: [Part] = []
    private(set) var logprobs: [TokenLogprob] = []
    private(set) var rateLimits: [RateLimit] = []
    private(set) var usage: Usage?
    private(set) var stop: StopReason?
    private(set) var items: [VectorItem] = []
    private(set) var violations: [Violation] = []
    private(set) var decisions: [ToolDecision] = []
    private(set) var process: (id: Int64, session: String)?
    private(set) var response: EndpointResponse?
    private(set) var chunks: [UInt8] = []
    private(set) var failures: [PluginError] = []

    /// Takes an event; a `TestCall.onEvent`.
    func take(_ event: borrowing kw_event) -> kw_status {
        do throws(PluginError) {
            unsafe try read(event)
        } catch {
            failures.append(error)
        }
        return KW_OK
    }

    static func bytes(of number: Double) -> [UInt8] { unsafe withUnsafeBytes(of: number) { unsafe Array($0) } }

    private func read(_ event: borrowing kw_event) throws(PluginError) {
        let reader = ABIReader(plugin: "tested", operation: "event")
        var line = unsafe "\(event.kind) \(event.choice)/\(event.index)"
        func add(_ name: String, _ text: kw_str) throws(PluginError) {
            if let text = try unsafe reader.optionalText(text, name) { line += " \(name) \(text)" }
        }
        try unsafe add("id", event.id)
        try unsafe add("name", event.name)
        try unsafe add("text", event.text)
        let data = unsafe try reader.bytes(event.data, "data")
        if !data.isEmpty { line += " data \(data)" }
        lines.append(line)
        let payload = unsafe event.payload
        switch unsafe event.kind {
        case UInt32(KW_EVENT_PART):
            unsafe parts += try reader.elements(payload, of: kw_part.self, "p") { p throws(PluginError) in
                unsafe try Part(p, reader)
            }
        case UInt32(KW_EVENT_LOGPROBS):
            unsafe logprobs += try reader.elements(payload, of: kw_token_logprob.self, "l") { l throws(PluginError) in
                unsafe try TokenLogprob(l, reader)
            }
        case UInt32(KW_EVENT_RATE_LIMIT):
            unsafe rateLimits += try reader.elements(payload, of: kw_rate_limit.self, "r") { r throws(PluginError) in
                unsafe try RateLimit(r, reader)
            }
        case UInt32(KW_EVENT_USAGE):
            usage = unsafe try reader.optional(payload, of: kw_usage.self, "u") { u throws(PluginError) in
                unsafe try Usage(u, reader)
            }
        case UInt32(KW_EVENT_FINISHED):
            stop = unsafe try reader.optional(payload, of: kw_choice.self, "c") { c throws(PluginError) in
                unsafe try StopReason(c, reader)
            }
        case UInt32(KW_EVENT_ITEMS):
            unsafe items += try reader.elements(payload, of: kw_item.self, "i") { i throws(PluginError) in
                unsafe try VectorItem.read(i, reader)
            }.compactMap(\.self)
        case UInt32(KW_EVENT_VIOLATION):
            unsafe violations += try reader.elements(payload, of: kw_violation.self, "v") { v throws(PluginError) in
                unsafe try Violation(v, reader)
            }
        case UInt32(KW_EVENT_APPROVAL):
            unsafe decisions += try reader.elements(payload, of: kw_decision.self, "d") { d throws(PluginError) in
                unsafe try ToolDecision(d, reader)
            }
        case UInt32(KW_EVENT_PROCESS):
            process = unsafe try reader.optional(payload, of: kw_process.self, "p") { p throws(PluginError) in
                unsafe (p.pid, try reader.text(p.session, "s"))
            }
        case UInt32(KW_EVENT_RESPONSE):
            response = unsafe try reader.optional(payload, of: kw_response_out.self, "r") { r throws(PluginError) in
                unsafe try EndpointResponse(r, reader)
            }
        case UInt32(KW_EVENT_CHUNK): chunks += data
        default: break
        }
    }
}
