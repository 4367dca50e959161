import Foundation
import PluginHost
import Synchronization
import Testing

/// Plugins that answer when others cannot.
@Suite("Falling back to another plugin", .timeLimit(.minutes(10))) struct FallbackTests {
    /// Two plugins that misbehave the same way, in one folder, and a host that loads them by name.
    private struct Pair {
        let folder: Sample.Folder
        let host: PluginHost

        init(
            _ recoveries: [String: String] = ["unruly": "fallback:other"], others macros: [String] = [],
            _ change: (inout PluginHost.Configuration) -> Void = { _ in }
        ) throws {
            let folder = try Sample.Folder()
            self.folder = folder
            _ = try UnrulyPlugin.build([], build: 1, in: folder.path)
            _ = try UnrulyPlugin.build(["ID=\"other\""] + macros, build: 2, in: folder.path)
            host = try UnrulyPlugin.host {
                $0.searchPaths = [folder.path]
                for (name, text) in recoveries { $0.workers.recoveries[name] = try? RecoveryPolicy(text) }
                change(&$0)
            }
        }
    }

    /// Crashes in the first build only.
    private static let onlyHere = "abort in 1"

    @Test("a call that crashed is answered by the other plugin, which is told by an event, a number and the answer")
    func crashed() async throws {
        let metrics = Mutex<[PluginMetric]>([])
        let pair = try Pair { $0.metrics = { metric in metrics.withLock { $0.append(metric) } } }
        let plugin = try await pair.host.activate("unruly")
        #expect(pair.host.plugins.map(\.id) == ["other", "unruly"])
        let events = pair.host.events
        #expect(try await UnrulyPlugin.answer(plugin, Self.onlyHere).build == 2)
        for await event in events where event.kind == .fellBack {
            #expect(event.plugin == "unruly" && event.fallback == "other" && event.error?.code == .crashed)
            #expect(event.json["fallback"] == "other" && event.reason == "embedder.embed: other answered")
            break
        }
        let embedder = try await pair.host.embedder("unruly")
        let report = try await embedder.embed(EmbedRequest([Self.onlyHere])).report
        #expect(report.warnings.map(\.feature) == ["fallback"])
        #expect(report.warnings.first?.message.hasPrefix("other answered in place of unruly: ") == true)
        let status = try #require(pair.host.status.first { $0.name == "unruly" })
        #expect(plugin.fallbacks == 2 && status.fallbacks == 2 && status.json["fallbacks"] == 2)
        #expect(status.errors == 2)
        let counted = metrics.withLock { $0 }.filter { $0.name == "keyway.fallbacks" }
        #expect(counted.map(\.value) == [1, 1] && counted.first?.plugin == "unruly")
        #expect(
            counted.first?.labels == ["fallback": "other", "operation": "embedder.embed", "outcome": "answered"])
        // What goes well is not its affair.
        let answer = try await embedder.embed(EmbedRequest(["?"]))
        #expect(answer.report.warnings.isEmpty && answer.matrix.row(0)[2] == 1)
        await pair.host.shutdown()
    }

    @Test("calls that are refused go to the other plugin: suspended, or its workers failed again and again")
    func refused() async throws {
        let pair = try Pair()
        let plugin = try await pair.host.activate("unruly")
        try await pair.host.suspend("unruly")
        #expect(try await UnrulyPlugin.answer(plugin).build == 2)
        try await pair.host.resume("unruly")
        #expect(try await UnrulyPlugin.answer(plugin).build == 1)
        while plugin.refusal == nil {
            #expect(try await UnrulyPlugin.answer(plugin, "\(Self.onlyHere) \(UUID())").build == 2)
        }
        #expect(plugin.refusal?.cause == .circuitOpen)
        #expect(try await UnrulyPlugin.answer(plugin).build == 2)
        await pair.host.shutdown()
    }

    @Test("what the plugin itself answers is its answer, and a call is made twice at most") func limits() async throws {
        let pair = try Pair(["unruly": "fallback:other", "other": "fallback:third"], others: []) {
            _ = try? UnrulyPlugin.build(["ID=\"third\""], build: 3, in: $0.searchPaths[0])
        }
        let plugin = try await pair.host.activate("unruly")
        #expect(pair.host.plugins.map(\.id) == ["third", "other", "unruly"])
        let embedder = try #require(plugin.embedder)
        let cancelled = Task { _ = try await embedder.embed(EmbedRequest(["polite"])) }
        cancelled.cancel()
        let end = await #expect(throws: PluginError.self) { try await cancelled.value }
        #expect(end?.code == .cancelled)
        #expect(plugin.fallbacks == 0)
        let error = try await UnrulyPlugin.error(of: plugin, "abort everywhere")
        #expect(error.code == .crashed && error.plugin == "other" && plugin.fallbacks == 0)
        #expect(error.what.contains("in place of unruly"))
        await pair.host.shutdown()
    }

    @Test("a stream of which something was passed on is not made again; one of which nothing was, is")
    func streams() async throws {
        let pair = try Pair()
        let plugin = try await pair.host.activate("unruly")
        let operations = try #require(plugin.operationSet)
        func run(_ input: String) async -> (bytes: Int, error: PluginError?) {
            var bytes = 0
            do throws(PluginError) {
                for try await event in try await operations.run(
                    OperationRequest("flood", input: Array(input.utf8)), CallContext())
                {
                    if case .chunk(let chunk) = event { bytes += chunk.count }
                }
                return (bytes, nil)
            } catch {
                return (bytes, error)
            }
        }
        // `run` may have had an effect: it is not made twice, whatever came of it.
        let crashed = await run("3 abort in 1")
        #expect(crashed.bytes == 15 && crashed.error?.code == .crashed && plugin.fallbacks == 0)
        // One that never reached the plugin may.
        try await pair.host.suspend("unruly")
        let answered = await run("3 abort in 1")
        #expect(answered.bytes == 15 && answered.error == nil && plugin.fallbacks == 1)
        await pair.host.shutdown()
    }

    @Test(
        "a choice that cannot work is refused when the plugin is loaded",
        arguments: [
            (["unruly": "fallback:nobody"], [], "nobody"),
            (["unruly": "fallback:unruly"], [], "unruly falls back to unruly"),
            (
                ["unruly": "fallback:other", "other": "fallback:unruly"], [],
                "unruly falls back to other falls back to unruly"
            ),
            (["unruly": "fallback:other"], ["WITHOUT_OPERATIONS"], "it does not have keyway.operations/1"),
            (
                ["unruly": "fallback:other"],
                ["MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"dependencies\\\":{\\\"unruly\\\":\\\"^1\\\"}\""],
                "it needs unruly itself"
            ),
        ] as [([String: String], [String], String)])
    func choices(_ recoveries: [String: String], _ macros: [String], _ what: String) async throws {
        let pair = try Pair(recoveries, others: macros)
        let error = await #expect(throws: PluginError.self) { try await pair.host.activate("unruly") }
        #expect(error?.code == .configuration && error?.stage == .load && error?.plugin == "unruly")
        #expect(error?.what.contains(what) == true, "\(error?.what ?? "")")
        #expect(error?.remedy != nil)
        #expect(!pair.host.status.contains { $0.id == "unruly" })
        await pair.host.shutdown()
    }

    @Test("one plugin can answer for all others, and has nobody itself") func all() async throws {
        let pair = try Pair([:]) { $0.workers.recovery = .fallback(plugin: "other") }
        let plugin = try await pair.host.activate("unruly")
        #expect(try await UnrulyPlugin.answer(plugin, Self.onlyHere).build == 2)
        let other = try await pair.host.activate("other")
        #expect(try await UnrulyPlugin.error(of: other, "abort").code == .crashed)
        await pair.host.shutdown()
    }

    @Test("the other plugin may be stopped, swapped and loaded again") func lifetimes() async throws {
        let pair = try Pair()
        let plugin = try await pair.host.activate("unruly")
        try await pair.host.stop("other")
        #expect(try await UnrulyPlugin.error(of: plugin, Self.onlyHere).code == .crashed)
        _ = try await pair.host.activate("other")
        #expect(try await UnrulyPlugin.answer(plugin, "\(Self.onlyHere), again").build == 2)
        let third = try Sample.Folder()
        try await pair.host.swap("other", to: try UnrulyPlugin.build(["ID=\"other\""], build: 3, in: third.path))
        #expect(try await UnrulyPlugin.answer(plugin, "\(Self.onlyHere), and again").build == 3)
        await pair.host.shutdown()
    }
}
