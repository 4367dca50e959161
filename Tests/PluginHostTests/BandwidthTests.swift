import Foundation
import PluginHost
import Synchronization
import Testing

/// What connections of plugins in workers may carry. That something arrives is told by what arrives; of time there are only
/// upper bounds of what may have been carried until then.
@Suite("Limits on the network of plugins in workers", .timeLimit(.minutes(10))) struct BandwidthTests {
    private static let unruly = try? UnrulyPlugin(["NETWORK"])
    private static let here = "127.0.0.1"

    private func load(
        _ limits: [String], _ grants: [String], _ change: (inout PluginHost.Configuration) -> Void = { _ in }
    ) async throws -> (host: PluginHost, plugin: NativePlugin) {
        let host = try UnrulyPlugin.host(["workers=1", "openFiles=600"] + limits) { configuration in
            configuration.workers.allowed = try grants.map { text in try Permission(parsing: text) }
            change(&configuration)
        }
        return (host, try await host.load(try #require(Self.unruly).path))
    }

    private func load(_ limits: [String], _ server: EchoServer) async throws -> (host: PluginHost, plugin: NativePlugin)
    {
        try await load(limits, ["net:127.0.0.1:\(server.port)"])
    }

    private func ask(_ plugin: NativePlugin, _ verb: String, _ server: EchoServer, _ count: Int = 0) throws -> Int {
        try UnrulyPlugin.ask(plugin, "net \(verb) \(Self.here) \(server.port) \(count)").calls
    }

    private func answer(
        _ plugin: NativePlugin, _ verb: String, _ server: EchoServer, _ count: Int = 0
    ) async throws -> Int {
        try await UnrulyPlugin.answer(plugin, "net \(verb) \(Self.here) \(server.port) \(count)").calls
    }

    // MARK: - What is carried

    @Test("with a limit connections go through the host, and without one they do not") func relayed() async throws {
        let server = try EchoServer()
        let (open, free) = try await load([], server)
        #expect(try ask(free, "peer", server) == Int(server.port))
        #expect(free.sandbox?[.bandwidth]?.state == .notEnforced && free.traffic == nil)
        await open.shutdown()
        let (host, plugin) = try await load(["network=100M"], server)
        #expect(try ask(plugin, "peer", server) != Int(server.port))
        let guarantee = plugin.sandbox?[.bandwidth]
        #expect(guarantee?.state == .enforced && guarantee?.by == "broker")
        #expect(plugin.limits?[.network] == EffectiveLimit(.network, 100 << 20, source: .call))
        for verb in ["connect", "loop", "name"] { _ = try ask(plugin, verb, server) }
        await host.shutdown()
    }

    @Test("every byte arrives, both ways, and so does the end of each half", arguments: [1, 5_000, 1_000_003])
    func exchange(_ size: Int) async throws {
        let server = try EchoServer()
        for limits in [[], ["network=100M"]] {
            let (host, plugin) = try await load(limits, server)
            #expect(try ask(plugin, "exchange", server, size) == size)
            if !limits.isEmpty {
                let traffic = try #require(host.status.first?.traffic)
                #expect(traffic.sent == size && traffic.received == size && traffic.connections == 1)
                #expect(host.status.first?.json["traffic"]?["sent"] == .int(Int64(size)))
            }
            await host.shutdown()
        }
    }

    @Test("all connections together send no more than the limit lets them") func sending() async throws {
        let (limit, clock) = (400_000, ContinuousClock())
        let seen = Mutex<[(time: ContinuousClock.Instant, bytes: Int)]>([])
        let server = try EchoServer { peer in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while case let count = unsafe recv(peer, &bytes, bytes.count, 0), count > 0 {
                seen.withLock { $0.append((clock.now, count)) }
            }
            close(peer)
        }
        let (host, plugin) = try await load(["network=400KB"], server)
        let began = clock.now
        async let first = answer(plugin, "exchange", server, 100_000)
        async let second = answer(plugin, "exchange", server, 100_000)
        async let third = answer(plugin, "exchange", server, 100_000)
        _ = try await (first, second, third)
        var total = 0
        for (time, bytes) in seen.withLock({ $0 }) {
            total += bytes
            let allowed = Double(limit / 10) + (time - began).milliseconds / 1000 * Double(limit)
            #expect(Double(total) <= allowed + 1, "\(total) after \(time - began)")
        }
        #expect(total == 300_000)
        await host.shutdown()
    }

    @Test("a plugin gets no more than the limit lets it") func receiving() async throws {
        let server = try EchoServer { peer in
            let bytes = [UInt8](repeating: 7, count: 200_000)
            _ = unsafe send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            close(peer)
        }
        let (host, plugin) = try await load(["network=400KB"], server)
        let (clock, began) = (ContinuousClock(), ContinuousClock.now)
        #expect(try ask(plugin, "read", server) == 200_000)
        #expect(40_000 + (clock.now - began).milliseconds / 1000 * 400_000 >= 199_999)
        await host.shutdown()
    }

    // MARK: - Changes

    @Test("a limit that changes holds for connections that live") func change() async throws {
        let (clock, got) = (ContinuousClock(), AsyncStream.makeStream(of: (ContinuousClock.Instant, Int).self))
        let server = try EchoServer { peer in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while case let count = unsafe recv(peer, &bytes, bytes.count, 0), count > 0 {
                got.continuation.yield((clock.now, count))
            }
            close(peer)
            got.continuation.finish()
        }
        let (host, plugin) = try await load(["network=1000"], server)
        let began = clock.now
        // At this rate it would take half an hour.
        async let all = answer(plugin, "exchange", server, 2_000_000)
        var total = 0
        for await (time, count) in got.stream {
            total += count
            if total > 300 { continue }
            #expect(Double(total) <= 101 + (time - began).milliseconds)
            if total > 150 { try host.setLimits(LimitSet(["network=1G"]), of: plugin.id) }
        }
        #expect(total == 2_000_000)
        _ = try await all
        await host.shutdown()
    }

    @Test("a limit where there was none replaces the workers, whose connections nobody relays") func first()
        async throws
    {
        let server = try EchoServer()
        let (host, plugin) = try await load([], server)
        let before = try UnrulyPlugin.ask(plugin).process
        #expect(try ask(plugin, "peer", server) == Int(server.port))
        let ended = host.events
        try host.setLimits(LimitSet(["network=100M"]), of: plugin.id)
        for await event in ended where event.kind == .workerEnded && event.process == before { break }
        #expect(try UnrulyPlugin.ask(plugin).process != before)
        #expect(try ask(plugin, "peer", server) != Int(server.port))
        // Another limit does not.
        let now = try UnrulyPlugin.ask(plugin).process
        try host.setLimits(LimitSet(["network=50M"]), of: plugin.id)
        #expect(try ask(plugin, "exchange", server, 10_000) == 10_000)
        #expect(try UnrulyPlugin.ask(plugin).process == now)
        await host.shutdown()
    }

    @Test("connections that are accepted are not limited, and the report says so") func listening() async throws {
        let port = try EchoServer.freePort()
        let reports: [([String], SandboxGuarantee.State)] = [
            (["net.listen:\(port)"], .notEnforced), (["net.listen:\(port)", "net:some.example:80"], .partial),
            (["net:some.example:80"], .enforced), ([], .enforced),
        ]
        for (grants, state) in reports {
            let (host, plugin) = try await load(["network=1M"], grants)
            #expect(plugin.sandbox?[.bandwidth]?.state == state, "\(grants)")
            // Before it runs, too: what `keyway inspect --sandbox` shows.
            #expect(try host.sandboxReport(of: try #require(Self.unruly).path)[.bandwidth]?.state == state, "\(grants)")
            await host.shutdown()
            // Whoever requires it gets no less.
            var refusal: PluginError.Code?
            do {
                let (strict, _) = try await load(["network=1M"], grants) { $0.workers.required = [.bandwidth] }
                await strict.shutdown()
            } catch let error as PluginError {
                refusal = error.code
            }
            #expect(refusal == (state == .enforced ? nil : .sandboxUnavailable), "\(grants)")
        }
    }

    // MARK: - Ends

    @Test("how the other end ends is what the plugin sees") func ends() async throws {
        let closed = try EchoServer { peer in
            _ = unsafe send(peer, [UInt8](repeating: 1, count: 3000), 3000, Int32(MSG_NOSIGNAL))
            close(peer)
        }
        let broken = try EchoServer { peer in
            var linger = linger(l_onoff: 1, l_linger: 0)
            _ = unsafe setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
            close(peer)
        }
        let nobody = try EchoServer.freePort()
        let grants = [closed.port, broken.port, nobody].map { "net:127.0.0.1:\($0)" }
        for limits in [[], ["network=100M"]] {
            let (host, plugin) = try await load(limits, grants)
            #expect(try ask(plugin, "read", closed) == 3000)
            let reset = try UnrulyPlugin.failure(plugin, "net read \(Self.here) \(broken.port)").message
            #expect(reset.contains("Connection reset"), "\(reset)")
            for verb in ["connect", "loop"] {
                let refused = try UnrulyPlugin.failure(plugin, "net \(verb) \(Self.here) \(nobody)").message
                #expect(refused.contains("Connection refused"), "\(refused)")
            }
            await host.shutdown()
        }
    }

    @Test(
        "a connection that is long in coming is waited for, and one that is refused then fails",
        arguments: ["connect", "loop"])
    func late(_ verb: String) async throws {
        for isTaken in [true, false] {
            let door = try ClosedDoor()
            let (host, plugin) = try await load(["network=100M"], ["net:127.0.0.1:\(door.port)"])
            async let outcome = UnrulyPlugin.answer(plugin, "net \(verb) \(Self.here) \(door.port)")
            try await RawSocket.blocking { try door.waitForCaller() }
            if isTaken { door.open() } else { door.lock() }
            do {
                _ = try await outcome
                #expect(isTaken)
            } catch let error as PluginError {
                #expect(!isTaken && error.message.contains("Connection reset"), "\(error)")
            }
            await host.shutdown()
        }
    }

    /// Takes callers, sends to them without end, and tells when they are gone.
    private func flood() throws -> (server: EchoServer, gone: AsyncStream<Void>) {
        let gone = AsyncStream.makeStream(of: Void.self)
        let server = try EchoServer { peer in
            let bytes = [UInt8](repeating: 1, count: 1 << 16)
            while unsafe send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL)) > 0 {}
            close(peer)
            gone.continuation.yield()
        }
        return (server, gone.stream)
    }

    @Test("connections that are never read hold up no others, and end with their worker or the host") func neverRead()
        async throws
    {
        let ((server, gone), echo) = (try flood(), try EchoServer())
        let (host, plugin) = try await load(
            ["network=100M"], ["net:127.0.0.1:\(server.port)", "net:127.0.0.1:\(echo.port)"])
        #expect(try ask(plugin, "hold", server, 20) == 20)
        #expect(try ask(plugin, "exchange", echo, 100_000) == 100_000)
        #expect(try UnrulyPlugin.failure(plugin, "kill").code == .crashed)
        var ended = 0
        for await _ in gone {
            ended += 1
            if ended == 20 { break }
        }
        #expect(try ask(plugin, "exchange", echo, 100_000) == 100_000)
        #expect(try ask(plugin, "hold", server, 20) == 20)
        await host.shutdown()
        for await _ in gone {
            ended += 1
            if ended == 40 { break }
        }
    }

    @Test("a worker that dies in the middle of what it sends leaves nothing behind") func diesSending() async throws {
        let ended = AsyncStream.makeStream(of: Void.self)
        let server = try EchoServer { peer in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while unsafe recv(peer, &bytes, bytes.count, 0) > 0 {}
            close(peer)
            ended.continuation.yield()
        }
        let (host, plugin) = try await load(["network=4M"], server)
        #expect(try ask(plugin, "hold", server, 4) == 4)
        #expect(try UnrulyPlugin.failure(plugin, "kill").code == .crashed)
        // What it had sent still comes, and then the end.
        var count = 0
        for await _ in ended.stream {
            count += 1
            if count == 4 { break }
        }
        await host.shutdown()
    }

    @Test("two hundred connections at once, and no more than 256") func crowd() async throws {
        let echo = try EchoServer()
        let (server, gone) = try flood()
        let (host, plugin) = try await load(
            ["network=100M"], ["net:127.0.0.1:\(server.port)", "net:127.0.0.1:\(echo.port)"])
        #expect(try ask(plugin, "crowd", echo, 200) == 200)
        #expect(try ask(plugin, "crowd", echo, 200) == 200)
        // Those that have just been closed may still count.
        var held = 0
        while held < 256 { held = (try? ask(plugin, "hold", server, 256 - held)) ?? held }
        let error = try UnrulyPlugin.failure(plugin, "net connect \(Self.here) \(echo.port)").message
        #expect(error.contains("Too many open files"), "\(error)")
        _ = try ask(plugin, "release", server)
        var ended = 0
        for await _ in gone {
            ended += 1
            if ended == 256 { break }
        }
        #expect(try ask(plugin, "exchange", echo, 1000) == 1000)
        await host.shutdown()
    }
}
