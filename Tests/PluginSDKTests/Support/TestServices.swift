import CPluginCall
import PluginBridge
import PluginSDK
import Synchronization

/// The tables of every host service. Each function says in words what it was asked, so that a test sees every field.
enum TestServices {
    static func tables() -> [String: UnsafeMutableRawPointer] {
        unsafe [
            KW_HOST_FS_ID: keep(files()), KW_HOST_HTTP_ID: keep(http()), KW_HOST_KV_ID: keep(keyValues()),
            KW_HOST_SECRETS_ID: keep(secrets()), KW_HOST_SCHEDULE_ID: keep(schedule()), KW_HOST_CALL_ID: keep(calls()),
            KW_HOST_MESSAGES_ID: keep(messages()), KW_HOST_STATE_ID: keep(state()),
            KW_HOST_PERMISSIONS_ID: keep(permissions()),
        ]
    }

    private static func keep<Table: BitwiseCopyable>(_ table: Table) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        unsafe memory.initialize(to: table)
        return UnsafeMutableRawPointer(memory)
    }

    private static func files() -> kw_host_fs {
        var table = zeroed(kw_host_fs.self)
        table.h = .of(kw_host_fs.self)
        unsafe table.read = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "read \(text(input!.pointee.path)) \(input!.pointee.flags)") {
                unsafe contents(&$0, [1, 2, 3])
            }
        }
        unsafe table.write = { host, call, input, out in
            let input = unsafe input!.pointee
            return unsafe serve(
                host, call, out, unsafe "write \(text(input.path)) \(bytes(input.bytes)) \(input.flags)"
            ) { _ in
                count(4)
            }
        }
        unsafe table.open = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "open \(text(input!.pointee.path)) \(input!.pointee.flags)") { _ in
                kw_file_out(h: .of(kw_file_out.self), descriptor: 99, reserved: 0)
            }
        }
        unsafe table.stat = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "stat \(text(input!.pointee.path))") {
                unsafe information("link", UInt32(KW_FILE_LINK), &$0)
            }
        }
        unsafe table.list = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "list \(text(input!.pointee.path))") { writer in
                let list = unsafe [
                    information("a", UInt32(KW_FILE_REGULAR), &writer),
                    information("b", UInt32(KW_FILE_FOLDER), &writer),
                    information("c", UInt32(KW_FILE_OTHER), &writer),
                ]
                return unsafe kw_file_list(h: .of(kw_file_list.self), files: writer.span(list))
            }
        }
        unsafe table.make_folder = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "make_folder \(text(input!.pointee.path))", none)
        }
        unsafe table.remove = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "remove \(text(input!.pointee.path))", none)
        }
        return table
    }

    private static func http() -> kw_host_http {
        var table = zeroed(kw_host_http.self)
        table.h = .of(kw_host_http.self)
        unsafe table.request = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "request \(question(input!.pointee))") { writer in
                unsafe kw_http_out(
                    h: .of(kw_http_out.self), status: 404, reserved: 0, url: writer.string("https://b/"),
                    headers: writer.namedValues([NamedValue("x", "1"), NamedValue("x", "2")]),
                    body: writer.bytes([5, 6]), handle: 0)
            }
        }
        unsafe table.open = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "open \(question(input!.pointee))") { writer in
                unsafe kw_http_out(
                    h: .of(kw_http_out.self), status: 200, reserved: 0, url: writer.string("https://c/"),
                    headers: kw_span(), body: kw_bytes(), handle: 21)
            }
        }
        unsafe table.read = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "read \(input!.pointee.handle) \(input!.pointee.max)") {
                unsafe contents(&$0, piece(host))
            }
        }
        unsafe table.close = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "close \(input!.pointee.handle)", none)
        }
        return table
    }

    private static func keyValues() -> kw_host_kv {
        var table = zeroed(kw_host_kv.self)
        table.h = .of(kw_host_kv.self)
        unsafe table.get = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "get \(text(input!.pointee.key))") { writer in
                unsafe kw_kv_value(h: .of(kw_kv_value.self), value: writer.bytes([9]), version: 31)
            }
        }
        unsafe table.set = { host, call, input, out in
            let input = unsafe input!.pointee
            let question =
                unsafe "set \(text(input.key)) \(bytes(input.value)) \(input.ttl_ns) \(input.flags) \(input.if_version)"
            return unsafe serve(host, call, out, question) { _ in
                unsafe kw_kv_value(h: .of(kw_kv_value.self), value: kw_bytes(), version: 32)
            }
        }
        unsafe table.remove = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "remove \(text(input!.pointee.key))") { _ in count(1) }
        }
        unsafe table.list = { host, call, input, out in
            let input = unsafe input!.pointee
            return unsafe serve(
                host, call, out, unsafe "list \(text(input.prefix)) \(text(input.after)) \(input.limit)"
            ) { writer in
                unsafe kw_keys_out(
                    h: .of(kw_keys_out.self), keys: writer.strings(["k1", "k2"]), next: writer.string("k2"))
            }
        }
        return table
    }

    private static func secrets() -> kw_host_secrets {
        var table = zeroed(kw_host_secrets.self)
        table.h = .of(kw_host_secrets.self)
        unsafe table.get = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "get \(text(input!.pointee.key))") {
                unsafe contents(&$0, Array("hush".utf8))
            }
        }
        return table
    }

    private static func schedule() -> kw_host_schedule {
        var table = zeroed(kw_host_schedule.self)
        table.h = .of(kw_host_schedule.self)
        unsafe table.add = { host, call, input, out in
            let input = unsafe input!.pointee
            let question = unsafe "add \(text(input.name)) \(bytes(input.payload)) \(input.delay_ns) \(input.period_ns)"
            return unsafe serve(host, call, out, question) { _ in kw_handle(h: .of(kw_handle.self), handle: 41) }
        }
        unsafe table.cancel = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "cancel \(input!.pointee.handle)") { _ in count(0) }
        }
        return table
    }

    private static func calls() -> kw_host_call {
        var table = zeroed(kw_host_call.self)
        table.h = .of(kw_host_call.self)
        unsafe table.invoke = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "invoke \(question(input!.pointee))") { writer in
                unsafe kw_invoke_out(h: .of(kw_invoke_out.self), output: writer.bytes([1]), output_type: kw_str())
            }
        }
        unsafe table.open = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "open \(question(input!.pointee))") { _ in
                kw_handle(h: .of(kw_handle.self), handle: 51)
            }
        }
        unsafe table.read = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "read \(input!.pointee.handle) \(input!.pointee.max)") {
                unsafe contents(&$0, piece(host))
            }
        }
        unsafe table.close = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "close \(input!.pointee.handle)", none)
        }
        return table
    }

    private static func messages() -> kw_host_messages {
        var table = zeroed(kw_host_messages.self)
        table.h = .of(kw_host_messages.self)
        unsafe table.send = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "send \(question(input!.pointee))", none)
        }
        unsafe table.request = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "request \(question(input!.pointee))") { writer in
                unsafe kw_reply_message(
                    h: .of(kw_reply_message.self), sender: writer.string("them"), type: writer.string("pong"),
                    payload_type: writer.string("text/plain"), payload: writer.bytes([61]))
            }
        }
        unsafe table.publish = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "publish \(question(input!.pointee))") { _ in count(62) }
        }
        unsafe table.subscribe = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "subscribe \(text(input!.pointee.topic))", none)
        }
        unsafe table.unsubscribe = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "unsubscribe \(text(input!.pointee.topic))") { _ in count(1) }
        }
        return table
    }

    private static func state() -> kw_host_state {
        var table = zeroed(kw_host_state.self)
        table.h = .of(kw_host_state.self)
        unsafe table.get = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "get \(text(input!.pointee.key))") { unsafe contents(&$0, [71]) }
        }
        unsafe table.set = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "set \(text(input!.pointee.key)) \(bytes(input!.pointee.value))", none)
        }
        unsafe table.remove = { host, call, input, out in
            unsafe serve(host, call, out, unsafe "remove \(text(input!.pointee.key))") { _ in count(0) }
        }
        return table
    }

    private static func permissions() -> kw_host_permissions {
        var table = zeroed(kw_host_permissions.self)
        table.h = .of(kw_host_permissions.self)
        unsafe table.check = { host, call, input, out in
            let input = unsafe input!.pointee
            return unsafe serve(host, call, out, unsafe "check \(text(input.permission)) \(text(input.resource))") {
                writer in
                unsafe kw_permission_out(
                    h: .of(kw_permission_out.self), is_granted: 0, reserved: 0, reason: writer.string("ask ann"))
            }
        }
        return table
    }
}

// Functions of the file, because a C function captures nothing, not even its type.

private typealias Host = UnsafePointer<kw_host>?
private typealias Call = UnsafeMutablePointer<kw_call>?

private func none(_ writer: inout ABIWriter) -> kw_none { kw_none(h: .of(kw_none.self)) }

/// Takes a question down and answers it, from the call's arena as hosts do.
private func serve<Output: BitwiseCopyable>(
    _ host: Host, _ call: Call, _ out: UnsafeMutablePointer<UnsafePointer<Output>?>?, _ question: String,
    _ answer: (inout ABIWriter) -> Output
) -> kw_status {
    let failure = unsafe TestHost.of(host).state.withLock { state in
        state.asked.append(question)
        return state.failure
    }
    let call = unsafe call!
    guard let failure else {
        var writer = unsafe ABIWriter(arena: call)
        let output = answer(&writer)
        let memory = unsafe call.pointee.api.pointee.alloc(call, UInt64(MemoryLayout<Output>.size), 16)!
        unsafe memory.storeBytes(of: output, as: Output.self)
        unsafe out?.pointee = unsafe UnsafePointer(memory.assumingMemoryBound(to: Output.self))
        return KW_OK
    }
    var error = unsafe zeroed(kw_error.self)
    var writer = ABIWriter()
    unsafe error.h = unsafe .of(kw_error.self)
    unsafe error.status = failure.code.status
    unsafe error.message = unsafe writer.string(failure.what)
    unsafe error.vendor_code = 17
    unsafe error.http_status = 418
    unsafe error.retry = UInt32(KW_RETRY_YES)
    unsafe error.retry_after_ns = 2_000_000_000
    unsafe error.domain = unsafe writer.string("tea")
    unsafe error.request_id = unsafe writer.string("req-1")
    unsafe error.details_json = unsafe writer.string(#"{"pot":true}"#)
    defer { extendLifetime(writer) }
    return unsafe call.pointee.api.pointee.fail(call, &error)
}

private func text(_ text: kw_str) -> String { unsafe ABIReader.repaired(text) }
private func bytes(_ bytes: kw_bytes) -> String {
    unsafe ABIReader.repaired(
        kw_str(ptr: bytes.ptr?.assumingMemoryBound(to: CChar.self), len: bytes.len))
}

private func pairs(_ span: kw_span) -> String {
    let values = unsafe try? ABIReader(plugin: "", operation: "test", side: .input).namedValues(span, "pairs")
    return (values ?? []).map { "\($0.name)=\($0.value)" }.joined(separator: ",")
}

private func contents(_ writer: inout ABIWriter, _ bytes: [UInt8]) -> kw_contents {
    unsafe kw_contents(h: .of(kw_contents.self), bytes: writer.bytes(bytes))
}

private func piece(_ host: Host) -> [UInt8] {
    unsafe TestHost.of(host).state.withLock { $0.pieces.isEmpty ? [] : $0.pieces.removeFirst() }
}

private func information(_ name: String, _ kind: UInt32, _ writer: inout ABIWriter) -> kw_file_info {
    unsafe kw_file_info(
        h: .of(kw_file_info.self), name: writer.string(name), kind: kind, mode: 0o640, size: 11,
        modified_unix_ns: 12)
}

private func question(_ input: kw_http_in) -> String {
    unsafe "\(text(input.method)) \(text(input.url)) \(pairs(input.headers)) \(bytes(input.body)) \(input.timeout_ns) "
        + "\(input.max_body) \(input.max_redirects)"
}

private func question(_ input: kw_invoke_in) -> String {
    unsafe "\(text(input.plugin)) \(text(input.interface)) \(text(input.operation)) \(bytes(input.input)) "
        + text(input.input_type)
}

private func question(_ input: kw_send_message_in) -> String {
    unsafe "\(text(input.to)) \(text(input.type)) \(text(input.payload_type)) \(bytes(input.payload))"
}

private func count(_ number: UInt64) -> kw_count { kw_count(h: .of(kw_count.self), count: number) }
