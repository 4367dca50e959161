import CRawHost
import Dispatch
import Glibc
import PluginHost

/// Measures what Keyway costs over plain C; see the README beside the package for how to read what it prints.
@main
enum Main {
    private static let usage = """
        usage: keyway-bench table IDLE-PLUGIN SWIFT-PLUGIN HASH-EMBEDDER [LARGE-LIBRARY]
               keyway-bench registry HASH-EMBEDDER               finding plugins, beside GStreamer
               keyway-bench probe C-PLUGIN SWIFT-PLUGIN CRASHING HANGING
               keyway-bench swap C-PLUGIN SWIFT-PLUGIN           hot swap under load
               keyway-bench first-scan FOLDER CACHE NAME         nanoseconds to the first look-up
               keyway-bench first-gstreamer                      nanoseconds of GStreamer's registry, likewise
               keyway-bench inspect FILE                         nanoseconds, and MiB of the process
               keyway-bench first-load keyway|raw FILE           nanoseconds: total, inspect, load, create
               keyway-bench repeat raw|engine|typed FILE COUNT   embed calls, for instruction counters and profilers
               keyway-bench repeat stream FILE COUNT             deltas of one stream
               keyway-bench repeat load FILE COUNT               loads of one file
        """

    /// Synchronous, because an asynchronous `main` ends the first thread, which valgrind 3.19 does not survive. What
    /// needs tasks starts one.
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.count) {
        case ("table", 4), ("table", 5):
            let large = arguments.count > 4 ? arguments[4] : nil
            runTask {
                try await table(idle: arguments[1], swift: arguments[2], working: arguments[3], large: large)
            }
        case ("registry", 2):
            runTask {
                let rows = try await TemporaryFolder.with { folder in
                    try await RegistryBenchmarks(plugin: arguments[1], folder: folder).rows()
                }
                Table.print(rows)
            }
        case ("probe", 5): runTask { try await probe(Array(arguments[1...])) }
        case ("swap", 3):
            runTask {
                try await TemporaryFolder.with { folder in
                    try await SwapBenchmarks(file: arguments[1], name: "C").run(in: folder)
                    try await SwapBenchmarks(file: arguments[2], name: "Swift").run(in: folder)
                }
            }
        case ("first-scan", 4):
            run { print(try RegistryBenchmarks.timeToFirstLookUp(arguments[1], arguments[2], arguments[3])) }
        case ("first-gstreamer", 1): run { print(try GStreamerRegistry.timeToFirstLookUp()) }
        case ("inspect", 2): run { try InspectBenchmarks.printOne(arguments[1]) }
        case ("first-load", 3): run { try LoadBenchmarks.printFirstLoad(arguments[1], arguments[2]) }
        case ("repeat", 4):
            guard let count = Int(arguments[3]), count > 0 else { fallthrough }
            if arguments[1] == "stream" {
                runTask { try await Repetition.stream(arguments[2], count: count) }
            } else {
                run { try Repetition.run(arguments[1], arguments[2], count: count) }
            }
        default:
            fail(usage)
            exit(2)
        }
    }

    /// - Parameter files: plugins as ``ProbeBenchmarks`` has them.
    private static func probe(_ files: [String]) async throws {
        let plugins = try files.map(PluginHost().prepare)
        let scanner = try PluginScanner.locate()
        Table.print(
            try await ProbeBenchmarks(
                good: plugins[0], swift: plugins[1], bad: plugins[2], stuck: plugins[3], scanner: scanner
            ).rows())
    }

    private static func run(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            fail("keyway-bench: error: \(error)")
            exit(1)
        }
    }

    private static func runTask(_ body: @escaping @Sendable () async throws -> Void) -> Never {
        Task {
            do {
                try await body()
            } catch {
                fail("keyway-bench: error: \(error)")
                exit(1)
            }
            exit(0)
        }
        dispatchMain()
    }

    private static func fail(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// - Parameters:
    ///   - idle: the plugin whose operations do nothing.
    ///   - swift: the plugin that does in Swift what the idle one does for rows of 64 elements.
    ///   - working: an embedder that works.
    ///   - large: a library of a hundred megabytes or so.
    private static func table(idle: String, swift: String, working: String, large: String?) async throws {
        let host = PluginHost()
        let idlePlugin = try await host.load(idle)
        let workingPlugin = try await host.load(working)
        guard let idleEmbedder = idlePlugin.embedder, let idleProvider = idlePlugin.modelProvider,
            let embedder = workingPlugin.embedder
        else { throw BenchmarkError("\(idle) has to be an embedder and a provider, \(working) an embedder") }
        let rawIdle = try RawPlugin(idle)
        let checking = PluginLoader(logger: Logger(label: "benchmark"), metrics: { _ in }, checksReplies: true)
        let checked = try checking.prepare(idle).load().create().embedder
        var rows = try await CallBenchmarks(
            embedder: idleEmbedder, checked: checked, raw: rawIdle, dims: 1, batch: 20_000
        ).overheadRows()
        rows += try await CallBenchmarks(embedder: embedder, raw: RawPlugin(working), dims: 1024, batch: 100)
            .embedRows()
        rows += try await LanguageBenchmarks(c: rawIdle, swift: RawPlugin(swift)).rows()
        rows += try await StreamBenchmarks(provider: idleProvider, raw: rawIdle).rows()
        rows += try await TemporaryFolder.with { folder in try LoadBenchmarks(plugin: working, folder: folder).rows() }
        rows += try await TemporaryFolder.with { folder in
            try await InspectBenchmarks(plugin: working, large: large, folder: folder).rows()
        }
        Table.print(rows)
        await host.shutdown()
    }
}
