import PluginCore
import PluginLoader
import Testing

/// The plugin of Tests/Fixtures/hostile: each call breaks its contract as the call's attribute says, and keeps it without.
enum Hostile {
    private static let built: Result<(path: String, folder: Folder), any Error> = Result {
        let folder = try Folder()
        let path = "\(folder.path)/hostile.so"
        let fixtures = "\(Fixture.repository)/Tests/Fixtures"
        let sources = [
            "hostile/hostile", "hostile/provider", "hostile/embedder", "hostile/others", "mirror/mirror", "json",
        ]
        try Fixture.compile(
            [
                "-std=gnu11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O0", "-fPIC", "-shared",
                "-fvisibility=hidden", "-pthread", "-I\(Fixture.repository)/PluginABI/include", "-o", path,
            ] + sources.map { "\(fixtures)/\($0).c" }
                + [
                    "-Wl,--version-script=\(Fixture.repository)/PluginABI/plugin.map", "-Wl,-z,relro", "-Wl,-z,now",
                ])
        return (path, folder)
    }

    /// An instance of a generation of its own: what its threads keep is nobody else's.
    static func plugin(checksReplies: Bool = false) throws -> NativePlugin {
        try Fixture.loader(checksReplies: checksReplies).prepare(built.get().path).load(in: Fixture.tier.get()).create()
    }

    /// The words whose calls must fail, one after the other: each with an error that says which plugin and which operation
    /// broke its contract; after each the same instance is as good as before, and another plugin never noticed.
    static func breaks(
        _ operation: String, _ words: [String], sourceLocation: SourceLocation = #_sourceLocation,
        _ call: (NativePlugin, CallContext) async throws(PluginError) -> Void
    ) async throws {
        let (plugin, neighbour) = (try plugin(), try Mirror.plugin())
        for word in words {
            let error = await failure { () async throws(PluginError) in try await call(plugin, Mirror.does(word)) }
            #expect(error?.code == .protocolViolation, "\(word): \(error as Any)", sourceLocation: sourceLocation)
            #expect(error?.plugin == "hostile", "\(word): \(error as Any)", sourceLocation: sourceLocation)
            #expect(error?.operation == operation, "\(word): \(error as Any)", sourceLocation: sourceLocation)
            #expect(error?.remedy != nil, "\(word)", sourceLocation: sourceLocation)
            let honest = await failure { () async throws(PluginError) in try await call(plugin, CallContext()) }
            #expect(honest == nil, "an honest call after \(word): \(honest as Any)", sourceLocation: sourceLocation)
            #expect(try await neighbour.health(CallContext()).isHealthy, sourceLocation: sourceLocation)
        }
        await plugin.shutdown()
        await neighbour.shutdown()
    }

    /// The ways to spoil a span of growable structs.
    static func span(_ name: String) -> [String] {
        ["null", "stride-0", "stride-6", "count", "size-0", "size-7", "size-huge", "must"].map { "\(name)-\($0)" }
    }

    /// The ways to spoil a span of plain values.
    static func values(_ name: String) -> [String] { ["null", "stride-0", "count"].map { "\(name)-\($0)" } }

    static func texts(_ names: [String]) -> [String] { names.flatMap { ["\($0)-text", "\($0)-no-text"] } }
}
