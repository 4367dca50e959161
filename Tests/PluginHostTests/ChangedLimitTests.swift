import Foundation
import PluginHost
import Testing

/// Limits of plugins that live, changed while they do.
@Suite("Limits that change", .timeLimit(.minutes(10))) struct ChangedLimitTests {
    private static let unruly = try? UnrulyPlugin()

    private func load(
        _ limits: [String] = [], _ change: (inout PluginHost.Configuration) throws -> Void = { _ in }
    ) async throws -> (host: PluginHost, plugin: NativePlugin) {
        let host = try UnrulyPlugin.host(limits, change)
        return (host, try await host.load(try #require(Self.unruly).path))
    }

    @Test("time and output are limited from the next call on, in the worker that there is") func calls() async throws {
        let (host, plugin) = try await load()
        let before = try UnrulyPlugin.ask(plugin)
        #expect(plugin.limits?[.wall]?.source == .host)
        let limits = try host.setLimits(LimitSet(["wall=150ms"]), of: plugin.id)
        #expect(limits[.wall] == EffectiveLimit(.wall, 150, source: .call) && plugin.limits == limits)
        #expect(try UnrulyPlugin.ask(plugin).process == before.process)
        let error = try UnrulyPlugin.failure(plugin, "spin")
        #expect(error.code == .timeout)
        #expect(
            error.facts == .resourceLimit(kind: "wall", value: 150, unit: "milliseconds", source: "call", setBy: "call")
        )
        // What is not said again stays.
        try host.setLimits(LimitSet(["output=1M"]), of: plugin.id)
        let unruly = try #require(Self.unruly)
        _ = try await host.swap(plugin.id, to: UnrulyPlugin.build([], build: 2, in: unruly.folder.path))
        #expect(try UnrulyPlugin.ask(plugin).build == 2)
        #expect(plugin.limits?[.wall]?.value == 150 && plugin.limits?[.output]?.value == 1 << 20)
        await host.shutdown()
    }

    @Test("memory is limited in workers that live, and in those that come", arguments: ["96M", "400M"])
    func memory(_ first: String) async throws {
        let (host, plugin) = try await load(["memory=\(first)", "workers=1"])
        _ = try UnrulyPlugin.ask(plugin)
        try host.setLimits(LimitSet(["memory=160M"]), of: plugin.id)
        // Twice: in one that lived, or that took its place, and in one that was made since.
        for _ in 0..<2 {
            let error = try UnrulyPlugin.failure(plugin, "devour")
            #expect(error.code == .memoryLimit, "\(error)")
            // Its group's limit has changed even where the kernel does not let this user change the process's.
            let facts = ["rlimit", "cgroup"].map {
                PluginError.Facts.resourceLimit(
                    kind: "memory", value: 160 << 20, unit: "bytes", source: $0, setBy: "call")
            }
            #expect(facts.contains(error.facts), "\(error.facts)")
        }
        await host.shutdown()
    }

    @Test(
        "a file that becomes larger than it may is an error of its limit, also of one that is set later",
        arguments: [true, false])
    func fileSize(_ isSetLater: Bool) async throws {
        let folder = try Sample.Folder()
        let (host, plugin) = try await load(isSetLater ? [] : ["fileSize=1M"]) {
            $0.workers.allowed = [try Permission(.writeFiles, folder.path)]
        }
        _ = try UnrulyPlugin.ask(plugin)
        if isSetLater { try host.setLimits(LimitSet(["fileSize=1M"]), of: plugin.id) }
        let error = try UnrulyPlugin.failure(plugin, "write-much \(folder.path)/file")
        #expect(error.code == .resourceExhausted, "\(error)")
        #expect(
            error.facts
                == .resourceLimit(kind: "fileSize", value: 1 << 20, unit: "bytes", source: "rlimit", setBy: "call"))
        let size = try FileManager.default.attributesOfItem(atPath: folder.path + "/file")[.size] as? Int
        #expect(size == 1 << 20)
        _ = try UnrulyPlugin.ask(plugin)
        await host.shutdown()
    }

    /// What the kernel limits of the worker that answers.
    private func limit(_ name: String, of plugin: NativePlugin, _ text: String = "?") -> Int64? {
        guard let process = try? UnrulyPlugin.ask(plugin, text).process,
            let limits = try? String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
        else { return nil }
        return limits.split(separator: "\n").first { $0.hasPrefix(name) }?
            .split(separator: " ").dropFirst(3).first.flatMap { Int64($0) }
    }

    @Test("descriptors are limited in workers that live, or that take their places, and are to be had again")
    func descriptors() async throws {
        let (host, plugin) = try await load(["openFiles=64", "workers=1"])
        #expect(limit("Max open files", of: plugin) == 64)
        for wanted: Int64 in [32, 64] {
            try host.setLimits(LimitSet(["openFiles=\(wanted)"]), of: plugin.id)
            // Who may not change it gets another worker in the place of this one.
            while limit("Max open files", of: plugin) != wanted, !Task.isCancelled {}
            #expect(limit("Max open files", of: plugin) == wanted)
        }
        await host.shutdown()
    }

    @Test(
        "limits within which a plugin cannot be loaded are refused with their error, and nothing changes",
        arguments: [("memory=64K", PluginError.Code.memoryLimit), ("openFiles=3", .resourceExhausted)])
    func impossible(_ limit: String, _ code: PluginError.Code) async throws {
        let (host, plugin) = try await load(["workers=1"])
        let before = try UnrulyPlugin.ask(plugin)
        let limits = plugin.limits
        let error = #expect(throws: PluginError.self) {
            try host.setLimits(LimitSet([limit, "wall=1h"]), of: plugin.id)
        }
        #expect(
            error?.code == code && error?.stage == .load && error?.plugin == plugin.id, "\(String(describing: error))")
        #expect(plugin.limits == limits)
        #expect(try UnrulyPlugin.ask(plugin).process == before.process)
        // Nor is it remembered.
        try host.setLimits(LimitSet(["output=1M"]), of: plugin.id)
        #expect(plugin.limits?[.wall] == limits?[.wall] && plugin.limits?[.memory] == limits?[.memory])
        await host.shutdown()
    }

    @Test("processes are limited in the workers that take the places of those that live") func processes() async throws
    {
        let bomb = try UnrulyPlugin(["BOMB"])
        let host = try UnrulyPlugin.host(["processes=200", "workers=1"]) {
            $0.workers.allowed = [try Permission(.execute, "/bin/true")]
        }
        let plugin = try await host.load(bomb.path)
        /// Each has a namespace, in which its number is the same; a new one counts its calls anew.
        func change(_ limit: String) throws {
            let before = try UnrulyPlugin.ask(plugin)
            try host.setLimits(LimitSet([limit]), of: plugin.id)
            while try UnrulyPlugin.ask(plugin).calls > before.calls, !Task.isCancelled {}
        }
        _ = try UnrulyPlugin.ask(plugin, "bomb 20")
        try change("processes=10")
        #expect(try UnrulyPlugin.failure(plugin, "bomb 20").code == .resourceExhausted)
        try change("processes=200")
        _ = try UnrulyPlugin.ask(plugin, "bomb 20")
        await host.shutdown()
    }

    @Test("a limit that changes while workers are made holds in them, or in those that take their places") func made()
        async throws
    {
        let (host, plugin) = try await load(["memory=392M", "workers=1"])
        // Higher each time: lower ones are tried first, and the worker is made by then.
        for round in 0..<8 {
            let wanted = Int64(393 + round) << 20
            kill(try UnrulyPlugin.ask(plugin, "\(round)").process, SIGKILL)
            try host.setLimits(LimitSet(["memory=\(wanted)"]), of: plugin.id)
            try await host.resume(plugin.id)
            // A call that finds the dying one fails, and the same one twice would be refused.
            var attempt = 0
            while limit("Max data size", of: plugin, "\(round).\(attempt)") != wanted, !Task.isCancelled {
                attempt += 1
            }
        }
        #expect(limit("Max data size", of: plugin) == 400 << 20)
        await host.shutdown()
    }

    @Test("an operator's limit stays above them, and a plugin in this process has none") func ceiling() async throws {
        let (host, plugin) = try await load { $0.workers.operatorLimits = try LimitSet(["wall=10s"]) }
        let limits = try host.setLimits(LimitSet(["wall=1h"]), of: plugin.id)
        #expect(limits[.wall] == EffectiveLimit(.wall, 10_000, source: .operator))
        await host.shutdown()
        let (own, here) = try await load { $0.isolation = .inProcess }
        let error = #expect(throws: PluginError.self) { try own.setLimits(LimitSet(["wall=1s"]), of: here.id) }
        #expect(error?.code == .unsupported)
        let idle = #expect(throws: PluginError.self) { try own.setLimits(LimitSet(["concurrency=4"]), of: here.id) }
        #expect(idle?.code == .invalidArgument)
        let unknown = #expect(throws: PluginError.self) { try own.setLimits(LimitSet(), of: "nobody") }
        #expect(unknown?.code == .notFound)
        await own.shutdown()
    }

    @Test(
        "a plugin that fills its folders beyond the limit, also one that is set later, is ended with the limit and its source",
        arguments: [true, false])
    func disk(_ isSetLater: Bool) async throws {
        let folder = try Sample.Folder()
        try Data(count: 6 << 20).write(to: URL(fileURLWithPath: folder.path + "/there-already"))
        let (host, plugin) = try await load(isSetLater ? ["workers=1"] : ["disk=4M", "workers=1"]) {
            $0.workers.allowed = [try Permission(.writeFiles, folder.path)]
        }
        // What was there before is not the plugin's.
        _ = try UnrulyPlugin.ask(plugin, "write \(folder.path)/little")
        // It holds for the very next call.
        if isSetLater { try host.setLimits(LimitSet(["disk=4M"]), of: plugin.id) }
        let error = try await UnrulyPlugin.error(of: plugin, "write-much \(folder.path)/much")
        #expect(error.code == .resourceExhausted, "\(error)")
        #expect(
            error.facts == .resourceLimit(kind: "disk", value: 4 << 20, unit: "bytes", source: "broker", setBy: "call"))
        // It may still be asked, and make room.
        _ = try UnrulyPlugin.ask(plugin)
        _ = try UnrulyPlugin.ask(plugin, "write \(folder.path)/more")
        await host.shutdown()
    }
}
