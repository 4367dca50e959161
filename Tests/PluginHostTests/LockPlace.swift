import PluginHost

/// What tests of locks need.
enum LockPlace {
    static func host(_ folder: String, lock: Lockfile? = nil) -> PluginHost {
        var configuration = PluginHost.Configuration()
        configuration.searchPaths = [folder]
        configuration.lock = lock
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return PluginHost(configuration)
    }

    /// Of everything that is installed and can be loaded.
    static func resolution(_ host: PluginHost) async throws -> Resolution {
        let installed = try await host.scan().entries.filter(\.isLoadable).compactMap(\.candidate)
        return try Resolver(installed, hostSDK: host.configuration.sdk).resolve()
    }
}
