import PluginCore
import Testing

@Suite("Access to the network")
struct NetworkAccessTests {
    private func access(_ permissions: String...) throws -> NetworkAccess {
        try SandboxPolicy(
            granting: permissions.map { text in try Permission(parsing: text) }, dataFolder: nil, packageFolder: nil
        ).network
    }

    private func address(_ text: String) throws -> NetworkAddress { try #require(NetworkAddress(text)) }

    @Test(
        "an address that is granted as it is can be connected to, on its port alone",
        arguments: [
            ("net:127.0.0.1:80", "127.0.0.1", 80, true), ("net:127.0.0.1:80", "127.0.0.1", 81, false),
            ("net:127.0.0.1:80", "127.0.0.2", 80, false), ("net:127.0.0.1:80", "::ffff:127.0.0.1", 80, true),
            ("net:127.0.0.1:80", "::1", 80, false), ("net:[::1]:80", "::1", 80, true),
            ("net:[0:0::1]:80", "::1", 80, true), ("net:10.0.0.1:*", "10.0.0.1", 9, true),
            ("net:localhost:80", "127.0.0.1", 80, true), ("net:localhost:80", "::1", 80, true),
            ("net:localhost:80", "127.0.0.2", 80, false), ("net:localhost:80", "127.0.0.1", 81, false),
            ("net:example.com:80", "192.0.2.1", 80, false), ("net:*:80", "192.0.2.1", 80, true),
            ("net:*:80", "192.0.2.1", 81, false), ("net", "192.0.2.1", 81, true),
            ("net:https://192.0.2.1/*", "192.0.2.1", 443, true), ("net.listen:80", "127.0.0.1", 80, false),
        ])
    func literals(grant: String, to: String, port: UInt16, isAllowed: Bool) throws {
        let verdict = try access(grant).mayConnect(to: address(to), port: port)
        #expect(verdict.isAllowed == isAllowed && verdict.kind == .connect, "\(verdict)")
        #expect(verdict.reason.hasPrefix("granted") == isAllowed)
    }

    @Test(
        "no wildcard and no name leads to this machine, its links or several hosts",
        arguments: [
            "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::1",
            "::",
            "fe80::1", "febf::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
            "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "::ffff:0:127.0.0.1",
        ])
    func special(text: String) throws {
        var access = try access("net:*:*", "net:good.example:80")
        let address = try address(text)
        let other = try self.address("192.0.2.1")
        let (kept, none) = (
            access.remember([address, other], of: "good.example"), access.remember([address], of: "good.example")
        )
        #expect(kept == [other] && none.isEmpty)
        #expect(!access.mayConnect(to: address, port: 80).isAllowed)
        #expect(access.mayConnect(to: other, port: 80).isAllowed)
    }

    @Test(
        "addresses of other hosts are no special ones",
        arguments: ["192.0.2.1", "10.0.0.1", "8.8.8.8", "2001:db8::1", "fd00::1", "64:ff9b::808:808", "::ffff:8.8.8.8"])
    func ordinary(text: String) throws { #expect(try access("net").mayConnect(to: address(text), port: 80).isAllowed) }

    @Test("an address is a name's only after the host has found it, and only on the name's port") func names() throws {
        var access = try access("net:api.example.com:443", "net:*.inner.example:80", "net:other.example:80")
        let (first, second) = (try address("192.0.2.1"), try address("192.0.2.2"))
        #expect(!access.mayConnect(to: first, port: 443).isAllowed)
        _ = access.remember([first], of: "api.example.com")
        let verdict = access.mayConnect(to: first, port: 443)
        #expect(verdict.isAllowed && verdict.resource == "api.example.com:443")
        #expect(!access.mayConnect(to: first, port: 80).isAllowed)
        #expect(!access.mayConnect(to: second, port: 443).isAllowed)
        _ = access.remember([second], of: "a.inner.example")
        #expect(access.mayConnect(to: second, port: 80).resource == "a.inner.example:80")
        #expect(access.names(port: 443) == ["api.example.com"])
        #expect(access.names(port: 80) == ["other.example"])
    }

    @Test(
        "a name is looked for if a grant is about it, whole labels and no others",
        arguments: [
            ("net:mydomain.com:443", "mydomain.com", 443, true), ("net:mydomain.com:443", "MyDomain.COM.", 443, true),
            ("net:mydomain.com:443", "mydomain.com", nil, true), ("net:mydomain.com:443", "mydomain.com", 80, false),
            ("net:*.mydomain.com:443", "a.mydomain.com", 443, true),
            ("net:*.mydomain.com:443", "a.b.mydomain.com", 443, true),
            ("net:*.mydomain.com:443", "evilmydomain.com", 443, false),
            ("net:*.mydomain.com:443", "mydomain.com", 443, false),
            ("net:*.mydomain.com:443", "a.mydomain.com.evil.example", 443, false),
            ("net:*:443", "anything.example", 443, true), ("net:*:443", "127.0.0.1", 443, false),
            ("net:*:443", "a b", 443, false), ("net:*:443", "a\0b", 443, false), ("net:*:443", "", 443, false),
            ("net:*:443", "bücher.example", 443, false), ("net.listen:443", "mydomain.com", 443, false),
        ] as [(String, String, UInt16?, Bool)])
    func resolving(grant: String, name: String, port: UInt16?, isAllowed: Bool) throws {
        let verdict = try access(grant).mayResolve(name, port: port)
        #expect(verdict.isAllowed == isAllowed && verdict.kind == .resolve, "\(verdict)")
    }

    @Test("so many addresses are remembered, and the oldest goes first") func memory() throws {
        var access = try access("net:*.example.com:80")
        func number(_ index: Int) throws -> NetworkAddress { try address("10.0.\(index >> 8).\(index & 255)") }
        for index in 0..<NetworkAccess.memory { _ = access.remember([try number(index)], of: "a.example.com") }
        // What is found again is new.
        _ = access.remember([try number(0)], of: "a.example.com")
        _ = access.remember([try address("192.0.2.1")], of: "b.example.com")
        #expect(access.mayConnect(to: try number(0), port: 80).isAllowed)
        #expect(!access.mayConnect(to: try number(1), port: 80).isAllowed)
        #expect(access.mayConnect(to: try number(2), port: 80).isAllowed)
        #expect(access.mayConnect(to: try address("192.0.2.1"), port: 80).isAllowed)
    }

    @Test(
        "ports are listened on where that was granted",
        arguments: [
            ("net.listen:8080", "0.0.0.0", 8080, true), ("net.listen:8080", "::", 8080, true),
            ("net.listen:8080", "127.0.0.1", 8080, true), ("net.listen:8080", "0.0.0.0", 8081, false),
            ("net.listen:8080", "0.0.0.0", 0, false), ("net.listen:localhost:8080", "127.0.0.1", 8080, true),
            ("net.listen:localhost:8080", "::1", 8080, true), ("net.listen:localhost:8080", "0.0.0.0", 8080, false),
            ("net.listen:localhost:8080", "::", 8080, false), ("net.listen:localhost:8080", "127.0.0.2", 8080, false),
            ("net.listen:192.0.2.1:8080", "192.0.2.1", 8080, true),
            ("net.listen:192.0.2.1:8080", "0.0.0.0", 8080, false),
            ("net.listen:192.0.2.1:8080", "127.0.0.1", 8080, false), ("net.listen:[::1]:8080", "::1", 8080, true),
            ("net.listen:0.0.0.0:8080", "127.0.0.1", 8080, true), ("net:127.0.0.1:8080", "127.0.0.1", 8080, false),
        ])
    func listening(grant: String, on: String, port: UInt16, isAllowed: Bool) throws {
        let verdict = try access(grant).mayListen(on: address(on), port: port)
        #expect(verdict.isAllowed == isAllowed && verdict.kind == .listen, "\(verdict)")
    }

    @Test(
        "what a worker cannot be given as it was granted is refused with the reason",
        arguments: [
            ("net:https://a.example/v1/*", "paths"), ("net.listen:a.example:80", "port"), ("device:usb", "usb:VENDOR"),
            ("device:usb:12345", "usb:VENDOR"),
        ])
    func inexpressible(text: String, words: String) throws {
        let error = #expect(throws: PluginError.self) { try access(text) }
        #expect(error?.code == .permissionDenied && error?.what.contains(words) == true, "\(error as Any)")
    }

    @Test("a device is of its vendor, and of its product if one is named") func devices() throws {
        let (all, one) = (try #require(DevicePattern("usb:04B8")), try #require(DevicePattern("usb:04b8:0202")))
        #expect(all.isAbout(vendor: 0x04B8, product: 7) && !all.isAbout(vendor: 0x04B9, product: 7))
        #expect(one.isAbout(vendor: 0x04B8, product: 0x0202) && !one.isAbout(vendor: 0x04B8, product: 0x0203))
        #expect(one.description == "usb:04b8:0202")
    }

    @Test("a bucket gives what it holds, and what comes with the time") func bucket() {
        var bucket = TokenBucket(rate: 10, capacity: 20, at: .seconds(5))
        func take(_ count: Int, at milliseconds: Int) -> Bool { bucket.take(count, at: .milliseconds(milliseconds)) }
        #expect(take(20, at: 5000))
        #expect(!take(1, at: 5000))
        #expect(!take(1, at: 5099))
        #expect(take(2, at: 5200))
        // It does not hold more, and time that goes back gives nothing.
        #expect(!take(21, at: 900_000))
        #expect(take(20, at: 900_000))
        #expect(!take(1, at: 899_000))
    }
}
