import Foundation
import PluginHost
import Synchronization
import Testing

/// What plugins in workers reach over the network: real connections of this machine, each beside one that was not granted. No
/// name is looked for outside of the test.
@Suite("Network of plugins in workers", .timeLimit(.minutes(10))) struct NetworkTests {
    private static let unruly = try? UnrulyPlugin(["NETWORK"])
    private static let here = "127.0.0.1"

    /// A host whose plugins are granted this, with one worker each.
    private func load(
        _ grants: [String], names: [String: [String]] = [:]
    ) async throws -> (host: PluginHost, plugin: NativePlugin) {
        let host = try UnrulyPlugin.host(["workers=1"]) { configuration in
            configuration.workers.allowed = try grants.map { text in try Permission(parsing: text) }
            configuration.workers.resolver = NetworkResolver { name throws(NetworkResolver.Failure) in
                guard let found = names[name] else { throw NetworkResolver.Failure(code: EAI_NONAME) }
                return found.compactMap { NetworkAddress($0) }
            }
        }
        return (host, try await host.load(try #require(Self.unruly).path))
    }

    private func free() async throws -> (host: PluginHost, plugin: NativePlugin) {
        let host = try UnrulyPlugin.host(["workers=1"]) { $0.workers.isSandboxed = false }
        return (host, try await host.load(try #require(Self.unruly).path))
    }

    private func isDenied(_ plugin: NativePlugin, _ text: String) throws -> Bool {
        try UnrulyPlugin.failure(plugin, text).code == .permissionDenied
    }

    private func why(_ plugin: NativePlugin, _ text: String) throws -> String {
        try UnrulyPlugin.failure(plugin, text).message
    }

    @Test("a host and a port that were granted are reached, and no others") func connecting() async throws {
        let (server, other) = (try EchoServer(), try EchoServer())
        let elsewhere = try EchoServer("127.0.0.2", port: server.port)
        let words = [
            "connect \(Self.here) \(server.port)", "loop \(Self.here) \(server.port)", "name localhost \(server.port)",
            "name 127.0.0.1 \(server.port)",
        ]
        let wrong = [
            "connect \(Self.here) \(other.port)", "loop \(Self.here) \(other.port)", "name localhost \(other.port)",
            "connect 127.0.0.2 \(server.port)", "loop 127.0.0.2 \(server.port)",
        ]
        for grant in ["net:127.0.0.1:\(server.port)", "net:localhost:\(server.port)"] {
            let (host, plugin) = try await load([grant])
            for text in words { _ = try UnrulyPlugin.ask(plugin, "net \(text)") }
            for text in wrong { #expect(try isDenied(plugin, "net \(text)"), "\(text) with \(grant)") }
            #expect(plugin.sandbox?[.network]?.state == .enforced)
            await host.shutdown()
        }
        let (closed, kept) = try await load([])
        for text in words { #expect(try isDenied(kept, "net \(text)") || text.hasPrefix("name"), "\(text)") }
        await closed.shutdown()
        // All of them work where nothing keeps the plugin from it.
        let (open, loose) = try await free()
        for text in words + wrong { _ = try UnrulyPlugin.ask(loose, "net \(text)") }
        await open.shutdown()
        withExtendedLifetime((server, other, elsewhere)) {}
    }

    @Test("a connection that nobody takes fails as it does without a sandbox") func refusedByPeer() async throws {
        let port = try EchoServer.freePort()
        let (host, plugin) = try await load(["net:127.0.0.1:\(port)"])
        let (open, loose) = try await free()
        for verb in ["connect", "loop"] {
            let (kept, freely) = (
                try why(plugin, "net \(verb) \(Self.here) \(port)"), try why(loose, "net \(verb) \(Self.here) \(port)")
            )
            #expect(kept.contains("Connection refused") && freely.contains("Connection refused"), "\(kept) \(freely)")
        }
        await host.shutdown()
        await open.shutdown()
    }

    @Test("without the C library nothing is reached, and nothing but TCP") func bypasses() async throws {
        let server = try EchoServer()
        let (host, plugin) = try await load(["net:127.0.0.1:\(server.port)"])
        let (open, loose) = try await free()
        for text in ["raw \(Self.here) \(server.port)", "udp"] {
            #expect(try isDenied(plugin, "net \(text)"), "\(text)")
            _ = try UnrulyPlugin.ask(loose, "net \(text)")
        }
        // Whether a kernel does it without being told is its own business; here it is not allowed to.
        #expect(try isDenied(plugin, "net fast \(Self.here) \(server.port)"))
        _ = try UnrulyPlugin.ask(plugin, "net connect \(Self.here) \(server.port)")
        await host.shutdown()
        await open.shutdown()
        withExtendedLifetime(server) {}
    }

    @Test(
        "a name leads where the host has found it, and not to this machine",
        .enabled(if: EchoServer.ownAddress != nil, "this machine has no address besides its loopback's"))
    func names() async throws {
        let own = try #require(EchoServer.ownAddress)
        let server = try EchoServer(own)
        let grants = ["net:good.example:\(server.port)", "net:*.wild.example:\(server.port)"]
        let (host, plugin) = try await load(
            grants,
            names: [
                "good.example": [own], "a.wild.example": ["127.0.0.1", own], "b.wild.example": ["127.0.0.1", "::1"],
                "evilwild.example": [own], "wild.example": [own],
            ])
        // Also by an address of which nobody has asked yet whose it is.
        _ = try UnrulyPlugin.ask(plugin, "net connect \(own) \(server.port)")
        _ = try UnrulyPlugin.ask(plugin, "net name good.example \(server.port)")
        _ = try UnrulyPlugin.ask(plugin, "net name GOOD.example. \(server.port)")
        #expect(try UnrulyPlugin.ask(plugin, "net resolve good.example 0").calls == 1)
        #expect(try UnrulyPlugin.ask(plugin, "net resolve a.wild.example 0").calls == 1)
        let failures = [
            "b.wild.example \(server.port)", "evilwild.example \(server.port)", "wild.example \(server.port)",
            "good.example \(server.port + 1)", "missing.wild.example \(server.port)",
        ]
        for name in failures {
            #expect(try UnrulyPlugin.failure(plugin, "net name \(name)").code == .unavailable, "\(name)")
        }
        #expect(try why(plugin, "net resolve missing.wild.example 0").contains("not known"))
        await host.shutdown()
        withExtendedLifetime(server) {}
    }

    @Test(
        "a name whose answer changes to this machine leads nowhere new",
        .enabled(if: EchoServer.ownAddress != nil, "this machine has no address besides its loopback's"))
    func rebinding() async throws {
        let own = try #require(EchoServer.ownAddress)
        let server = try EchoServer(own)
        let trap = try EchoServer(Self.here, port: server.port)
        let asked = Counter()
        let host = try UnrulyPlugin.host(["workers=1"]) { configuration in
            configuration.workers.allowed = [try Permission(.network, "changing.example:\(server.port)")]
            configuration.workers.resolver = NetworkResolver { _ throws(NetworkResolver.Failure) in
                [asked.next() == 1 ? own : Self.here].compactMap { NetworkAddress($0) }
            }
        }
        let plugin = try await host.load(try #require(Self.unruly).path)
        _ = try UnrulyPlugin.ask(plugin, "net name changing.example \(server.port)")
        #expect(try UnrulyPlugin.failure(plugin, "net name changing.example \(server.port)").code == .unavailable)
        #expect(asked.value == 2)
        #expect(try isDenied(plugin, "net connect \(Self.here) \(server.port)"))
        await host.shutdown()
        withExtendedLifetime((server, trap)) {}
    }

    @Test("an address that another thread changes meanwhile leads nowhere that was not granted") func race()
        async throws
    {
        let (server, other) = (try EchoServer(), try EchoServer())
        let (host, plugin) = try await load(["net:127.0.0.1:\(server.port)"])
        _ = try UnrulyPlugin.ask(plugin, "net race \(Self.here) \(server.port) \(other.port)")
        await host.shutdown()
        let (open, loose) = try await free()
        let reason = try why(loose, "net race \(Self.here) \(server.port) \(other.port)")
        #expect(reason.contains("Protocol error"), "\(reason)")
        await open.shutdown()
        withExtendedLifetime((server, other)) {}
    }

    @Test("a granted port is listened on, where that was granted") func listening() async throws {
        let (port, other) = (try EchoServer.freePort(), try EchoServer.freePort())
        for (grant, address) in [("\(port)", "0.0.0.0"), ("\(port)", "::"), ("localhost:\(port)", Self.here)] {
            let (host, plugin) = try await load(["net.listen:\(grant)"])
            #expect(try isDenied(plugin, "net listen \(address) \(other)"))
            #expect(try isDenied(plugin, "net listen \(address) 0"))
            #expect(try isDenied(plugin, "net lonely \(address) \(port)"))
            #expect(try isDenied(plugin, "net connect \(Self.here) \(port)"))
            if grant != "\(port)" { #expect(try isDenied(plugin, "net listen 0.0.0.0 \(port)")) }
            _ = try UnrulyPlugin.ask(plugin, "net listen \(address) \(port)")
            async let answer = RawSocket.blocking { try EchoServer.ask(port) }
            _ = try await UnrulyPlugin.answer(plugin, "net accept")
            #expect(try await answer == "ping")
            await host.shutdown()
        }
        // Without a sandbox the ports are there for it, too.
        let (open, plugin) = try await free()
        for wanted in [other, 0] { _ = try UnrulyPlugin.ask(plugin, "net listen 0.0.0.0 \(wanted)") }
        await open.shutdown()
    }

    @Test("what is refused is an event with what was wanted, once") func events() async throws {
        let (server, other) = (try EchoServer(), try EchoServer())
        let (host, plugin) = try await load(["net:127.0.0.1:\(server.port)"])
        let events = host.events
        #expect(try isDenied(plugin, "net connect \(Self.here) \(other.port)"))
        #expect(try isDenied(plugin, "net connect \(Self.here) \(other.port)"))
        #expect(try isDenied(plugin, "net listen 0.0.0.0 \(other.port)"))
        _ = try UnrulyPlugin.ask(plugin, "net connect \(Self.here) \(server.port)")
        var told: [HostEvent] = []
        for await event in events where event.kind == .permissionDenied {
            told.append(event)
            if told.count == 2 { break }
        }
        #expect(told.map(\.resource) == ["net:127.0.0.1:\(other.port)", "net.listen:0.0.0.0:\(other.port)"])
        for event in told {
            #expect(event.plugin == "unruly" && event.process > 0 && event.reason?.hasPrefix("not granted") == true)
        }
        #expect(told.first?.json["resource"] == .string("net:127.0.0.1:\(other.port)"))
        await host.shutdown()
        withExtendedLifetime((server, other)) {}
    }

    @Test("whoever asks is told of everything that is wanted, and what was said") func observed() async throws {
        let server = try EchoServer()
        var options = WorkerOptions()
        options.sandbox = try SandboxPolicy(
            granting: [Permission(.network, "127.0.0.1:\(server.port)"), Permission(.network, "*.example:80")],
            dataFolder: nil, packageFolder: nil)
        options.resolver = NetworkResolver { _ throws(NetworkResolver.Failure) in throw .init(code: EAI_AGAIN) }
        let seen = Mutex<[NetworkVerdict]>([])
        options.networkObserver = { verdict in seen.withLock { $0.append(verdict) } }
        let prepared = try UnrulyPlugin.host().prepare(try #require(Self.unruly).path)
        let plugin = try prepared.load(in: .worker(WorkerDomain(), options)).create()
        _ = try UnrulyPlugin.ask(plugin, "net connect \(Self.here) \(server.port)")
        #expect(try why(plugin, "net resolve a.example 80").contains("Temporary failure"))
        for text in ["connect 127.0.0.2 \(server.port)", "listen 0.0.0.0 \(server.port)"] {
            #expect(try isDenied(plugin, "net \(text)"))
        }
        #expect(try UnrulyPlugin.failure(plugin, "net resolve example 80").code == .unavailable)
        let verdicts = seen.withLock { $0 }
        #expect(verdicts.map(\.kind) == [.connect, .resolve, .connect, .listen, .resolve])
        #expect(verdicts.map(\.isAllowed) == [true, true, false, false, false])
        #expect(
            verdicts.map(\.resource) == [
                "127.0.0.1:\(server.port)", "a.example:80", "127.0.0.2:\(server.port)", "0.0.0.0:\(server.port)",
                "example:80",
            ])
        withExtendedLifetime(server) {}
    }

    @Test("a worker that writes nonsense to its broker is ended, and another takes its place") func hostile()
        async throws
    {
        let server = try EchoServer()
        let size = 296
        // Too short, too long, of no kind; and of a family that is none, which a connection's request is with these bytes.
        for text in ["1 1 12", "1 1 \(size + 1)", "9 1 \(size)", "0 1 \(size)", "1 1 65000"] {
            let (host, plugin) = try await load(["net:127.0.0.1:\(server.port)"])
            let error = try UnrulyPlugin.failure(plugin, "net broker \(text)")
            #expect(error.code == .protocolViolation, "\(text): \(error)")
            _ = try UnrulyPlugin.ask(plugin, "net connect \(Self.here) \(server.port)")
            await host.shutdown()
        }
        // As many as it likes, and none of the answers read: the host does not wait for it.
        let (host, plugin) = try await load(["net:127.0.0.1:\(server.port)"])
        _ = try UnrulyPlugin.ask(plugin, "net broker 1 3000 \(size)")
        await host.shutdown()
        withExtendedLifetime(server) {}
    }

    @Test("with its worker a broker ends") func ends() async throws {
        let ended = AsyncStream.makeStream(of: Void.self)
        func run() async throws {
            let witness = Witness(ended.continuation)
            let host = try UnrulyPlugin.host(["workers=1"]) { configuration in
                configuration.workers.allowed = [try Permission(.network, "some.example:80")]
                configuration.workers.resolver = NetworkResolver { _ throws(NetworkResolver.Failure) in
                    withExtendedLifetime(witness) { [] }
                }
            }
            let plugin = try await host.load(try #require(Self.unruly).path)
            #expect(try UnrulyPlugin.failure(plugin, "net resolve some.example 80").code == .unavailable)
            #expect(try UnrulyPlugin.failure(plugin, "kill").code == .crashed)
            _ = try UnrulyPlugin.ask(plugin)
            await host.shutdown()
        }
        try await run()
        for await _ in ended.stream {}
    }

    /// Tells when nobody has it any more.
    private final class Witness: Sendable {
        private let end: AsyncStream<Void>.Continuation

        init(_ end: AsyncStream<Void>.Continuation) { self.end = end }

        deinit { end.finish() }
    }
}

/// Counts, from any thread.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
