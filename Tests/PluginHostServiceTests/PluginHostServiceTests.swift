import PluginHost
import PluginHostService
import ServiceLifecycle
import Synchronization
import Testing

@Suite("The host as a service", .timeLimit(.minutes(10)))
struct PluginHostServiceTests {
    @Test("runs until the group shuts down gracefully, before the services that it stands in front of are gone")
    func endsGracefully() async throws {
        var configuration = PluginHost.Configuration()
        configuration.preload = ["nobody"]
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let host = PluginHost(configuration)
        let ends = Mutex<[String]>([])
        let (ready, told) = AsyncStream.makeStream(of: PluginHost.Ready.self)
        struct Server: Service {
            let onEnd: @Sendable () -> Void
            func run() async throws {
                try? await gracefulShutdown()
                onEnd()
            }
        }
        struct Host: Service {
            let service: PluginHostService
            let onEnd: @Sendable () -> Void
            func run() async throws {
                try await service.run()
                onEnd()
            }
        }
        let group = ServiceGroup(
            services: [
                Host(service: PluginHostService(host) { told.yield($0) }) { ends.withLock { $0.append("host") } },
                Server { ends.withLock { $0.append("server") } },
            ], logger: configuration.logger)
        let running = Task { try await group.run() }
        for await report in ready {
            #expect(report.socket == nil && report.loads.map(\.name) == ["nobody"])
            #expect(report.loads.first?.error?.code == .notFound)
            break
        }
        await group.triggerGracefulShutdown()
        try await running.value
        #expect(ends.withLock { $0 } == ["server", "host"])
        let error = try await #require(throws: PluginError.self) { try await host.load("nobody.so") }
        #expect(error.code == .notFound)
    }
}
