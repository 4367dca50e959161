import Foundation
import PluginHost
import Testing

/// A plugin in Swift that fetches with URLSession, in a worker: what was granted is answered as without a sandbox, and
/// the rest is refused.
@Suite("URLSession of plugins in workers", .timeLimit(.minutes(10))) struct URLSessionTests {
    @Test("what was granted is fetched, by name and by address, and nothing else") func fetching() async throws {
        let built = try WebPlugin.swift.get()
        let (server, other) = (try WebServer(), try WebServer())
        for (grant, name) in [("localhost", "localhost"), ("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")] {
            let (host, plugin) = try await WebPlugin.load(built, ["net:\(grant):\(server.port)"])
            let place = "http://\(name):\(server.port)"
            for word in ["get", "shared"] {
                let answer = try await WebPlugin.ask(plugin, "\(word) \(place)/hello")
                #expect(answer == WebPlugin.Answer(status: 200, size: 5, count: 1))
            }
            #expect(try await WebPlugin.ask(plugin, "get \(place)/large").size == 1_000_000)
            #expect(try await WebPlugin.ask(plugin, "get \(place)/missing").status == 404)
            let before = other.connections
            let elsewhere = "http://\(name):\(other.port)/hello"
            for text in ["get \(elsewhere)", "get \(place)/moved?\(elsewhere)"] {
                let error = try await WebPlugin.failure(plugin, text)
                #expect(error.code == .unavailable && error.message.contains("URLError"), "\(text): \(error)")
            }
            #expect(other.connections == before)
            await host.shutdown()
        }
    }

    @Test("connections are kept, many are opened at once, and bodies go both ways") func manners() async throws {
        let server = try WebServer()
        let place = "http://localhost:\(server.port)"
        let (host, plugin) = try await WebPlugin.load(try WebPlugin.swift.get(), ["net:localhost:\(server.port)"])
        #expect(try await WebPlugin.ask(plugin, "one-after-the-other 5 \(place)/hello").count == 5)
        #expect(server.connections == 1 && server.requests == 5)
        let many = try await WebPlugin.ask(plugin, "at-once 20 \(place)/large")
        #expect(many == WebPlugin.Answer(status: 200, size: 20_000_000, count: 20))
        #expect(try await WebPlugin.ask(plugin, "upload 200000 \(place)/echo").size == 200_000)
        let pieces = try await WebPlugin.ask(plugin, "pieces \(place)/pieces")
        #expect(pieces.status == 200 && pieces.size == 40_960 && pieces.count > 0)
        #expect(try await WebPlugin.ask(plugin, "get \(place)/moved?\(place)/hello").size == 5)
        await host.shutdown()
    }

    @Test("what was not granted is an error, and an event that says what was wanted") func refused() async throws {
        let server = try WebServer()
        let text = "get http://127.0.0.1:\(server.port)/hello"
        let (host, plugin) = try await WebPlugin.load(try WebPlugin.swift.get(), ["net:127.0.0.1:1"])
        let events = host.events
        let error = try await WebPlugin.failure(plugin, text)
        #expect(error.code == .unavailable && error.message.contains("URLError"), "\(error)")
        for await event in events where event.kind == .permissionDenied {
            #expect(event.resource == "net:127.0.0.1:\(server.port)" && event.plugin == "web")
            break
        }
        await host.shutdown()
        let (closed, kept) = try await WebPlugin.load(try WebPlugin.swift.get(), [])
        #expect(try await WebPlugin.failure(kept, text).code == .unavailable)
        #expect(server.connections == 0)
        await closed.shutdown()
        let (open, loose) = try await WebPlugin.load(try WebPlugin.swift.get(), nil)
        #expect(try await WebPlugin.ask(loose, text).size == 5)
        await open.shutdown()
    }

    @Test(
        "a name that the host finds leads there",
        .enabled(if: EchoServer.ownAddress != nil, "this machine has no address besides its loopback's"))
    func names() async throws {
        let own = try #require(EchoServer.ownAddress)
        let server = try WebServer(own)
        let (host, plugin) = try await WebPlugin.load(
            try WebPlugin.swift.get(), ["net:good.example:\(server.port)"],
            names: ["good.example": [own], "other.example": [own]])
        let answer = try await WebPlugin.ask(plugin, "at-once 20 http://good.example:\(server.port)/hello")
        #expect(answer == WebPlugin.Answer(status: 200, size: 100, count: 20))
        for name in ["other.example", "missing.example"] {
            let error = try await WebPlugin.failure(plugin, "get http://\(name):\(server.port)/hello")
            #expect(error.code == .unavailable && error.message.contains("-1003"), "\(error)")
        }
        await host.shutdown()
    }

    @Test(
        "TLS is spoken, and a certificate is compared with those that the machine trusts",
        .enabled(if: SecureServer.program != nil, "openssl is not installed"))
    func certificates() async throws {
        let server = try SecureServer(in: try Sample.Folder())
        let text = "get https://localhost:\(server.port)/"
        let (host, plugin) = try await WebPlugin.load(
            try WebPlugin.swift.get(), ["net:localhost:\(server.port)"])
        // On Linux a session trusts whom the machine trusts. Where it cannot read that, it says so and asks no server.
        let error = try await WebPlugin.failure(plugin, text)
        #expect(error.message.contains("self-signed certificate"), "\(error)")
        await host.shutdown()
    }
}
