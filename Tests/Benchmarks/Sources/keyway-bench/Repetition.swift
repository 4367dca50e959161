import CRawHost
import PluginHost

/// One thing again and again and nothing else, for tools that look from outside.
enum Repetition {
    static func run(_ way: String, _ file: String, count: Int) throws {
        let loader = PluginLoader(logger: Logger(label: "benchmark"), metrics: { _ in })
        if way == "load" {
            for _ in 0..<count { _ = try LoadBenchmarks.load(file, loader) }
            return
        }
        guard let embedder = try loader.prepare(file).load().create().embedder else {
            throw BenchmarkError("\(file) is no embedder")
        }
        // As in the table: the plugin that does nothing offers every length, one that works its own range.
        let dims = try embedder.info().offers(dims: 1) ? 1 : 1024
        let calls = CallBenchmarks(embedder: embedder, raw: try RawPlugin(file), dims: dims, batch: count)
        switch way {
        case "raw": _ = try calls.direct(RAW_ENGINE_MINIMAL)
        case "engine": _ = try calls.direct(RAW_ENGINE_KEYWAY)
        case "typed": _ = try calls.typed()
        default: throw BenchmarkError("repeat knows raw, engine, typed, stream and load, not \(way)")
        }
    }

    static func stream(_ file: String, count: Int) async throws {
        let host = PluginHost()
        guard let provider = try await host.load(file).modelProvider else {
            throw BenchmarkError("\(file) is no provider")
        }
        _ = try await StreamBenchmarks.sequence(provider, deltas: count)
        await host.shutdown()
    }
}
