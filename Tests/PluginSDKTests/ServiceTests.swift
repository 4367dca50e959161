import Synchronization
import Testing

@testable import PluginSDK

/// Every function of every host service, through the tables of a real host.
@Suite struct ServiceTests {
    /// Runs `body` as the work of an operation, which is where plugins ask for services.
    private func asked(
        _ prepare: (inout TestHost.State) -> Void = { _ in },
        _ body: @escaping @Sendable (HostContext, borrowing PluginCall) throws(PluginError) -> Void
    ) throws -> [String] {
        let host = try TestHost(ServiceUser.self)
        host.state.withLock { prepare(&$0) }
        ServiceUser.body.withLock { $0[host.recorder.name] = body }
        unsafe try host.tell(host.plugin.pointee.start)
        return host.state.withLock { $0.asked }
    }

    @Test func `Files are read, written, opened, listed and removed`() throws {
        let questions = try asked { host, call throws(PluginError) in
            let files = try host.files()
            #expect(try files.read("a.txt", for: call) == [1, 2, 3])
            #expect(try files.write("b.txt", Array("text".utf8), options: [.append, .exclusive], for: call) == 4)
            #expect(try files.open("c.txt", [.read, .write, .create, .truncate], for: call) == 99)
            let information = try files.information("d", for: call)
            #expect(
                information
                    == HostFiles.Information(name: "link", kind: .link, mode: 0o640, size: 11, modified: 12))
            let list = try files.list("/e", for: call)
            #expect(list.map(\.name) == ["a", "b", "c"])
            #expect(list.map(\.kind) == [.file, .folder, .other])
            try files.makeFolder("f/g", for: call)
            try files.remove("h", for: call)
        }
        #expect(
            questions == [
                "read a.txt 0", "write b.txt text \(KW_FILE_APPEND | KW_FILE_EXCLUSIVE)",
                "open c.txt \(KW_FILE_READ | KW_FILE_WRITE | KW_FILE_CREATE | KW_FILE_TRUNCATE)", "stat d", "list /e",
                "make_folder f/g", "remove h",
            ])
    }

    private static let request = HostHTTP.Request(
        "PUT", "https://a/", headers: [NamedValue("x-a", "1"), NamedValue("x-a", "2")], body: Array("body".utf8),
        timeout: .seconds(1), maximumBody: 22, maximumRedirects: 3)

    @Test func `An HTTP request comes back whole, whatever its status`() throws {
        let questions = try asked { host, call throws(PluginError) in
            let response = try host.http().request(Self.request, for: call)
            #expect(
                response
                    == HostHTTP.Response(
                        status: 404, url: "https://b/", headers: [NamedValue("x", "1"), NamedValue("x", "2")],
                        body: [5, 6]))
        }
        #expect(questions == ["request PUT https://a/ x-a=1,x-a=2 body 1000000000 22 3"])
    }

    @Test func `An HTTP response is read in pieces, and closed at the end`() throws {
        let questions = try asked({ $0.pieces = [[1], [2, 3]] }) { host, call throws(PluginError) in
            let pieces = try host.http().withResponse(to: Self.request, for: call) {
                response, body throws(PluginError) in
                #expect(response.status == 200)
                #expect(response.url == "https://c/")
                var pieces: [[UInt8]] = []
                while let piece = try body.next(limit: 7) { pieces.append(piece) }
                return pieces
            }
            #expect(pieces == [[1], [2, 3]])
        }
        #expect(questions.dropFirst() == ["read 21 7", "read 21 7", "read 21 7", "close 21"])
    }

    @Test func `What is open is closed when its reader fails`() throws {
        let questions = try asked { host, call throws(PluginError) in
            let http = try host.http()
            let failure = thrown {
                try http.withResponse(to: Self.request, for: call) { _, _ throws(PluginError) in
                    throw PluginError(.dataLoss, "broken")
                }
            }
            #expect(failure?.code == .dataLoss)
            let calls = try host.calls()
            let second = thrown {
                try calls.withEvents(
                    of: HostCalls.Request(interface: "i", operation: "o", .null), for: call
                ) { _ throws(PluginError) in throw PluginError(.dataLoss, "broken") }
            }
            #expect(second?.code == .dataLoss)
        }
        #expect(questions.filter { $0.hasPrefix("close") } == ["close 21", "close 51"])
    }

    @Test func `Values are kept by key`() throws {
        let questions = try asked { host, call throws(PluginError) in
            let store = try host.keyValues()
            #expect(try store.get("a", for: call) == HostKeyValues.Value(bytes: [9], version: 31))
            #expect(try store.set("b", Array("v".utf8), lifetime: .seconds(2), for: call) == 32)
            try store.set("c", [], if: .absent, for: call)
            try store.set("d", [], if: .version(7), for: call)
            #expect(try store.remove("e", for: call))
            let page = try store.keys(prefix: "k", after: "k0", limit: 5, for: call)
            #expect(page == HostKeyValues.Page(keys: ["k1", "k2"], next: "k2"))
        }
        #expect(
            questions == [
                "get a", "set b v 2000000000 0 0", "set c  0 \(KW_KV_IF_VERSION) 0", "set d  0 \(KW_KV_IF_VERSION) 7",
                "remove e", "list k k0 5",
            ])
    }

    @Test func `A secret is lent`() throws {
        let questions = try asked { host, call throws(PluginError) in
            let secret = try host.secrets().withSecret("token", for: call) { bytes in
                bytes.indices.map { bytes[$0] }
            }
            #expect(secret == Array("hush".utf8))
        }
        #expect(questions == ["get token"])
    }

    @Test func `Work is scheduled and unscheduled`() throws {
        let questions = try asked { host, call throws(PluginError) in
            let schedule = try host.schedule()
            let id = try schedule.add(
                "sweep", payload: Array("p".utf8), after: .milliseconds(5), every: .seconds(1), for: call)
            #expect(id == 41)
            #expect(try schedule.add("once", after: .zero, for: call) == 41)
            #expect(try schedule.cancel(id, for: call) == false)
        }
        #expect(questions == ["add sweep p 5000000 1000000000", "add once  0 0", "cancel 41"])
    }

    @Test func `Other plugins are called, at once or event by event`() throws {
        let questions = try asked({ $0.pieces = [Array("{}".utf8)] }) { host, call throws(PluginError) in
            let calls = try host.calls()
            let request = HostCalls.Request(
                plugin: "p", interface: "keyway.tools/1", operation: "look", ["a": 1])
            #expect(
                try calls.invoke(request, for: call) == HostCalls.Output(bytes: [1], type: "application/json"))
            let events = try calls.withEvents(of: request, for: call) { events throws(PluginError) in
                var all: [[UInt8]] = []
                while let event = try events.next() { all.append(event) }
                return all
            }
            #expect(events == [Array("{}".utf8)])
        }
        let question = #"p keyway.tools/1 look {"a":1} application/json"#
        #expect(questions == ["invoke \(question)", "open \(question)", "read 51 0", "read 51 0", "close 51"])
    }

    @Test func `Messages are sent, answered, published and subscribed to`() throws {
        let questions = try asked { host, call throws(PluginError) in
            let messages = try host.messages()
            try messages.send("ping", to: "them", Array("x".utf8), payloadType: "text/plain", for: call)
            let reply = try messages.request("ping", to: "them", Array("y".utf8), for: call)
            #expect(
                reply
                    == HostMessages.Reply(sender: "them", type: "pong", payload: [61], payloadType: "text/plain"))
            #expect(try messages.publish("news", on: "topic", Array("z".utf8), for: call) == 62)
            try messages.subscribe(to: "top*", for: call)
            #expect(try messages.unsubscribe(from: "top*", for: call))
        }
        #expect(
            questions == [
                "send them ping text/plain x", "request them ping application/json y",
                "publish topic news application/json z", "subscribe top*", "unsubscribe top*",
            ])
    }

    @Test func `State of an execution is shared, and permissions are asked for`() throws {
        let questions = try asked { host, call throws(PluginError) in
            let state = try host.executionState()
            #expect(try state.get("a", for: call) == [71])
            try state.set("b", Array("v".utf8), for: call)
            #expect(try state.remove("c", for: call) == false)
            let answer = try host.permissions().check("net", on: "example.com:443", for: call)
            #expect(answer == HostPermissions.Answer(isGranted: false, reason: "ask ann"))
        }
        #expect(questions == ["get a", "set b v", "remove c", "check net example.com:443"])
    }

    @Test func `What a service says of its failure reaches the plugin whole`() throws {
        _ = try asked({ $0.failure = PluginError(.rateLimited, "too many files") }) { host, call throws(PluginError) in
            let files = try host.files()
            let error = thrown { try files.read("a", for: call) }
            #expect(error?.code == .rateLimited)
            #expect(error?.what == "too many files")
            #expect(error?.operation == "fs.read")
            #expect(error?.retryable == true)
            #expect(error?.retryAfter == .seconds(2))
            #expect(
                error?.facts
                    == .plugin(
                        PluginError.Facts.Reported(
                            status: KW_RATE_LIMITED, vendorCode: 17, domain: "tea", httpStatus: 418,
                            requestID: "req-1", details: ["pot": true])))
        }
    }

    @Test func `A key that is not there is nil, a secret that is not there an error`() throws {
        _ = try asked({ $0.failure = PluginError(.notFound, "no such key") }) { host, call throws(PluginError) in
            #expect(try host.keyValues().get("a", for: call) == nil)
            #expect(try host.executionState().get("a", for: call) == nil)
            let secrets = try host.secrets()
            let error = thrown { try secrets.withSecret("a", for: call) { $0.count } }
            #expect(error?.code == .notFound)
        }
    }

    @Test func `An operation may let a service's error through`() throws {
        let error = thrown {
            try asked({ $0.failure = PluginError(.unavailable, "the disk sleeps") }) { host, call throws(PluginError) in
                try host.files().remove("a", for: call)
            }
        }
        #expect(error?.code == .unavailable)
        #expect(error?.what.contains("the disk sleeps") == true)
    }

    /// Asks for one service.
    private static let attempts: [(id: String, get: @Sendable (HostContext) throws -> Void)] = [
        (KW_HOST_FS_ID, { _ = try $0.files() }), (KW_HOST_HTTP_ID, { _ = try $0.http() }),
        (KW_HOST_KV_ID, { _ = try $0.keyValues() }), (KW_HOST_SECRETS_ID, { _ = try $0.secrets() }),
        (KW_HOST_SCHEDULE_ID, { _ = try $0.schedule() }), (KW_HOST_CALL_ID, { _ = try $0.calls() }),
        (KW_HOST_MESSAGES_ID, { _ = try $0.messages() }), (KW_HOST_STATE_ID, { _ = try $0.executionState() }),
        (KW_HOST_PERMISSIONS_ID, { _ = try $0.permissions() }),
    ]

    @Test func `A service that was not granted says how to get it`() throws {
        _ = try asked({ $0.refused = Set(Self.attempts.map(\.id)) }) { host, _ in
            for (id, get) in Self.attempts {
                let error = thrown { try get(host) }
                #expect(error?.code == .permissionDenied)
                #expect(error?.facts == .names([id]))
                #expect(error?.remedy?.contains("manifest") == true)
            }
        }
    }

    @Test func `A function that an older host's table lacks is unsupported, those before it work`() throws {
        // Header, read, write, open: an fs service of an earlier time.
        let questions = try asked({ $0.serviceSizes[KW_HOST_FS_ID] = 32 }) { host, call throws(PluginError) in
            let files = try host.files()
            #expect(try files.open("a", .read, for: call) == 99)
            let error = thrown { try files.information("a", for: call) }
            #expect(error?.code == .unsupported)
            #expect(error?.what.contains("fs.stat") == true)
            #expect(error?.remedy?.contains("Update the host") == true)
        }
        #expect(questions == ["open a \(KW_FILE_READ)"])
    }
}
