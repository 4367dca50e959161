import PluginSDK
import Synchronization
import Testing

/// Does in `start` what a test says.
struct ServiceUser: PluginImplementation {
    typealias Body = @Sendable (HostContext, borrowing PluginCall) throws(PluginError) -> Void

    static let description = PluginDescription(id: "service-user", version: "1.0.0")
    static let body = Mutex<[String: Body]>([:])

    private let host: HostContext

    init(configuration: JSON, host: HostContext) throws(PluginError) { self.host = host }

    func start(_ call: borrowing PluginCall) throws(PluginError) {
        let body = Self.body.withLock { $0[host.instanceName] }
        try body?(host, call)
    }
}

@Suite struct HostContextTests {
    private func run(_ host: TestHost, _ body: @escaping ServiceUser.Body) throws {
        ServiceUser.body.withLock { $0[host.recorder.name] = body }
        unsafe try host.tell(host.plugin.pointee.start)
    }

    @Test func `Log lines and metrics reach the host with every field`() throws {
        let host = try TestHost(ServiceUser.self)
        try run(host) { context, _ in
            context.log(.error, "brøken", component: "disk", fields: ["left": 3])
            context.log(.trace, "plain")
            context.metric("hits", .counter, 2, labels: ["a": "b"])
            context.metric("took", .duration, 0.5)
        }
        let state = host.state.withLock { ($0.logs, $0.metrics) }
        #expect(
            state.0 == [
                TestHost.Log(
                    level: UInt32(KW_LOG_ERROR), component: "disk", message: "brøken", fields: #"{"left":3}"#),
                TestHost.Log(level: UInt32(KW_LOG_TRACE), component: "", message: "plain", fields: ""),
            ])
        #expect(
            state.1 == [
                TestHost.Measurement(
                    name: "hits", kind: UInt32(KW_INSTRUMENT_COUNTER), value: 2, labels: #"{"a":"b"}"#),
                TestHost.Measurement(name: "took", kind: UInt32(KW_INSTRUMENT_DURATION), value: 0.5, labels: ""),
            ])
    }

    @Test func `The host says what it is, and what was handed over`() throws {
        let host = try TestHost(ServiceUser.self, dataFolder: "/data", state: [1, 2])
        let name = host.recorder.name
        try run(host) { context, _ in
            #expect(context.name == "test-host")
            #expect(context.version == "1.2.3")
            #expect(context.sdk == KW_SDK)
            #expect(context.now == MonotonicTime(nanoseconds: 1_234_567_890))
            #expect(context.dataFolder == "/data")
            #expect(context.instanceName == name)
            #expect(context.state == [1, 2])
        }
        let bare = try TestHost(ServiceUser.self)
        try run(bare) { context, _ in
            #expect(context.dataFolder == nil)
            #expect(context.state.isEmpty)
        }
    }

    @Test func `A thread of the plugin's own asks for services by a call of its own`() async throws {
        let host = try TestHost(ServiceUser.self)
        let context = Mutex<HostContext?>(nil)
        // The context outlives the operation, as the instance does.
        try run(host) { given, _ in ServiceUser.kept.withLock { $0[given.instanceName] = given } }
        context.withLock { $0 = ServiceUser.kept.withLock { $0[host.recorder.name] } }
        let given = try #require(context.withLock { $0 })
        let bytes = try await onOwnThread {
            try given.withCall(deadline: MonotonicTime(nanoseconds: 77)) { call throws(PluginError) in
                #expect(call.deadlines.total == MonotonicTime(nanoseconds: 77))
                #expect(host.state.withLock { $0.openCalls } == 1)
                return try given.files().read("a", for: call)
            }
        }
        #expect(bytes == [1, 2, 3])
        #expect(host.state.withLock { $0.openCalls } == 0)
    }

    @Test func `An own call ends with its owner, however it ends`() throws {
        let host = try TestHost(ServiceUser.self)
        try run(host) { context, _ throws(PluginError) in
            do {
                let own = try context.openCall()
                #expect(host.state.withLock { $0.openCalls } == 1)
                _ = try context.keyValues().get("a", for: own.call)
            }
            #expect(host.state.withLock { $0.openCalls } == 0)
            let error = thrown {
                try context.withCall { _ throws(PluginError) in throw PluginError(.dataLoss, "broken") }
            }
            #expect(error?.code == .dataLoss)
            #expect(host.state.withLock { $0.openCalls } == 0)
        }
    }

    @Test func `A host that opens no call says so`() throws {
        let host = try TestHost(ServiceUser.self)
        host.state.withLock { $0.refusesCalls = true }
        try run(host) { context, _ in
            let error = thrown { try context.withCall { _ in } }
            #expect(error?.code == .unavailable)
        }
        // A host of a time before open_call.
        let old = unsafe try TestHost(ServiceUser.self, hostSize: MemoryLayout<kw_host>.offset(of: \.open_call)!)
        try run(old) { context, _ in
            let error = thrown { try context.withCall { _ in } }
            #expect(error?.code == .unsupported)
        }
    }
}

extension ServiceUser {
    static let kept = Mutex<[String: HostContext]>([:])
}
