import PluginCore
import Testing

@Suite("Patterns of hosts")
struct NetworkPatternTests {
    private static let long = String(repeating: "a", count: 63)

    @Test(
        "what no host and no port can be is refused with the reason, wherever it is written",
        arguments: [
            ("ex*mple.com:443", "a * stands for"), ("*example.com:443", "a * stands for"),
            ("api.*.com:443", "a * stands for"), ("**:443", "a * stands for"),
            ("*.*:443", "a * stands for"), ("https://ex*mple.com/v1", "a * stands for"),
            ("a b:80", "letters, digits"), ("a/b:80", "letters, digits"), ("user@a.example:80", "letters, digits"),
            ("bücher.example:80", "xn--"), ("https://a.example@evil.example/x", "letters, digits"),
            ("[:80", "brackets"), ("[]:80", "brackets"), ("[::1:80", "brackets"), ("::1:80", "brackets"),
            ("[1.2.3.4]:80", "brackets"), ("a:b:80", "brackets"), ("[::1]x:80", "brackets"),
            ("https://h:99999", "1 to 65535"), ("h:99999", "1 to 65535"), ("h:0", "1 to 65535"), ("h:", "1 to 65535"),
            ("h:+80", "1 to 65535"), ("h:http", "1 to 65535"), ("h:65536", "1 to 65535"),
            ("https://h:/x", "1 to 65535"),
            ("*.:443", "between two points"), ("*..a:443", "between two points"), ("a..b:443", "between two points"),
            (".a:443", "between two points"), ("a..:443", "between two points"), (".:443", "no host"),
            (":443", "no host"), ("https:///x", "no host"), ("https://", "no host"),
            (Self.long + "a:443", "63 bytes"), ("a.\(Self.long)a.example:443", "63 bytes"),
            ((0..<4).map { _ in Self.long }.joined(separator: ".") + ":443", "253 bytes"),
            ("256.1.1.1:80", "four numbers"), ("1.2.3:80", "four numbers"), ("a.1:80", "four numbers"),
            ("example.com", "needs a port, such as example.com:443"), ("[::1]", "needs a port"), ("*", "needs a port"),
            ("ftp://a", "no scheme"), ("://a:80", "no scheme"),
        ])
    func refused(text: String, words: String) throws {
        #expect(NetworkPattern(text) == nil)
        let error = #expect(throws: PluginError.self) { try Permission(.network, text) }
        #expect(error?.code == .validation && error?.what.contains(words) == true, "\(error as Any)")
        #expect(error?.what.contains("net:\(text)") == true && error?.remedy != nil)
        // In a manifest it is found where it stands.
        let member = JSON.object(["net": .array(["h.example:1", .string(text)])])
        let wrong = #expect(throws: PluginError.self) {
            try Manifest(["id": "a", "version": "1.0.0", "permissions": member])
        }
        #expect(wrong?.facts == .pointer("/permissions/net/1"), "\(wrong as Any)")
    }

    @Test(
        "what a host and a port can be is taken",
        arguments: [
            "a:1", "a:65535", "a:*", "*:*", "*:443", "*.example:443", "*.a-b.c_d.example:443", "API.Example.COM:443",
            "a.example.:443", "1.2.3.4:80", "[::1]:80", "[2001:DB8::1]:*", "localhost:8080", "xn--bcher-kva.example:80",
            "1a:80",
            "https://a.example", "https://a.example:8443/v1/*", "wss://*.a.example/*", "HTTP://a.example/x",
            "https://a.example/v1/../v2", Self.long + ".example:443",
        ])
    func taken(text: String) throws {
        #expect(NetworkPattern.mistake(in: text) == nil)
        #expect(throws: Never.self) { try Permission(.network, text) }
    }
}
