import Foundation
import PluginHost
import Testing

/// What plugins ask their host for gives the same in this process and in a worker.
@Suite("Host services", .timeLimit(.minutes(10))) struct ServiceTests {
    /// Secrets of nobody's environment.
    private struct Secrets: SecretSource {
        func secret(_ reference: SecretReference) throws(PluginError) -> String {
            guard reference.name == "env:TOKEN" else {
                throw PluginError(.notFound, "the secret \(reference.name) is not set", remedy: "Set it")
            }
            return "Zebra"
        }
    }

    private static let asking = try? UnrulyPlugin([manifest(["service:secrets", "env:TOKEN", "env:ABSENT"])])
    private static let silent = try? UnrulyPlugin([manifest([])])

    private static func manifest(_ permissions: [String]) -> String {
        let list = permissions.map { "\\\"\($0)\\\"" }.joined(separator: ",")
        return "MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"permissions\\\":[\(list)]\""
    }

    private func load(
        _ plugin: UnrulyPlugin?, _ tier: IsolationTier, _ permissions: PermissionPolicy = .unenforced
    ) async throws -> (PluginHost, NativePlugin) {
        let host = try UnrulyPlugin.host {
            $0.isolation = tier
            $0.secrets = Secrets()
            $0.permissions = permissions
        }
        return (host, try await host.load(try #require(plugin).path))
    }

    @Test(
        "a secret reaches a plugin, in a call and beside it", arguments: [IsolationTier.inProcess, .worker],
        ["secret TOKEN", "secret-aside TOKEN"])
    func found(_ tier: IsolationTier, _ text: String) async throws {
        let (host, plugin) = try await load(Self.asking, tier)
        // More often than there are lanes, threads and frames to reuse.
        for _ in 0..<100 {
            let row = try UnrulyPlugin.ask(plugin, text)
            #expect(row.process == 5 && row.calls == 90)
        }
        await host.shutdown()
    }

    @Test(
        "what is not there or not allowed is the same error", arguments: [IsolationTier.inProcess, .worker],
        ["secret", "secret-aside"])
    func refused(_ tier: IsolationTier, _ word: String) async throws {
        let (host, plugin) = try await load(Self.asking, tier)
        let absent = try UnrulyPlugin.failure(plugin, "\(word) ABSENT")
        #expect(absent.code == .notFound && absent.what.contains("env:ABSENT is not set"))
        let other = try UnrulyPlugin.failure(plugin, "\(word) HOME")
        #expect(other.code == .permissionDenied && other.what.contains("HOME") && other.what.contains("env:HOME"))
        await host.shutdown()
    }

    @Test("a plugin that was not granted the service does not find it", arguments: [IsolationTier.inProcess, .worker])
    func notFound(_ tier: IsolationTier) async throws {
        let (host, plugin) = try await load(Self.silent, tier)
        #expect(try UnrulyPlugin.failure(plugin, "secret TOKEN").code == .unavailable)
        #expect(try UnrulyPlugin.failure(plugin, "secret-aside TOKEN").code == .unavailable)
        await host.shutdown()
        var grants = GrantPolicy()
        for text in ["service:secrets", "env:ABSENT", "env:TOKEN"] {
            try grants.grant(.init(try Permission(parsing: text)), to: "unruly")
        }
        let (granting, granted) = try await load(Self.asking, tier, .granted(grants))
        #expect(try UnrulyPlugin.ask(granted, "secret TOKEN").process == 5)
        await granting.shutdown()
    }
}
