import Foundation
import PluginHost
import Testing

/// A plugin in C that fetches with libcurl, in a worker, as any client in C might: threads that look for names, loops
/// that are woken, both families of addresses, TLS.
@Suite(
    "libcurl of plugins in workers", .timeLimit(.minutes(10)),
    .enabled(if: WebPlugin.hasCurl, "libcurl's headers are not installed"))
struct CurlTests {
    @Test("handles and loops fetch what was granted, over one connection or many, and nothing else") func fetching()
        async throws
    {
        let (server, other) = (try WebServer(), try WebServer())
        let place = "http://127.0.0.1:\(server.port)"
        let (host, plugin) = try await WebPlugin.load(
            try WebPlugin.curl.get(), ["net:localhost:\(server.port)"])
        #expect(try await WebPlugin.ask(plugin, "web easy 5 \(place)/hello").size == 25)
        #expect(server.connections == 1 && server.requests == 5)
        #expect(try await WebPlugin.ask(plugin, "web easy 1 http://localhost:\(server.port)/large").size == 1_000_000)
        #expect(try await WebPlugin.ask(plugin, "web multi 20 \(place)/hello").size == 100)
        for text in [
            "easy 1 http://127.0.0.1:\(other.port)/hello", "multi 20 http://127.0.0.1:\(other.port)/hello",
            "easy 1 \(place)/moved?http://127.0.0.1:\(other.port)/hello",
        ] {
            let error = try await WebPlugin.failure(plugin, "web \(text)")
            #expect(error.code == .permissionDenied && error.message.contains("libcurl 7"), "\(text): \(error)")
        }
        #expect(other.connections == 0)
        await host.shutdown()
        let (open, loose) = try await WebPlugin.load(try WebPlugin.curl.get(), nil)
        #expect(try await WebPlugin.ask(loose, "web multi 20 http://127.0.0.1:\(other.port)/hello").size == 100)
        await open.shutdown()
    }

    @Test(
        "names are looked for in threads, and by older functions",
        .enabled(if: EchoServer.ownAddress != nil, "this machine has no address besides its loopback's"))
    func names() async throws {
        let own = try #require(EchoServer.ownAddress)
        let server = try WebServer(own)
        // Each of its threads has a pair of sockets, and each handle one more: 64 are not enough.
        let (host, plugin) = try await WebPlugin.load(
            try WebPlugin.curl.get(), ["net:good.example:\(server.port)"],
            names: ["good.example": [own], "other.example": [own]], limits: ["openFiles=256"])
        #expect(try await WebPlugin.ask(plugin, "web easy 1 http://good.example:\(server.port)/hello").size == 5)
        #expect(try await WebPlugin.ask(plugin, "web multi 20 http://good.example:\(server.port)/hello").size == 100)
        for name in ["other.example", "missing.example"] {
            let error = try await WebPlugin.failure(plugin, "web easy 1 http://\(name):\(server.port)/hello")
            #expect(error.message.contains("libcurl 6"), "\(error)")
        }
        #expect(try await WebPlugin.ask(plugin, "web host 0 good.example").size == 1)
        #expect(try await WebPlugin.ask(plugin, "web host 0 localhost").size == 1)
        #expect(try await WebPlugin.ask(plugin, "web host 0 192.0.2.7").size == 1)
        #expect(try await WebPlugin.failure(plugin, "web host 0 other.example").code == .unavailable)
        await host.shutdown()
    }

    @Test(
        "addresses of IPv6 are asked for, and reached",
        .enabled(if: EchoServer.ownAddressOfSix != nil, "this machine has no address of IPv6"))
    func versionSix() async throws {
        let own = try #require(EchoServer.ownAddressOfSix)
        let (server, outside) = (try WebServer("::1"), try WebServer(own))
        let (host, plugin) = try await WebPlugin.load(
            try WebPlugin.curl.get(), ["net:[::1]:\(server.port)", "net:six.example:\(outside.port)"],
            names: ["six.example": [own]])
        #expect(try await WebPlugin.ask(plugin, "web easy 1 http://[::1]:\(server.port)/hello").size == 5)
        for verb in ["easy", "six", "multi"] {
            let answer = try await WebPlugin.ask(plugin, "web \(verb) 1 http://six.example:\(outside.port)/hello")
            #expect(answer.size == 5, "\(verb)")
        }
        _ = try await WebPlugin.ask(plugin, "web probe \(server.port)")
        await host.shutdown()
    }

    @Test(
        "a server is believed that the plugin's own certificates vouch for, and no other",
        .enabled(if: SecureServer.program != nil, "openssl is not installed"))
    func certificates() async throws {
        let folder = try Sample.Folder()
        let server = try SecureServer(in: folder)
        let place = "https://localhost:\(server.port)/"
        let grant = "net:localhost:\(server.port)"
        let (host, plugin) = try await WebPlugin.load(
            try WebPlugin.curl.get(), [grant, "fs.read:\(server.certificate)"])
        #expect(try await WebPlugin.ask(plugin, "web easy 1 \(place) \(server.certificate)").size > 0)
        // The machine's own were read, and none of them vouches for it: 60. What cannot be read is 77.
        #expect(try await WebPlugin.failure(plugin, "web easy 1 \(place)").message.contains("libcurl 60"))
        await host.shutdown()
        let (blind, closed) = try await WebPlugin.load(try WebPlugin.curl.get(), [grant])
        let error = try await WebPlugin.failure(closed, "web easy 1 \(place) \(server.certificate)")
        #expect(error.message.contains("libcurl 77"), "\(error)")
        await blind.shutdown()
    }
}
