import PluginCore
import Testing

@Suite("SDK negotiation")
struct NegotiationTests {
    /// Tries every version: the newest that the host serves, that the plugin was built to know and that its range allows.
    private func oracle(host: SDKRange, plugin: SDKRange, built: UInt32) -> UInt32? {
        (0...6).reversed().first { host.contains($0) && plugin.contains($0) && $0 <= built }
    }

    private static let ranges: [SDKRange] = (0...6).flatMap { minimum in
        (minimum...6).map { SDKRange(minimum: minimum, maximum: $0) }
    }

    private static func plugins() -> [(SDKRange, UInt32)] {
        (0...6).flatMap { minimum in
            (minimum...6).flatMap { built in
                [UInt32?.none].map { (SDKRange(minimum: minimum, maximum: $0), built) }
                    + (minimum...6).map { (SDKRange(minimum: minimum, maximum: $0), built) }
            }
        }
    }

    @Test("agrees exactly where a version exists that both speak, and then on the newest")
    func exhaustive() {
        var agreements = 0
        for host in Self.ranges {
            for (plugin, built) in Self.plugins() {
                let expected = oracle(host: host, plugin: plugin, built: built)
                switch SDKNegotiation(host: host, plugin: plugin, built: built) {
                case .agreed(let version):
                    #expect(version == expected)
                    agreements += 1
                case .hostTooOld:
                    #expect(expected == nil)
                    #expect((host.maximum ?? .max) < plugin.minimum)
                case .pluginTooOld:
                    #expect(expected == nil)
                    #expect(min(built, plugin.maximum ?? .max) < host.minimum)
                }
            }
        }
        #expect(agreements > 1000)
    }

    @Test("exactly one side is to be updated, and it is the older one")
    func refusalsAreSymmetric() {
        for host in Self.ranges {
            for plugin in Self.ranges {
                // Built with the newest that it allows, a plugin is the mirror image of a host.
                let forward = SDKNegotiation(host: host, plugin: plugin, built: plugin.maximum!)
                let backward = SDKNegotiation(host: plugin, plugin: host, built: host.maximum!)
                switch forward {
                case .agreed: #expect(backward == forward)
                case .hostTooOld: #expect(backward == .pluginTooOld)
                case .pluginTooOld: #expect(backward == .hostTooOld)
                }
            }
        }
    }

    @Test("a host that serves one SDK more never agrees on an older one, nor refuses what it took")
    func monotone() {
        for host in Self.ranges where host.maximum! < 6 {
            let newer = SDKRange(minimum: host.minimum, maximum: host.maximum! + 1)
            for (plugin, built) in Self.plugins() {
                guard case .agreed(let before) = SDKNegotiation(host: host, plugin: plugin, built: built) else {
                    continue
                }
                guard case .agreed(let after) = SDKNegotiation(host: newer, plugin: plugin, built: built) else {
                    Issue.record("\(newer) refuses \(plugin) built \(built), which \(host) took")
                    continue
                }
                #expect(after >= before)
            }
        }
    }

    @Test("a range says itself in words")
    func description() {
        #expect(SDKRange(minimum: 1, maximum: 1).description == "1")
        #expect(SDKRange(minimum: 1, maximum: 3).description == "1-3")
        #expect(SDKRange(minimum: 2, maximum: nil).description == "2 or later")
    }
}

@Suite("Semantic versions")
struct SemanticVersionTests {
    @Test(
        "takes what semver.org calls valid, and writes it as it was",
        arguments: [
            "0.0.4", "1.2.3", "10.20.30", "1.1.2-prerelease+meta", "1.1.2+meta", "1.1.2+meta-valid", "1.0.0-alpha",
            "1.0.0-beta", "1.0.0-alpha.beta.1", "1.0.0-alpha.0valid", "1.0.0-rc.1+build.1", "2.0.0-rc.1+build.123",
            "1.2.3----RC-SNAPSHOT.12.9.1--.12+788", "1.0.0+0.build.1-rc.10000aaa-kk-0.1", "1.0.0-0A.is.legal",
            "1.2.3-99999999999999999999", "1.0.0+001",
        ])
    func valid(text: String) throws {
        #expect(try #require(SemanticVersion(text)).description == text)
    }

    @Test(
        "refuses what it calls invalid",
        arguments: [
            "", "1", "1.2", "1.2.3.4", "v1.2.3", "01.1.1", "1.01.1", "1.1.01", "1.2.3-", "1.2.3+", "1.2.3-0123",
            "1.2.3-0123.0123", "1.1.2+.123", "+invalid", "-invalid", "alpha", "1.0.0-alpha..1", "1.0.0-alpha_beta",
            "1.2.3-a+b+c", " 1.2.3", "1.2.3 ", "1.2.3\n", "-1.0.0", "1.-2.3", "１.2.3", "1.2.3-é", "1..3", "1.2.",
        ])
    func invalid(text: String) {
        #expect(SemanticVersion(text) == nil)
    }

    @Test("orders as semver.org section 11 does")
    func precedence() throws {
        let texts = [
            "0.9.9", "1.0.0-0", "1.0.0-2", "1.0.0-11", "1.0.0-99999999999999999999", "1.0.0-100000000000000000000",
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
        ]
        let versions = try texts.map { try #require(SemanticVersion($0)) }
        for (i, left) in versions.enumerated() {
            for (j, right) in versions.enumerated() { #expect((left < right) == (i < j), "\(left) \(right)") }
        }
        let (a, b) = (try #require(SemanticVersion("1.0.0+a")), try #require(SemanticVersion("1.0.0+b")))
        #expect(!(a < b) && !(b < a))
    }
}
