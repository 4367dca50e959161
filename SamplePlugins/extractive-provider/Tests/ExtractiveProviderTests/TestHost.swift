import PluginSDK

@testable import ExtractiveProvider

/// A host of one plugin instance: calls the plugin's own C tables and keeps what comes back.
///
/// It stands where a real host stands, on the other side of the ABI, so what it sees is what every host will see.
final class TestHost {
    struct Failure: Error {
        var status: kw_status
        var message: String
    }

    /// What one call emitted and replied, read while it lasted.
    final class Call {
        var texts: [String] = []
        var kinds: [UInt32] = []
        var started: (id: String, model: String)?
        var tool: (id: String, name: String, arguments: String) = ("", "", "")
        var warnings: [String] = []
        var usage: kw_usage?
        var error: Failure?
        var onReply: (UnsafeRawPointer) -> Void = { _ in }
        /// Nobody listens any more once this many texts came.
        var cancelAfterTexts: Int?
        var blocks: [UnsafeMutableRawPointer] = []
        let cancelled = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)

        init() { cancelled.initialize(to: 0) }

        deinit {
            blocks.forEach { $0.deallocate() }
            cancelled.deallocate()
        }

        func take(_ event: kw_event) -> kw_status {
            if cancelled.pointee != 0 { return KW_CANCELLED }
            kinds.append(event.kind)
            switch event.kind {
            case UInt32(KW_EVENT_STARTED): started = (string(event.id), string(event.name))
            case UInt32(KW_EVENT_TEXT): texts.append(string(event.text))
            case UInt32(KW_EVENT_TOOL_BEGIN): tool = (string(event.id), string(event.name), "")
            case UInt32(KW_EVENT_TOOL_ARGS): tool.arguments += string(event.text)
            case UInt32(KW_EVENT_WARNING): warnings.append(string(event.name))
            case UInt32(KW_EVENT_USAGE): usage = event.payload.ptr.load(as: kw_usage.self)
            default: break
            }
            if texts.count == cancelAfterTexts { cancelled.pointee = 1 }
            return KW_OK
        }
    }

    private let plugin: UnsafePointer<kw_plugin>
    private let host: UnsafeMutablePointer<kw_host>
    private let api: UnsafeMutablePointer<kw_call_api>
    private var instance: OpaquePointer?

    init(configuration: String = "{}") throws {
        host = .allocate(capacity: 1)
        host.initialize(to: kw_host())
        host.pointee.h.size = UInt32(MemoryLayout<kw_host>.size)
        host.pointee.sdk = KW_SDK
        api = .allocate(capacity: 1)
        api.initialize(to: Self.callTable())
        var table: UnsafePointer<kw_plugin>?
        let status = PluginEntry.export(ExtractiveProvider.self, host, KW_SDK, &table)
        guard status == KW_OK, let table else { throw Failure(status: status, message: "no table") }
        plugin = table
        var made: OpaquePointer?
        let call = Call()
        call.onReply = { made = $0.load(as: kw_create_out.self).instance }
        try withBorrowed(configuration) { text in
            var input = kw_create_in()
            input.h.size = UInt32(MemoryLayout<kw_create_in>.size)
            input.host = UnsafePointer(host)
            input.config_json = text
            try run(call) { plugin.pointee.create(nil, $0, &input) }
        }
        instance = made
    }

    deinit {
        if let instance {
            var none = kw_none()
            none.h.size = UInt32(MemoryLayout<kw_none>.size)
            try? run(Call()) { plugin.pointee.destroy(instance, $0, &none) }
        }
        host.deallocate()
        api.deallocate()
    }

    /// Whether the plugin calls itself healthy.
    func isHealthy() throws -> Bool {
        var healthy = false
        let call = Call()
        call.onReply = { healthy = $0.load(as: kw_health_out.self).state == KW_HEALTH_HEALTHY }
        try run(call) { plugin.pointee.health(instance, $0, nil) }
        return healthy
    }

    /// The id and the features of the first model.
    func model() throws -> (id: String, features: UInt64) {
        var result: (String, UInt64) = ("", 0)
        let call = Call()
        call.onReply = { reply in
            let model = reply.load(as: kw_models_out.self).models.ptr.load(as: kw_model.self)
            result = (string(model.id), model.features)
        }
        try run(call) { provider.pointee.models(instance, $0, nil) }
        return result
    }

    /// Streams an answer.
    /// - Returns: the kind of stop, `KW_STOP_*`, and the stop sequence that was met.
    @discardableResult
    func stream(_ call: Call, _ build: (inout RequestMemory) -> Void) throws -> (kind: UInt32, sequence: String) {
        var memory = RequestMemory()
        build(&memory)
        var stop: (UInt32, String) = (0, "")
        call.onReply = {
            let choice = $0.load(as: kw_generate_out.self).choices.ptr.load(as: kw_choice.self)
            stop = (choice.stop, string(choice.stop_sequence))
        }
        var input = memory.input()
        defer { memory.free() }
        try run(call) { provider.pointee.stream(instance, $0, &input) }
        return stop
    }

    /// - Returns: the number, and `KW_USAGE_*` flags.
    func countTokens(_ build: (inout RequestMemory) -> Void) throws -> (tokens: UInt64, flags: UInt64) {
        var memory = RequestMemory()
        build(&memory)
        var count: (UInt64, UInt64) = (0, 0)
        let call = Call()
        call.onReply = {
            let reply = $0.load(as: kw_token_count.self)
            count = (reply.tokens, reply.flags)
        }
        var input = memory.input()
        defer { memory.free() }
        try run(call) { provider.pointee.count_tokens(instance, $0, &input) }
        return count
    }

    private var provider: UnsafePointer<kw_provider> {
        plugin.pointee.ifaces.ptr.load(as: kw_iface.self).vtable.assumingMemoryBound(to: kw_provider.self)
    }

    private func run(_ call: Call, _ operation: (UnsafeMutablePointer<kw_call>) -> kw_status) throws {
        var record = kw_call()
        record.h.size = UInt32(MemoryLayout<kw_call>.size)
        record.api = UnsafePointer(api)
        record.cancelled = UnsafePointer(call.cancelled)
        record.host_private = Unmanaged.passUnretained(call).toOpaque()
        let status = withExtendedLifetime(call) { operation(&record) }
        guard status == KW_OK else { throw call.error ?? Failure(status: status, message: "") }
    }

    private static func callTable() -> kw_call_api {
        var table = kw_call_api()
        table.h.size = UInt32(MemoryLayout<kw_call_api>.size)
        table.alloc = { call, size, alignment in
            let block = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: Int(alignment))
            block.initializeMemory(as: UInt8.self, repeating: 0, count: Int(size))
            TestHost.of(call).blocks.append(block)
            return block
        }
        table.fail = { call, error in
            let error = error!.pointee
            TestHost.of(call).error = Failure(status: error.status, message: string(error.message))
            return error.status
        }
        table.emit = { call, event, _ in TestHost.of(call).take(event!.pointee) }
        table.reply = { call, reply in
            TestHost.of(call).onReply(reply!)
            return KW_OK
        }
        return table
    }

    private static func of(_ call: UnsafeMutablePointer<kw_call>?) -> Call {
        Unmanaged<Call>.fromOpaque(call!.pointee.host_private).takeUnretainedValue()
    }
}

func string(_ text: kw_str) -> String {
    text.len == 0 ? "" : String(decoding: UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len)), as: UTF8.self)
}

func withBorrowed<Result>(_ text: String, _ body: (kw_str) throws -> Result) rethrows -> Result {
    var text = text
    return try text.withUTF8 { utf8 in
        try body(
            utf8.isEmpty
                ? kw_str()
                : kw_str(
                    ptr: UnsafeRawPointer(utf8.baseAddress!).assumingMemoryBound(to: CChar.self),
                    len: UInt64(utf8.count)))
    }
}
