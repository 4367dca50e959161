import Foundation
import PluginHost
import Testing

/// The sample plugins, as they were built.
enum SamplePlugins {
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["KEYWAY_TEST_PLUGINS"] { return folder }
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        return "\(repository)/.build/release/plugins"
    }()

    static func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name).so") }

    static func skip(_ name: String) -> Comment { "SKIP \(name).so is not in \(folder): make plugins builds it" }

    /// The samples keep their contracts in processes of their own, too: these tests run again with KEYWAY_TEST_TIER=worker.
    /// There they are granted the folder, where snapshots lie, and what runs programs may run them.
    private static func configuration(granting folder: String) throws -> PluginHost.Configuration {
        var configuration = PluginHost.Configuration()
        guard ProcessInfo.processInfo.environment["KEYWAY_TEST_TIER"] == "worker" else { return configuration }
        configuration.isolation = .worker
        configuration.workers.allowed = [try Permission(.readFiles, folder), try Permission(.writeFiles, folder)]
        configuration.workers.allowedOnRequest = [try Permission(.execute)]
        return configuration
    }

    /// Loads a sample with a data folder of its own, for as long as the body runs.
    static func with(_ name: String, _ body: (NativePlugin, _ folder: String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "keyway-conformance-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let host = PluginHost(try configuration(granting: folder))
        let plugin = try await host.load("\(Self.folder)/\(name).so", dataFolder: "\(folder)/data")
        do {
            try await body(plugin, folder)
        } catch {
            await host.shutdown()
            throw error
        }
        await host.shutdown()
    }
}
