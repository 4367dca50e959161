import Foundation
import PluginHost
import Testing

/// How many workers a plugin has, who gets them, and what happens when they go.
@Suite("Pools of workers", .timeLimit(.minutes(10))) struct WorkerPoolTests {
    /// A call that stays in the plugin until it is cancelled.
    private struct Held {
        let task: Task<Void, any Error>

        init(_ plugin: NativePlugin, _ keeper: LogKeeper) async throws {
            let embedder = try #require(plugin.embedder)
            task = Task { _ = try await embedder.embed(EmbedRequest(["polite, and log"])) }
            _ = try await keeper.line(with: "a note")
        }

        func end() async {
            task.cancel()
            _ = await task.result
        }
    }

    /// Of one call at a time.
    private static let single = ["CAPS=0"]

    @Test("calls beyond what may wait are refused with the limit") func overloaded() async throws {
        let unruly = try UnrulyPlugin(Self.single)
        let keeper = LogKeeper()
        let host = try UnrulyPlugin.host(["workers=1", "queue=0"]) { $0.logger = keeper.logger }
        let plugin = try await host.load(unruly.path)
        let held = try await Held(plugin, keeper)
        let error = try UnrulyPlugin.failure(plugin, "?")
        #expect(error.code == .overloaded)
        #expect(error.facts == .resourceLimit(kind: "queue", value: 0, unit: "count", source: "call", setBy: "call"))
        await held.end()
        // The caller has gone before the plugin has heard of it.
        while plugin.workers.contains(where: { $0.busy > 0 }) { await Task.yield() }
        _ = try UnrulyPlugin.ask(plugin)
        await host.shutdown()
    }

    @Test("a call that waits has the pool grow") func growth() async throws {
        let unruly = try UnrulyPlugin(Self.single)
        let keeper = LogKeeper()
        let host = try UnrulyPlugin.host(["workers=2"]) { $0.logger = keeper.logger }
        let plugin = try await host.load(unruly.path)
        let (first, second) = (try await Held(plugin, keeper), try await Held(plugin, keeper))
        #expect(plugin.workers.count { $0.phase == .active && $0.busy == 1 } == 2)
        await first.end()
        await second.end()
        await host.shutdown()
    }

    @Test("the call of the higher priority comes first, and then the one that came first") func priority() async throws
    {
        let unruly = try UnrulyPlugin(Self.single)
        let keeper = LogKeeper()
        let host = try UnrulyPlugin.host(["workers=1"]) {
            $0.logger = keeper.logger
            // Not that a busy machine makes an old call an urgent one.
            $0.workers.ageing = .seconds(3600)
        }
        let plugin = try await host.load(unruly.path)
        let held = try await Held(plugin, keeper)
        let embedder = try #require(plugin.embedder)
        func wait(_ priority: PluginPriority, behind others: Int) async -> Task<Int, any Error> {
            let task = Task {
                // With a matrix at hand this is one call; without it the embedder is asked for its dimensions before.
                var matrix = Matrix(rows: 1, dims: 3)
                _ = try await embedder.embed(EmbedRequest(["?"]), into: &matrix, CallContext(priority: priority))
                return Int(matrix.row(0)[1])
            }
            while plugin.waitingCalls <= others { await Task.yield() }
            return task
        }
        let (cleanup, normal) = (await wait(.cleanup, behind: 0), await wait(.normal, behind: 1))
        let (other, critical) = (await wait(.normal, behind: 2), await wait(.critical, behind: 3))
        await held.end()
        // The held call was the first.
        #expect(try await critical.value == 2)
        #expect(try await normal.value == 3)
        #expect(try await other.value == 4)
        #expect(try await cleanup.value == 5)
        await host.shutdown()
    }

    @Test("a worker that somebody kills is replaced; the call in it is lost") func killed() async throws {
        let unruly = try UnrulyPlugin()
        let keeper = LogKeeper()
        let host = try UnrulyPlugin.host { $0.logger = keeper.logger }
        let plugin = try await host.load(unruly.path)
        let before = try UnrulyPlugin.ask(plugin)
        let held = try await Held(plugin, keeper)
        kill(before.process, SIGKILL)
        let result = await held.task.result
        #expect(throws: PluginError.self) { try result.get() }
        #expect(try UnrulyPlugin.ask(plugin).process != before.process)
        await host.shutdown()
    }

    @Test("when the program that makes workers is killed, its workers go with it, and all begins anew")
    func zygoteKilled() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let events = host.events
        let before = try UnrulyPlugin.ask(plugin)
        kill(try Self.parent(of: before.process), SIGKILL)
        for await event in events where event.kind == .workerActive { break }
        let after = try UnrulyPlugin.ask(plugin)
        #expect(after.process != before.process)
        #expect(kill(before.process, 0) == -1 || Self.isCollected(before.process))
        await host.shutdown()
    }

    @Test("plugins that are not trusted come from a program of their own, whose end is no matter to the others")
    func domains() async throws {
        let (trusted, open) = (try UnrulyPlugin(), try UnrulyPlugin(["ID=\"open\""]))
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: open.folder.path)
        let host = try UnrulyPlugin.host()
        let (own, foreign) = (try await host.load(trusted.path), try await host.load(open.path))
        let events = host.events
        let (before, lost) = (try UnrulyPlugin.ask(own), try UnrulyPlugin.ask(foreign))
        let program = try Self.parent(of: lost.process)
        #expect(try Self.parent(of: before.process) != program)
        kill(program, SIGKILL)
        for await event in events where event.kind == .workerActive { break }
        #expect(try UnrulyPlugin.ask(foreign).process != lost.process)
        let after = try UnrulyPlugin.ask(own)
        #expect(after.process == before.process && after.calls == before.calls + 1)
        await host.shutdown()
    }

    @Test("a plugin that is to be disabled when it breaks is not called any more") func disables() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host { $0.workers.recovery = .disable }
        let plugin = try await host.load(unruly.path)
        let events = host.events
        #expect(try UnrulyPlugin.failure(plugin, "abort").code == .crashed)
        for await event in events where event.kind == .workersGaveUp { break }
        #expect(try UnrulyPlugin.failure(plugin, "?").code == .disabled)
        await host.shutdown()
    }

    @Test("where nothing is done about a crash, the next call brings a worker of its own") func ignores() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host { $0.workers.recovery = .ignore }
        let plugin = try await host.load(unruly.path)
        let before = try UnrulyPlugin.ask(plugin)
        #expect(try UnrulyPlugin.failure(plugin, "abort").code == .crashed)
        #expect(try UnrulyPlugin.ask(plugin).process != before.process)
        await host.shutdown()
    }

    @Test("a call that crashed is made once more, if that is wished and can do no harm") func retries() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host { $0.workers.recovery = .retry }
        let plugin = try await host.load(unruly.path)
        #expect(try UnrulyPlugin.failure(plugin, "abort").code == .crashed)
        // Both of them were this call's.
        #expect(try UnrulyPlugin.failure(plugin, "abort").code == .poisoned)
        await host.shutdown()
    }

    private static func parent(of process: Int32) throws -> Int32 {
        let status = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = try #require(status.split(separator: ")").last).split(separator: " ")
        return try #require(Int32(fields[1]))
    }

    /// Dead, and waiting for whoever collects orphans.
    private static func isCollected(_ process: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        return status.isEmpty || status.split(separator: ")").last?.split(separator: " ").first == "Z"
    }

    @Test("suspended, a plugin refuses calls; resumed, it answers from the same workers") func suspension() async throws
    {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let before = try UnrulyPlugin.ask(plugin)
        try await host.suspend(plugin.id, reason: "a rest")
        #expect(try UnrulyPlugin.failure(plugin, "?").code == .disabled)
        try await host.resume(plugin.id)
        #expect(try UnrulyPlugin.ask(plugin).process == before.process)
        await host.shutdown()
    }

    @Test("a swap hands state over from worker to worker") func handsOver() async throws {
        let macros = ["MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"loading\\\":{\\\"handsOver\\\":true}\""]
        let unruly = try UnrulyPlugin(macros)
        let host = try UnrulyPlugin.host(["workers=1"])
        let plugin = try await host.load(unruly.path)
        for _ in 1...3 { _ = try UnrulyPlugin.ask(plugin) }
        _ = try await host.swap(plugin.id, to: try UnrulyPlugin.build(macros, build: 2, in: unruly.folder.path))
        let answer = try UnrulyPlugin.ask(plugin)
        #expect(answer.build == 2 && answer.calls == 4)
        await host.shutdown()
    }

    @Test("a shutdown ends calls that do not hear of it") func shutdown() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host(["wall=1s"]) { $0.supervision.drainTimeout = .milliseconds(100) }
        let plugin = try await host.load(unruly.path)
        let embedder = try #require(plugin.embedder)
        let process = try UnrulyPlugin.ask(plugin).process
        let task = Task { _ = try await embedder.embed(EmbedRequest(["deaf"])) }
        await host.shutdown()
        await #expect(throws: PluginError.self) { try await task.value }
        #expect(kill(process, 0) == -1 || Self.isCollected(process))
    }
}
