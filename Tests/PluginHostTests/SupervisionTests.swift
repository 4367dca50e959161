import Foundation
import PluginHost
import Synchronization
import TestPrograms
import Testing

@Suite("Plugins in a host", .needsCompiler, .timeLimit(.minutes(10)))
struct SupervisionTests {
    @Test("a plugin is loaded when it is first wanted, once for all who want it at the same time")
    func activation() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter-file")
        let host = place.host()
        let adapters = try await withThrowingTaskGroup(of: ObjectIdentifier.self) { group in
            for name in ["counter", "counter-file", "counter", "counter"] {
                group.addTask { ObjectIdentifier(try await host.activate(name)) }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(adapters.count == 1 && host.status.map(\.name) == ["counter"])
        let embedder = try await host.embedder("counter")
        #expect(try await embedder.embed(EmbedRequest(["?"])).matrix.row(0)[0] == 1)
        let wrong = try await #require(throws: PluginError.self) { try await host.provider("counter") }
        #expect(wrong.code == .unsupported && wrong.facts == .names(["keyway.embedder/1"]))
        let missing = try await #require(throws: PluginError.self) { try await host.embedder("nobody") }
        #expect(missing.code == .notFound)
        // By what it can do.
        #expect(try await host.embedder(dims: 2).id == "counter")
        let none = try await #require(throws: PluginError.self) { try await host.embedder(dims: 77) }
        #expect(none.code == .notFound && none.message.contains("counter cannot do all of it"))
        await host.shutdown()
        let after = try await #require(throws: PluginError.self) { _ = try await embedder.embed(EmbedRequest(["?"])) }
        #expect(after.code == .disabled)
    }

    @Test("a plugin comes with what it needs, and each once")
    func dependencies() async throws {
        let place = try SwapPlugin()
        func needing(_ id: String, _ needs: String) -> [String] {
            ["ID=\"\(id)\"", "MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"dependencies\\\":{\(needs)}\""]
        }
        try place.build(1, as: "base", ["ID=\"base\""])
        try place.build(2, as: "middle", needing("middle", "\\\"base\\\":\\\"^1.0.0\\\""))
        try place.build(3, as: "top", needing("top", "\\\"middle\\\":\\\"^1.0.0\\\",\\\"base\\\":\\\"^1.0.0\\\""))
        try place.build(4, as: "wanting", needing("wanting", "\\\"base\\\":\\\"^9.0.0\\\""))
        let host = place.host()
        let attempts = await host.load(all: ["top", "base", "wanting"])
        #expect(attempts.map(\.name) == ["top", "base", "wanting"])
        #expect(attempts.map { $0.plugin?.id } == ["top", "base", nil] && attempts[2].error?.code == .dependency)
        #expect(Set(host.status.map(\.name)) == ["base", "middle", "top"])
        let order = host.status.map(\.name)
        #expect(order.firstIndex(of: "base")! < order.firstIndex(of: "middle")!)
        #expect(order.firstIndex(of: "middle")! < order.firstIndex(of: "top")!)
        await host.shutdown()
    }

    @Test("what rests refuses calls with the reason and goes on as it was")
    func suspension() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter")
        let host = place.host()
        let plugin = try await host.load("counter", configuration: place.configuration)
        let embedder = try #require(plugin.embedder)
        #expect(try SwapPlugin.ask(embedder).call == 1)
        try await host.suspend("counter", reason: "the disk is full")
        #expect(host.status[0].state == .suspended && host.status[0].reason == "the disk is full")
        let refused = try #require(throws: PluginError.self) { try SwapPlugin.ask(embedder) }
        #expect(refused.code == .disabled && refused.message.contains("the disk is full"))
        #expect(refused.remedy?.contains("keyway resume counter") == true && refused.operation == "embedder.embed")
        // Once more is no change; a change of a plugin that rests is refused.
        try await host.suspend("counter")
        let swap = try await #require(throws: PluginError.self) {
            try await host.swap("counter", configuration: ["a": 1])
        }
        #expect(swap.code == .conflict)
        try await host.resume("counter")
        try await host.resume("counter")
        #expect(try SwapPlugin.ask(embedder).call == 2 && host.status[0].state == .active)
        #expect(try await place.told(4) == "cszs")
        try await host.suspend("counter")
        try await host.stop("counter", reason: "nobody wants it")
        let stopped = try #require(throws: PluginError.self) { try SwapPlugin.ask(embedder) }
        #expect(stopped.message.contains("nobody wants it"))
        #expect(try await place.told(2) == "zd")
        // The name is free again.
        _ = try await host.load("counter")
        await host.shutdown()
    }

    @Test("a plugin that does not go on is loaded anew, and its old instance is ended")
    func failedResume() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter", ["FAIL_RESUME"])
        let host = place.host()
        let embedder = try #require(
            try await host.load("counter", configuration: place.configuration).embedder)
        _ = try SwapPlugin.ask(embedder)
        try await host.suspend("counter")
        #expect(try await place.told(3) == "csz")
        try await host.resume("counter")
        #expect(host.status[0].generation == 2 && host.status[0].state == .active)
        #expect(try SwapPlugin.ask(embedder).call == 1)
        #expect(try await place.told(3).sorted() == ["c", "d", "s"])
        await host.shutdown()
    }

    @Test("a plugin whose calls do not end is not suspended, and is left to them when it is stopped")
    func endlessCalls() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter")
        let clock = ManualClock()
        let host = place.host { $0.timer = clock }
        let embedder = try #require(
            try await host.load("counter", configuration: place.configuration).embedder)
        let held = try await SwapPlugin.Held(embedder)
        let suspension = Task { try await host.suspend("counter") }
        await clock.sleeps(1)
        clock.advance(by: .seconds(30))
        let error = await #expect(throws: PluginError.self) { try await suspension.value }
        #expect(error?.code == .timeout && error?.message.contains("1 calls") == true)
        #expect(try SwapPlugin.ask(embedder).build == 1)
        let end = Task { await host.shutdown() }
        await clock.sleeps(2)
        clock.advance(by: .seconds(30))
        // It does not wait for the call any more.
        await end.value
        #expect(host.status.isEmpty)
        #expect(try await place.told(2) == "cs")
        #expect(try await held.end().build == 1)
        // Now that it has ended, the instance ends too.
        #expect(try await place.told(2) == "qd")
    }

    @Test("what may pass is tried again after longer and longer waits, then put into quarantine")
    func retries() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter", ["FAIL_START"])
        let clock = ManualClock()
        let state = try Sample.Folder()
        let host = place.host { configuration in
            configuration.timer = clock
            configuration.stateFolder = state.path
            configuration.supervision.retry.jitter = 0
        }
        var events = host.events.makeAsyncIterator()
        let load = Task { try await host.load("counter") }
        await clock.sleeps(1)
        clock.advance(by: .milliseconds(200))
        await clock.sleeps(2)
        clock.advance(by: .milliseconds(400))
        let error = await #expect(throws: PluginError.self) { try await load.value }
        #expect(error?.code == .unavailable && error?.message.contains("does not start") == true)
        #expect(clock.wishes.prefix(2) == [.milliseconds(200), .milliseconds(400)])
        var kinds: [String] = []
        while let event = await events.next() {
            kinds.append(event.kind == .state ? event.state!.rawValue : event.kind.rawValue)
            if event.state == .quarantined { break }
        }
        let attempt = ["loading", "loaded", "initializing", "error"]
        #expect(
            kinds == attempt + ["retrying"] + attempt + ["retrying"] + attempt.dropLast() + [
                "stopped", "unloading", "quarantined",
            ]
        )
        let again = try await #require(throws: PluginError.self) { try await host.load("counter") }
        #expect(again.code == .quarantined && again.message.contains("does not start"))
        #expect(host.status.isEmpty)
    }

    @Test("what cannot pass is not tried again")
    func permanentFailures() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter", ["FAIL_CREATE"])
        let clock = ManualClock()
        let host = place.host { $0.timer = clock }
        let error = try await #require(throws: PluginError.self) { try await host.load("counter") }
        #expect(error.code == .configuration && clock.wishes.isEmpty && host.status.isEmpty)
    }

    @Test("a plugin that hangs in its start does not hang the host, and shutting down does not wait for it")
    func hangs() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter", ["HANG_START"])
        let host = place.host { $0.supervision.loadAttempts = 1 }
        let load = Task { try await host.load("counter", configuration: place.configuration) }
        #expect(try await place.told(2) == "ch")
        await host.shutdown()
        let error = await #expect(throws: PluginError.self) { try await load.value }
        #expect(error?.code == .cancelled && host.status.isEmpty)
        #expect(error?.operation == "plugin.start" && error?.stage == .start)
    }

    @Test("a new configuration reaches the living instance, or another one of the same code; a bad one changes nothing")
    func configuration() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter", ["CONFIGURABLE"])
        try place.build(2, as: "rigid", ["ID=\"rigid\""])
        let host = place.host()
        let embedder = try #require(try await host.load("counter", configuration: place.configuration).embedder)
        var merry = place.configuration.objectValue!
        merry["mood"] = "merry"
        #expect(try await host.configure("counter", .object(merry)).isEmpty)
        #expect(try await place.told(3) == "csm" && host.status[0].generation == 1)
        merry["mood"] = "sour"
        let refused = try await #require(throws: PluginError.self) {
            try await host.configure("counter", .object(merry))
        }
        #expect(refused.code == .configuration && refused.facts == .pointer("/mood"))
        #expect(refused.message.contains("there is no such mood"))
        #expect(try SwapPlugin.ask(embedder).call == 1)

        let rigid = try #require(try await host.load("rigid", configuration: place.configuration).embedder)
        #expect(try SwapPlugin.ask(rigid).call == 1)
        #expect(try await host.configure("rigid", .object(merry)).isEmpty)
        #expect(host.status[1].generation == 2)
        #expect(try SwapPlugin.ask(rigid).call == 1)
        let unwanted = try await #require(throws: PluginError.self) {
            try await host.configure("rigid", ["unwanted": true])
        }
        #expect(unwanted.code == .configuration && host.status[1].generation == 2)
        #expect(try SwapPlugin.ask(rigid).call == 2)
        await host.shutdown()
    }

    @Test("what operators say is checked and merged, and secrets reach only the plugin")
    func configurationSources() async throws {
        let place = try SwapPlugin()
        let schema =
            #"\"configuration\":{\"schema\":{\"type\":\"object\",\"properties\":{\"mood\":{\"type\":\"string\"},\"told\":{\"type\":\"integer\"}}}}"#
        try place.build(1, as: "counter", ["CONFIGURABLE", "MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\(schema)\""])
        let folder = ConfigurationFolder("\(place.folder.path)/configurations")
        try folder.update("counter") { _ in ["mood": ["$secret": "env:MOOD"]] }
        struct Secrets: SecretSource {
            let value: String
            func secret(_ reference: SecretReference) throws(PluginError) -> String { value }
        }
        let host = place.host { configuration in
            configuration.configurator = PluginConfigurator(folder: folder)
            configuration.secrets = Secrets(value: "sour")
        }
        _ = try await host.load("counter", configuration: place.configuration)
        #expect(try await place.told(2) == "cs")
        try folder.update("counter") { _ in ["mood": 5] }
        let wrong = try await #require(throws: PluginError.self) { try await host.configure("counter") }
        #expect(wrong.code == .configuration && wrong.message.contains("/mood"))
        try folder.update("counter") { _ in ["mood": "merry"] }
        try await host.configure("counter")
        #expect(try await place.told(1) == "m")
        // The plugin refuses it, and what it says of it has no secret.
        try folder.update("counter") { _ in ["mood": ["$secret": "env:MOOD"]] }
        let refused = try await #require(throws: PluginError.self) { try await host.configure("counter") }
        #expect(refused.code == .configuration && !refused.message.contains("sour"))
        await host.shutdown()
    }

    @Test("those that wait to be loaded come by their priority")
    func priorities() async throws {
        let gate = Mutex<[String]>([])
        let place = try SwapPlugin()
        for id in ["aa", "bb", "cc"] { try place.build(1, as: id, ["ID=\"\(id)\""]) }
        let host = place.host { configuration in
            configuration.supervision.loadsAtOnce = 1
            configuration.priorities = ["cc": 900, "aa": 5]
            configuration.preload = ["aa", "bb", "cc"]
        }
        var events = host.events.makeAsyncIterator()
        let running = Task { try await host.run { _ in } }
        while let event = await events.next() {
            guard event.state == .active else { continue }
            gate.withLock { $0.append(event.plugin) }
            if gate.withLock({ $0.count }) == 3 { break }
        }
        running.cancel()
        try await running.value
        #expect(gate.withLock { $0 } == ["cc", "bb", "aa"])
    }

    @Test("a program is told in order what happens, and what is disabled stays so")
    func handlers() async throws {
        let place = try SwapPlugin()
        let state = try Sample.Folder()
        try place.build(1, as: "counter", ["CONFIGURABLE"])
        let told = Mutex<[String]>([])
        func tell(_ word: String) -> LifecycleHandlers.Handler {
            { event in told.withLock { $0.append("\(word) \(event.plugin) \(event.generation)") } }
        }
        let host = place.host { configuration in
            configuration.stateFolder = state.path
            configuration.handlers.loaded = tell("loaded")
            configuration.handlers.unloaded = tell("unloaded")
            configuration.handlers.activated = tell("activated")
            configuration.handlers.deactivated = tell("deactivated")
            configuration.handlers.failed = tell("failed")
            configuration.handlers.configured = tell("configured")
        }
        let embedder = try #require(try await host.load("counter").embedder)
        _ = try SwapPlugin.ask(embedder)
        try await host.configure("counter", ["mood": "merry"])
        _ = try? await host.configure("counter", ["mood": "sour"])
        try await host.swap("counter", to: place.build(2))
        #expect(host.statistics.swaps == 1 && host.statistics.calls > 0 && host.statistics.plugins == [.active: 1])
        try await host.disable("counter", reason: "to see it")
        #expect(
            told.withLock { $0 } == [
                "loaded counter 0", "activated counter 1", "configured counter 1", "failed counter 1",
                "activated counter 2", "deactivated counter 2", "unloaded counter 2",
            ])
        let error = try await #require(throws: PluginError.self) { try await host.load("counter") }
        #expect(error.code == .disabled && error.message.contains("to see it"))
        #expect(host.statistics.plugins.isEmpty)
    }

    @Test("a host that nobody has any more ends its plugins")
    func letGo() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter")
        do {
            let host = place.host()
            let embedder = try #require(
                try await host.load("counter", configuration: place.configuration).embedder)
            _ = try SwapPlugin.ask(embedder)
        }
        #expect(try await place.told(4) == "csqd")
    }

    @Test("names are the host's: several of one id have numbers, and one that is taken is refused")
    func names() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter")
        let host = place.host()
        _ = try await host.load("counter")
        _ = try await host.load("counter")
        _ = try await host.load("counter", as: "mine")
        #expect(host.status.map(\.name) == ["counter", "counter-2", "mine"])
        let taken = try await #require(throws: PluginError.self) { try await host.load("counter", as: "mine") }
        #expect(taken.code == .conflict)
        #expect(try host.plugin("mine").id == "counter")
        await host.shutdown()
    }
}
