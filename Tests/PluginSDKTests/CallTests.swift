import CPluginCall
internal import Glibc
import PluginBridge
import Synchronization
import Testing

@testable import PluginSDK

/// What every operation has in common: its call, its errors, its end.
@Suite struct CallTests {
    private let host: TestHost
    private let provider: kw_provider
    private let tools: kw_tools

    init() throws {
        host = try TestHost(Everything.self)
        provider = try host.table(KW_PROVIDER_ID, kw_provider.self)
        tools = try host.table(KW_TOOLS_ID, kw_tools.self)
    }

    /// Runs `act` within an operation.
    private func within(
        _ call: TestCall = unsafe TestCall(),
        _ act: @escaping @Sendable (borrowing PluginCall) throws(PluginError) -> Void
    ) throws(PluginError) {
        host.recorder.state.withLock { $0.act = act }
        unsafe try host.tell(host.plugin.pointee.start, on: call)
    }

    @Test func `A plugin sees everything that the caller said`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let texts = unsafe (writer.string("run-1"), writer.string("00-a-b-01"), writer.string("other"))
        let attributes = unsafe writer.pairs(["a": "1", "b": "ü"])
        let call = unsafe TestCall()
        unsafe call.prepare = { call in
            unsafe call.id = 99
            unsafe call.deadline_ns = 1
            unsafe call.connect_deadline_ns = 2
            unsafe call.headers_deadline_ns = 3
            unsafe call.first_content_deadline_ns = 4
            unsafe call.between_chunks_ns = 5
            unsafe call.run_id = unsafe texts.0
            unsafe call.traceparent = unsafe texts.1
            unsafe call.caller = unsafe texts.2
            unsafe call.attributes = unsafe attributes
        }
        try within(call) { call throws(PluginError) in
            #expect(call.id == 99)
            #expect(call.runID == "run-1" && call.traceparent == "00-a-b-01" && call.caller == "other")
            #expect(try call.attributes() == ["a": "1", "b": "ü"])
            #expect(
                call.deadlines
                    == CallDeadlines(
                        total: MonotonicTime(nanoseconds: 1), connect: MonotonicTime(nanoseconds: 2),
                        headers: MonotonicTime(nanoseconds: 3), firstContent: MonotonicTime(nanoseconds: 4),
                        betweenChunks: .nanoseconds(5)))
            #expect(call.deadlines.total?.hasPassed == true)
        }
    }

    @Test func `What the caller did not say is nil`() throws {
        try within { call throws(PluginError) in
            #expect(call.runID == nil && call.traceparent == nil && call.caller == nil)
            #expect(try call.attributes().isEmpty)
            #expect(call.deadlines == CallDeadlines())
            #expect(call.isCancelled == false)
        }
    }

    @Test func `A call of an older host has no more than its size says`() throws {
        let call = unsafe TestCall()
        unsafe call.prepare = { call in
            unsafe call.deadline_ns = 1
            unsafe call.connect_deadline_ns = 2
            unsafe call.between_chunks_ns = 5
            unsafe call.h.size = unsafe UInt32(MemoryLayout<kw_call>.offset(of: \.connect_deadline_ns)!)
        }
        try within(call) { call in
            #expect(call.deadlines == CallDeadlines(total: MonotonicTime(nanoseconds: 1)))
        }
    }

    @Test func `Time that is left falls, and has passed in the past`() {
        let soon = MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds + 3_600_000_000_000)
        #expect(!soon.hasPassed && soon.remaining > .seconds(3000) && soon.remaining <= .seconds(3600))
        #expect(MonotonicTime(nanoseconds: 1).hasPassed && MonotonicTime(nanoseconds: 1).remaining < .zero)
    }

    // MARK: Cancellation

    @Test func `A stream that is cancelled in the middle stops at its next event`() throws {
        let call = unsafe TestCall()
        var texts = 0
        unsafe call.onEvent = { event in
            if unsafe event.kind == UInt32(KW_EVENT_TEXT) {
                texts += 1
                if texts == 1 { call.cancel() }
            }
            return KW_OK
        }
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let error = thrown {
            unsafe try host.call(provider.stream, writer.request(Values.request), reply: kw_generate_out.self, on: call)
            { _, _ in }
        }
        #expect(error?.code == .cancelled)
        #expect(texts == 1)
    }

    @Test func `A cancelled call is seen by the flag, the check and the descriptor`() throws {
        let call = unsafe TestCall()
        call.isCancelled = true
        let error = thrown {
            try within(call) { call throws(PluginError) in
                #expect(call.isCancelled == true)
                let descriptor = try require(throwing: call.cancelDescriptor())
                var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                unsafe #expect(Glibc.poll(&poll, 1, 0) == 1)
                try call.checkCancellation()
            }
        }
        #expect(error?.code == .cancelled)
    }

    @Test func `A cancellation from another thread wakes who waits for the descriptor`() async throws {
        let call = unsafe TestCall()
        let gate = Gate(2)
        host.recorder.state.withLock {
            $0.act = { call throws(PluginError) in
                let descriptor = try require(throwing: call.cancelDescriptor())
                gate.pass()
                var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                unsafe #expect(Glibc.poll(&poll, 1, -1) == 1)
                try call.checkCancellation()
            }
        }
        async let canceller: Void = onOwnThread {
            gate.pass()
            call.cancel()
        }
        let error = try await onOwnThread { [host] in
            thrown { unsafe try host.tell(host.plugin.pointee.start, on: call) }
        }
        try await canceller
        #expect(error?.code == .cancelled)
    }

    @Test func `A call that takes no events drops them, and other refusals are errors`() throws {
        try within { call throws(PluginError) in
            try call.heartbeat()
            try call.warning("a", "b")
        }
        let call = unsafe TestCall(onEvent: { _ in KW_RESOURCE_EXHAUSTED })
        let error = thrown {
            try within(call) { call throws(PluginError) in try call.heartbeat() }
        }
        #expect(error?.code == .resourceExhausted)
    }

    // MARK: Errors

    @Test func `An error arrives with its code, prose, facts and advice`() throws {
        host.recorder.state.withLock {
            $0.failure = PluginError(
                .rateLimited, "too fast", remedy: "Slow down",
                facts: .limit(name: "rpm", value: 3, unit: "1/min", source: "us"),
                retryAfter: .milliseconds(1500))
        }
        let failure = thrown { unsafe try host.tell(host.plugin.pointee.start) }
        let error = try #require(failure)
        #expect(error.code == .rateLimited)
        #expect(error.what == "too fast. Slow down.")
        #expect(error.retryable && error.retryAfter == .milliseconds(1500))
        guard case .plugin(let reported) = error.facts else { return #expect(Bool(false)) }
        #expect(reported.details == ["limit": "rpm", "value": 3, "unit": "1/min", "source": "us"])
    }

    @Test func `A remote service's error arrives as it was`() throws {
        let reported = PluginError.Facts.Reported(
            status: KW_TRANSPORT, vendorCode: -7, domain: "tea", httpStatus: 418, requestID: "r", details: ["a": 1])
        host.recorder.state.withLock {
            $0.failure = PluginError(.transport, "no", facts: .plugin(reported), retryable: false)
        }
        let error = thrown { unsafe try host.tell(host.plugin.pointee.start) }
        #expect(error?.facts == .plugin(reported))
        #expect(error?.retryable == false)
    }

    @Test func `Every code reaches the host as itself, or as internal`() throws {
        for code in PluginError.Code.all {
            host.recorder.state.withLock { $0.failure = PluginError(code, "x") }
            let error = thrown { unsafe try host.tell(host.plugin.pointee.start) }
            #expect(error?.code == PluginError.Code(status: code.status), "\(code)")
        }
    }

    @Test func `A reply that is larger than the host allows is an error, not half a reply`() throws {
        for (quota, isEnough) in [(1 << 20, true), (200, false), (16, false), (0, false)] as [(UInt64, Bool)] {
            let call = unsafe TestCall()
            call.quota = quota
            do {
                let count = unsafe try host.ask(tools.list, reply: kw_tools_out.self, on: call) { reply, _ in
                    unsafe reply.tools.count
                }
                #expect(isEnough && count == 1)
            } catch {
                #expect(!isEnough)
                #expect(error.code == .resourceExhausted)
            }
        }
    }

    // MARK: Misuse

    @Test func `A missing call, input or instance is refused`() throws {
        unsafe #expect(host.plugin.pointee.start(host.instance, nil, nil) == KW_INVALID_ARGUMENT)
        unsafe #expect(tools.invoke(host.instance, nil, nil) == KW_INVALID_ARGUMENT)
        let embedder = try host.table(KW_EMBEDDER_ID, kw_embedder.self)
        unsafe #expect(embedder.embed(host.instance, nil, nil) == KW_INVALID_ARGUMENT)
        let input = thrown {
            unsafe try host.call(tools.invoke, at: nil, reply: kw_tool_out.self, on: nil) { _, _ in }
        }
        #expect(input?.code == .invalidArgument)
        #expect(input?.what.contains("without an input") == true)
        let call = unsafe TestCall()
        unsafe call.instance = unsafe .some(nil)
        let instance = thrown { unsafe try host.tell(host.plugin.pointee.start, on: call) }
        #expect(instance?.code == .invalidArgument)
        #expect(instance?.what.contains("without an instance") == true)
    }

    @Test func `A create without a host is refused`() {
        let error = thrown {
            unsafe try host.call(
                host.plugin.pointee.create,
                kw_create_in(
                    h: .of(kw_create_in.self), host: nil, config_json: kw_str(), data_dir: kw_str(),
                    instance_name: kw_str(), state: kw_bytes(), package_dir: kw_str()),
                reply: kw_create_out.self, on: nil
            ) { _, _ in }
        }
        #expect(error?.code == .invalidArgument)
    }

    /// Invokes a tool with an input of another size than this side's.
    private func invoke(size: Int, flags: UInt32 = 0) throws -> ToolCall? {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var input = unsafe writer.tool(ToolCall(id: "c1", name: "look", arguments: "{}", index: 0))
        unsafe input.h = kw_hdr(size: UInt32(size), flags: flags)
        // A newer host's struct is longer; what is behind ours means nothing to us.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 16)
        defer { unsafe memory.deallocate() }
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xAA)
        unsafe memory.storeBytes(of: input, as: kw_tool_in.self)
        unsafe try host.call(tools.invoke, at: memory.baseAddress, reply: kw_tool_out.self, on: nil) { _, _ in }
        return host.recorder.input(ToolCall.self)
    }

    @Test func `An input of an older host is filled up, of a newer one read as far as it is known`() throws {
        let full = ToolCall(id: "c1", name: "look", arguments: "{}", index: 0)
        unsafe #expect(try invoke(size: MemoryLayout<kw_tool_in>.size) == full)
        unsafe #expect(try invoke(size: MemoryLayout<kw_tool_in>.size + 64) == full)
        let old = unsafe MemoryLayout<kw_tool_in>.offset(of: \.arguments_json)!
        #expect(try invoke(size: old) == ToolCall(id: "c1", name: "look", arguments: "", index: 0))
        unsafe #expect(try invoke(size: MemoryLayout<kw_tool_in>.size, flags: KW_MUST) == full)
    }

    @Test func `What must be understood and is not, and what has no header, is refused`() {
        let newer = thrown {
            unsafe try invoke(size: MemoryLayout<kw_tool_in>.size + 8, flags: KW_MUST)
        }
        #expect(newer?.code == .unsupported)
        let short = thrown { try invoke(size: 4) }
        #expect(short?.code == .invalidArgument)
        #expect(host.recorder.input(ToolCall.self) == nil)
    }

    @Test func `Text without memory, and text that is not UTF-8, are refused by their name`() {
        let bytes: [UInt8] = [0x61, 0xC3]
        unsafe bytes.withUnsafeBytes { bytes in
            let pointer = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            unsafe refuses(kw_str(ptr: nil, len: 3), "with a length and no text")
            unsafe refuses(kw_str(ptr: pointer, len: 2), "that is not UTF-8")
        }
    }

    private func refuses(_ name: kw_str, _ reason: String) {
        var input = unsafe zeroed(kw_tool_in.self)
        unsafe input.h = .of(kw_tool_in.self)
        unsafe input.name = name
        let error = thrown {
            try unsafe host.call(tools.invoke, input, reply: kw_tool_out.self, on: nil) { _, _ in }
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.what.contains("tools.invoke was given a tool's name \(reason)") == true, "\(error?.what ?? "")")
    }

    @Test func `JSON that is none is refused by its name`() {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var request = unsafe writer.request(Values.request)
        unsafe request.metadata_json = unsafe writer.string("{")
        let error = thrown {
            unsafe try host.call(provider.generate, request, reply: kw_generate_out.self, on: nil) { _, _ in }
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.what.contains("metadata is not valid JSON") == true, "\(error?.what ?? "")")
    }
}

/// `#require` for functions that throw a `PluginError`.
private func require<Value>(throwing value: Value?) throws(PluginError) -> Value {
    guard let value else { throw PluginError(.internal, "there is no value") }
    return value
}
