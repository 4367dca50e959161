public import PluginHost
public import ServiceLifecycle

/// A host of plugins as a service of swift-service-lifecycle.
///
///     let host = PluginHost(configuration)
///     let group = ServiceGroup(
///         services: [PluginHostService(host), server], gracefulShutdownSignals: [.sigterm], logger: logger)
///     try await group.run()
///
/// It runs as ``PluginHost/PluginHost/run(ready:)`` does. A group ends its services in reverse order, so a server that stands
/// behind the host has answered its last request when the plugins are ended.
///
/// In a module of its own, so that hosts that do not need the package do not build it.
public struct PluginHostService: Service {
    public let host: PluginHost
    private let ready: @Sendable (PluginHost.Ready) async -> Void

    /// - Parameter ready: is called once, when the plugins are loaded.
    public init(_ host: PluginHost, ready: @escaping @Sendable (PluginHost.Ready) async -> Void = { _ in }) {
        self.host = host
        self.ready = ready
    }

    /// Runs the host until the group shuts down, gracefully or not; then every plugin is ended in order.
    public func run() async throws {
        try await cancelWhenGracefulShutdown { try await host.run(ready: ready) }
    }
}
