import CPluginCall
import PluginBridge
import Synchronization
import Testing

@testable import PluginSDK

@Suite struct LifecycleTests {
    @Test func `An instance starts, tells its health, stops and hands over its state`() throws {
        let host = try TestHost(Everything.self)
        unsafe try host.tell(host.plugin.pointee.start)
        let health = unsafe try host.ask(host.plugin.pointee.health, reply: kw_health_out.self) {
            reply, reader throws(PluginError) in
            unsafe (reply.state, try reader.text(reply.message, "m"), try reader.json(reply.details_json, "d"))
        }
        #expect(health == (UInt32(KW_HEALTH_WARNING), "slow disk", ["free": 12]))
        let wanted = kw_quiesce_in(
            h: .of(kw_quiesce_in.self), reason: UInt32(KW_QUIESCE_SWAP), flags: UInt32(KW_QUIESCE_WANTS_STATE))
        let state = unsafe try host.call(host.plugin.pointee.quiesce, wanted, reply: kw_quiesce_out.self, on: nil) {
            reply, _ in
            var lease = unsafe reply.state
            let bytes = unsafe Array(UnsafeRawBufferPointer(start: lease.ptr, count: Int(lease.len)))
            unsafe #expect(reply.threads_left == 0)
            unsafe lease.release(&lease)
            unsafe #expect(lease.release == nil)
            return bytes
        }
        #expect(state == Array("handed over".utf8))
        #expect(
            host.recorder.state.withLock { $0.inputs.compactMap { $0 as? String } } == ["start", "health", "stop swap"])
        let unwanted = kw_quiesce_in(h: .of(kw_quiesce_in.self), reason: 99, flags: 0)
        let isEmpty = unsafe try host.call(
            host.plugin.pointee.quiesce, unwanted, reply: kw_quiesce_out.self, on: nil
        ) { reply, _ in unsafe reply.state.len == 0 }
        #expect(isEmpty && host.recorder.input() == "stop stop")
    }

    @Test func `Nothing to hand over is no lease`() throws {
        let host = try TestHost(Bare.self)
        let wanted = kw_quiesce_in(
            h: .of(kw_quiesce_in.self), reason: UInt32(KW_QUIESCE_STOP), flags: UInt32(KW_QUIESCE_WANTS_STATE))
        let isEmpty = unsafe try host.call(host.plugin.pointee.quiesce, wanted, reply: kw_quiesce_out.self, on: nil) {
            reply, _ in unsafe reply.state.len == 0 && reply.state.release == nil
        }
        #expect(isEmpty)
    }

    @Test func `A configuration that is refused names its place`() throws {
        let error = thrown {
            try TestHost(Everything.self, configuration: #"{"refuse":"no such setting"}"#)
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.what == "no such setting. Do not refuse.")
        guard case .plugin(let reported) = error?.facts else { return #expect(Bool(false)) }
        #expect(reported.details == ["pointer": "/refuse"])
    }

    @Test func `A configuration that is no JSON is refused with its place`() throws {
        let error = thrown { try TestHost(Everything.self, configuration: "{,}") }
        #expect(error?.code == .invalidArgument)
        #expect(error?.what.contains("configuration") == true)
        #expect(error?.what.contains("line 1") == true)
    }

    @Test(arguments: [false, true])
    func `A new configuration is judged, and its issues have places`(isDryRun: Bool) throws {
        let host = try TestHost(Everything.self)
        func configure(_ text: String) throws -> [ConfigurationIssue] {
            var writer = ABIWriter()
            defer { extendLifetime(writer) }
            let input = unsafe kw_config_in(
                h: .of(kw_config_in.self), config_json: writer.string(text),
                flags: isDryRun ? UInt32(KW_CONFIGURE_DRY_RUN) : 0, reserved: 0)
            return unsafe try host.call(host.plugin.pointee.configure, input, reply: kw_config_out.self, on: nil) {
                reply, reader throws(PluginError) in
                unsafe try reader.elements(reply.issues, of: kw_config_issue.self, "issues") {
                    issue throws(PluginError) in unsafe try ConfigurationIssue(issue, reader)
                }
            }
        }
        #expect(try configure(#"{"good":1}"#).isEmpty)
        #expect(host.recorder.input() == "configure {\"good\":1} \(isDryRun)")
        #expect(
            try configure(#"{"bad":1}"#) == [
                ConfigurationIssue(at: "/bad", "is not wanted", code: "bad"),
                ConfigurationIssue(at: "", "is bad as a whole", severity: .warning),
            ])
    }

    @Test func `A due task and a failure arrive with every field`() throws {
        let host = try TestHost(Everything.self)
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let task = unsafe kw_task_in(
            h: .of(kw_task_in.self), id: 5, name: writer.string("sweep"), payload: writer.bytes([1, 2]))
        unsafe try host.call(host.plugin.pointee.task, task, reply: kw_none.self, on: nil) { _, _ in }
        #expect(host.recorder.input() == ScheduledTask(id: 5, name: "sweep", payload: [1, 2]))
        let reported = PluginError.Facts.Reported(status: KW_DEADLINE_EXCEEDED, domain: "d", backtrace: "at 0x1")
        let error = PluginError(.timeout, "too slow", facts: .plugin(reported))
        let notice = unsafe kw_notice_in(
            h: .of(kw_notice_in.self), status: KW_DEADLINE_EXCEEDED, reserved: 0,
            operation: writer.string("embedder.embed"), message: writer.string("too slow"),
            error: writer.span([writer.error(error)]), call: 7, execution_id: writer.string("run-1"), at_unix_ns: 8,
            recovery: writer.string("wait"))
        unsafe try host.call(host.plugin.pointee.notice, notice, reply: kw_none.self, on: nil) { _, _ in }
        #expect(
            host.recorder.input()
                == CallFailure(
                    code: .timeout, operation: "embedder.embed", message: "too slow", reported: reported, callID: 7,
                    executionID: "run-1", atUnixNanoseconds: 8, recovery: "wait"))
    }

    @Test func `A destroyed instance lets go of the author's value`() throws {
        weak var watched: Watched.Token?
        do {
            let host = try TestHost(Watched.self)
            watched = Watched.last.withLock { $0.token }
            #expect(watched != nil)
            Watched.last.withLock { $0.token = nil }
            #expect(watched != nil)
            extendLifetime(host)
        }
        #expect(watched == nil)
    }
}

/// Offers hooks and embeddings, and holds an object whose end can be seen.
private struct Watched: HookPlugin, ToolPlugin {
    final class Token: Sendable {}
    struct Last { var token: Token? }

    static let description = PluginDescription(id: "watched", version: "1.0.0")
    static let last = Mutex(Last())

    private let token = Token()

    init(configuration: JSON, host: HostContext) throws(PluginError) {
        let token = token
        Self.last.withLock { $0.token = token }
    }

    func hooks(_ call: borrowing PluginCall) throws(PluginError) -> [Hook] { [] }
    func handle(_ event: borrowing HookInput, _ call: borrowing PluginCall) throws(PluginError) -> HookReply {
        HookReply()
    }
    func tools(_ call: borrowing PluginCall) throws(PluginError) -> [ToolSpecification] { [] }
    func invoke(_ tool: ToolCall, _ call: borrowing PluginCall) throws(PluginError) -> ToolOutput { ToolOutput([]) }
}
